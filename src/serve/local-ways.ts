import type { Mac } from '../net/mac.ts';

/** How a machine is sent to its disk. `other`: the usual way did not work. */
export type LocalWay = 'usual' | 'other';

export interface LocalWays {
  /**
   * Which way a machine is to be sent to its disk now; `cycles` says how often it has come back at once, when the way has just
   * changed for that. `now`: ms of a clock that does not jump back.
   */
  next(mac: Mac, now: number): { readonly way: LocalWay; readonly cycles?: number | undefined };
}

/** A loader asks for its configuration more than once in a boot (GRUB opens it twice); a restart takes longer. */
const SAME_BOOT_MS = 8_000;
/** Later than this it has been somewhere else: a system ran, or somebody pressed the button. */
const AT_ONCE_MS = 150_000;
const CYCLES = 2;
/** The oldest are forgotten. */
const MOST = 4096;

interface Past {
  readonly lastAt: number;
  readonly cycles: number;
  readonly way: LocalWay;
}

/** Remembers who comes back from booting its disk: after two rounds it is sent there in another way, and keeps to that. */
export function createLocalWays(): LocalWays {
  const pasts = new Map<Mac, Past>();
  return {
    next(mac, now) {
      const past = pasts.get(mac) ?? { lastAt: Number.NEGATIVE_INFINITY, cycles: 0, way: 'usual' as const };
      const passed = now - past.lastAt;
      const isSameBoot = passed < SAME_BOOT_MS;
      const cycles = isSameBoot ? past.cycles : passed < AT_ONCE_MS ? past.cycles + 1 : 0;
      const isChange = cycles >= CYCLES;
      const way = isChange ? (past.way === 'usual' ? 'other' : 'usual') : past.way;
      pasts.delete(mac);
      pasts.set(mac, { lastAt: isSameBoot ? past.lastAt : now, cycles: isChange ? 0 : cycles, way });
      const [oldest] = pasts.keys();
      if (pasts.size > MOST && oldest !== undefined) pasts.delete(oldest);
      return isChange ? { way, cycles } : { way };
    },
  };
}
