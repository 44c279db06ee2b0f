import { setTimeout as sleep } from 'node:timers/promises';

/** Holds all connections together below a rate. */
export interface Limiter {
  /** Resolves when so many bytes may have been taken; undefined: at once. */
  take(bytes: number, signal: AbortSignal): Promise<void> | undefined;
}

/** `bytesPerSecond` undefined: no limit. A second's worth may come at once. */
export function createLimiter(
  bytesPerSecond: number | undefined,
  now: () => number = () => performance.now(),
): Limiter {
  if (bytesPerSecond === undefined) return { take: () => undefined };
  let freeAt = now();
  return {
    take: (bytes, signal) => {
      const at = now();
      freeAt = Math.max(freeAt, at - 1000) + (bytes / bytesPerSecond) * 1000;
      return freeAt > at ? sleep(freeAt - at, undefined, { signal }) : undefined;
    },
  };
}
