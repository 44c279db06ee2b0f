import type { MirrorConfig } from './mirror-config.ts';
import type { Progress } from './run/progress.ts';
import type { MirrorState } from './run/state.ts';
import type { Finding } from './run/verify.ts';

/** What is known of a mirror at a moment. Plain JSON. */
export interface MirrorView {
  readonly name: string;
  readonly config: MirrorConfig;
  readonly state: MirrorState;
  /** Milliseconds since 1970; undefined: it does not run by itself. */
  readonly nextRunAt?: number | undefined;
  /** Undefined: nothing runs. */
  readonly progress?: Progress | undefined;
}

/** What an operator, or main, asks of the mirror process. */
export type MirrorCommand =
  /** Begins a run, or joins the one that runs. `isForced`: also when the upstream says that nothing is new. */
  | { readonly kind: 'sync'; readonly name: string; readonly isForced: boolean }
  /** Stops the run that is in progress. */
  | { readonly kind: 'stop'; readonly name: string }
  /** Publishes what is held. `snapshot`: only when it is this one, by its id or the beginning of it. */
  | { readonly kind: 'approve'; readonly name: string; readonly snapshot?: string | undefined }
  /** Serves an older snapshot, and stays there. */
  | { readonly kind: 'rollback'; readonly name: string; readonly to: string }
  /** `snapshot` undefined: takes the tag away. */
  | { readonly kind: 'tag'; readonly name: string; readonly tag: string; readonly snapshot?: string | undefined }
  | { readonly kind: 'freeze'; readonly name: string; readonly isFrozen: boolean }
  /** Forgets old snapshots, but none that `leased` names. */
  | { readonly kind: 'prune'; readonly name: string; readonly leased: readonly string[] }
  /** A client wants a file that was not fetched yet: brings it into the pool, once for all who ask. */
  | { readonly kind: 'want'; readonly name: string; readonly path: string; readonly sha256: string }
  /** Reads everything that is served, and looks whether it is what it should be. */
  | { readonly kind: 'verify'; readonly name: string };

export type MirrorReply =
  | {
      readonly kind: 'done';
      readonly text: string;
      /** Of `tag`: the id of the snapshot that the tag was given to before; null: to none. */
      readonly before?: string | null | undefined;
    }
  | {
      readonly kind: 'refused';
      readonly reason: string;
      readonly hint: string;
      /** What `verify` found. */
      readonly findings?: readonly Finding[] | undefined;
    }
  | { readonly kind: 'unknown-mirror' };
