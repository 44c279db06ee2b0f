import type { Ipv4 } from '../net/ipv4.ts';
import { type AddressRange, rangeContains, rangeSize } from '../net/subnet.ts';

const UNUSED = 0;
const USED = 1;

/**
 * Which addresses of a pool nobody ever had: one byte each, so that looking for one is a native search and a pool of
 * 60,000 costs nothing per request.
 */
export interface PoolMap {
  readonly range: AddressRange;
  mark(address: Ipv4, used: boolean): void;
  /** An address that nobody ever had, starting the search where `seed` points; undefined when there is none. */
  findUnused(seed: number): Ipv4 | undefined;
}

export function createPoolMap(range: AddressRange): PoolMap {
  const marks = new Uint8Array(rangeSize(range));
  return {
    range,
    mark(address, used) {
      if (rangeContains(range, address)) marks[address - range.first] = used ? USED : UNUSED;
    },
    findUnused(seed) {
      const start = seed % marks.length;
      const after = marks.indexOf(UNUSED, start);
      const index = after >= 0 ? after : marks.indexOf(UNUSED);
      return index < 0 ? undefined : ((range.first + index) as Ipv4);
    },
  };
}
