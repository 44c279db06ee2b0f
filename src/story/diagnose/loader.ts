import { formatBytes } from '../../net/amounts.ts';
import type { Rule } from './rule.ts';
import { discovers, type Fetch, hasConfig, heard, isIpxeProgram, isStuckAfter, lastDeed, type View } from './view.ts';
import { eventsCommand, list, nameOf, since, whoIs } from './words.ts';

/** From the loader's start to the kernel. */

const LOADER_MS = 25_000;
const CONFIG_MS = 60_000;

const isShim = ({ base }: Fetch) => /^(shim|boot(net)?)(x64|ia32|aa64)(\.efi)/.test(base);
const isGrub = ({ base }: Fetch) => /^grub.*\.efi$/.test(base);
const isDone = ({ kind }: Fetch) => kind === 'done';

/** The loader that was fetched last, when nothing came after it. */
function silentLoader(view: View): Fetch | undefined {
  const loaded = view.fetches.findLast(isDone);
  if (loaded === undefined || !isStuckAfter(view, loaded.event, LOADER_MS)) return undefined;
  return loaded;
}

/** shim starts nothing without a signature while Secure Boot is on. Its message stands there until somebody presses a key. */
function isUnsignedBehindShim(view: View, { event }: Fetch): boolean {
  return event.data.signed === false && view.fetches.some((other) => isDone(other) && /^shim/.test(other.base));
}

function timesLoaded(view: View, loader: Fetch): number {
  return view.fetches.filter((other) => isDone(other) && other.base === loader.base).length;
}

/** Case 16. */
const grubWithoutNetwork: Rule = {
  id: 'grub-without-network',
  when: ['tftp.done'],
  help: 'GRUB was loaded by TFTP and then asked for nothing at all: it stands at `grub>`, or says “no such device” or “disk error”. It is the build for disks (`grubx64.efi.signed`), which has no network. Serve the one for the network, `grubnetx64.efi.signed` of the package grub-efi-amd64-signed, under the name grubx64.efi. rackready’s own files are the right ones; a file in `server.bootFolder` comes before them only where they have no such name.',
  find(view) {
    const grub = silentLoader(view);
    if (grub === undefined || grub.via !== 'tftp' || !isGrub(grub) || timesLoaded(view, grub) > 1) return undefined;
    if (isUnsignedBehindShim(view, grub)) return undefined;
    return {
      evidence: [grub.event],
      confidence: 0.75,
      cause: `${whoIs(view)} loaded ${grub.file} (${formatBytes(grub.bytes)}) and then asked for nothing: this GRUB has no network, it is the build for disks`,
      remedy: `Replace ${grub.file} by grubnetx64.efi.signed of the package grub-efi-amd64-signed`,
    };
  },
};

/** Case 20. */
const grubWithoutHttp: Rule = {
  id: 'grub-without-http',
  when: ['http.done'],
  help: 'After UEFI HTTP boot, shim and GRUB were loaded and then nothing was asked for: GRUB stands at `grub>`. Debian’s signed GRUB has TFTP and no HTTP. Boot the PXE entry of the firmware instead of the HTTP one. Without Secure Boot, rackready’s own GRUB image has HTTP.',
  find(view) {
    const grub = silentLoader(view);
    if (grub === undefined || grub.via !== 'http' || !isGrub(grub) || timesLoaded(view, grub) > 1) return undefined;
    return {
      evidence: [grub.event],
      confidence: 0.85,
      cause: `${whoIs(view)} loaded ${grub.file} by HTTP boot and then asked for nothing: this signed GRUB cannot use HTTP`,
      remedy: `Boot the PXE entry of its firmware instead of the HTTP one; or set \`secureBoot: false\` for ${nameOf(view)}, if Secure Boot is off`,
    };
  },
};

/** Case 19. */
const secureBootRejected: Rule = {
  id: 'secure-boot-rejected',
  when: ['tftp.done', 'http.done'],
  help: '“Verification failed: Access denied”, “SBAT self-check failed”: with Secure Boot on, shim does not start what is not signed or too old: it says so and waits for a key, and older ones fetch GRUB twice; or the firmware refuses shim itself. The two do not fit: an unsigned GRUB, a GRUB that is older than what this shim accepts (SBAT), or a shim that is revoked. Install shim-signed and grub-efi-amd64-signed in their newest versions together, and set `secureBoot: true` for the machine, so that it gets the signed pair.',
  find(view) {
    const loader = silentLoader(view);
    if (loader === undefined) return undefined;
    const times = timesLoaded(view, loader);
    const isUnsigned = isUnsignedBehindShim(view, loader);
    const isGrubRefused = isGrub(loader) && (times >= 2 || isUnsigned);
    const isShimRefused = /^shim/.test(loader.base) && isShim(loader) && !view.fetches.some(isGrub);
    if (!isGrubRefused && !isShimRefused) return undefined;
    const evidence = view.fetches.filter((fetch) => isDone(fetch) && (isGrub(fetch) || isShim(fetch)));
    return {
      evidence: evidence.map(({ event }) => event),
      confidence: isGrubRefused ? 0.85 : 0.6,
      cause: isGrubRefused
        ? `${whoIs(view)} loaded ${loader.file}${times > 1 ? ` ${times} times` : ''} and did not start it: shim refuses it (${isUnsigned ? 'it has no signature' : 'signature, or too old by SBAT'})`
        : `${whoIs(view)} loaded ${loader.file} and did nothing with it: its firmware refuses this shim`,
      remedy: `Run \`apt-get install shim-signed grub-efi-amd64-signed\` for the newest matching pair, set \`secureBoot: true\` for ${nameOf(view)} and restart the server`,
    };
  },
};

/** Case 18. */
const shimLostFolder: Rule = {
  id: 'shim-lost-folder',
  when: ['boot.alias', 'tftp.not-found', 'http.not-found'],
  help: 'shim asks for grubx64.efi in the TFTP root instead of its own folder: it takes the folder from the `file` field of the DHCP answer and overlooks option 67, and the answer had option 67 only. rackready fills both, so the answer came from another server. The file is given from the right folder all the same.',
  find(view) {
    if (hasConfig(view)) return undefined;
    const alias = heard(view.events, 'boot.alias').at(-1);
    const missed = view.fetches.findLast(
      (fetch) => fetch.kind === 'missing' && isGrub(fetch) && !/\/./.test(fetch.file.slice(1)),
    );
    const shown = alias ?? missed?.event;
    const shim = view.fetches.find((fetch) => isDone(fetch) && isShim(fetch));
    if (shown === undefined || (alias === undefined && shim === undefined)) return undefined;
    return {
      evidence: [...(shim ? [shim.event] : []), shown],
      confidence: alias ? 0.85 : 0.9,
      cause: `shim on ${whoIs(view)} asks for ${alias?.data.asked ?? missed?.file} in the root${shim ? `, though it came from ${shim.file}` : ''}: its DHCP answer had no \`file\` field`,
      remedy:
        'Leave the boot file to rackready, or fill the `file` field (ISC: `filename`) on the DHCP server that names it, not only option 67',
      applied: alias && `gave it ${alias.data.given}`,
    };
  },
};

/** Case 17. */
const ldlinuxMissing: Rule = {
  id: 'ldlinux-missing',
  when: ['tftp.not-found', 'tftp.done'],
  help: '“Failed to load ldlinux.c32”: PXELINUX 5 and later need ldlinux.c32 of exactly their own version beside pxelinux.0. Missing, it stops; of another version, it loads it again and again. Copy both from one version of SYSLINUX into the same folder of `server.bootFolder`.',
  find(view) {
    const asked = view.fetches.filter(({ base }) => base === 'ldlinux.c32');
    const last = asked.at(-1);
    if (last === undefined || hasConfig(view)) return undefined;
    const isMissing = last.kind === 'missing';
    const times = asked.filter(isDone).length;
    if (!isMissing && times < 2) return undefined;
    const loader = view.fetches.findLast(({ base }) => /^l?pxelinux\.0$/.test(base));
    return {
      evidence: [...(loader ? [loader.event] : []), ...asked.map(({ event }) => event)],
      confidence: 0.95,
      cause: isMissing
        ? `${loader?.file ?? 'PXELINUX'} of ${whoIs(view)} asks for ${last.file}, which is not here`
        : `${loader?.file ?? 'PXELINUX'} of ${whoIs(view)} loaded ${last.file} ${times} times: it is of another version of SYSLINUX`,
      remedy: `Copy ldlinux.c32 of the same SYSLINUX version beside ${loader?.file ?? 'pxelinux.0'} in \`server.bootFolder\``,
    };
  },
};

/** Case 21. */
const grubConfigMissing: Rule = {
  id: 'grub-config-missing',
  when: ['tftp.not-found', 'http.not-found'],
  help: '`grub>`: GRUB looked for its configuration where its prefix says, and there is none. rackready answers `grub/grub.cfg` and `boot/grub/grub.cfg` with the variants of MAC, address and UUID; a GRUB with another prefix (EFI/debian, grub2) asks elsewhere. Serve rackready’s own images, or put a grub.cfg with `configfile /boot/grub/grub.cfg` into that folder of `server.bootFolder`.',
  find(view) {
    if (hasConfig(view)) return undefined;
    const missed = view.fetches.findLast(({ base, kind }) => kind === 'missing' && base === 'grub.cfg');
    if (missed === undefined || !isStuckAfter(view, missed.event, LOADER_MS)) return undefined;
    const names = new Set(view.fetches.filter(({ base }) => base.startsWith('grub.cfg')).map(({ file }) => file));
    const near = missed.event.data.near;
    return {
      evidence: [missed.event],
      confidence: 0.9,
      cause: `GRUB on ${whoIs(view)} looked for its configuration at ${list([...names].reverse())}, and none is there${near === undefined ? '' : `; there is ${near}`}`,
      remedy: `Let it load rackready’s own GRUB, or put a grub.cfg that says \`configfile /boot/grub/grub.cfg\` at ${missed.file} below \`server.bootFolder\``,
    };
  },
};

/** Case 23. */
const ipxeLoop: Rule = {
  id: 'ipxe-loop',
  when: ['tftp.done', 'http.done'],
  help: 'iPXE loads iPXE, about every 18 seconds, or ends with “Nothing to boot”: something tells iPXE to load iPXE again. rackready gives iPXE a script, by its user class, so the answer comes from another DHCP server. There, give user class `iPXE` no boot file; or turn it off.',
  find(view) {
    const loads = view.fetches.filter((fetch) => isDone(fetch) && isIpxeProgram(fetch));
    const [first] = loads;
    const last = loads.at(-1);
    if (first === undefined || last === undefined || loads.length < 2) return undefined;
    const between = discovers(view.events, 'ipxe').filter(({ seq }) => seq > first.event.seq && seq < last.event.seq);
    if (between.length === 0 || hasConfig(view)) return undefined;
    const told = heard(view.events, 'dhcp.other-answer').findLast(({ data }) => data.bootFile !== undefined);
    return {
      evidence: [...loads.map(({ event }) => event), ...between, ...(told ? [told] : [])].sort((a, b) => a.seq - b.seq),
      confidence: 0.9,
      cause: `iPXE on ${whoIs(view)} loaded iPXE again (${last.file}, ${loads.length} times)${told ? `: DHCP server ${told.data.server} tells it to` : ''}`,
      remedy: `Take the boot file for user class iPXE off ${told ? `the DHCP server at ${told.data.server}` : 'the other DHCP server'}, or turn that server off`,
    };
  },
};

/** Case 32. */
const configNoKernel: Rule = {
  id: 'config-no-kernel',
  when: ['boot.config'],
  help: 'The loader has its configuration and loads no kernel: its screen shows why. It may wait for a key in a menu, its configuration may have an error, or Secure Boot does not let it start this kernel. rackready’s own configurations start at once, and say on the screen for 20 seconds what failed. A configuration of your own in `server.bootFolder` needs a default entry and a timeout.',
  find(view) {
    const config = heard(view.events, 'boot.config').at(-1);
    const last = lastDeed(view);
    if (config === undefined || last === undefined || config.data.decision !== 'install') return undefined;
    const later = view.fetches.filter(
      ({ event, base }) =>
        event.seq > config.seq && !/\.(cfg|ipxe|lst|mod)\b/.test(base) && !/^grub\.cfg|^01-/.test(base),
    );
    const isConfigLast =
      later.length === 0 && (last.seq === config.seq || view.fetches.some(({ event }) => event === last));
    if (!isConfigLast || !isStuckAfter(view, last, CONFIG_MS)) return undefined;
    return {
      evidence: [config],
      confidence: 0.65,
      cause: `${config.data.loader} on ${whoIs(view)} was told to ${config.data.decision} ${config.data.profile ?? ''} and has loaded no kernel in ${since(view, config)}`,
      remedy: `Look at its screen: a key may be waited for, or Secure Boot refuses the kernel; \`rackready render ${nameOf(view)}\` shows what it was told, ${eventsCommand(view)} what it asked for`,
    };
  },
};

export const loaderRules: readonly Rule[] = [
  grubWithoutNetwork,
  grubWithoutHttp,
  secureBootRejected,
  shimLostFolder,
  ldlinuxMissing,
  grubConfigMissing,
  ipxeLoop,
  configNoKernel,
];
