import type { Mac } from '../net/mac.ts';
import { bootEvents } from './boot-events.ts';
import { dhcpEvents } from './dhcp-events.ts';
import type { Entry, Level } from './entry.ts';
import { macEvents } from './mac-events.ts';
import { mirrorEvents } from './mirror-events.ts';
import { powerEvents } from './power-events.ts';
import { serverEvents } from './server-events.ts';
import { transferEvents } from './transfer-events.ts';

/** Every event that rackready can tell, with its level, the operator's paragraph, and its sentence. */
export const catalogue = {
  ...dhcpEvents,
  ...macEvents,
  ...transferEvents,
  ...bootEvents,
  ...powerEvents,
  ...mirrorEvents,
  ...serverEvents,
} as const;

export type EventId = keyof typeof catalogue;
export type EventData<Id extends EventId> = Parameters<(typeof catalogue)[Id]['say']>[0];

/** Whom an event is about. Addresses are dotted text, so that an event is plain JSON. */
export interface Subject {
  readonly mac?: Mac | undefined;
  /** The machine's name in the configuration. */
  readonly machine?: string | undefined;
  readonly network?: string | undefined;
  readonly address?: string | undefined;
}

/** An event as it is kept, listed, and streamed. */
export interface RecordedEvent extends Subject {
  /** Grows by one with each event of a data folder; what `Last-Event-ID` refers to. A passing event has that of the one before. */
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly level: Level;
  readonly id: EventId;
  readonly data: Readonly<Record<string, unknown>>;
  /** The sentence for people. */
  readonly text: string;
}

/** Tells an event. Never throws, never waits. */
export type Emit = <Id extends EventId>(id: Id, subject: Subject, data: EventData<Id>) => void;

/** Makes the record of an event. */
export function recordEvent<Id extends EventId>(
  at: { readonly seq: number; readonly time: number },
  id: Id,
  subject: Subject,
  data: EventData<Id>,
): RecordedEvent {
  const entry: Entry<EventData<Id>> = catalogue[id] as unknown as Entry<EventData<Id>>;
  return { ...at, level: entry.level, id, ...subject, data, text: entry.say(data) };
}
