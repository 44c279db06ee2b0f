import { asciiText } from '../dhcp4/values.ts';

/**
 * Reads option 77. RFC 3004 has a length byte before each class; iPXE and dhclient send the bare text. A value whose
 * lengths add up exactly is taken as a list, everything else as one bare text.
 */
export function decodeUserClasses(value: Uint8Array): string[] {
  const list: string[] = [];
  let at = 0;
  while (at < value.length) {
    const length = value[at] ?? 0;
    if (length === 0 || at + 1 + length > value.length) return [asciiText(value)];
    list.push(asciiText(value.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  return list;
}
