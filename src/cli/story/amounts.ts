import { formatBytes } from '../../net/amounts.ts';
import type { Transfer } from '../../story/story.ts';

/** "0:42", "4:02", "1:04:02". */
export function formatClock(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  const clock = `${minutes % 60}:${two(seconds % 60)}`;
  return minutes < 60 ? clock : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/** Local time of day, "08:00:04". */
export function formatTimeOfDay(time: number): string {
  return new Date(time).toTimeString().slice(0, 8);
}

/** What a transfer brings a second; undefined where that says nothing. */
export function formatRate({ bytes, startedAt, endedAt }: Transfer, now: number): string | undefined {
  const ms = (endedAt ?? now) - startedAt;
  return ms < 100 || bytes === 0 ? undefined : `${formatBytes((bytes / ms) * 1000)}/s`;
}

/** 0 to 1; undefined: the size is not known. */
export function fractionOf({ bytes, ofBytes, state }: Transfer): number | undefined {
  if (state === 'done') return 1;
  return ofBytes === undefined || ofBytes === 0 ? undefined : Math.min(1, bytes / ofBytes);
}
