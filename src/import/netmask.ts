import type { Ipv4 } from '../net/ipv4.ts';

/** The length of a mask whose ones are all at its beginning; undefined for any other. */
export function prefixOf(mask: Ipv4): number | undefined {
  const bits = mask.toString(2).padStart(32, '0');
  return /^1*0*$/.test(bits) ? bits.replaceAll('0', '').length : undefined;
}
