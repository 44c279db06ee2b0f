import { ipv4Bytes, parseIpv4 } from '../net/ipv4.ts';
import { didYouMean } from './nearest.ts';

type Kind = 'addresses' | 'text' | 'u8' | 'u16' | 'u32';

/** Options that may be given by name, with the type that RFC 2132 (and the RFC named) gives them. */
const named: Readonly<Record<string, { readonly code: number; readonly kind: Kind }>> = {
  timeServers: { code: 4, kind: 'addresses' },
  logServers: { code: 7, kind: 'addresses' },
  lprServers: { code: 9, kind: 'addresses' },
  rootPath: { code: 17, kind: 'text' },
  ipForwarding: { code: 19, kind: 'u8' },
  defaultTtl: { code: 23, kind: 'u8' },
  nisDomain: { code: 40, kind: 'text' },
  nisServers: { code: 41, kind: 'addresses' },
  netbiosNameServers: { code: 44, kind: 'addresses' },
  netbiosNodeType: { code: 46, kind: 'u8' },
  tftpServerName: { code: 66, kind: 'text' },
  smtpServers: { code: 69, kind: 'addresses' },
  /** RFC 4833. */
  posixTimezone: { code: 100, kind: 'text' },
  tzdbTimezone: { code: 101, kind: 'text' },
  /** RFC 5859. */
  tftpServers: { code: 150, kind: 'addresses' },
  wpad: { code: 252, kind: 'text' },
};

const kinds = new Map(Object.values(named).map((option) => [option.code, option.kind]));

/** Options that the server makes itself, with what to use instead. */
const owned = new Map<number, string>([
  [1, 'it follows from subnet'],
  [3, 'use router'],
  [6, 'use dns'],
  [12, 'use hostName of the machine'],
  [15, 'use domain'],
  [26, 'use mtu'],
  [28, 'it follows from subnet'],
  [42, 'use ntp'],
  [51, 'use dhcp.leaseTime'],
  [58, 'it follows from dhcp.leaseTime'],
  [59, 'it follows from dhcp.leaseTime'],
  [67, 'the boot file follows from the machine’s firmware and profile'],
  ...[43, 50, 52, 53, 54, 55, 57, 60, 61, 77, 82, 93, 94, 97].map((code) => [code, 'the protocol needs it'] as const),
]);

/** Name and type of an option that may be given by name. */
export function namedOption(code: number): { readonly name: string; readonly kind: Kind } | undefined {
  const [name, option] = Object.entries(named).find(([, entry]) => entry.code === code) ?? [];
  return name === undefined || option === undefined ? undefined : { name, kind: option.kind };
}

export const optionNames = Object.keys(named);

/** Option number of a key (`66` or `tftpServerName`), or what is wrong with it. */
export function parseOptionCode(key: string): number | { readonly problem: string } {
  const code = /^[0-9]{1,3}$/.test(key) ? Number(key) : Object.hasOwn(named, key) ? named[key]?.code : undefined;
  if (code === undefined) {
    const hint = didYouMean(key, optionNames);
    return { problem: `unknown option: ${hint}expected a number of 1-254 or one of ${optionNames.join(', ')}` };
  }
  if (code < 1 || code > 254) return { problem: `option ${code} cannot be sent: expected a number of 1-254` };
  const reason = owned.get(code);
  return reason === undefined ? code : { problem: `option ${code} is set by the server: ${reason}` };
}

/** The bytes of an option's value, or what is wrong with it. */
export function encodeOptionValue(code: number, value: unknown): Uint8Array | { readonly problem: string } {
  const kind = kinds.get(code);
  const bytes = encodeHex(value) ?? (kind ? encodeAs(kind, value) : encodeUntyped(value));
  if (!(bytes instanceof Uint8Array)) return bytes;
  if (bytes.length < 1 || bytes.length > 255) return { problem: `is ${bytes.length} bytes long: expected 1-255` };
  return bytes;
}

const untyped = 'expected an address, a list of addresses, text, {u8: 1}, {u16: 1}, {u32: 1} or "hex:01:02"';

function encodeUntyped(value: unknown): Uint8Array | { readonly problem: string } {
  if (typeof value === 'string') return parseIpv4(value) === undefined ? utf8(value) : encodeAddresses(value);
  if (Array.isArray(value)) return encodeAddresses(value);
  if (typeof value === 'number')
    return { problem: `a number needs its size: write {u8: ${value}}, {u16: ${value}} or {u32: ${value}}` };
  if (value === null || typeof value !== 'object') return { problem: untyped };
  const [entry, ...others] = Object.entries(value);
  if (!entry || others.length > 0) return { problem: untyped };
  const [size, number] = entry;
  return size === 'u8' || size === 'u16' || size === 'u32' ? encodeNumber(size, number) : { problem: untyped };
}

function encodeAs(kind: Kind, value: unknown): Uint8Array | { readonly problem: string } {
  if (kind === 'addresses') return encodeAddresses(value);
  if (kind === 'text')
    return typeof value === 'string' ? utf8(value) : { problem: 'this option is text: write it in quotes' };
  return encodeNumber(kind, value);
}

function encodeAddresses(value: unknown): Uint8Array | { readonly problem: string } {
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  const addresses = texts.map((text) => (typeof text === 'string' ? parseIpv4(text) : undefined));
  const bytes: number[] = [];
  for (const address of addresses) {
    if (address === undefined) return { problem: 'expected an address like 192.168.1.1, or a list of them' };
    bytes.push(...ipv4Bytes(address));
  }
  return Uint8Array.from(bytes);
}

function encodeNumber(kind: 'u8' | 'u16' | 'u32', value: unknown): Uint8Array | { readonly problem: string } {
  const size = { u8: 1, u16: 2, u32: 4 }[kind];
  const max = 2 ** (8 * size) - 1;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max) {
    return { problem: `expected a whole number of 0-${max}` };
  }
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes.slice(4 - size);
}

/** "hex:01:ff", "hex:01ff"; undefined for anything that does not begin with hex: */
function encodeHex(value: unknown): Uint8Array | { readonly problem: string } | undefined {
  if (typeof value !== 'string' || !value.startsWith('hex:')) return undefined;
  const digits = value.slice(4).replaceAll(':', '');
  if (!/^([0-9a-f]{2})+$/i.test(digits)) return { problem: 'expected pairs of hex digits after hex:, like hex:01:ff' };
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
