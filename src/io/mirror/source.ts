import type { PlannedFile, UpstreamReader } from '../../mirror/plan.ts';
import type { ProbedEntry } from '../../mirror/run/state.ts';
import type { Fetched } from './fetch-file.ts';

/** Where the files of a mirror come from, for one look at the upstream. What was read once is read again the same. */
export interface Source {
  readonly reader: UpstreamReader;
  /** How many files at a time it makes use of; undefined: as many as the mirror has connections. */
  readonly parallel?: number | undefined;
  /** So many bytes are about to be fetched; `rest` is called when they are. */
  readonly expect?: ((bytes: number) => void) | undefined;
  readonly rest?: (() => Promise<void>) | undefined;
  /** Brings a file into the pool. Rejects with ProvisionError `disk-full`, and when the run is stopped. */
  fetch(file: PlannedFile): Promise<Fetched>;
  /** Whether upstream still has the entry files that it had. */
  isUnchanged(entries: readonly ProbedEntry[]): Promise<boolean>;
  /** How the files that were read without a checksum can be asked for again. */
  probed(): readonly ProbedEntry[];
  /** Its files are on the mirrors' file system already, and the pool only gives them further names: they need no room. */
  readonly isHere?: boolean | undefined;
  /** What the upstream has besides what is planned; undefined: nobody can know. */
  readonly extras?: ((planned: ReadonlySet<string>) => readonly PlannedFile[]) | undefined;
}
