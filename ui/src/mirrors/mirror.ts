/** What GET /mirrors says of a mirror, as far as it is shown. Times are ISO 8601. */
export interface Mirror {
  readonly name: string;
  readonly os: string | null;
  readonly mode: string;
  readonly from: readonly string[];
  /** `held`: the old state is served while the new one waits for somebody. */
  readonly state: 'empty' | 'serving' | 'held';
  readonly isFrozen: boolean;
  readonly snapshots: readonly Snapshot[];
  readonly heldReasons: readonly string[];
  /** What is held can be published; not, when its signature is wrong. */
  readonly canApprove: boolean;
  readonly lastRun: { readonly endedAt: string; readonly result: string; readonly reason: string } | null;
  readonly nextRunAt: string | null;
  readonly progress: Progress | null;
}

export interface Snapshot {
  readonly id: string;
  readonly at: string;
  readonly files: number;
  readonly bytes: number;
  readonly isCurrent: boolean;
  readonly tags: readonly string[];
}

export interface Progress {
  readonly phase: string;
  readonly filesDone: number;
  readonly filesTotal: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly bytesPerSecond: number;
  readonly secondsLeft: number | null;
}
