import type { Rule } from './rule.ts';
import {
  basename,
  type Fetch,
  hasConfig,
  heard,
  isFirmware,
  isStuckAfter,
  lastDeed,
  sameFile,
  senderOf,
  type View,
} from './view.ts';
import { eventsCommand, whoIs } from './words.ts';

/** Boot files that are not there, or not what the firmware runs. */

const LOADED_MS = 20_000;
const ASKED_AGAIN_MS = 20_000;

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
  when: ['tftp.done'],
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

/** Case 9. */
const nameWithTail: Rule = {
  id: 'name-with-tail',
  when: ['tftp.start'],
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

const isUrlOverTftp = ({ file, via }: Fetch) => via === 'tftp' && /^https?:/i.test(file);

/** Case 26. */
const urlAsFileName: Rule = {
  id: 'url-as-file-name',
  when: ['tftp.refused', 'tftp.not-found', 'tftp.start'],
  help: 'The firmware asked by TFTP for a name that begins with http: it is plain PXE, and some DHCP server gave it an HTTP URL as its boot file. The screen shows the URL as NBP filename with size 0, then PXE-E99 or PXE-E23. Take the URL off that server for architectures 0, 6, 7, 9 and 11; only HTTP boot (16) and iPXE take URLs. A URL of this host is served by TFTP all the same.',
  find(view) {
    const asked = view.fetches.findLast(isUrlOverTftp);
    if (asked === undefined) return undefined;
    const isServed = asked.kind !== 'refused' && asked.kind !== 'missing';
    if (isServed ? hasConfig(view) : !isStuckAfter(view, asked.event, 0)) return undefined;
    return {
      evidence: [asked.event],
      confidence: isServed ? 0.55 : 0.95,
      cause: `${whoIs(view)} asks by TFTP for ${asked.file}: its firmware is PXE, not HTTP boot, and was given a URL as its boot file`,
      remedy:
        'Take the URL off the DHCP server that names it to PXE firmware; rackready names a file to PXE and a URL to HTTP boot',
      applied: isServed ? 'served the file by TFTP all the same, because the address is ours' : undefined,
    };
  },
};

/** The file that DHCP named is not there. */
const bootFileNotThere: Rule = {
  id: 'boot-file-not-there',
  when: ['tftp.not-found', 'http.not-found'],
  help: 'The first file that the firmware asks for does not exist here: PXE-E3B, PXE-T01, PXE-E23 “file not found”. rackready names only files that it has, so the name came from another DHCP server, or from a `bootFile` of the old one. Leave the boot file to rackready, or put the file into `server.bootFolder`.',
  find(view) {
    const first = view.fetches.find(({ kind }) => kind !== 'expected-miss');
    if (first?.kind !== 'missing' || !isLast(view, first)) return undefined;
    // That it is a URL comes before that nothing is behind it.
    if (/^(grub|ldlinux|vmlinuz|initrd|linux)/.test(first.base) || isUrlOverTftp(first)) return undefined;
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
  when: ['tftp.start', 'tftp.done', 'tftp.probe', 'http.done'],
  help: 'The firmware asked how large its boot file is and came no more, or the file is empty: “NBP filesize is 0 Bytes”, PXE-E05 (larger than the firmware’s buffer), PXE-E99. Look at the file’s size on this host; a boot loader has between 100 kB and some MB. A kernel or ISO is no boot file for PXE.',
  find(view) {
    const last = lastDeed(view);
    const fetch = view.fetches.findLast(({ event }) => event.seq === last?.seq);
    if (fetch === undefined || hasConfig(view)) return undefined;
    const size = Number(fetch.event.data.bytes ?? Number.NaN);
    const isEmpty = size === 0 && ['start', 'done', 'probe'].includes(fetch.kind) && isProgram(fetch.file);
    const isRefused = fetch.kind === 'probe' && isStuckAfter(view, fetch.event, ASKED_AGAIN_MS);
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

export const bootFileRules: readonly Rule[] = [
  wrongArchitecture,
  nameWithTail,
  urlAsFileName,
  bootFileNotThere,
  emptyBootFile,
];
