import { setTimeout as sleep } from 'node:timers/promises';
import { createPace } from '../../mirror/run/bandwidth.ts';

/** Holds all connections together below a rate. */
export interface Limiter {
  /** Resolves when so many bytes may have been taken; undefined: at once. */
  take(bytes: number, signal: AbortSignal): Promise<void> | undefined;
  /** Whether there is a rate just now. */
  isLimited(): boolean;
}

const MINUTE_MS = 60_000;

export const unlimited: Limiter = { take: () => undefined, isLimited: () => false };

/**
 * `rateAt`: bytes per second at a moment (milliseconds since 1970), looked up once a minute; undefined: no limit. `ticks`: milliseconds
 * of a clock that is never set.
 */
export function createLimiter(
  rateAt: (now: number) => number | undefined,
  now: () => number,
  ticks: () => number = () => performance.now(),
): Limiter {
  const pace = createPace();
  let rate: number | undefined;
  let minute = Number.NaN;
  const rateNow = (): number | undefined => {
    const at = now();
    if (Math.floor(at / MINUTE_MS) !== minute) {
      minute = Math.floor(at / MINUTE_MS);
      rate = rateAt(at);
    }
    return rate;
  };
  return {
    take: (bytes, signal) => {
      const current = rateNow();
      const waitMs = current === undefined ? 0 : pace.grant(bytes, current, ticks());
      return waitMs > 0 ? sleep(waitMs, undefined, { signal }) : undefined;
    },
    isLimited: () => rateNow() !== undefined,
  };
}
