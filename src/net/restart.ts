/** When what has died, a thread or a process of the server, is started again. */
export interface Restart {
  /** Deaths after short lives, one after the other, this one among them. */
  readonly deaths: number;
  /** 0: at once. */
  readonly waitMs: number;
}

/** How fast something is started again: after its first death, and at the slowest. */
export interface RestartPace {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Machines wait for it, so it is never away for long; but what dies at each start must not keep a processor busy with starts. */
export const ANSWERING: RestartPace = { firstMs: 0, longestMs: 1_000 };
/** It works behind all that answers, and what kills it is often there for longer: the same events, the same upstream. */
export const BEHIND: RestartPace = { firstMs: 1_000, longestMs: 60_000 };

const DOUBLED_MS = 1_000;
/** What dies of its work does so soon: only a life as long as this one shows that it can do it. */
const LONG_LIFE_MS = 60_000;

/** One that dies again and again is started more and more slowly. `deaths`: before this one; `livedMs`: how long it has lived. */
export function restartAfter({ firstMs, longestMs }: RestartPace, deaths: number, livedMs: number): Restart {
  if (deaths === 0 || livedMs >= LONG_LIFE_MS) return { deaths: 1, waitMs: firstMs };
  return { deaths: deaths + 1, waitMs: Math.min(longestMs, DOUBLED_MS * 2 ** deaths) };
}
