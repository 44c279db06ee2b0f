import type { Ipv4 } from '../net/ipv4.ts';
import type { Mac } from '../net/mac.ts';

/** Who holds a lease: the MAC, or the client identifier where the hardware has none (RFC 2131 hlen 0). */
export type ClientKey = Mac | `id:${string}`;

/**
 * `bound`: confirmed by an ACK, until `endsAt`. `released`: given back, remembered as a preference.
 * `abandoned`: somebody else was found there; not given out until `endsAt`.
 */
export type LeaseState = 'bound' | 'released' | 'abandoned';

/** What is kept of an address that was given out. One per address. */
export interface Lease {
  readonly address: Ipv4;
  readonly network: string;
  readonly client: ClientKey;
  readonly state: LeaseState;
  /** BOOTP leases have no end. */
  readonly kind: 'dhcp' | 'bootp';
  /** Milliseconds since 1970. */
  readonly startsAt: number;
  /** Milliseconds since 1970; null: never. */
  readonly endsAt: number | null;
  /** Option 12 of the client, made printable. */
  readonly hostName?: string | undefined;
  /** Option 60 of the client, made printable. */
  readonly vendorClass?: string | undefined;
  /** Option 61, hex. Kept as history: it is never the key (it changes from firmware to installer to system). */
  readonly clientId?: string | undefined;
  /** Option 82 as the relay sent it, hex: a renewal by unicast comes without it. */
  readonly relayInfo?: string | undefined;
}

/** What is to be written. */
export type LeaseChange =
  | {
      readonly kind: 'put';
      readonly lease: Lease /** Now, in ms: decides whether another holder's lease has ended. */;
      readonly at: number;
    }
  | { readonly kind: 'forget'; readonly address: Ipv4 };

/** `taken`: the store knows another client that still holds the address; nothing was written for this row. */
export type ChangeResult = { readonly kind: 'written' } | { readonly kind: 'taken'; readonly holder: ClientKey };

/** The port that the lease book stands on. The store is the arbiter of who holds an address. */
export interface LeaseStore {
  /** Every lease there is. */
  load(): Promise<Lease[]>;
  /**
   * Writes all changes and resolves after they are safe against a power cut (fsync), one result per change, in order.
   * Rejects with ProvisionError `store-failed` when nothing could be written.
   */
  commit(changes: readonly LeaseChange[]): Promise<ChangeResult[]>;
}
