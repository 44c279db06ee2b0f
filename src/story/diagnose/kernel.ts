import { formatBytes, formatPart } from '../../net/amounts.ts';
import type { Rule } from './rule.ts';
import { acks, after, discovers, type Fetch, hasInstaller, heard, isStuckAfter, lastDeed, type View } from './view.ts';
import { eventsCommand, nameOf, since, whoIs } from './words.ts';

/** From the kernel's first byte to the answer file. */

const INITRD_MS = 45_000;
const INSTALLER_MS = 180_000;
const ANSWER_MS = 60_000;
const ISO_MS = 300_000;

const isKernel = ({ file, base }: Fetch) => /(^|\/)os\/[^/]+\/linux$/.test(file) || /^(vmlinuz|bzimage)/.test(base);
const isInitrd = ({ file, base }: Fetch) => /(^|\/)os\/[^/]+\/initrd$/.test(file) || /^(initrd|initramfs)/.test(base);
const isLoaded = ({ kind }: Fetch) => kind === 'done' || kind === 'closed';

/** Kernel or initrd that is named and is not there. */
const kernelNotThere: Rule = {
  id: 'kernel-not-there',
  when: ['tftp.refused', 'tftp.not-found', 'http.refused', 'http.not-found'],
  help: 'The loader asks for a kernel or initrd that this host does not have: the profile’s `kernel` or `initrd` names a file that is gone, the package of the operating system (debian-installer-12-netboot-amd64, …) is not installed, or a boot menu names a profile that does not exist. `rackready check` says which.',
  find(view) {
    const missed = view.fetches.findLast(
      (fetch) => (fetch.kind === 'refused' || fetch.kind === 'missing') && (isKernel(fetch) || isInitrd(fetch)),
    );
    if (missed === undefined || hasInstaller(view)) return undefined;
    const later = view.fetches.some(
      (fetch) => fetch.event.seq > missed.event.seq && isLoaded(fetch) && fetch.base === missed.base,
    );
    if (later) return undefined;
    const { reason, near } = missed.event.data;
    const why =
      reason === undefined ? `it is not here${near === undefined ? '' : ` (there is ${near})`}` : String(reason);
    return {
      evidence: [missed.event],
      confidence: 0.95,
      cause: `${whoIs(view)} cannot have ${missed.file}: ${why}`,
      remedy:
        'Run `rackready check`; install the package that has the kernel, or correct `kernel` and `initrd` of the profile',
    };
  },
};

/** Case 34. */
const initrdMissing: Rule = {
  id: 'initrd-missing',
  when: ['tftp.done', 'http.done', 'tftp.closed', 'http.closed'],
  help: 'Kernel panic, “VFS: unable to mount root fs”, “invalid magic”, “Booting kernel failed”: the kernel came whole and the initrd did not, or not at all. A transfer that broke off leaves a truncated initrd; with EFI, the kernel line needs `initrd=NAME` (rackready writes it); a machine with too little memory drops it. The sizes say how much arrived.',
  find(view) {
    const kernel = view.fetches.findLast((fetch) => isKernel(fetch) && isLoaded(fetch));
    if (kernel === undefined || hasInstaller(view)) return undefined;
    const tries = view.fetches.filter((fetch) => isInitrd(fetch) && fetch.event.seq > kernel.event.seq);
    const last = tries.at(-1);
    if (last === undefined) {
      if (!isStuckAfter(view, lastDeed(view) ?? kernel.event, INITRD_MS)) return undefined;
      return {
        evidence: [kernel.event],
        confidence: 0.75,
        cause: `${whoIs(view)} loaded its kernel, ${kernel.file}, and did not ask for an initrd in ${since(view, kernel.event)}`,
        remedy:
          'Check that the loader’s own configuration names the initrd (EFI: `initrd=NAME` among the arguments), and its screen',
      };
    }
    const isBroken =
      last.kind === 'aborted' ||
      last.kind === 'failed' ||
      (last.kind === 'stalled' && last.event.data.how === 'silent' && !isAtRollover(last));
    if (!isBroken || !isStuckAfter(view, last.event, INITRD_MS)) return undefined;
    const { ofBytes, reason } = last.event.data;
    const part = typeof ofBytes === 'number' ? formatPart(last.bytes, ofBytes) : formatBytes(last.bytes);
    return {
      evidence: [kernel.event, last.event],
      confidence: 0.85,
      cause: `the initrd of ${whoIs(view)}, ${last.file}, arrived only in part: ${part}${reason === undefined ? '' : ` (${reason})`}`,
      remedy:
        'Check the machine’s memory (the initrd must fit twice), then boot it again; a path that loses packets shows in `rackready events`',
    };
  },
};

function isAtRollover({ event, bytes }: Fetch): boolean {
  const blocks = bytes / Number(event.data.blockSize ?? Number.POSITIVE_INFINITY);
  return blocks >= 65_533 && blocks <= 65_536;
}

/** Kernel and initrd are there in full, and this was the last of it. */
function lastLoad(view: View): Fetch | undefined {
  const initrd = view.fetches.findLast((fetch) => isInitrd(fetch) && fetch.kind === 'done');
  const kernel = view.fetches.some((fetch) => isKernel(fetch) && isLoaded(fetch));
  return kernel ? initrd : undefined;
}

/** Case 35 a. */
const installerSilent: Rule = {
  id: 'installer-silent',
  when: ['tftp.done', 'http.done'],
  help: 'Kernel and initrd are loaded and no installer asks for an address for three minutes: it has no driver or no firmware for this network card, it uses another card, its kernel crashed, or it stands at a question (debian-installer’s language) because it did not get its arguments. The screen tells which. For a missing driver take a newer kernel and initrd for the profile (`kernel`, `initrd`); for missing card firmware, one with the non-free firmware in it.',
  find(view) {
    const initrd = lastLoad(view);
    if (initrd === undefined || hasInstaller(view)) return undefined;
    const last = lastDeed(view) ?? initrd.event;
    if (last.seq < initrd.event.seq || !isStuckAfter(view, last, INSTALLER_MS)) return undefined;
    if ((view.trace.siblings ?? []).length > 0) return undefined;
    // An installer that does not say that it is one looks like any system.
    const later = after(view.events, initrd.event);
    if (discovers(later, 'system', 'installer').length > 0 || acks(later, 'system', 'installer').length > 0)
      return undefined;
    if (view.fetches.some((fetch) => fetch.event.seq > initrd.event.seq && isIso(fetch))) return undefined;
    return {
      evidence: [initrd.event],
      confidence: 0.65,
      cause: `${whoIs(view)} has its kernel and initrd, and no installer has asked for an address in ${since(view, initrd.event)}: no driver for this card, another card, or it waits at a question`,
      remedy: `Look at its screen; take a newer \`kernel\` and \`initrd\` for the profile if the card has no driver; \`rackready render ${nameOf(view)}\` shows the kernel line that it got`,
    };
  },
};

/** Case 35 c. */
const answerNotAsked: Rule = {
  id: 'answer-not-asked',
  when: ['dhcp.ack'],
  help: 'The installer has its address and does not ask for its answer file: it cannot reach the host in its URL (no router, a rule that drops TCP), or it stopped at a question before. debian-installer asks for name servers when its lease has none; ours always names one. `rackready render MACHINE` shows the URL on its kernel line; try it from another machine of that network.',
  find(view) {
    const ack = acks(view.events, 'installer').findLast(({ data }) => data.kind !== 'renewing');
    if (ack === undefined || !isStuckAfter(view, ack, ANSWER_MS)) return undefined;
    const isAnswered = view.events.some(
      ({ id }) => id.startsWith('answer.') || /^install\.(started|reported|done)/.test(id),
    );
    const config = heard(view.events, 'boot.config').at(-1);
    if (isAnswered || config === undefined) return undefined;
    // It has our ACK and did not take it: that is another rule.
    if (heard(after(view.events, config), 'dhcp.other-nak', 'dhcp.decline').length > 0) return undefined;
    return {
      evidence: [ack],
      confidence: 0.7,
      cause: `the installer of ${whoIs(view)} (${ack.data.client}) has ${ack.data.address} and has not asked for its answer file in ${since(view, ack)}`,
      remedy: `Look at its screen; check that TCP from ${ack.data.address} to the boot listener is let through, and \`router\` of the network; \`rackready render ${nameOf(view)}\` shows the URL`,
    };
  },
};

const isIso = ({ file }: Fetch) => /(^|\/)iso\/[^/]+\.iso$/.test(file);

/** Case 33. */
const argumentsCut: Rule = {
  id: 'arguments-cut',
  when: ['http.done'],
  help: "The installer starts without its arguments and asks for a language: kernel, initrd and ISO were loaded, and no answer file was asked for. In GRUB an unquoted `;`, `$`, `&`, `{` or `}` ends the kernel line: `ds=nocloud;s=…` loses everything behind the semicolon. rackready quotes each word of its own configurations; a grub.cfg of your own needs `'ds=nocloud;s=…'`.",
  find(view) {
    const iso = view.fetches.findLast((fetch) => isIso(fetch) && fetch.kind === 'done');
    if (iso === undefined || view.events.some(({ id }) => id.startsWith('answer.'))) return undefined;
    const later = after(view.events, iso.event).filter(({ id }) => id.startsWith('http.'));
    const last = later.at(-1) ?? iso.event;
    if (!isStuckAfter(view, last, ISO_MS)) return undefined;
    return {
      evidence: [iso.event],
      confidence: 0.7,
      cause: `${whoIs(view)} loaded ${iso.file} and did not ask for its answers in ${since(view, iso.event)}: the kernel line lost its end`,
      remedy: `Quote the word in the loader’s own configuration (\`'ds=nocloud;s=…'\`); \`rackready render ${nameOf(view)}\` shows the line that rackready writes`,
    };
  },
};

/** Case 35 d. */
const answerRefused: Rule = {
  id: 'answer-refused',
  when: ['answer.refused'],
  help: 'The installer asked for its answer file and was refused: its token is used or unknown, its grant was taken back (`rackready cancel`), its time has run out, or it asks from another address than the one that was leased to it. The reason says which. A new installation needs a new grant: `rackready install MACHINE`, then restart the machine.',
  find(view) {
    const refused = heard(view.events, 'answer.refused').at(-1);
    if (refused === undefined || heard(view.events, 'answer.fetched', 'boot.not-rendered').length > 0) return undefined;
    const taken = heard(view.events, 'install.cancelled').findLast(({ seq }) => seq < refused.seq);
    return {
      evidence: [...(taken ? [taken] : []), refused],
      confidence: 0.9,
      cause: `the installer of ${whoIs(view)} asked for its answer file and was refused: ${taken ? 'its grant was taken back while it started' : refused.data.reason}`,
      remedy: `Grant a new installation with \`rackready install ${nameOf(view)}\` and restart the machine; ${eventsCommand(view)} shows what it did before`,
    };
  },
};

/** Case 35 d, with our own fault. */
const templateError: Rule = {
  id: 'template-error',
  when: ['boot.not-rendered'],
  help: 'The answer file (or another file for this machine) could not be made from its template. The reason names file, line and column. `rackready check --template FILE --profile NAME` tries a corrected template for all machines of the profile before it is in force, `rackready render MACHINE` shows the result.',
  find(view) {
    const failed = heard(view.events, 'boot.not-rendered').at(-1);
    if (failed === undefined || heard(after(view.events, failed), 'answer.fetched').length > 0) return undefined;
    return {
      evidence: [failed],
      confidence: 0.95,
      cause: `${failed.data.file} for ${whoIs(view)} could not be made: ${failed.data.reason}`,
      remedy: `Correct the template at that line and try it with \`rackready render ${nameOf(view)}\`; then restart the machine`,
    };
  },
};

export const kernelRules: readonly Rule[] = [
  kernelNotThere,
  initrdMissing,
  installerSilent,
  answerNotAsked,
  argumentsCut,
  answerRefused,
  templateError,
];
