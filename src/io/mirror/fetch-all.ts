import type { PlannedFile } from '../../mirror/plan.ts';
import type { Stored } from '../../mirror/run/assemble.ts';
import type { Fetched } from './fetch-file.ts';

/** A file that could not be had, with a sentence. */
export interface Failure {
  readonly file: PlannedFile;
  readonly kind: 'absent' | 'wrong' | 'unreachable';
  readonly reason: string;
}

export interface FetchedAll {
  readonly stored: ReadonlyMap<string, Stored>;
  readonly failures: readonly Failure[];
}

export interface FetchAllOptions {
  readonly parallel: number;
  readonly signal: AbortSignal;
  readonly onStart?: ((path: string) => void) | undefined;
  readonly onDone?: ((file: PlannedFile, fetched: Fetched) => void) | undefined;
}

/** After so many, an upstream is not worth asking for the rest: it is gone, or lies about everything. */
const MOST_FAILURES = 200;

/**
 * Fetches files side by side, the largest first, so that the last one to end is a small one. A file that fails does not stop
 * the others; what ends all (a full disk, a stop) rejects.
 */
export async function fetchAll(
  files: readonly PlannedFile[],
  fetch: (file: PlannedFile) => Promise<Fetched>,
  options: FetchAllOptions,
): Promise<FetchedAll> {
  const stored = new Map<string, Stored>();
  const failures: Failure[] = [];
  const queue = files.toSorted((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0)).values();
  let ended = false;
  const work = async () => {
    for (const file of queue) {
      options.signal.throwIfAborted();
      if (ended || failures.length >= MOST_FAILURES) return;
      options.onStart?.(file.path);
      const fetched = await fetch(file);
      options.onDone?.(file, fetched);
      if (fetched.kind === 'stored') {
        const { sha256, bytes, isVerified } = fetched;
        stored.set(file.path, { sha256, bytes, isVerified });
      } else if (fetched.kind !== 'absent' || !file.isOptional) {
        const reason = fetched.kind === 'absent' ? `the upstream has no ${file.path}` : fetched.reason;
        failures.push({ file, kind: fetched.kind, reason });
      }
    }
  };
  const workers = Array.from({ length: options.parallel }, () =>
    work().catch((error: unknown) => {
      ended = true;
      throw error;
    }),
  );
  // All have to be out of the files before anybody goes on, also when one has failed.
  const results = await Promise.allSettled(workers);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return { stored, failures };
}
