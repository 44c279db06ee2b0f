import { Option } from './option-codes.ts';

/**
 * The option area (RFC 2132 2, RFC 3396):
 *
 *   code (1) | length (1) | value (length)   ...   255
 *
 * PAD (0) and END (255) have no length byte. Repeated codes are one value, joined in the order of their appearance.
 */
export type Options = ReadonlyMap<number, Uint8Array>;

/** The values of codes that came more than once, each as it stood. BSDP reads option 43 so. */
export type Repeated = ReadonlyMap<number, readonly Uint8Array[]>;

/**
 * Adds the options of one area to `into`: of repeated codes the first piece, and all of them to `repeated`, for joinRepeated().
 * Returns false when a length runs past the area: what was read before stays (real firmware sends such packets), nothing
 * after it is trusted.
 */
export function readOptions(
  area: Uint8Array,
  into: Map<number, Uint8Array>,
  repeated: Map<number, Uint8Array[]>,
): boolean {
  let at = 0;
  while (at < area.length) {
    const code = area[at++] ?? Option.end;
    if (code === Option.pad) continue;
    if (code === Option.end) return true;
    const length = area[at++];
    if (length === undefined || at + length > area.length) return false;
    const value = area.subarray(at, at + length);
    at += length;
    const first = into.get(code);
    if (first === undefined) into.set(code, value);
    else if (!repeated.get(code)?.push(value)) repeated.set(code, [first, value]);
  }
  return true;
}

/** Makes one value of the pieces of each repeated code. Once for a packet: anybody can fill one with thousands of pieces. */
export function joinRepeated(into: Map<number, Uint8Array>, repeated: Repeated): void {
  for (const [code, pieces] of repeated) {
    const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    into.set(code, whole);
  }
}

/** Options that firmware reads without joining pieces: they are refused rather than split (GRUB, read in its source). */
const NEVER_SPLIT: ReadonlySet<number> = new Set([Option.tftpServerName, Option.bootFileName]);

/** How many bytes an option takes on the wire, split per RFC 3396 where it is longer than 255. */
export function encodedLength(value: Uint8Array): number {
  return value.length + 2 * Math.max(1, Math.ceil(value.length / 255));
}

/**
 * Writes one option at `at` and returns where the next one goes. The caller has checked the room.
 * Throws RangeError for an option over 255 bytes that must not be split.
 */
export function writeOption(target: Uint8Array, at: number, code: number, value: Uint8Array): number {
  if (value.length <= 255) {
    target[at] = code;
    target[at + 1] = value.length;
    target.set(value, at + 2);
    return at + 2 + value.length;
  }
  if (NEVER_SPLIT.has(code)) throw new RangeError(`Cannot split option ${code} of ${value.length} bytes`);
  let next = at;
  for (let from = 0; from < value.length; from += 255) {
    next = writeOption(target, next, code, value.subarray(from, from + 255));
  }
  return next;
}
