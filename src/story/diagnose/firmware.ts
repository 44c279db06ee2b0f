import type { Rule } from './rule.ts';
import {
  acks,
  basename,
  discovers,
  type Fetch,
  type Heard,
  hasConfig,
  heard,
  isFirmware,
  isStuckAfter,
  lacksItsScheme,
  lastDeed,
  sameFile,
  senderOf,
  type View,
} from './view.ts';
import { eventsCommand, since, whoIs } from './words.ts';

/** From the firmware's lease to the first file. */

const FIRST_FILE_MS = 20_000;
/** iPXE on UEFI waits for IPv6 first: 13 s were seen. */
const FIRST_FILE_IPXE_MS = 30_000;
const LOADED_MS = 20_000;

/** Case 6. */
const noBootFile: Rule = {
  id: 'no-boot-file',
  help: 'There is no boot file for this machine’s firmware: a package with boot loaders is missing on this host, the processor is one that rackready has no loader for, or a combination cannot work (Secure Boot over HTTP). UEFI drops an offer without a boot file silently and goes back to its menu; BIOS says PXE-E53. The reason names the package: `apt-get install` it, and restart the server. `rackready doctor` lists all loaders.',
  find(view) {
    const told = heard(view.events, 'dhcp.no-boot-file').at(-1);
    if (told === undefined || view.fetches.some(({ event }) => event.seq > told.seq)) return undefined;
    const asked = heard(view.events, 'dhcp.discover').findLast(({ seq }) => seq < told.seq);
    const install = /Install it with: (.+)$/.exec(told.data.reason)?.[1];
    return {
      evidence: [...(asked ? [asked] : []), told],
      confidence: 0.95,
      cause: `there is no boot file for ${whoIs(view)} (architecture ${told.data.arch}): ${told.data.reason.replace(/\. Install it with: .+$/, '')}`,
      remedy: install
        ? `Run \`${install}\` on this host and restart the server`
        : 'Use another mode of the firmware that is served (UEFI x64 or BIOS, PXE instead of HTTP); `rackready doctor` lists the boot loaders that are here',
    };
  },
};

/** Option 93 to what an EFI program must be made for. */
const RUNS: ReadonlyMap<number, string> = new Map([
  [6, 'ia32'],
  [15, 'ia32'],
  [7, 'x64'],
  [9, 'x64'],
  [16, 'x64'],
  [17, 'x64'],
  [11, 'arm64'],
  [19, 'arm64'],
]);

/** Case 7. */
const wrongArchitecture: Rule = {
  id: 'wrong-architecture',
  help: 'The machine loaded its whole boot file, which is made for another processor or another kind of firmware, and then hung, reset, or said “unsupported image”. rackready chooses by architecture, so the name came from elsewhere: another DHCP server, or a boot menu of the operator’s own. Let rackready choose, or name the right file.',
  find(view) {
    const asked = heard(view.events, 'dhcp.discover').findLast(
      ({ data }) => data.arch !== undefined && isFirmware(data.client),
    );
    const loaded = heard(view.events, 'tftp.done').at(-1);
    if (asked?.data.arch === undefined || loaded === undefined) return undefined;
    if (loaded.seq < asked.seq && heard(view.events, 'tftp.done').length > 1) return undefined;
    const { file, runsOn } = loaded.data;
    const wanted = asked.data.arch === 0 ? 'BIOS' : RUNS.get(asked.data.arch);
    const isBios = /\.(0|kpxe|kkpxe|pxe)$/i.test(file);
    const is = runsOn ?? (isBios ? 'BIOS' : undefined);
    if (wanted === undefined || is === undefined || is === wanted) return undefined;
    if (senderOf(asked.data.client) === 'ipxe' || !isStuckAfter(view, loaded, LOADED_MS)) return undefined;
    return {
      evidence: [asked, loaded],
      confidence: 0.9,
      cause: `${file} is made for ${is}, and the firmware of ${whoIs(view)} runs ${wanted} (architecture ${asked.data.arch})`,
      remedy: `Take the boot file off the server or menu that names ${file}, so that rackready chooses it by architecture`,
    };
  },
};

/** Case 8. */
const httpBootNotAsked: Rule = {
  id: 'http-boot-not-asked',
  help: 'UEFI HTTP boot got its address and the URL, and never connected: many vendors’ firmware allows https only (“HTTP boot connections”: allow http in the setup), something drops TCP to our port, or the route is missing. Our URLs name an address, so DNS is not the reason. PXE works in the meantime: choose the PXE entry of the boot menu.',
  find(view) {
    const ack = acks(view.events, 'http').at(-1);
    if (ack?.data.bootFile === undefined || !isStuckAfter(view, ack, FIRST_FILE_MS)) return undefined;
    return {
      evidence: [ack],
      confidence: 0.8,
      cause: `${whoIs(view)} was told to boot ${ack.data.bootFile} and has not connected in ${since(view, ack)}: its firmware may allow https only`,
      remedy:
        'Allow plain HTTP boot in the firmware’s setup, or boot the PXE entry instead; check that TCP to the boot listener is let through',
    };
  },
};

/** Case 9. */
const nameWithTail: Rule = {
  id: 'name-with-tail',
  help: 'The file name arrived with bytes behind it that are no part of it: the firmware reads past the end of option 67 because the DHCP answer does not end it with a zero byte. rackready always sends that byte, so the answer came from another server. The file is served under its proper name all the same.',
  find(view) {
    const asked = heard(view.events, 'tftp.start').findLast(({ data }) => data.trimmed === true);
    if (asked === undefined || hasConfig(view)) return undefined;
    return {
      evidence: [asked],
      confidence: 0.55,
      cause: `the firmware of ${whoIs(view)} reads past the end of option 67 and appends bytes to the name ${asked.data.file}`,
      remedy: 'Take the boot file off the other DHCP server, or end its option 67 with a zero byte',
      applied: `served ${asked.data.file} under its proper name`,
    };
  },
};

/** The firmware's newest lease with a boot file that it did nothing about. */
function notFollowed(view: View): Heard<'dhcp.ack'> | undefined {
  const ack = acks(view.events, 'pxe', 'ipxe').at(-1);
  if (ack?.data.bootFile === undefined) return undefined;
  const patience = senderOf(ack.data.client) === 'ipxe' ? FIRST_FILE_IPXE_MS : FIRST_FILE_MS;
  if (!isStuckAfter(view, ack, patience)) return undefined;
  const others = heard(view.events, 'dhcp.other-nak', 'dhcp.other-answer', 'dhcp.chose-other', 'dhcp.decline');
  return others.length > 0 ? undefined : ack;
}

function isInside(address: string, subnet: string): boolean {
  const [base = '', length = '32'] = subnet.split('/');
  const number = (text: string) => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(length));
  return Math.floor(number(address) / size) === Math.floor(number(base) / size);
}

function hasRoute({ data }: Heard<'dhcp.ack'>): boolean {
  const { nextServer, subnet, router } = data;
  return nextServer === undefined || subnet === undefined || router !== undefined || isInside(nextServer, subnet);
}

/** Case 15. */
const noRouteToServer: Rule = {
  id: 'no-route-to-server',
  help: 'PXE-E18 or PXE-E11 after the address was given: the server to load from is in another subnet, and the machine was told of no router. Set `router` of its network.',
  find(view) {
    const ack = notFollowed(view);
    if (ack === undefined || hasRoute(ack)) return undefined;
    const { nextServer, subnet } = ack.data;
    return {
      evidence: [ack],
      confidence: 0.9,
      cause: `${whoIs(view)} is to load from ${nextServer}, which is not in its subnet ${subnet}, and it was told of no router`,
      remedy: `Set \`router\` of network ${ack.network ?? 'NAME'}`,
    };
  },
};

/** Case 12 b, and 27 where the missing HTTP is known. */
const bootFileNotAsked: Rule = {
  id: 'boot-file-not-asked',
  help: 'The machine has its address and knows what to load, and its request never arrives: something drops UDP to port 69 (iPXE: TCP to the boot listener) on the way in. On this host `rackready doctor` finds the rules that do; on the way, a switch or router may filter. In a container, use the host’s network: a bridge loses the ports.',
  find(view) {
    const ack = notFollowed(view);
    if (ack === undefined || !hasRoute(ack) || lacksItsScheme(view, ack.data.bootFile ?? '')) return undefined;
    const { address, bootFile, nextServer } = ack.data;
    const isHttp = bootFile?.startsWith('http');
    return {
      evidence: [ack],
      confidence: 0.65,
      cause: `${whoIs(view)} has ${address} and was told to load ${bootFile} from ${nextServer ?? 'us'}, and no request for it has arrived in ${since(view, ack)}`,
      remedy: `Let ${isHttp ? 'TCP to the boot listener’s port' : 'UDP to port 69'} in on this host (\`rackready doctor\` finds rules that drop it) and on the way`,
    };
  },
};

/** What iPXE was told to load, by us or by somebody else, since it asked. */
function toldToIpxe(view: View) {
  const asked = discovers(view.events, 'ipxe').at(-1);
  if (asked === undefined) return undefined;
  const told = heard(view.events, 'dhcp.offer', 'dhcp.ack', 'dhcp.proxy-offer', 'dhcp.other-answer').findLast(
    ({ data, seq }) => data.bootFile !== undefined && seq > asked.seq,
  );
  if (told === undefined || view.fetches.some(({ event, via }) => via === 'http' && event.seq > told.seq))
    return undefined;
  return { asked, told, url: told.data.bootFile ?? '', loads: asked.data.loads ?? [] };
}

/** Case 25. */
const ipxeNoHttps: Rule = {
  id: 'ipxe-no-https',
  help: 'iPXE was told an https URL and its build has no HTTPS (“Operation not permitted”, “not supported”). Builds in network cards seldom have it. Name an http URL where the https one comes from, or chain a full iPXE first. rackready itself never names https.',
  find(view) {
    const found = toldToIpxe(view);
    if (found === undefined || !/^https:/.test(found.url) || found.loads.includes('https')) return undefined;
    return {
      evidence: [found.asked, found.told],
      confidence: 0.85,
      cause: `the iPXE of ${whoIs(view)} was told to load ${found.url}, and this build has no HTTPS (it has ${found.loads.join(', ') || 'TFTP only'})`,
      remedy: 'Name an http URL instead, or leave the boot file to rackready, which names none with https',
    };
  },
};

/** Case 27. */
const ipxeNoHttp: Rule = {
  id: 'ipxe-no-http',
  help: 'iPXE was told an http URL and its build has no HTTP. rackready sees that in its request and then names a TFTP address, so the URL came from another DHCP server. Take the boot file off that server.',
  find(view) {
    const found = toldToIpxe(view);
    if (found === undefined || !/^http:/.test(found.url) || found.loads.includes('http')) return undefined;
    return {
      evidence: [found.asked, found.told],
      confidence: 0.85,
      cause: `the iPXE of ${whoIs(view)} was told to load ${found.url}, and this build has no HTTP`,
      remedy: 'Take the boot file off the DHCP server that names it; rackready names a TFTP address to such a build',
    };
  },
};

/** Case 26. */
const urlAsFileName: Rule = {
  id: 'url-as-file-name',
  help: 'The firmware asked by TFTP for a name that begins with http: it is plain PXE, and some DHCP server gave it an HTTP URL as its boot file. The screen shows the URL as NBP filename with size 0, then PXE-E99 or PXE-E23. Take the URL off that server for architectures 0, 6, 7, 9 and 11; only HTTP boot (16) and iPXE take URLs.',
  find(view) {
    const asked = view.fetches.findLast(({ file, via }) => via === 'tftp' && /^https?:/i.test(file));
    if (asked === undefined || !isStuckAfter(view, asked.event, 0)) return undefined;
    return {
      evidence: [asked.event],
      confidence: 0.95,
      cause: `${whoIs(view)} asks by TFTP for ${asked.file}: its firmware is PXE, not HTTP boot, and was given a URL as its boot file`,
      remedy:
        'Take the URL off the DHCP server that names it to PXE firmware; rackready names a file to PXE and a URL to HTTP boot',
    };
  },
};

/** The file that DHCP named is not there. */
const bootFileNotThere: Rule = {
  id: 'boot-file-not-there',
  help: 'The first file that the firmware asks for does not exist here: PXE-E3B, PXE-T01, PXE-E23 “file not found”. rackready names only files that it has, so the name came from another DHCP server, or from a `bootFile` of the old one. Leave the boot file to rackready, or put the file into `server.bootFolder`.',
  find(view) {
    const first = view.fetches.find(({ kind }) => kind !== 'expected-miss');
    if (first?.kind !== 'missing' || !isLast(view, first)) return undefined;
    if (/^(grub|ldlinux|vmlinuz|initrd|linux)/.test(first.base)) return undefined;
    const others = heard(view.events, 'dhcp.other-answer').filter(
      ({ data }) => data.bootFile !== undefined && sameFile(data.bootFile, first.file),
    );
    const near = String(first.event.data.near ?? '');
    const from = others.at(-1)?.data.server;
    return {
      evidence: [...others.slice(-1), first.event],
      confidence: 0.9,
      cause: `${whoIs(view)} asks for ${first.file}, which is not here${from ? `; DHCP server ${from} named it` : ''}${near ? `; there is ${near}` : ''}`,
      remedy: from
        ? `Take the boot file off the DHCP server at ${from}`
        : 'Leave the boot file to rackready, or put this file into the folder that `server.bootFolder` names',
    };
  },
};

/** Nothing but misses and repetitions came after it. */
function isLast(view: View, fetch: Fetch): boolean {
  return view.fetches.every(
    ({ event, kind, file }) => event.seq <= fetch.event.seq || kind === 'expected-miss' || file === fetch.file,
  );
}

/** Case 31. */
const emptyBootFile: Rule = {
  id: 'empty-boot-file',
  help: 'The firmware asked how large its boot file is and came no more, or the file is empty: “NBP filesize is 0 Bytes”, PXE-E05 (larger than the firmware’s buffer), PXE-E99. Look at the file’s size on this host; a boot loader has between 100 kB and some MB. A kernel or ISO is no boot file for PXE.',
  find(view) {
    const last = lastDeed(view);
    const fetch = view.fetches.findLast(({ event }) => event.seq === last?.seq);
    if (fetch === undefined || hasConfig(view)) return undefined;
    const size = Number(fetch.event.data.bytes ?? Number.NaN);
    const isEmpty = size === 0 && ['start', 'done', 'probe'].includes(fetch.kind) && isProgram(fetch.file);
    const isRefused = fetch.kind === 'probe' && isStuckAfter(view, fetch.event, FIRST_FILE_MS);
    if (!isEmpty && !isRefused) return undefined;
    return {
      evidence: [fetch.event],
      confidence: isEmpty ? 0.95 : 0.7,
      cause: isEmpty
        ? `${fetch.file}, the boot file of ${whoIs(view)}, is empty`
        : `${whoIs(view)} asked for the size of ${fetch.file}, was told ${size} bytes, and did not load it: it is too large for its firmware, or looks wrong to it`,
      remedy: isEmpty
        ? `Put the right file in the place of ${fetch.file}; ${eventsCommand(view)} shows what it asked for`
        : 'Name a boot loader as the boot file, not a kernel or an image',
    };
  },
};

function isProgram(file: string): boolean {
  return /\.(efi|0|kpxe|kkpxe|pxe|bin|com)$/.test(basename(file));
}

export const firmwareRules: readonly Rule[] = [
  noBootFile,
  wrongArchitecture,
  httpBootNotAsked,
  nameWithTail,
  noRouteToServer,
  bootFileNotAsked,
  ipxeNoHttps,
  ipxeNoHttp,
  urlAsFileName,
  bootFileNotThere,
  emptyBootFile,
];
