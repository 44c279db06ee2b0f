import type { Level } from '../event/entry.ts';
import type { EventId, RecordedEvent } from '../event/event.ts';
import type { LeaseStore } from '../lease/lease.ts';
import type { LifeStore } from '../machine/life.ts';
import type { MacStore } from '../machine/mac-record.ts';

/** Which events are wanted. All conditions must hold. */
export interface EventQuery {
  /** Only events with a greater sequence number. With it the oldest that match come, without it the newest. */
  readonly after?: number | undefined;
  /** Only events with a smaller sequence number. */
  readonly before?: number | undefined;
  /** At most this many. */
  readonly limit: number;
  readonly machine?: string | undefined;
  readonly mac?: string | undefined;
  readonly network?: string | undefined;
  readonly minLevel?: Level | undefined;
  readonly id?: EventId | undefined;
}

/** Keeps what happened, bounded in number and age. */
export interface EventStore {
  /** Takes the events and writes them a little later, in groups. Never waits and never throws. */
  append(events: readonly RecordedEvent[]): void;
  /** What matches, in ascending order of `seq`; includes everything that was appended before the call. */
  list(query: EventQuery): Promise<RecordedEvent[]>;
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

/** Levels as numbers, in ascending order of urgency. */
export const levelRank: Readonly<Record<Level, number>> = { debug: 0, info: 1, warning: 2, error: 3 };
