import { type Ipv4, ipv4At } from '../../net/ipv4.ts';
import { DecodeError } from '../decode-error.ts';
import type { Options } from './options.ts';

/**
 * Typed views of options. `undefined` means that the option is absent; DecodeError means that it is there and makes no
 * sense, so that the caller can tell the two apart.
 */

export function readU8(options: Options, code: number): number | undefined {
  return sized(options, code, 1)?.[0];
}

export function readU16(options: Options, code: number): number | undefined {
  const value = sized(options, code, 2);
  return value && ((value[0] ?? 0) << 8) | (value[1] ?? 0);
}

export function readU32(options: Options, code: number): number | undefined {
  const value = sized(options, code, 4);
  return value && ipv4At(value, 0);
}

export function readAddress(options: Options, code: number): Ipv4 | undefined {
  const value = sized(options, code, 4);
  return value && ipv4At(value, 0);
}

/** Latin-1 text without trailing NULs, and control characters made visible as "?" (it goes into logs and the store). */
export function readText(options: Options, code: number): string | undefined {
  const value = options.get(code);
  return value && asciiText(value);
}

export function asciiText(value: Uint8Array): string {
  let end = value.length;
  while (end > 0 && value[end - 1] === 0) end--;
  let text = '';
  for (let at = 0; at < end; at++) {
    const byte = value[at] ?? 0;
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '?';
  }
  return text;
}

/** A list of 16-bit numbers (option 93). Tolerates a trailing odd byte: some ROMs send one. */
export function readU16List(options: Options, code: number): number[] {
  const value = options.get(code);
  if (value === undefined) return [];
  const list: number[] = [];
  for (let at = 0; at + 1 < value.length; at += 2) list.push(((value[at] ?? 0) << 8) | (value[at + 1] ?? 0));
  return list;
}

export function textBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0) & 255);
}

export function u16Bytes(value: number): Uint8Array {
  return Uint8Array.of((value >>> 8) & 255, value & 255);
}

export function u32Bytes(value: number): Uint8Array {
  return Uint8Array.of((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

export function hexText(value: Uint8Array): string {
  let text = '';
  for (const byte of value) text += byte.toString(16).padStart(2, '0');
  return text;
}

export function addressListBytes(list: readonly Ipv4[]): Uint8Array {
  const bytes = new Uint8Array(list.length * 4);
  for (const [index, address] of list.entries()) bytes.set(u32Bytes(address), index * 4);
  return bytes;
}

function sized(options: Options, code: number, length: number): Uint8Array | undefined {
  const value = options.get(code);
  if (value !== undefined && value.length !== length) {
    throw new DecodeError(0, `option ${code} of ${length} bytes, found ${value.length}`);
  }
  return value;
}
