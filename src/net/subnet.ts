import { formatIpv4, type Ipv4, parseIpv4 } from './ipv4.ts';

/** An IPv4 network in CIDR terms. `base` has no host bits set. */
export interface Subnet {
  readonly base: Ipv4;
  /** Prefix length, 0-32. */
  readonly prefix: number;
}

/** Addresses `first` to `last`, both included. */
export interface AddressRange {
  readonly first: Ipv4;
  readonly last: Ipv4;
}

/** Parses "172.22.10.0/24". Returns what is wrong as text: the caller knows where it stands. */
export function parseSubnet(text: string): Subnet | { readonly problem: string } {
  const [addressText = '', prefixText, ...rest] = text.split('/');
  const address = parseIpv4(addressText);
  const prefix = Number(prefixText);
  if (address === undefined || rest.length > 0 || !/^[0-9]{1,2}$/.test(prefixText ?? '') || prefix > 32) {
    return { problem: 'expected a network like 192.168.1.0/24' };
  }
  const base = (address & maskOf(prefix)) >>> 0;
  if (base !== address) {
    return { problem: `has host bits set: the network is ${formatIpv4(base as Ipv4)}/${prefix}` };
  }
  return { base: address, prefix };
}

/** Parses "172.22.10.5-172.22.10.30" or a single address. Returns what is wrong as text. */
export function parseRange(text: string): AddressRange | { readonly problem: string } {
  const [firstText = '', lastText = firstText, ...rest] = text.split('-').map((part) => part.trim());
  const first = parseIpv4(firstText);
  const last = parseIpv4(lastText);
  if (first === undefined || last === undefined || rest.length > 0) {
    return { problem: 'expected a range like 192.168.1.100-192.168.1.199' };
  }
  if (last < first) return { problem: `ends (${formatIpv4(last)}) before it begins (${formatIpv4(first)})` };
  return { first, last };
}

export function formatSubnet(subnet: Subnet): string {
  return `${formatIpv4(subnet.base)}/${subnet.prefix}`;
}

export function formatRange(range: AddressRange): string {
  return `${formatIpv4(range.first)}-${formatIpv4(range.last)}`;
}

export function netmask(subnet: Subnet): Ipv4 {
  return maskOf(subnet.prefix) as Ipv4;
}

export function broadcastOf(subnet: Subnet): Ipv4 {
  return ((subnet.base | ~maskOf(subnet.prefix)) >>> 0) as Ipv4;
}

export function subnetContains(subnet: Subnet, address: Ipv4): boolean {
  return (address & maskOf(subnet.prefix)) >>> 0 === subnet.base;
}

export function rangeContains(range: AddressRange, address: Ipv4): boolean {
  return address >= range.first && address <= range.last;
}

export function rangesOverlap(a: AddressRange, b: AddressRange): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** What is left of a range without some of its addresses, which are in ascending order. */
export function rangesWithout(range: AddressRange, addresses: readonly Ipv4[]): AddressRange[] {
  const left: AddressRange[] = [];
  let first: number = range.first;
  for (const address of addresses) {
    if (address > first) left.push({ first: first as Ipv4, last: (address - 1) as Ipv4 });
    first = address + 1;
  }
  if (first <= range.last) left.push({ first: first as Ipv4, last: range.last });
  return left;
}

/** How many addresses a range holds. */
export function rangeSize(range: AddressRange): number {
  return range.last - range.first + 1;
}

function maskOf(prefix: number): number {
  return prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0;
}
