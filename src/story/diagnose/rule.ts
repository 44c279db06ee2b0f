import type { RecordedEvent } from '../../event/event.ts';
import type { View } from './view.ts';

/** What a rule has found in a trace. */
export interface Finding {
  /** The events that show it; at least one. */
  readonly evidence: readonly RecordedEvent[];
  /** 0 to 1: 0.9 the traffic says so itself, 0.7 hardly anything else looks like this, 0.5 likely, 0.3 worth a look. */
  readonly confidence: number;
  /** One sentence with the values that were seen, without a full stop. */
  readonly cause: string;
  /** What to do, in the imperative. */
  readonly remedy: string;
  /** What the server did about it by itself. */
  readonly applied?: string | undefined;
}

/** One known failure of network boots. */
export interface Rule {
  /** kebab-case, for ever: pages and programs refer to it. */
  readonly id: string;
  /** For docs/symptoms: what it is, how it is told from others, what to do. Markdown. */
  readonly help: string;
  readonly find: (view: View) => Finding | undefined;
}
