import type { ProvisionErrorCode } from '../../net/provision-error.ts';
import type { Fetched, RetryPlan, WantedFile } from './fetch-file.ts';

/** What a thread needs to fetch files by itself; see `openLane`. */
export interface LaneSetup {
  readonly poolFolder: string;
  readonly partsFolder: string;
  /** Whose file system must not become full, and what is to stay free there. */
  readonly root: string;
  readonly reserveBytes: number | undefined;
  readonly connections: number;
  readonly stallMs: number | undefined;
  readonly retry: RetryPlan | undefined;
}

export interface ToLane {
  readonly id: number;
  readonly file: WantedFile;
}

export interface LaneFailure {
  /** Undefined: it is no failure of the world around us. */
  readonly code: ProvisionErrorCode | undefined;
  readonly message: string;
  readonly hint: string | undefined;
}

export type FromLane =
  /** So many more have come, or, where it is less than 0, had come for nothing. */
  | { readonly kind: 'bytes'; readonly bytes: number }
  | { readonly kind: 'retry'; readonly reason: string }
  | { readonly kind: 'fetched'; readonly id: number; readonly fetched: Fetched }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: LaneFailure };
