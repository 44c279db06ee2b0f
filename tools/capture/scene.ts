import type { ServerEvent } from '../../src/lab/milestones.ts';
import type { Conditions, Happening } from '../../test/support/capture.ts';
import type { Setting, Stage } from './stage.ts';

/** What a fixture says of a failure. */
export interface Fixture {
  readonly name: string;
  /** Which of the forty; 0: another one, or a boot that goes well. */
  readonly case: number;
  readonly what: string;
  /** Who did what, for the fixture's `from`. */
  readonly how: string;
  /** Debian packages whose versions `from` names. */
  readonly with: readonly string[];
  readonly expect: readonly string[];
  readonly passing?: readonly string[];
  /** Seconds of silence behind it, for the replay. */
  readonly until: number;
  readonly applied?: boolean;
  readonly owner?: string;
  readonly isGranted?: boolean;
  readonly also?: readonly Happening[];
  /** When the last attempt begins, in seconds, or the event that it begins with. */
  readonly attemptFrom?: number;
  lastAttempt?(events: readonly ServerEvent[]): ServerEvent | undefined;
}

/** The beginning of a recording, as a fixture of its own. */
export interface Part extends Fixture {
  /** The event before which it ends, of those that the server told. */
  before(events: readonly ServerEvent[]): ServerEvent | undefined;
}

/** One failure that is made for real. */
export interface Scene extends Fixture {
  readonly parts?: readonly Part[];
  /** What the replay's server needs to be told to be this one. */
  readonly conditions?: Conditions;
  readonly setting?: Setting;
  play(stage: Stage): Promise<void>;
}
