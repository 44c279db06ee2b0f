import type { EventQuery } from '../event/query.ts';
import type { StoryQuery } from '../http/api/ports.ts';

/*
 * What the main thread and the process of the stories say to each other, over a pipe (story-frames.ts). Main makes the JSON of
 * an event once, and hands bytes on to sockets; all else is done over there.
 */

/** A question. `traffic` is answered with a Traffic, the others with what is sent to those who ask. */
export type StoryQuestion =
  | { readonly kind: 'list' | 'attempts'; readonly query: StoryQuery & { readonly limit: number } }
  | { readonly kind: 'events'; readonly query: StoryQuery & { readonly id: number; readonly limit: number } }
  | { readonly kind: 'traffic'; readonly query: StoryQuery & { readonly id: number } };

/** Comes first. The process may have been started before the server gave up root: then it does so now. */
export interface StoryBeginning {
  readonly kind: 'begin';
  /** The number of the first event that it will be told. */
  readonly first: number;
  /** The server's clock, ms since 1970. */
  readonly now: number;
  /** The account that the server is. */
  readonly uid: number;
  readonly gid: number;
}

export type ToStories =
  | StoryBeginning
  /** Body: an array of RecordedEvent. */
  | { readonly kind: 'told'; readonly now: number }
  | { readonly kind: 'ask'; readonly id: number; readonly question: StoryQuestion }
  | { readonly kind: 'follow'; readonly reader: number; readonly query: StoryQuery }
  | { readonly kind: 'ready'; readonly readers: readonly number[] }
  | { readonly kind: 'end'; readonly reader: number }
  /** What the store has. Body: an array of RecordedEvent. `isRead`: false, it cannot be read. */
  | { readonly kind: 'kept'; readonly id: number; readonly isRead: boolean };

export type FromStories =
  /** Body: the answer, as JSON. `isFound`: false, there is none such. */
  | { readonly kind: 'answer'; readonly id: number; readonly isFound: boolean }
  | { readonly kind: 'failed'; readonly id: number; readonly reason: string }
  /** Body: the next piece for each of these readers, which get no more until they are ready. */
  | { readonly kind: 'piece'; readonly readers: readonly number[] }
  | { readonly kind: 'read'; readonly id: number; readonly query: EventQuery }
  /** The process ends because of this. */
  | { readonly kind: 'broken'; readonly reason: string };
