import { hashText } from '../net/hash.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import { rangeContains } from '../net/subnet.ts';
import type { ClientKey, Lease } from './lease.ts';
import type { Network } from './network.ts';
import { createPoolMap, type PoolMap } from './pool-map.ts';

/** An address held for a client that was offered it and has not confirmed yet. Never written to disk. */
export interface Offer {
  readonly network: string;
  readonly client: ClientKey;
  readonly address: Ipv4;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** What decisions may look at. */
export interface LeaseView {
  leaseAt(address: Ipv4): Lease | undefined;
  leaseOf(network: string, client: ClientKey): Lease | undefined;
  offerOf(network: string, client: ClientKey): Offer | undefined;
  /** The client that holds an unexpired offer of this address. */
  offeredTo(address: Ipv4, now: number): ClientKey | undefined;
  /** An address for a client that never had one, by preference one that nobody had; undefined when the pools are full. */
  findFree(network: Network, kind: 'dhcp' | 'bootp', client: ClientKey, now: number): Ipv4 | undefined;
}

/** All leases and offers in memory: the working copy of what the store keeps. */
export interface LeaseBook extends LeaseView {
  put(lease: Lease): void;
  forget(address: Ipv4): void;
  hold(offer: Offer, now: number): void;
  dropOffer(network: string, client: ClientKey): void;
  leases(): IterableIterator<Lease>;
  /** Moves all ends by `ms`, after the clock was set, so that remaining times stay. */
  shift(ms: number): void;
  /** Makes the pools of a new configuration; leases and offers stay. */
  setNetworks(networks: readonly Network[]): void;
}

export function createLeaseBook(networks: readonly Network[], leases: readonly Lease[]): LeaseBook {
  return new Book(networks, leases);
}

/** Whether nobody needs the address that this lease names any more. */
export function isOver(lease: Lease, now: number): boolean {
  if (lease.state === 'released') return true;
  return lease.endsAt !== null && lease.endsAt <= now;
}

interface PoolState {
  readonly kind: 'dhcp' | 'bootp';
  readonly map: PoolMap;
  /** A search for an ended lease found none and need not be repeated before this time. */
  fullUntil: number;
}

class Book implements LeaseBook {
  readonly #byAddress = new Map<Ipv4, Lease>();
  readonly #byClient = new Map<string, Map<ClientKey, Lease>>();
  readonly #offers = new Map<Ipv4, Offer>();
  readonly #offersByClient = new Map<string, Map<ClientKey, Offer>>();
  #pools = new Map<string, PoolState[]>();

  constructor(networks: readonly Network[], leases: readonly Lease[]) {
    for (const lease of leases) this.#index(lease);
    this.setNetworks(networks);
  }

  setNetworks(networks: readonly Network[]): void {
    this.#pools = new Map(
      networks.map((network) => [
        network.name,
        network.dhcp.pools.map((pool) => ({ kind: pool.clients, map: createPoolMap(pool.range), fullUntil: 0 })),
      ]),
    );
    for (const address of this.#byAddress.keys()) this.#mark(address, true);
    for (const address of this.#offers.keys()) this.#mark(address, true);
  }

  leaseAt(address: Ipv4): Lease | undefined {
    return this.#byAddress.get(address);
  }

  leaseOf(network: string, client: ClientKey): Lease | undefined {
    return this.#byClient.get(network)?.get(client);
  }

  offerOf(network: string, client: ClientKey): Offer | undefined {
    return this.#offersByClient.get(network)?.get(client);
  }

  offeredTo(address: Ipv4, now: number): ClientKey | undefined {
    const offer = this.#offers.get(address);
    return offer && offer.expiresAt > now ? offer.client : undefined;
  }

  leases(): IterableIterator<Lease> {
    return this.#byAddress.values();
  }

  put(lease: Lease): void {
    const before = this.#byAddress.get(lease.address);
    if (before && before.client !== lease.client) this.#unindex(before);
    const older = this.leaseOf(lease.network, lease.client);
    if (older && older.address !== lease.address && older.state === 'bound' && lease.state === 'bound') {
      // A client has one bound lease per network: the address that it had before is free again.
      this.#byAddress.set(older.address, { ...older, state: 'released' });
      this.#reopen();
    }
    this.#index(lease);
    this.#mark(lease.address, true);
    if (isOver(lease, lease.startsAt)) this.#reopen();
  }

  forget(address: Ipv4): void {
    const lease = this.#byAddress.get(address);
    if (lease === undefined) return;
    this.#byAddress.delete(address);
    this.#unindex(lease);
    if (!this.#offers.has(address)) this.#mark(address, false);
  }

  hold(offer: Offer, now: number): void {
    this.#dropExpiredOffers(now);
    this.dropOffer(offer.network, offer.client);
    const other = this.#offers.get(offer.address);
    if (other) this.dropOffer(other.network, other.client);
    this.#offers.set(offer.address, offer);
    nested(this.#offersByClient, offer.network).set(offer.client, offer);
    this.#mark(offer.address, true);
  }

  dropOffer(network: string, client: ClientKey): void {
    const offer = this.offerOf(network, client);
    if (offer === undefined) return;
    this.#offersByClient.get(network)?.delete(client);
    if (this.#offers.get(offer.address) !== offer) return;
    this.#offers.delete(offer.address);
    if (!this.#byAddress.has(offer.address)) this.#mark(offer.address, false);
    else this.#reopen();
  }

  findFree(network: Network, kind: 'dhcp' | 'bootp', client: ClientKey, now: number): Ipv4 | undefined {
    this.#dropExpiredOffers(now);
    const pools = (this.#pools.get(network.name) ?? []).filter((pool) => pool.kind === kind);
    const seed = hashText(client);
    for (const pool of pools) {
      const address = pool.map.findUnused(seed);
      if (address !== undefined) return address;
    }
    for (const pool of pools) {
      const address = this.#findEnded(pool, now);
      if (address !== undefined) return address;
    }
    return undefined;
  }

  shift(ms: number): void {
    const moved = [...this.#byAddress.values()].map((lease) => ({
      ...lease,
      startsAt: lease.startsAt + ms,
      endsAt: lease.endsAt === null ? null : lease.endsAt + ms,
    }));
    for (const lease of moved) this.#index(lease);
    for (const offer of [...this.#offers.values()]) this.hold({ ...offer, expiresAt: offer.expiresAt + ms }, 0);
    this.#reopen();
  }

  /** The address whose lease ended first. Leases in a pool are few against requests, and a failed search is remembered. */
  #findEnded(pool: PoolState, now: number): Ipv4 | undefined {
    if (pool.fullUntil > now) return undefined;
    let best: Lease | undefined;
    let nextEnd = Number.POSITIVE_INFINITY;
    const { first, last } = pool.map.range;
    for (let at = first as number; at <= last; at++) {
      const address = at as Ipv4;
      const lease = this.#byAddress.get(address);
      if (lease === undefined || this.offeredTo(address, now) !== undefined) continue;
      if (!isOver(lease, now)) nextEnd = Math.min(nextEnd, lease.endsAt ?? nextEnd);
      else if (best === undefined || (lease.endsAt ?? 0) < (best.endsAt ?? 0)) best = lease;
    }
    if (best === undefined) pool.fullUntil = nextEnd;
    return best?.address;
  }

  /** Offers are held for the same time each, so the oldest stand first. */
  #dropExpiredOffers(now: number): void {
    for (const offer of this.#offers.values()) {
      if (offer.expiresAt > now) return;
      this.dropOffer(offer.network, offer.client);
    }
  }

  #index(lease: Lease): void {
    this.#byAddress.set(lease.address, lease);
    const clients = nested(this.#byClient, lease.network);
    const other = clients.get(lease.client);
    // An abandoned address must not hide the client's own lease.
    if (lease.state === 'abandoned' && other && other.address !== lease.address) return;
    clients.set(lease.client, lease);
  }

  #unindex(lease: Lease): void {
    const clients = this.#byClient.get(lease.network);
    if (clients?.get(lease.client)?.address === lease.address) clients.delete(lease.client);
  }

  #mark(address: Ipv4, used: boolean): void {
    for (const pools of this.#pools.values()) {
      for (const pool of pools) if (rangeContains(pool.map.range, address)) pool.map.mark(address, used);
    }
  }

  #reopen(): void {
    for (const pools of this.#pools.values()) for (const pool of pools) pool.fullUntil = 0;
  }
}

function nested<Value>(outer: Map<string, Map<ClientKey, Value>>, key: string): Map<ClientKey, Value> {
  const inner = outer.get(key) ?? new Map<ClientKey, Value>();
  outer.set(key, inner);
  return inner;
}
