import type { EventQuery } from '../../event/query.ts';
import type { ProvisionErrorCode } from '../../net/provision-error.ts';
import type { EventLimits } from '../store.ts';

/*
 * What the main thread and the store's worker say to each other. Everything crosses by structured clone, whose cost
 * is per object and per property, so rows travel as one flat array of cells and results only where they are unusual.
 */

export type Cell = string | number | null;

/** What the worker is started with. */
export interface WorkerSetup {
  readonly folder: string;
  /** Our version, to be named by an older one that finds the database. */
  readonly version: string;
  readonly eventLimits: EventLimits;
  /** URL of a module whose `prepareThread()` runs first: gives up rights that the thread inherited. */
  readonly threadModule?: string | undefined;
}

export type Request =
  /** One transaction, one fsync. `rows` is made by encodeChange; machine, state, JSON and MAC, JSON stand in turns. */
  | { readonly kind: 'write'; readonly rows: Cell[]; readonly lives: string[]; readonly macs: string[] }
  /** `json`: an array of RecordedEvent. */
  | { readonly kind: 'events'; readonly json: string }
  | { readonly kind: 'list'; readonly query: EventQuery }
  | { readonly kind: 'load' }
  | { readonly kind: 'lives' }
  | { readonly kind: 'macs' }
  /** Writes something of no meaning, to see whether writing works again. */
  | { readonly kind: 'probe' }
  | { readonly kind: 'close' };

export type RequestMessage = Request & { readonly request: number };

export type Reply =
  | { readonly kind: 'opened'; readonly lastSeq: number }
  | { readonly kind: 'cannot-open'; readonly failure: Failure }
  /** A part of a long answer; `done` ends it. */
  | { readonly kind: 'part'; readonly request: number; readonly cells: Cell[] }
  /** `cells`: for a write, index and holder of each `taken` row in turns. */
  | { readonly kind: 'done'; readonly request: number; readonly cells: Cell[] }
  | { readonly kind: 'failed'; readonly request: number; readonly failure: Failure };

/** Why the database did not do it. */
export interface Failure {
  /** `bad-data`: the values were at fault, not the world; others in the same batch may be good. */
  readonly cause: 'world' | 'bad-data';
  readonly code: ProvisionErrorCode;
  readonly reason: string;
  readonly next: string;
}
