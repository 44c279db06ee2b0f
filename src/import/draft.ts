import type { Ipv4 } from '../net/ipv4.ts';
import type { Mac } from '../net/mac.ts';
import type { AddressRange, Subnet } from '../net/subnet.ts';
import type { Quoted } from './account.ts';
import type { ConfigOption } from './option-value.ts';

/** A range of a network, before reserved addresses are taken out of it. */
export interface DraftPool {
  readonly range: AddressRange;
  readonly clients: 'dhcp' | 'bootp';
  readonly statement: Quoted;
}

/** An address of this host that a source hints at, and where it does: "next-server, dhcpd.conf:71". */
export interface AddressHint {
  readonly address: Ipv4;
  readonly origin: string;
  /** The source says that it is the server's own; else it only may be. */
  readonly isCertain: boolean;
}

/** Seconds. */
export interface LeaseTimes {
  readonly leaseTime: number;
  readonly minLeaseTime?: number | undefined;
  readonly maxLeaseTime?: number | undefined;
}

/** Stands among addresses for the serving host's own on that network. */
export const SELF = 'this host';

/** A network as a source describes it. Addresses are text: a host name stays for the operator to look up. */
export interface DraftNetwork {
  readonly name: string;
  readonly statement: Quoted;
  /** Undefined: the source leaves it to this host's interface. `within` is then an address of it. */
  readonly subnet?: Subnet | undefined;
  readonly within?: Ipv4 | undefined;
  /** Networks with the same text here are on one wire. */
  readonly wire?: string | undefined;
  readonly interface?: string | undefined;
  /** What the source says of this host's address, most certain first. */
  readonly hints: readonly AddressHint[];
  readonly router?: string | undefined;
  readonly dns?: readonly string[] | undefined;
  readonly domain?: string | undefined;
  readonly ntp?: readonly string[] | undefined;
  readonly mtu?: number | undefined;
  readonly mode: 'authoritative' | 'proxy' | 'observe';
  readonly times?: LeaseTimes | undefined;
  /** Whether the source asks if an address is in use before it gives it out. */
  readonly conflictProbe: boolean;
  readonly unknownClients: boolean;
  readonly bootp: boolean;
  readonly isBroadcast: boolean;
  readonly pools: readonly DraftPool[];
  readonly options: readonly ConfigOption[];
}

/** A machine as a source describes it. */
export interface DraftMachine {
  readonly name: string;
  readonly statement: Quoted;
  readonly macs: readonly Mac[];
  /** In the order of the source; a host name stays as it is. */
  readonly addresses: readonly { readonly address?: Ipv4 | undefined; readonly text: string }[];
  /** Undefined: its name. */
  readonly hostName?: string | undefined;
  readonly domain?: string | undefined;
}

/** What a source comes to, before anything is known of the host that is to serve it. */
export interface Draft {
  readonly networks: readonly DraftNetwork[];
  readonly machines: readonly DraftMachine[];
  readonly bootFolder?: string | undefined;
  /** UDP ports for TFTP transfers, `first-last`. */
  readonly tftpPorts?: string | undefined;
}
