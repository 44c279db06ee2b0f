/** Where a run is; `packing` and `reading` are those of an archive (`rackready bundle`). */
export type Phase = 'probing' | 'copying' | 'planning' | 'fetching' | 'publishing' | 'packing' | 'reading';

/** How far a run is. Totals are exact from `fetching` on; before that they are 0. */
export interface Progress {
  readonly phase: Phase;
  readonly startedAt: number;
  readonly filesDone: number;
  readonly filesTotal: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly bytesPerSecond: number;
  /** Undefined: nobody knows. */
  readonly secondsLeft?: number | undefined;
  readonly retries: number;
  /** Some of what is on the way. */
  readonly current: readonly string[];
}

/** Bytes that came for nothing do not count as done; the rate is that of the last while. */
export function rateOf(samples: readonly { readonly at: number; readonly bytes: number }[]): number {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || last.at <= first.at) return 0;
  return Math.max(0, Math.round(((last.bytes - first.bytes) * 1000) / (last.at - first.at)));
}
