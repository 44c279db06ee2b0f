import { type Ipv4, parseIpv4 } from '../../net/ipv4.ts';
import { type Subnet, subnetContains } from '../../net/subnet.ts';
import { prefixOf } from '../netmask.ts';
import { subnetAround } from '../places.ts';
import type { Line } from './lines.ts';

/** A `dhcp-range` line of IPv4. */
export interface RangeLine {
  readonly line: Line;
  readonly start: Ipv4;
  /** Undefined: `static` or `proxy`. */
  readonly end?: Ipv4 | undefined;
  readonly mode: 'range' | 'static' | 'proxy';
  /** Undefined: dnsmasq takes it from the interface. */
  readonly subnet?: Subnet | undefined;
  /** Seconds; undefined: an hour. */
  readonly leaseSeconds?: number | undefined;
  readonly setTag?: string | undefined;
  /** Tags that a client must have. */
  readonly wantedTags: readonly string[];
}

export type ReadRange =
  | { readonly kind: 'range'; readonly range: RangeLine }
  | { readonly kind: 'ipv6' }
  | { readonly kind: 'wrong'; readonly problem: string };

/** `[tag:…,][set:…,]START[,END|static|proxy][,NETMASK[,BROADCAST]][,LEASE]` */
export function readRangeLine(line: Line): ReadRange {
  const wantedTags: string[] = [];
  let setTag: string | undefined;
  const rest = line.list
    .map(({ text }) => text)
    .filter((text) => {
      const [, kind, tag = ''] = /^(tag|set|net|interface):(.*)$/.exec(text) ?? [];
      if (kind === 'set' || kind === 'net') setTag = tag;
      else if (kind !== undefined) wantedTags.push(tag);
      return kind === undefined;
    });
  if (rest.some((text) => text.includes(':'))) return { kind: 'ipv6' };
  // The oldest spelling: a tag without set: stands first.
  if (rest.length > 1 && setTag === undefined && /^[A-Za-z]/.test(rest[0] ?? '')) setTag = rest.shift();
  const start = parseIpv4(rest[0] ?? '');
  if (start === undefined) return { kind: 'wrong', problem: `${JSON.stringify(rest[0] ?? '')} is no address` };
  const found = readRest(rest.slice(1));
  if ('problem' in found) return { kind: 'wrong', problem: found.problem };
  const { mode, mask, leaseSeconds } = found;
  const prefix = mask === undefined ? undefined : prefixOf(mask);
  if (mask !== undefined && prefix === undefined) return { kind: 'wrong', problem: 'the netmask is none' };
  const subnet = prefix === undefined ? undefined : subnetAround(start, prefix);
  // dnsmasq takes them in either order.
  const [first, last] = found.end !== undefined && found.end < start ? [found.end, start] : [start, found.end];
  const facts = { line, mode, subnet, leaseSeconds, setTag, wantedTags };
  return { kind: 'range', range: { ...facts, start: first, end: last } };
}

interface Rest {
  readonly end?: Ipv4 | undefined;
  readonly mode: RangeLine['mode'];
  readonly mask?: Ipv4 | undefined;
  readonly leaseSeconds?: number | undefined;
}

function readRest(texts: readonly string[]): Rest | { readonly problem: string } {
  let mode: RangeLine['mode'] = 'range';
  let leaseSeconds: number | undefined;
  const addresses: Ipv4[] = [];
  for (const text of texts) {
    const address = parseIpv4(text);
    const seconds = readLeaseTime(text);
    if (text === 'static' || text === 'proxy') mode = text;
    else if (address !== undefined) addresses.push(address);
    else if (seconds !== undefined) leaseSeconds = seconds;
    else return { problem: `${JSON.stringify(text)} is neither an address, nor static or proxy, nor a lease time` };
  }
  if (mode !== 'range') return { mode, mask: addresses[0], leaseSeconds };
  const [end, mask] = addresses;
  if (end === undefined) return { problem: 'expected the last address of the range' };
  return { mode, end, mask, leaseSeconds };
}

const units: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** dnsmasq gives no shorter leases, seconds. */
const SHORTEST = 120;

/** `45m`, `12h`, `3600`, `infinite`, in seconds; undefined: it is no lease time. */
export function readLeaseTime(text: string): number | undefined {
  if (text === 'infinite') return 0xffffffff;
  const [, digits, unit = ''] = /^([0-9]{1,10})([smhdw]?)$/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  return Math.min(0xffffffff, Math.max(SHORTEST, Number(digits) * (units[unit.toLowerCase()] ?? 1)));
}

/** `10.0.0.0/24`, `10.0.0.1` or `10.0.0.1,10.0.0.9` of a `domain` line: whether it covers an address. */
export function covers(texts: readonly string[], address: Ipv4): boolean {
  const [first = '', last] = texts;
  const [base = '', length] = first.split('/');
  const from = parseIpv4(base);
  if (from === undefined) return false;
  if (length !== undefined) {
    const subnet = subnetAround(from, Number(length));
    return subnet !== undefined && subnetContains(subnet, address);
  }
  const to = last === undefined ? from : parseIpv4(last);
  return to !== undefined && address >= from && address <= to;
}
