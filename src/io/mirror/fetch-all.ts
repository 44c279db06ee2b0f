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
  /** By path. */
  readonly stored: ReadonlyMap<string, Stored>;
  /** What could not be had by any of its names; an optional file that is not there is none of them. */
  readonly failures: readonly Failure[];
  /** The upstream was given up: there are files that nobody has asked for. */
  readonly isGivenUp: boolean;
}

/** The names of one content, at least one. */
export type Names = readonly [PlannedFile, ...PlannedFile[]];

export interface FetchAllOptions {
  readonly parallel: number;
  readonly signal: AbortSignal;
  /** Whether the upstream may lack this file, or have it wrong. */
  readonly isAllowed: (file: PlannedFile) => boolean;
  /** Hears the first name of each content. */
  readonly onStart?: ((path: string) => void) | undefined;
  readonly onDone?: ((path: string, stored: Stored | undefined) => void) | undefined;
}

/** After so many, an upstream is not worth asking for the rest: it is gone, or lies about everything. */
const MOST_FAILURES = 200;

/**
 * Fetches contents side by side, the largest first, so that the last one to end is a small one: each by the first of its names that
 * the upstream gives it by. One that fails does not stop the others; what ends all (a full disk, a stop) rejects.
 */
export async function fetchAll(
  contents: readonly Names[],
  fetch: (file: PlannedFile) => Promise<Fetched>,
  options: FetchAllOptions,
): Promise<FetchedAll> {
  const { signal, isAllowed, onStart, onDone } = options;
  const stored = new Map<string, Stored>();
  const failures: Failure[] = [];
  const queue = contents.toSorted(([a], [b]) => (b.bytes ?? 0) - (a.bytes ?? 0)).values();
  let ended = false;
  let unexpected = 0;
  let isGivenUp = false;
  const work = async () => {
    for (const names of queue) {
      signal.throwIfAborted();
      isGivenUp ||= unexpected >= MOST_FAILURES;
      if (ended || isGivenUp) return;
      const [{ path: first }] = names;
      onStart?.(first);
      const got = await fetchOne(names, fetch);
      onDone?.(first, got.stored);
      if (got.stored) for (const { path } of names) stored.set(path, got.stored);
      failures.push(...got.failures);
      unexpected += got.failures.filter(({ file, kind }) => kind === 'unreachable' || !isAllowed(file)).length;
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
  return { stored, failures, isGivenUp };
}

/** One name after the other: all of them would be written into one part. */
async function fetchOne(
  names: Names,
  fetch: (file: PlannedFile) => Promise<Fetched>,
): Promise<{ readonly stored?: Stored; readonly failures: readonly Failure[] }> {
  const failures: Failure[] = [];
  for (const file of names) {
    const fetched = await fetch(file);
    if (fetched.kind === 'stored') {
      const { sha256, bytes, isVerified } = fetched;
      return { stored: { sha256, bytes, isVerified }, failures: [] };
    }
    if (fetched.kind === 'absent' && file.isOptional) continue;
    const reason = fetched.kind === 'absent' ? `the upstream has no ${file.path}` : fetched.reason;
    failures.push({ file, kind: fetched.kind, reason });
  }
  return { failures };
}
