import type { RecordedEvent } from '../../event/event.ts';
import type { Attempt } from '../story.ts';

/** All that a diagnosis may look at. */
export interface Trace {
  readonly attempt: Attempt;
  /** Of this MAC in this attempt, ascending, bounded. */
  readonly events: readonly RecordedEvent[];
  /** Recent network-wide events without this MAC: strangers, listeners, loader.missing, interface. */
  readonly around: readonly RecordedEvent[];
  /** Milliseconds since 1970. */
  readonly now: number;
}
