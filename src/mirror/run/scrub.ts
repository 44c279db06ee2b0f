import { nextCronTime } from './cron.ts';
import type { WaitingRefetch } from './refetch.ts';

/** When and how fast everything in the pool is read and compared with its checksum. */
export interface ScrubConfig {
  /** Five fields as in crontab(5); undefined: only by command. */
  readonly schedule?: string | undefined;
  readonly timezone: string;
  readonly bytesPerSecond: number;
}

/** How far a scrub is, kept over restarts. Times are milliseconds since 1970. */
export interface ScrubState {
  readonly version: 1;
  /** When the pool was first looked after: the first scrub comes at the next time of the schedule after it. */
  readonly since: number;
  /** Of the scrub in progress, else of the last one. */
  readonly startedAt?: number | undefined;
  /** undefined: it is in progress. */
  readonly endedAt?: number | undefined;
  /** The last content that was compared, by checksum, which is the order. */
  readonly after: string;
  readonly files: number;
  readonly bytes: number;
  readonly damaged: number;
  readonly isPaused: boolean;
  /** Mirrors of which a run is to fetch again what was damaged, and since when. */
  readonly owed?: Readonly<Record<string, number>> | undefined;
}

/** A scrub as it is told. */
export interface ScrubView extends ScrubState {
  /** undefined: by command only. */
  readonly nextAt?: number | undefined;
  /** What is in the pool, when it was last counted. */
  readonly pool?: { readonly files: number; readonly bytes: number } | undefined;
  /** What was damaged, and is kept for whoever looks for the reason. */
  readonly aside: { readonly files: number; readonly bytes: number };
  /** What waits to be fetched again by a run. */
  readonly waiting: readonly WaitingRefetch[];
}

export type ScrubAction = 'start' | 'pause' | 'resume';

export function firstScrub(now: number): ScrubState {
  return { version: 1, since: now, after: '', files: 0, bytes: 0, damaged: 0, isPaused: false };
}

export function isScrubbing({ startedAt, endedAt }: ScrubState): boolean {
  return startedAt !== undefined && endedAt === undefined;
}

/** When the next scrub begins by itself; one that was missed is made up for, once. */
export function nextScrub({ schedule, timezone }: ScrubConfig, state: ScrubState): number | undefined {
  return schedule === undefined ? undefined : nextCronTime(schedule, timezone, state.startedAt ?? state.since);
}

export function beginScrub(state: ScrubState, now: number): ScrubState {
  return { ...firstScrub(now), since: state.since, owed: state.owed, startedAt: now };
}
