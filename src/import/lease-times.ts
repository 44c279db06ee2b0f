import type { LeaseTimes } from './draft.ts';

/** The longest time that option 51 can say and that is not "for ever". */
export const LONGEST = 0xfffffffe;

/**
 * Times that fit together as the configuration wants them: the default is neither shorter than the shortest nor longer than the
 * longest. A server gives a client that asks for no time the same as before.
 */
export function fitLeaseTimes(
  wanted: { readonly usual: number; readonly min?: number | undefined; readonly max?: number | undefined },
  defaultMax: number,
): LeaseTimes {
  const limited = (seconds: number) => Math.min(LONGEST, Math.max(1, seconds));
  const max = limited(wanted.max ?? Math.max(defaultMax, wanted.min ?? 0));
  const min = wanted.min === undefined ? undefined : Math.min(limited(wanted.min), max);
  const leaseTime = Math.max(Math.min(limited(wanted.usual), max), min ?? 1);
  return { leaseTime, minLeaseTime: min, maxLeaseTime: wanted.max === undefined ? undefined : max };
}

/** `6000`, `2h`, `7d`: in the largest unit that it is a whole number of. */
export function formatSeconds(seconds: number): number | string {
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3600],
  ] as const) {
    if (seconds % size === 0) return `${seconds / size}${unit}`;
  }
  return seconds % 60 === 0 && seconds < 3600 ? `${seconds / 60}m` : seconds;
}
