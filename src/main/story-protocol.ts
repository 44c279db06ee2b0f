import type { EventQuery } from '../event/query.ts';
import type { StoryQuery } from '../http/api/ports.ts';
import type { Traffic } from './story-teller.ts';

/*
 * What the main thread and the thread of the stories say to each other. Main makes the JSON of an event once, and hands bytes
 * on to sockets; all else is done over there.
 */

/** What the thread is started with. */
export interface StorySetup {
  /** The number of the first event that it will hear. */
  readonly first: number;
  readonly now: number;
  /** URL of a module whose `prepareThread()` runs first: gives up rights that the thread inherited. */
  readonly threadModule?: string | undefined;
}

/** A question, and what it is answered with. */
export type StoryQuestion =
  | { readonly kind: 'list' | 'attempts'; readonly query: StoryQuery & { readonly limit: number } }
  | { readonly kind: 'events'; readonly query: StoryQuery & { readonly id: number; readonly limit: number } }
  | { readonly kind: 'traffic'; readonly query: StoryQuery & { readonly id: number } };

/** undefined: there is none such. */
export type StoryAnswer = Uint8Array | Traffic | undefined;

export type ToStories =
  /** `json`: an array of RecordedEvent. `now`: the server's clock, ms since 1970. */
  | { readonly kind: 'told'; readonly now: number; readonly json: string }
  | { readonly kind: 'ask'; readonly id: number; readonly question: StoryQuestion }
  | { readonly kind: 'follow'; readonly reader: number; readonly query: StoryQuery }
  | { readonly kind: 'ready'; readonly readers: readonly number[] }
  | { readonly kind: 'end'; readonly reader: number }
  /** What the store has, each event as JSON; undefined: it cannot be read. */
  | { readonly kind: 'kept'; readonly id: number; readonly events: readonly string[] | undefined }
  | { readonly kind: 'close' };

export type FromStories =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: StoryAnswer }
  | { readonly kind: 'failed'; readonly id: number; readonly reason: string }
  /** The next piece for a reader, which gets no more until it is ready. */
  | { readonly kind: 'piece'; readonly reader: number; readonly bytes: Uint8Array }
  | { readonly kind: 'read'; readonly id: number; readonly query: EventQuery };
