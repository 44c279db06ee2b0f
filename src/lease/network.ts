import type { Ipv4 } from '../net/ipv4.ts';
import { type AddressRange, type Subnet, subnetContains } from '../net/subnet.ts';

/** What we do with DHCP on a network. `observe` hears and tells, and sends nothing. */
export type DhcpMode = 'authoritative' | 'proxy' | 'observe' | 'off';

/** Addresses to give out to machines without a reservation. */
export interface Pool {
  readonly range: AddressRange;
  /** `bootp`: only for BOOTP clients, whose leases never end by themselves. */
  readonly clients: 'dhcp' | 'bootp';
}

/** An option that the operator set by number, already encoded. */
export interface ExtraOption {
  /** 1-254. */
  readonly code: number;
  readonly value: Uint8Array;
}

export interface Network {
  readonly name: string;
  /** The interface on this host; undefined for a network that is reached through relays only. */
  readonly interface?: string | undefined;
  readonly subnet: Subnet;
  /** Our own address, as the machines reach us: server identifier (option 54), next server, host of the URLs. */
  readonly address: Ipv4;
  /** Option 3. */
  readonly router?: Ipv4 | undefined;
  /** Option 6. Never empty: debian-installer stops at a question without it (seen with Debian 12). */
  readonly dns: readonly Ipv4[];
  /** Option 15. */
  readonly domain?: string | undefined;
  /** Option 42. */
  readonly ntp: readonly Ipv4[];
  /** Option 26, and the ceiling for TFTP blocks; undefined: 1500, option not sent. */
  readonly mtu?: number | undefined;
  readonly dhcp: DhcpSettings;
}

export interface DhcpSettings {
  readonly mode: DhcpMode;
  /** Option 51 when the client asks for nothing. */
  readonly leaseSeconds: number;
  readonly minLeaseSeconds: number;
  readonly maxLeaseSeconds: number;
  /** Ask whether somebody answers at a pool address before offering it for the first time. */
  readonly conflictProbe: boolean;
  /** Whether machines without a reservation get an address. */
  readonly unknownClients: boolean;
  readonly bootp: boolean;
  /** Whether replies may go by unicast to a client that has no address yet (`auto`), or always by broadcast. */
  readonly replies: 'auto' | 'broadcast';
  readonly pools: readonly Pool[];
  readonly options: readonly ExtraOption[];
}

/** The network that an address belongs to: networks do not overlap. */
export function networkOfAddress(networks: readonly Network[], address: Ipv4): Network | undefined {
  return networks.find(({ subnet }) => subnetContains(subnet, address));
}
