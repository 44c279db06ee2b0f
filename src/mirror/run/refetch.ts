import type { MirrorConfig } from '../mirror-config.ts';
import { isInWindow, windowEnd } from './schedule.ts';

/** A mirror that has lost contents which only a run can fetch again, and why none has begun yet. */
export interface WaitingRefetch {
  readonly mirror: string;
  /**
   * `turn`: another mirror's, or the end of a run that is in progress. `scrub`: it is not over, and may find more. `paused`: it rests,
   * and so does this. `frozen`: an operator froze the mirror.
   */
  readonly reason: 'turn' | 'scrub' | 'paused' | 'blackout' | 'frozen';
  /** Milliseconds since 1970, where the clock ends it. */
  readonly until?: number | undefined;
}

/** How things are. */
export interface RefetchState {
  readonly isFrozen: boolean;
  readonly isPaused: boolean;
  readonly isScrubbing: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

type Subject = Pick<MirrorConfig, 'name' | 'blackout' | 'timezone'>;

/** What keeps the run from beginning; undefined: nothing. */
export function refetchWaits({ name, blackout, timezone }: Subject, state: RefetchState): WaitingRefetch | undefined {
  const { isFrozen, isPaused, isScrubbing, now } = state;
  if (isPaused) return { mirror: name, reason: 'paused' };
  if (isFrozen) return { mirror: name, reason: 'frozen' };
  if (isScrubbing) return { mirror: name, reason: 'scrub' };
  if (!isInWindow(blackout, timezone, now)) return undefined;
  return { mirror: name, reason: 'blackout', until: windowEnd(blackout, timezone, now) };
}

/** Whether the very content that was lost can be asked for, without going on to what the upstream has now. */
export function isFetchedAlone({ from }: Pick<MirrorConfig, 'from'>): boolean {
  return from.every((place) => place.startsWith('http'));
}

/** What becomes of damaged contents, and what an operator may type, in sentences. */
export function describeRefetch(config: MirrorConfig, isFrozen: boolean, now: number): string {
  const { name, mode, blackout, timezone } = config;
  const byHand = `rackready mirror sync ${name}`;
  if (isFetchedAlone(config)) return 'They are fetched again at once.';
  if (mode === 'frozen') return 'Nothing fetches them again: import the archive or the ISO of the mirror once more.';
  if (isFrozen) return `The mirror is frozen: nothing fetches them again before: rackready mirror freeze ${name} --off`;
  const end = isInWindow(blackout, timezone, now) ? windowEnd(blackout, timezone, now) : undefined;
  const waits = end === undefined ? '' : `, and waits until ${formatClock(end, timezone)} (blackout)`;
  return `A run fetches them again when the scrub is over${waits}; at once: ${byHand}`;
}

/** "18:00" */
function formatClock(at: number, timeZone: string): string {
  return new Intl.DateTimeFormat('en-GB', { timeZone, hourCycle: 'h23', hour: '2-digit', minute: '2-digit' }).format(
    at,
  );
}
