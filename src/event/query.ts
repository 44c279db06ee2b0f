import type { Level } from './entry.ts';
import type { EventId, RecordedEvent } from './event.ts';

/** Whom and what events are to be about. All conditions must hold. */
export interface EventFilter {
  readonly machine?: string | undefined;
  readonly mac?: string | undefined;
  readonly network?: string | undefined;
  readonly minLevel?: Level | undefined;
  readonly id?: EventId | undefined;
}

/** Which events are wanted. All conditions must hold. */
export interface EventQuery extends EventFilter {
  /** Only events with a greater sequence number. With it the oldest that match come, without it the newest. */
  readonly after?: number | undefined;
  /** Only events with a smaller sequence number. */
  readonly before?: number | undefined;
  /** At most this many. */
  readonly limit: number;
}

/** Levels as numbers, in ascending order of urgency. */
export const levelRank: Readonly<Record<Level, number>> = { debug: 0, info: 1, warning: 2, error: 3 };

export function matchesFilter(event: RecordedEvent, { machine, mac, network, minLevel, id }: EventFilter): boolean {
  return (
    (machine === undefined || event.machine === machine) &&
    (mac === undefined || event.mac === mac) &&
    (network === undefined || event.network === network) &&
    (id === undefined || event.id === id) &&
    (minLevel === undefined || levelRank[event.level] >= levelRank[minLevel])
  );
}
