import type { RecordedEvent } from '../../event/event.ts';
import { type EventQuery, matchesFilter } from '../../event/query.ts';
import type { ChangeResult, Lease, LeaseChange, LeaseStore } from '../../lease/lease.ts';
import type { Life, LifeStore } from '../../machine/life.ts';
import type { MacRecord, MacStore } from '../../machine/mac-record.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import { defaultEventLimits, type EventStore, type Store } from '../store.ts';

/** A store that forgets everything when the process ends: for tests, measurements and the demo. Same rules as SQLite's. */
export function openMemoryStore(options: { readonly eventCount?: number } = {}): Store {
  return {
    leases: createMemoryLeases(),
    lives: createMemoryLives(),
    macs: createMemoryMacs(),
    events: createMemoryEvents(options.eventCount ?? defaultEventLimits.count),
    health: () => ({ kind: 'writing', eventsDropped: 0 }),
    close: async () => {},
  };
}

function createMemoryLeases(): LeaseStore {
  const rows = new Map<Ipv4, Lease>();
  /** The bound address of a client in a network. */
  const boundAt = new Map<string, Ipv4>();
  const ownerKey = (lease: Lease) => `${lease.network} ${lease.client}`;
  const forgetOwner = (lease: Lease | undefined) => {
    if (lease && boundAt.get(ownerKey(lease)) === lease.address) boundAt.delete(ownerKey(lease));
  };
  const put = (lease: Lease, at: number): ChangeResult => {
    const held = rows.get(lease.address);
    if (held && !mayReplace(held, lease, at)) return { kind: 'taken', holder: held.client };
    forgetOwner(held);
    rows.set(lease.address, lease);
    if (lease.state !== 'bound') return { kind: 'written' };
    const older = rows.get(boundAt.get(ownerKey(lease)) ?? lease.address);
    if (older && older.address !== lease.address) rows.set(older.address, { ...older, state: 'released', endsAt: at });
    boundAt.set(ownerKey(lease), lease.address);
    return { kind: 'written' };
  };
  const apply = (change: LeaseChange): ChangeResult => {
    if (change.kind === 'put') return put(change.lease, change.at);
    forgetOwner(rows.get(change.address));
    rows.delete(change.address);
    return { kind: 'written' };
  };
  return {
    load: async () => [...rows.values()].sort((a, b) => a.address - b.address),
    commit: async (changes) => changes.map(apply),
  };
}

function mayReplace(held: Lease, lease: Lease, at: number): boolean {
  return held.client === lease.client || held.state !== 'bound' || (held.endsAt !== null && held.endsAt <= at);
}

function createMemoryLives(): LifeStore {
  const lives = new Map<string, Life>();
  return {
    loadLives: async () => [...lives.values()],
    saveLife: async (life) => {
      lives.set(life.machine, life);
    },
  };
}

function createMemoryMacs(): MacStore {
  const records = new Map<string, MacRecord>();
  return {
    loadMacs: async () => [...records.values()],
    saveMac: async (record) => {
      records.set(record.mac, record);
    },
  };
}

function createMemoryEvents(count: number): EventStore {
  let kept: RecordedEvent[] = [];
  const list = (query: EventQuery) => {
    const found = kept.slice(-count).filter((event) => matches(event, query));
    return query.after === undefined
      ? found.slice(Math.max(0, found.length - query.limit))
      : found.slice(0, query.limit);
  };
  return {
    append: (events) => {
      for (const event of events) kept.push(event);
      // In steps of a quarter, so that a full ring does not copy itself with each event.
      if (kept.length > count * 1.25) kept = kept.slice(-count);
    },
    list: async (query) => list(query),
    listJson: async (query) => list(query).map((event) => JSON.stringify(event)),
    lastSeq: () => 0,
  };
}

function matches(event: RecordedEvent, query: EventQuery): boolean {
  const { after = Number.NEGATIVE_INFINITY, before = Number.POSITIVE_INFINITY } = query;
  return event.seq > after && event.seq < before && matchesFilter(event, query);
}
