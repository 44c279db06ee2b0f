import { DecodeError } from '../decode-error.ts';

const PAD = 0;
const END = 255;
/** What one option 43 can hold, and one sub-option in it. */
export const AREA_BYTES = 255;
const MOST_VALUE_BYTES = AREA_BYTES - 2;

/** Each sub-option's values in the order of their appearance. */
export type SubOptions = ReadonlyMap<number, readonly Uint8Array[]>;

/**
 * Reads sub-options out of the instances of option 43. Apple's programs read each instance by itself and then join the
 * lists; readers of RFC 3396 join the bytes first: for that, hand over the joined bytes as one instance. A sender that
 * splits no sub-option is read alike by both. Throws DecodeError when a length runs past its instance.
 */
export function decodeSubOptions(instances: readonly Uint8Array[]): SubOptions {
  const found = new Map<number, Uint8Array[]>();
  for (const area of instances) readArea(area, found);
  return found;
}

function readArea(area: Uint8Array, into: Map<number, Uint8Array[]>): void {
  let at = 0;
  while (at < area.length) {
    const code = area[at] ?? END;
    if (code === END) return;
    if (code === PAD) {
      at++;
      continue;
    }
    const length = area[at + 1];
    if (length === undefined) throw new DecodeError(at + 1, `a length of sub-option ${code}`);
    const next = at + 2 + length;
    if (next > area.length) throw new DecodeError(at + 2, `${length} bytes of sub-option ${code}`);
    const value = area.slice(at + 2, next);
    if (!into.get(code)?.push(value)) into.set(code, [value]);
    at = next;
  }
}

/** The first value with this code; throws DecodeError when it has another length. */
export function fixedValue(options: SubOptions, code: number, length: number): Uint8Array | undefined {
  const value = options.get(code)?.[0];
  if (value !== undefined && value.length !== length) {
    throw new DecodeError(0, `sub-option ${code} of ${length} bytes, found ${value.length}`);
  }
  return value;
}

export type SubOption = readonly [code: number, value: Uint8Array];

/** Writes sub-options one after the other into as many instances as it takes; none is split. Throws RangeError for one that is too long. */
export function encodeSubOptions(options: readonly SubOption[]): Uint8Array[] {
  const areas: number[][] = [];
  for (const [code, value] of options) {
    if (value.length > MOST_VALUE_BYTES) {
      throw new RangeError(`Cannot write sub-option ${code} of ${value.length} bytes: ${MOST_VALUE_BYTES} fit`);
    }
    const last = areas.at(-1);
    const bytes = [code, value.length, ...value];
    if (last === undefined || last.length + bytes.length > AREA_BYTES) areas.push(bytes);
    else last.push(...bytes);
  }
  return areas.map((area) => Uint8Array.from(area));
}
