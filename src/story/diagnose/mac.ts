import type { Rule } from './rule.ts';
import { after, heard, isStuckAfter } from './view.ts';
import { nameOf, since, whoIs } from './words.ts';

/** Macs and NetBoot. A Mac that has nothing to boot (`not-armed`) is no failure. */

const NETBOOT_FILE_MS = 30_000;

const macNotStarted: Rule = {
  id: 'mac-not-started',
  help: 'A globe turns, and the Mac starts over: it loaded GRUB and could not start it, nearly always because its EFI has another width than the file. Set `firmware: efi32` (Macs of 2006 and 2007) or `firmware: efi64` for the machine, and tell us the model.',
  find(view) {
    const told = heard(view.events, 'bsdp.not-started').at(-1);
    if (told === undefined || after(view.events, told).some(({ id }) => id === 'boot.config')) return undefined;
    return {
      evidence: [told],
      confidence: 0.9,
      cause: `${whoIs(view)} loaded ${told.data.bootFile} and did not start it: its EFI has another width`,
      remedy: `Set \`firmware\` of ${nameOf(view)} to the other width: ${told.data.next}`,
    };
  },
};

const macCannotBoot: Rule = {
  id: 'mac-cannot-boot',
  help: 'A blinking globe, then the Mac boots from its disk: this model cannot boot from the network (T2 chip, Apple silicon, PowerPC), or not what it is to become, or this host has no GRUB for Macs. The reason says which. [macs.md](../macs.md) lists the models.',
  find(view) {
    const told = heard(view.events, 'bsdp.cannot-boot').at(-1);
    if (told === undefined || heard(after(view.events, told), 'bsdp.select').length > 0) return undefined;
    return {
      evidence: [told],
      confidence: 0.95,
      cause: `${whoIs(view)} cannot be booted: ${told.data.reason}`,
      remedy: 'Do what the reason says; a model that cannot boot from the network is installed from a USB stick',
    };
  },
};

/** Silences that are meant so. */
const MEANT = ['not-armed', 'cannot-boot', 'bad-class'];

const macNotAnswered: Rule = {
  id: 'mac-not-answered',
  help: 'A blinking globe: the Mac’s NetBoot request was heard and not answered, for the reason that stands in the cause. The table “What each silence means” of [macs.md](../macs.md#what-each-silence-means) says what to do for each. A Mac that has no grant is not answered either, and that is no failure.',
  find(view) {
    const told = heard(view.events, 'bsdp.ignored').findLast(({ data }) => !MEANT.includes(data.code));
    if (told === undefined || heard(after(view.events, told), 'bsdp.list', 'bsdp.select').length > 0) return undefined;
    return {
      evidence: [told],
      confidence: 0.8,
      cause: `the NetBoot request of ${whoIs(view)} is not answered (${told.data.code}): ${told.data.reason}`,
      remedy: `Look up ${told.data.code} in docs/macs.md, “What each silence means”; \`rackready machines show ${nameOf(view)}\` shows what it would be offered`,
    };
  },
};

const macImageRefused: Rule = {
  id: 'mac-image-refused',
  help: 'The Mac chose an image that it cannot have any more: the grant was used or taken back, or the image was removed since it was listed. It starts over after ten seconds. Grant an installation (`rackready install MACHINE`), or choose another startup disk on the Mac.',
  find(view) {
    const told = heard(view.events, 'bsdp.failed').at(-1);
    if (told === undefined || heard(after(view.events, told), 'bsdp.select').length > 0) return undefined;
    return {
      evidence: [told],
      confidence: 0.85,
      cause: `${whoIs(view)} chose image ${told.data.imageId}, which it cannot have: ${told.data.reason}`,
      remedy: `Grant an installation with \`rackready install ${nameOf(view)}\`, or choose its disk as startup disk`,
    };
  },
};

const macFileNotAsked: Rule = {
  id: 'mac-file-not-asked',
  help: 'The Mac chose an image and does not ask for its file: its TFTP request does not arrive (a rule that drops UDP to port 69), or another NetBoot server’s answer was taken. `rackready doctor` finds rules on this host.',
  find(view) {
    const told = heard(view.events, 'bsdp.select').at(-1);
    if (told === undefined || !isStuckAfter(view, told, NETBOOT_FILE_MS)) return undefined;
    return {
      evidence: [told],
      confidence: 0.7,
      cause: `${whoIs(view)} chose “${told.data.image}” and was told to load ${told.data.bootFile}, and has not asked for it in ${since(view, told)}`,
      remedy: 'Let UDP to port 69 in on this host (`rackready doctor` finds rules that drop it) and on the way',
    };
  },
};

export const macRules: readonly Rule[] = [
  macNotStarted,
  macCannotBoot,
  macNotAnswered,
  macImageRefused,
  macFileNotAsked,
];
