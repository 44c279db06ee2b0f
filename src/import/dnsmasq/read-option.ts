import { ipv4Bytes, parseIpv4 } from '../../net/ipv4.ts';
import type { OptionValue } from '../option-value.ts';
import type { Argument, Line } from './lines.ts';
import { numberSizes, optionNames } from './option-table.ts';

/** A `dhcp-option` line. */
export interface OptionLine {
  readonly line: Line;
  readonly tags: readonly string[];
  readonly code: number;
  /** Undefined: the option is not to be sent. */
  readonly value?: OptionValue | undefined;
}

export type ReadOption =
  | { readonly kind: 'option'; readonly option: OptionLine }
  /** Part of another option, or of IPv6. */
  | { readonly kind: 'elsewhere'; readonly reason: 'inside' | 'ipv6' }
  | { readonly kind: 'wrong'; readonly problem: string };

/** `[tag:…,]NUMBER|option:NAME[,VALUE…]` */
export function readOptionLine(line: Line): ReadOption {
  const tags: string[] = [];
  let at = 0;
  for (; at < line.list.length; at++) {
    const text = line.list[at]?.text ?? '';
    const [, tag] = /^(?:tag|net):(.*)$/.exec(text) ?? [];
    if (tag !== undefined) tags.push(tag);
    else if (/^(encap|vi-encap|vendor):/.test(text)) return { kind: 'elsewhere', reason: 'inside' };
    else if (/^(option6:|\[)/.test(text)) return { kind: 'elsewhere', reason: 'ipv6' };
    else if (/^[0-9]+$/.test(text) || text.startsWith('option:') || at > 0) break;
    // Before version 2.41 a tag stood there without tag:.
    else tags.push(text);
  }
  const code = codeOf(line.list[at]?.text ?? '');
  if (typeof code !== 'number') return { kind: 'wrong', problem: code.problem };
  const values = line.list.slice(at + 1);
  if (values.length === 0 || (values.length === 1 && values[0]?.text === '' && !values[0].isQuoted)) {
    return { kind: 'option', option: { line, tags, code } };
  }
  const value = readValue(code, values);
  if ('problem' in value) return { kind: 'wrong', problem: value.problem };
  return { kind: 'option', option: { line, tags, code, value } };
}

function codeOf(text: string): number | { readonly problem: string } {
  const name = /^option:(.+)$/.exec(text)?.[1]?.toLowerCase();
  const code = name === undefined ? Number(/^[0-9]{1,3}$/.exec(text)?.[0]) : optionNames.get(name);
  if (code === undefined) return { problem: `${JSON.stringify(name)} is no option that dnsmasq knows` };
  return code >= 1 && code <= 255 ? code : { problem: `${JSON.stringify(text)} is no number of an option` };
}

/** Options that are addresses and nothing else: router, dns-server, ntp-server. */
const addressCodes: ReadonlySet<number> = new Set([3, 6, 42]);

/** Text options: digits and dots in them are no addresses. */
const textCodes: ReadonlySet<number> = new Set([15, 17, 18, 40, 47, 64, 66, 67, 100, 101]);

function readValue(code: number, values: readonly Argument[]): OptionValue | { readonly problem: string } {
  const texts = values.map(({ text }) => text);
  const isPlain = values.every(({ isQuoted }) => !isQuoted);
  if (code === 119) return domains(texts);
  if (isPlain && (code === 121 || code === 249)) return routes(texts);
  if (isPlain && !textCodes.has(code) && texts.every((text) => parseIpv4(text) !== undefined)) {
    return { kind: 'addresses', texts };
  }
  if (addressCodes.has(code)) return { problem: `${JSON.stringify(texts.join())} is no address, or list of addresses` };
  const [only = ''] = texts;
  if (isPlain && texts.length === 1) {
    const number = readNumber(code, only);
    if (number) return number;
    if (/^[0-9a-f]{1,2}(:[0-9a-f]{1,2})+$/i.test(only)) {
      return { kind: 'bytes', bytes: Uint8Array.from(only.split(':'), (octet) => Number.parseInt(octet, 16)) };
    }
  }
  return { kind: 'text', text: texts.join(',') };
}

/** Decimal or with a size: `b` one byte, `s` two, `i` four. */
function readNumber(code: number, text: string): OptionValue | undefined {
  const [, digits, letter = ''] = /^([0-9]{1,10})([bsi]?)$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const number = Number(digits);
  const given = { b: 1, s: 2, i: 4 }[letter] ?? numberSizes.get(code);
  const bytes = given ?? (number > 0xffff ? 4 : number > 0xff ? 2 : 1);
  if (number >= 256 ** bytes) return undefined;
  const size = bytes === 1 ? 'u8' : bytes === 2 ? 'u16' : 'u32';
  return { kind: 'number', size, number };
}

/** RFC 1035 names; RFC 3397 leaves it to the server whether they are compressed. */
function domains(names: readonly string[]): OptionValue {
  const bytes = names.flatMap((name) => {
    const labels = name.split('.').filter((label) => label !== '');
    return [...labels.flatMap((label) => [label.length, ...new TextEncoder().encode(label)]), 0];
  });
  return { kind: 'bytes', bytes: Uint8Array.from(bytes) };
}

/** `10.0.0.0/8,192.168.1.1`: pairs of a network and a router (RFC 3442). */
function routes(texts: readonly string[]): OptionValue | { readonly problem: string } {
  const bytes: number[] = [];
  for (let at = 0; at < texts.length; at += 2) {
    const [network = '', length = '32'] = (texts[at] ?? '').split('/');
    const [address, router] = [parseIpv4(network), parseIpv4(texts[at + 1] ?? '')];
    const prefix = /^[0-9]{1,2}$/.test(length) ? Number(length) : 33;
    if (address === undefined || router === undefined || prefix > 32) {
      return {
        problem: `expected pairs like 10.0.0.0/8,192.168.1.1, not ${JSON.stringify(texts.slice(at, at + 2).join())}`,
      };
    }
    bytes.push(prefix, ...ipv4Bytes(address).subarray(0, Math.ceil(prefix / 8)), ...ipv4Bytes(router));
  }
  return { kind: 'bytes', bytes: Uint8Array.from(bytes) };
}
