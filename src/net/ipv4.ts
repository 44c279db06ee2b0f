/** An IPv4 address as an unsigned 32-bit number: 172.22.10.2 is 0xac160a02. */
export type Ipv4 = number & { readonly __ipv4: never };

/** 0.0.0.0: "no address" in every BOOTP header field. */
export const ANY = 0 as Ipv4;
/** 255.255.255.255: everybody on this segment (RFC 919). */
export const BROADCAST = 0xffffffff as Ipv4;

/** Parses dotted decimal, four parts of 0-255 without leading zeros; undefined for anything else. */
export function parseIpv4(text: string): Ipv4 | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part)) return undefined;
    const octet = Number(part);
    if (octet > 255) return undefined;
    value = value * 256 + octet;
  }
  return value as Ipv4;
}

/** Like parseIpv4, for text that the program itself wrote. Throws RangeError. */
export function ipv4(text: string): Ipv4 {
  const address = parseIpv4(text);
  if (address === undefined) throw new RangeError(`Cannot parse address "${text}": expected four numbers of 0-255`);
  return address;
}

export function formatIpv4(address: Ipv4): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/** The four octets in network order. */
export function ipv4Bytes(address: Ipv4): Uint8Array {
  return Uint8Array.of(address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255);
}

/** Reads four octets at `offset`. The caller has checked the bounds. */
export function ipv4At(bytes: Uint8Array, offset: number): Ipv4 {
  const at = (index: number) => bytes[offset + index] ?? 0;
  return (((at(0) << 24) | (at(1) << 16) | (at(2) << 8) | at(3)) >>> 0) as Ipv4;
}
