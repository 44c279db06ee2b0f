import { hashText } from '../../net/hash.ts';
import type { DayWindow, MirrorConfig } from '../mirror-config.ts';
import { nextCronTime } from './cron.ts';
import type { MirrorState } from './state.ts';

type Scheduled = Pick<MirrorConfig, 'name' | 'schedule' | 'timezone' | 'jitterSeconds'>;

/**
 * When a mirror runs next by itself (milliseconds since 1970), after it last began at `lastStart`, or, when it never ran, after
 * `now`. A time that is over already means at once: what was missed is made up for, once. undefined: never.
 */
export function nextStart(mirror: Scheduled, lastStart: number | undefined, now: number): number | undefined {
  const { schedule, timezone, jitterSeconds, name } = mirror;
  if (schedule === undefined) return undefined;
  const jitter = jitterSeconds === 0 ? 0 : (hashText(name) % jitterSeconds) * 1000;
  const at = nextCronTime(schedule, timezone, (lastStart ?? now) - jitter);
  return at === undefined ? undefined : at + jitter;
}

/** A clock that shows less was not set yet, as on hosts that have none of their own and come up without a network. */
const WRITTEN_AT = Date.UTC(2026, 0, 1);

/**
 * The same for a mirror and its state at a moment: what is frozen never runs by itself. `since`: when the schedule was first looked at.
 * A clock that was ahead and has been put right has left times that are still to come: they say nothing, and a run comes at once.
 */
export function nextRunOf(
  config: Scheduled & Pick<MirrorConfig, 'mode'>,
  { isFrozen, lastRun }: Pick<MirrorState, 'isFrozen' | 'lastRun'>,
  since: number,
  now: number,
): number | undefined {
  if (isFrozen || config.mode === 'frozen' || config.schedule === undefined) return undefined;
  if ((lastRun?.startedAt ?? since) > now && now >= WRITTEN_AT) return now;
  return nextStart(config, lastRun?.startedAt, since);
}

/** Whether a moment lies in one of the windows, by the clock of a time zone. */
export function isInWindow(windows: readonly DayWindow[], timeZone: string, now: number): boolean {
  return windows.length > 0 && isIn(windows, createMinuteOfDay(timeZone)(now));
}

const MINUTE_MS = 60_000;
/** A day that the clock makes longer has up to 26 hours. */
const FARTHEST_MINUTES = 26 * 60;

/** When the windows that a moment lies in are over (milliseconds since 1970); undefined: never, they fill the day. */
export function windowEnd(windows: readonly DayWindow[], timeZone: string, now: number): number | undefined {
  const minuteAt = createMinuteOfDay(timeZone);
  const first = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  for (let minutes = 0; minutes <= FARTHEST_MINUTES; minutes++) {
    const at = first + minutes * MINUTE_MS;
    if (!isIn(windows, minuteAt(at))) return at;
  }
  return undefined;
}

function isIn(windows: readonly DayWindow[], minute: number): boolean {
  return windows.some(({ from, to }) => (from <= to ? minute >= from && minute < to : minute >= from || minute < to));
}

function createMinuteOfDay(timeZone: string): (ms: number) => number {
  const format = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', hour: 'numeric', minute: 'numeric' });
  return (ms) => {
    const parts = format.formatToParts(ms);
    const read = (type: string) => Number(parts.find((part) => part.type === type)?.value);
    return read('hour') * 60 + read('minute');
  };
}
