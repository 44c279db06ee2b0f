import type { Story, Transfer } from '../../../src/story/story.ts';

/** A piece of a time axis, in percent of its length. */
export interface Span {
  readonly left: number;
  readonly width: number;
}

export interface Axis {
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
  span(from: number, to: number | undefined): Span;
}

/** So that a transfer of some milliseconds can be seen. */
const LEAST_WIDTH = 0.4;
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400];
const MOST_TICKS = 8;
/** Percent: the words of a later one would not fit beside it. */
const LAST_TICK = 94;

/** From a boot's beginning, which may be that it was woken, to its end, or to now. */
export function makeAxis(
  story: Pick<Story, 'startedAt' | 'wokenAt' | 'lastAt' | 'endedAt' | 'stages'>,
  now: number,
): Axis {
  const from = Math.min(story.wokenAt ?? story.startedAt, story.startedAt);
  const ends = story.stages.map(({ endedAt }) => endedAt ?? 0);
  const to = Math.max(story.endedAt ?? now, story.lastAt, ...ends, from + 1000);
  const length = to - from;
  const step =
    1000 * (STEPS_S.find((one) => length / 1000 / one <= MOST_TICKS) ?? Math.ceil(length / 1000 / MOST_TICKS));
  const marks = Array.from({ length: Math.floor(length / step) + 1 }, (_, index) => ({
    at: ((index * step) / length) * 100,
    label: tickLabel((index * step) / 1000),
  }));
  const ticks = marks.filter(({ at }) => at <= LAST_TICK);
  return {
    from,
    to,
    ticks,
    span: (begin, end) => {
      const left = percent(begin, from, length);
      const right = percent(end ?? to, from, length);
      const width = Math.max(LEAST_WIDTH, right - left);
      return { left: Math.min(left, 100 - LEAST_WIDTH), width };
    },
  };
}

function percent(at: number, from: number, length: number): number {
  return Math.max(0, Math.min(100, ((at - from) / length) * 100));
}

function tickLabel(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const minutes = seconds / 60;
  if (minutes < 60) return `${Number(minutes.toFixed(1))} min`;
  return `${Number((minutes / 60).toFixed(1))} h`;
}

/** Bytes a second; undefined: too short to say, or nothing came. */
export function rateOf({ bytes, startedAt, endedAt }: Pick<Transfer, 'bytes' | 'startedAt' | 'endedAt'>, now: number) {
  const ms = (endedAt ?? now) - startedAt;
  return ms < 50 || bytes === 0 ? undefined : (bytes / ms) * 1000;
}
