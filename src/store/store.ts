import type { RecordedEvent } from '../event/event.ts';
import type { EventQuery } from '../event/query.ts';
import type { LeaseStore } from '../lease/lease.ts';
import type { LifeStore } from '../machine/life.ts';
import type { MacStore } from '../machine/mac-record.ts';

/** Keeps what happened, bounded in number and age. */
export interface EventStore {
  /** Takes the events and writes them a little later, in groups. Never waits and never throws. */
  append(events: readonly RecordedEvent[]): void;
  /** What matches, in ascending order of `seq`; includes everything that was appended before the call. */
  list(query: EventQuery): Promise<RecordedEvent[]>;
  /** The same, each event as its JSON: for those who only hand them on. */
  listJson(query: EventQuery): Promise<string[]>;
  /** The greatest sequence number that was there when the store was opened; 0 when there was none. */
  lastSeq(): number;
}

/** Whether the store can write. `eventsDropped` counts events that were given up for want of room. */
export type StoreHealth =
  | { readonly kind: 'writing'; readonly eventsDropped: number }
  | {
      readonly kind: 'failing';
      readonly reason: string;
      readonly next: string;
      readonly sinceMs: number;
      readonly eventsDropped: number;
    };

/** Everything that must survive a restart, behind the ports of the folders that need it. */
export interface Store {
  readonly leases: LeaseStore;
  readonly lives: LifeStore;
  readonly macs: MacStore;
  readonly events: EventStore;
  health(): StoreHealth;
  /** Writes what is pending, closes, and lets go of the data folder. May be called twice. */
  close(): Promise<void>;
}

/** How many events are kept, and for how long. */
export interface EventLimits {
  readonly count: number;
  readonly ageMs: number;
}

/** 200,000 events, 30 days. */
export const defaultEventLimits: EventLimits = { count: 200_000, ageMs: 30 * 24 * 3600 * 1000 };
