/** When a process that has died is started again. */
export interface Restart {
  /** Deaths after short lives, one after the other, this one among them. */
  readonly deaths: number;
  readonly waitMs: number;
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
/** What dies of its work says a lot before: only a life as long as this one shows that it can do it. */
const LONG_LIFE_MS = 60_000;

/** One that dies again and again is started more and more slowly. `deaths`: before this one; `livedMs`: how long it has lived. */
export function restartAfter(deaths: number, livedMs: number): Restart {
  const now = livedMs >= LONG_LIFE_MS ? 1 : deaths + 1;
  return { deaths: now, waitMs: Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (now - 1)) };
}
