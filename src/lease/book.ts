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
  /**
   * Moves starts and ends by `ms`, after the clock was set, so that remaining times stay. `before`: what the clock said until
   * then, ms since 1970. What began long after that was given out by a right clock, before this one started with a wrong one
   * (no battery, no time server yet): it stays.
   */
  shift(ms: number, before: number): void;
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
  /** Addresses whose lease has ended, the longest ago first; some may be held again. */
  ended: Set<Ipv4>;
  /** Before this time there is no ended lease but those. */
  fullUntil: number;
}

/** How much a clock may lag behind after a restart without having been wrong. */
const CLOCK_TOLERANCE_MS = 60_000;

/** Of a search through a whole pool, so many are remembered for the next ones: it must not be made for each request. */
const MOST_ENDED = 1024;

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
        network.dhcp.pools.map((pool) => ({
          kind: pool.clients,
          map: createPoolMap(pool.range),
          ended: new Set<Ipv4>(),
          fullUntil: 0,
        })),
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
      this.#noteFree(older.address);
    }
    this.#index(lease);
    this.#mark(lease.address, true);
    if (isOver(lease, lease.startsAt)) this.#noteFree(lease.address);
    else if (lease.endsAt !== null) this.#noteEnd(lease.address, lease.endsAt);
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
    const lease = this.#byAddress.get(offer.address);
    if (lease === undefined) this.#mark(offer.address, false);
    else if (isOver(lease, offer.expiresAt)) this.#noteFree(offer.address);
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

  shift(ms: number, before: number): void {
    const moved = [...this.#byAddress.values()]
      .filter(({ startsAt }) => startsAt <= before + CLOCK_TOLERANCE_MS)
      .map((lease) => ({
        ...lease,
        startsAt: Math.max(0, lease.startsAt + ms),
        endsAt: lease.endsAt === null ? null : Math.max(0, lease.endsAt + ms),
      }));
    for (const lease of moved) this.#index(lease);
    for (const offer of [...this.#offers.values()]) this.hold({ ...offer, expiresAt: offer.expiresAt + ms }, 0);
    this.#reopen();
  }

  /** The address whose lease ended first. */
  #findEnded(pool: PoolState, now: number): Ipv4 | undefined {
    for (;;) {
      for (const address of pool.ended) {
        if (this.#hasEnded(address, now)) return address;
        pool.ended.delete(address);
      }
      if (pool.fullUntil > now || !this.#search(pool, now)) return undefined;
    }
  }

  #hasEnded(address: Ipv4, now: number): boolean {
    const lease = this.#byAddress.get(address);
    return lease !== undefined && isOver(lease, now) && this.offeredTo(address, now) === undefined;
  }

  /** Looks through the whole pool for ended leases. False: there is none, which is remembered until one may have ended. */
  #search(pool: PoolState, now: number): boolean {
    const found: Lease[] = [];
    let nextEnd = Number.POSITIVE_INFINITY;
    const { first, last } = pool.map.range;
    for (let at = first as number; at <= last; at++) {
      const lease = this.#byAddress.get(at as Ipv4);
      if (lease === undefined) continue;
      if (!isOver(lease, now)) nextEnd = Math.min(nextEnd, lease.endsAt ?? nextEnd);
      // What is held comes back when its offer ends.
      else if (this.offeredTo(lease.address, now) === undefined) found.push(lease);
    }
    if (found.length === 0) pool.fullUntil = nextEnd;
    found.sort((a, b) => (a.endsAt ?? 0) - (b.endsAt ?? 0));
    pool.ended = new Set(found.slice(0, MOST_ENDED).map(({ address }) => address));
    return found.length > 0;
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
    if (other === undefined || other.address === lease.address || isMoreOwn(lease, other)) {
      clients.set(lease.client, lease);
    }
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

  /** The lease of an address ends at this time. */
  #noteEnd(address: Ipv4, at: number): void {
    for (const pools of this.#pools.values()) {
      for (const pool of pools) {
        if (at < pool.fullUntil && rangeContains(pool.map.range, address)) pool.fullUntil = at;
      }
    }
  }

  /** The lease of an address is over, and nobody holds it any more. */
  #noteFree(address: Ipv4): void {
    for (const pools of this.#pools.values()) {
      for (const pool of pools) if (rangeContains(pool.map.range, address)) pool.ended.add(address);
    }
  }

  #reopen(): void {
    for (const pools of this.#pools.values()) for (const pool of pools) pool.fullUntil = 0;
  }
}

/** Which of a client's leases at two addresses is its own: the bound one, an abandoned one never, else the newer. */
function isMoreOwn(lease: Lease, other: Lease): boolean {
  const rank = ({ state }: Lease) => ({ bound: 2, released: 1, abandoned: 0 })[state];
  return rank(lease) > rank(other) || (rank(lease) === rank(other) && lease.startsAt >= other.startsAt);
}

function nested<Value>(outer: Map<string, Map<ClientKey, Value>>, key: string): Map<ClientKey, Value> {
  const inner = outer.get(key) ?? new Map<ClientKey, Value>();
  outer.set(key, inner);
  return inner;
}
