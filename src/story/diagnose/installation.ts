import type { Rule } from './rule.ts';
import { heard, isFirmware, type View } from './view.ts';
import { eventsCommand, nameOf, whoIs } from './words.ts';

/** While the installer works, and after it. */

/** How soon the firmware asks again when booting from the disk did not work. */
const BACK_MS = 90_000;
const CYCLES = 2;

/** Case 36. */
const installLoop: Rule = {
  id: 'install-loop',
  when: ['boot.held'],
  help: 'The machine began an installation, did not report its end, and booted from the network again. rackready holds it: nothing is erased twice. Either the installer failed (look at its log: `rackready events --machine NAME --level debug`), or it finished and its report did not arrive (an answer file of your own without the request to `{{ urls.report }}/done`). `rackready install MACHINE` grants another try.',
  find(view) {
    const held = heard(view.events, 'boot.held').at(-1);
    if (held === undefined || heard(view.events, 'install.granted').some(({ seq }) => seq > held.seq)) return undefined;
    return {
      evidence: [...heard(view.history, 'answer.fetched').slice(-2), held],
      confidence: 0.95,
      cause: `${whoIs(view)} began to install ${held.data.profile}, did not report, and booted from the network again: ${held.data.reason}`,
      remedy: `Look at what the installer did (${eventsCommand(view, 'debug')}); if it succeeded, its answer file lacks the report; \`rackready install ${nameOf(view)}\` grants another try`,
      applied: 'held: it is not installed again without a new grant',
    };
  },
};

/** Case 38. */
const localBootLoop: Rule = {
  id: 'local-boot-loop',
  when: ['boot.config'],
  help: 'The machine is told to boot from its disk and comes back to the network, or lands in the firmware’s setup: there is no system on the disk, its boot entry is gone, or this firmware does not go on to the next entry after a loader ends. rackready’s GRUB starts the boot loaders that it finds on disk and else ends with an error, which most firmware takes as “next entry”. Put the disk’s entry behind the network’s in the boot order, or the disk first. On BIOS, another way to the disk is tried after two rounds, and kept (`boot.local-way`); nothing is installed by that. UEFI firmware has one way only.',
  find(view) {
    const cycles = localCycles(view);
    const last = cycles.at(-1);
    if (last === undefined || cycles.length < CYCLES || !view.events.includes(last.back)) return undefined;
    const changed = heard(view.history, 'boot.local-way').at(-1);
    return {
      evidence: cycles.flatMap(({ config, back }) => [config, back]),
      confidence: 0.85,
      cause: `${whoIs(view)} was told ${cycles.length} times to boot from its disk and asked the network again within ${BACK_MS / 1000} s: nothing on its disk starts`,
      remedy: `Check that its disk has a system and that the boot order goes on to it; \`rackready install ${nameOf(view)}\` installs one`,
      applied: changed && `another way to its disk: ${changed.data.way}`,
    };
  },
};

/** Each time that it was sent to its disk and its firmware asked soon after, without a system in between. */
function localCycles({ history }: View) {
  const configs = heard(history, 'boot.config').filter(({ data }) => data.decision === 'local');
  return configs.flatMap((config) => {
    const next = history.find(({ seq, id }) => seq > config.seq && id === 'dhcp.discover');
    if (next === undefined || next.time - config.time > BACK_MS) return [];
    return isFirmware(String(next.data.client)) ? [{ config, back: next }] : [];
  });
}

export const installationRules: readonly Rule[] = [installLoop, localBootLoop];
