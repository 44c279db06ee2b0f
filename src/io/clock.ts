/**
 * Time for leases. `now()` is monotonic time plus the difference to the system's clock as it was last agreed on, so it
 * never runs backwards or leaps by itself. When somebody sets the system's clock, the clock notices, moves `now()` by
 * the same amount, and tells it *in the same turn* through `onJump(deltaMs)`.
 *
 * What the lease code does in `onJump`, before it returns: it adds `deltaMs` to the ends and starts that it holds in
 * memory (LeaseBook.shift). `endsAt - now()` is then what it was: every lease keeps its remaining time.
 * After that it commits the shifted leases to the store like any other change: they are stored in system time, and a
 * restart would otherwise read ends that are off by `deltaMs` (after a leap forwards: leases that look expired while
 * their machines still use them). The ends of grants follow in the same way. Whatever is timed within one run (offers,
 * retransmissions) uses `monotonic()` and needs no shift.
 *
 * A computer that was suspended looks like a leap forwards: leases last longer by that time, which is the safe side.
 * Differences up to `toleranceMs` are left alone; NTP's slewing does not even show, since it slews both.
 */
export interface Clock {
  /** Milliseconds since 1970, whole. */
  now(): number;
  /** Milliseconds since some moment; only differences mean something. */
  monotonic(): number;
  /** Compares with the system's clock at once. The timer does it every few seconds. */
  check(): void;
  close(): void;
}

export interface ClockOptions {
  /** Called with the leap in milliseconds (negative: backwards) after `now()` has moved by it. Feeds the event `clock.jumped`. */
  readonly onJump: (deltaMs: number) => void;
  readonly checkEveryMs?: number | undefined;
  readonly toleranceMs?: number | undefined;
  readonly wall?: (() => number) | undefined;
  readonly monotonic?: (() => number) | undefined;
}

export function createClock(options: ClockOptions): Clock {
  const wall = options.wall ?? Date.now;
  const monotonic = options.monotonic ?? monotonicMs;
  const toleranceMs = options.toleranceMs ?? 2_000;
  let offset = wall() - monotonic();
  const check = () => {
    const difference = Math.round(wall() - monotonic() - offset);
    if (Math.abs(difference) <= toleranceMs) return;
    offset += difference;
    options.onJump(difference);
  };
  const timer = setInterval(check, options.checkEveryMs ?? 5_000).unref();
  return {
    now: () => Math.floor(monotonic() + offset),
    monotonic,
    check,
    close: () => clearInterval(timer),
  };
}

/** As performance.now(), which costs several times more: every request asks for the time more than once. */
function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1_000_000;
}
