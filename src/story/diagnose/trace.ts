import type { RecordedEvent } from '../../event/event.ts';
import type { Attempt } from '../story.ts';

/** What a diagnosis looks at: one boot attempt, as far as it has come. Events ascend by `seq`; all lists are bounded. */
export interface Trace {
  readonly attempt: Attempt;
  /** Of this MAC in this attempt, with those that name its machine only (grants, reports). */
  readonly events: readonly RecordedEvent[];
  /** Recent events without a MAC: other DHCP servers, sockets, boot loaders, interfaces. */
  readonly around: readonly RecordedEvent[];
  /** Of this MAC before this attempt, for what goes round in circles. Absent: not known. */
  readonly before?: readonly RecordedEvent[] | undefined;
  /** Of the machine's other MACs during this attempt. Absent: not known. */
  readonly siblings?: readonly RecordedEvent[] | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}
