import type { Dialect } from '../boot/boot-text.ts';
import { type Ipv4, parseIpv4 } from '../net/ipv4.ts';
import { type Mac, parseMac } from '../net/mac.ts';
import { parseUuid, swapUuidFields, type Uuid } from '../net/uuid.ts';

/** Longest name that is looked at; GRUB's own buffer has this size. */
const MAX_NAME = 512;

export type NormalName =
  /** `trimmed`: bytes that firmware appended were taken off (it read past option 67). */
  | { readonly kind: 'name'; readonly name: string; readonly trimmed: boolean }
  | { readonly kind: 'refused'; readonly name: string; readonly reason: string };

/** Whose configuration a file name asks for. */
export type Whose =
  | { readonly by: 'requester' }
  | { readonly by: 'mac'; readonly mac: Mac }
  | { readonly by: 'address'; readonly address: Ipv4 }
  /** In both byte orders: loaders build the name from the wire's bytes, people from what the BIOS shows. */
  | { readonly by: 'uuid'; readonly uuids: readonly Uuid[] }
  /** A shortened address, or anything else that loaders try. */
  | { readonly by: 'guess' };

export type BootName =
  /** `isSigned`: the name that a distribution's signed GRUB asks for; such an image cannot load HTTP. */
  | { readonly kind: 'config'; readonly dialect: Dialect; readonly whose: Whose; readonly isSigned: boolean }
  | { readonly kind: 'autoexec' }
  | { readonly kind: 'os'; readonly profile: string; readonly part: 'linux' | 'initrd' }
  /** A file of the install tree that is a profile's source; `path` may be empty. */
  | { readonly kind: 'tree'; readonly profile: string; readonly path: string }
  /** A file of an image for Macs. */
  | { readonly kind: 'image'; readonly image: string; readonly path: string }
  /** The installer's ISO of a profile. */
  | { readonly kind: 'iso'; readonly profile: string }
  | { readonly kind: 'plain' };

/**
 * Brings a requested name into one form: no URL, no backslashes, no empty or "." segments, no leading slash.
 * `hosts` are our own addresses, dotted. HTTP callers hand over the decoded path without the query.
 */
export function normaliseBootName(raw: string, via: 'tftp' | 'http', hosts: readonly string[]): NormalName {
  const [beforeNul = ''] = raw.split('\0', 1);
  // Firmware that takes option 67 for a C string appends what follows it: "core.0\xff" (seen in Kontron, Lenovo and Gigabyte BIOSes).
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed.
  const clean = via === 'tftp' ? beforeNul.replace(/[\u0000-\u001f\u0080-\uffff]+$/, '') : beforeNul;
  const trimmed = clean.length < beforeNul.length;
  const path = withoutUrl(clean.replaceAll('\\', '/'), hosts);
  if (path === undefined) {
    return refused(clean, 'the name is a URL of another server; PXE firmware wants a file name, not a URL');
  }
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.');
  const name = segments.join('/');
  if (name === '') return refused(raw, 'the name is empty');
  if (name.length > MAX_NAME) return refused(`${name.slice(0, 40)}…`, `the name is longer than ${MAX_NAME} characters`);
  if (segments.includes('..')) return refused(name, 'the name leads out of the boot folder');
  if (/\p{Cc}/u.test(name)) return refused(name.replace(/\p{Cc}/gu, '?'), 'the name has control characters');
  return { kind: 'name', name, trimmed };
}

/** What a normalised name stands for. Names are compared without regard to case, as firmware born on FAT writes them. */
export function parseBootName(name: string): BootName {
  const grub = /^(boot\/)?grub\/(?:(?:i386-pc|i386-efi|x86_64-efi|arm64-efi)\/)?grub\.cfg(?:-(.+))?$/i.exec(name);
  if (grub) {
    const whose: Whose = grub[2] === undefined ? { by: 'requester' } : parseWhose(grub[2]);
    return { kind: 'config', dialect: 'grub', whose, isSigned: grub[1] === undefined };
  }
  const byMac = /^(boot\/)?grub\/machine\/(.+)\.cfg$/i.exec(name);
  if (byMac) {
    return { kind: 'config', dialect: 'grub', whose: parseWhose(byMac[2] ?? ''), isSigned: byMac[1] === undefined };
  }
  const pxelinux = /(?:^|\/)pxelinux\.cfg\/([^/]+)$/i.exec(name)?.[1];
  if (pxelinux !== undefined) {
    const whose: Whose = pxelinux.toLowerCase() === 'default' ? { by: 'requester' } : parseWhose(pxelinux);
    return { kind: 'config', dialect: 'pxelinux', whose, isSigned: false };
  }
  const lower = name.toLowerCase();
  if (lower === 'ipxe/boot.ipxe') {
    return { kind: 'config', dialect: 'ipxe', whose: { by: 'requester' }, isSigned: false };
  }
  if (lower === 'autoexec.ipxe' || lower.endsWith('/autoexec.ipxe')) return { kind: 'autoexec' };
  const [, profile, part] = /^os\/([^/]+)\/(linux|initrd)$/.exec(name) ?? [];
  if (profile !== undefined) return { kind: 'os', profile, part: part === 'linux' ? 'linux' : 'initrd' };
  const [, ofTree, path] = /^tree\/([^/]+)\/(.+)$/.exec(name) ?? [];
  if (ofTree !== undefined && path !== undefined) return { kind: 'tree', profile: ofTree, path };
  const [, image, ofImage] = /^netboot\/([^/]+)\/(.+)$/.exec(name) ?? [];
  if (image !== undefined && ofImage !== undefined) return { kind: 'image', image, path: ofImage };
  const ofIso = /^iso\/([^/]+)\.iso$/.exec(name)?.[1];
  if (ofIso !== undefined) return { kind: 'iso', profile: ofIso };
  return { kind: 'plain' };
}

/** Names that healthy loaders ask for and that need not be there (PXE notes, "normal noise"). */
export function isExpectedMiss(name: string): boolean {
  const base = name.slice(name.lastIndexOf('/') + 1).toLowerCase();
  if (/(^|\/)pxelinux\.cfg\//i.test(name)) return !/\/default$/i.test(name);
  return (
    /\.lst$|^grub\.cfg-|^revocations.*\.efi$|^shim_certificate.*\.efi$/.test(base) ||
    /^(http\.mod|boot\.msg|autoexec\.ipxe|ldlinux\.e(32|64)|favicon\.ico)$/.test(base) ||
    /\.sig$|^recovery.*\.bin$|^(dt-blob\.bin|cmdline\.txt)$/.test(base)
  );
}

/**
 * Names that Anaconda, and the tools that look for packages, ask of an install tree, at any depth of a mirror, whether they
 * are there or not. Which of them has the second stage depends on the version: LiveOS/squashfs.img in CentOS 7,
 * images/install.img since. The installer of Debian looks which suites there are.
 */
export function isExpectedTreeMiss(path: string): boolean {
  return (
    /(^|\/)(\.treeinfo|treeinfo|\.discinfo|media\.repo)$/.test(path) ||
    /(^|\/)(images\/(updates|product|install)\.img|LiveOS\/squashfs\.img)$/.test(path) ||
    /\.(asc|sig|gpg)$/.test(path) ||
    /(^|\/)dists\/(oldstable|stable|testing|unstable)\/(In)?Release$/.test(path)
  );
}

/** MAC with `:` `-` `.` or nothing between, with or without the hardware type `01-`; IPv4 as hex; UUID. Any case. */
function parseWhose(text: string): Whose {
  const mac = parseMac(text) ?? parseMac(text.replace(/^01[-:]/, ''));
  if (mac !== undefined) return { by: 'mac', mac };
  if (/^[0-9a-f]{8}$/i.test(text)) {
    const octets = (text.match(/../g) ?? []).map((octet) => Number.parseInt(octet, 16));
    const address = parseIpv4(octets.join('.'));
    if (address !== undefined) return { by: 'address', address };
  }
  const uuid = parseUuid(text);
  return uuid === undefined ? { by: 'guess' } : { by: 'uuid', uuids: [uuid, swapUuidFields(uuid)] };
}

/** The path of a URL that names us; undefined for a URL of somebody else; other text as it is. */
function withoutUrl(text: string, hosts: readonly string[]): string | undefined {
  const match = /^(?:tftp|https?):\/+([^/:]+)(?::[0-9]+)?(\/.*)?$/i.exec(text);
  if (match === null) return text;
  const [, host = '', path = ''] = match;
  return hosts.includes(host) ? path : undefined;
}

function refused(name: string, reason: string): NormalName {
  return { kind: 'refused', name, reason };
}
