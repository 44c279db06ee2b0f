import { formatIpv4 } from '../net/ipv4.ts';
import { type AddressRange, formatRange } from '../net/subnet.ts';

/** `10.0.0.5-10.0.0.9`, or the one address that a range is. */
export function rangeText(range: AddressRange): string {
  return range.first === range.last ? formatIpv4(range.first) : formatRange(range);
}
