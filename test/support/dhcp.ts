import { createLeaseBook, type LeaseBook } from '../../src/lease/book.ts';
import type { Lease } from '../../src/lease/lease.ts';
import type { DhcpSettings, Network } from '../../src/lease/network.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { ipv4 } from '../../src/net/ipv4.ts';
import { type Mac, mac } from '../../src/net/mac.ts';
import { parseRange, parseSubnet } from '../../src/net/subnet.ts';

/** Builders for tests of DHCP. Bytes are put together here by hand, not by the encoder under test. */

export interface RequestBytes {
  readonly mac?: string;
  readonly xid?: number;
  readonly flags?: number;
  readonly htype?: number;
  readonly hlen?: number;
  readonly ciaddr?: string;
  readonly siaddr?: string;
  readonly giaddr?: string;
  readonly sname?: string;
  /** Option 53; undefined makes it a BOOTP request. */
  readonly type?: number;
  /** Further options: code to hex or text. */
  readonly options?: Readonly<Record<number, string>>;
  /** Instances of option 43, hex. */
  readonly areas?: readonly string[];
}

export function requestBytes(parts: RequestBytes): Uint8Array {
  const bytes = Buffer.alloc(1472);
  bytes.set([1, parts.htype ?? 1, parts.hlen ?? 6, parts.giaddr ? 1 : 0]);
  bytes.writeUInt32BE(parts.xid ?? 0x12345678, 4);
  bytes.writeUInt16BE(parts.flags ?? 0, 10);
  if (parts.ciaddr) bytes.writeUInt32BE(ipv4(parts.ciaddr), 12);
  if (parts.siaddr) bytes.writeUInt32BE(ipv4(parts.siaddr), 20);
  if (parts.sname) bytes.write(parts.sname, 44, 'latin1');
  if (parts.giaddr) bytes.writeUInt32BE(ipv4(parts.giaddr), 24);
  bytes.set(Buffer.from((parts.mac ?? '00:25:90:96:c4:9a').replaceAll(':', ''), 'hex'), 28);
  bytes.set([0x63, 0x82, 0x53, 0x63], 236);
  let at = 240;
  const add = (code: number, value: Uint8Array) => {
    bytes.set([code, value.length, ...value], at);
    at += 2 + value.length;
  };
  if (parts.type !== undefined) add(53, Uint8Array.of(parts.type));
  for (const [code, value] of Object.entries(parts.options ?? {})) {
    add(Number(code), value.startsWith('hex:') ? Buffer.from(value.slice(4), 'hex') : Buffer.from(value));
  }
  for (const area of parts.areas ?? []) add(43, Buffer.from(area.replaceAll(' ', ''), 'hex'));
  bytes[at] = 255;
  return Uint8Array.from(bytes.subarray(0, Math.max(300, at + 1)));
}

/** "hex:…" of an address, for options. */
export function addressHex(text: string): string {
  return `hex:${(ipv4(text) >>> 0).toString(16).padStart(8, '0')}`;
}

export function range(text: string) {
  const value = parseRange(text);
  if ('problem' in value) throw new Error(value.problem);
  return value;
}

export function subnet(text: string) {
  const value = parseSubnet(text);
  if ('problem' in value) throw new Error(value.problem);
  return value;
}

type NetworkParts = Partial<Omit<Network, 'dhcp'>> & { readonly dhcp?: Partial<DhcpSettings> };

/** The seed's network, with what a test wants different. */
export function network(parts: NetworkParts = {}): Network {
  return {
    name: 'management',
    interface: 'br0',
    subnet: subnet('172.22.10.0/24'),
    address: ipv4('172.22.10.2'),
    router: ipv4('172.22.10.1'),
    dns: [ipv4('172.22.10.1')],
    domain: 'lonimbus.com',
    ntp: [],
    ...parts,
    dhcp: {
      mode: 'authoritative',
      leaseSeconds: 6000,
      minLeaseSeconds: 120,
      maxLeaseSeconds: 7200,
      conflictProbe: false,
      unknownClients: true,
      bootp: true,
      replies: 'auto',
      pools: [
        { range: range('172.22.10.5-172.22.10.30'), clients: 'dhcp' },
        { range: range('172.22.10.31-172.22.10.49'), clients: 'bootp' },
      ],
      options: [],
      ...parts.dhcp,
    },
  };
}

export function machine(name: string, macs: string | readonly string[], address?: string): Machine {
  return {
    name,
    macs: [macs].flat().map((text) => mac(text)),
    address: address === undefined ? undefined : ipv4(address),
    hostName: name,
    domain: 'lonimbus.com',
    kind: 'pc',
    secureBoot: false,
    addressing: 'dhcp',
    loader: 'auto',
    vars: {},
  };
}

export function lease(address: string, client: string, parts: Partial<Lease> = {}): Lease {
  return {
    address: ipv4(address),
    network: 'management',
    client: client as Mac,
    state: 'bound',
    kind: 'dhcp',
    startsAt: 0,
    endsAt: 1_000_000,
    ...parts,
  };
}

export function book(networks: readonly Network[] = [network()], leases: readonly Lease[] = []): LeaseBook {
  return createLeaseBook(networks, leases);
}
