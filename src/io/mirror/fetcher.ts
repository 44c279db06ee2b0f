import { availableParallelism } from 'node:os';
import { type FetchDeps, type Fetched, fetchToPool, type WantedFile } from './fetch-file.ts';
import { type Lane, LaneEnded, openLane } from './lane.ts';

/** Fetches files into the pool: in this thread, and where there is much to fetch, in a second one as well. */
export interface Fetcher {
  /** So much is about to be fetched. */
  expect(bytes: number): void;
  /** As `fetchToPool`. */
  fetch(file: WantedFile): Promise<Fetched>;
  /** All of that is here: the second thread ends. Resolves when nothing is written by it any more. */
  rest(): Promise<void>;
}

export interface FetcherOptions {
  /** Whose file system must not become full, and what is to stay free there. */
  readonly root: string;
  readonly reserveBytes: number | undefined;
  /** To one host at a time, by all threads together. */
  readonly connections: number;
  readonly stallMs?: number | undefined;
  /** The second thread ended by itself. */
  readonly onDied: (reason: string) => void;
  /** From how many bytes on it is made. */
  readonly worthALane?: number | undefined;
  /** What runs in it. */
  readonly script?: URL | undefined;
}

/** Its start takes some 0.1 s of processor time, and it has 20 MB for itself while it is there. */
const WORTH_A_LANE = 128 * 1024 * 1024;

/**
 * Checksums and writing take more time than a fast line: with two threads 1 GB takes little more than half. A limited bandwidth is kept
 * by this thread alone: when it begins to count, the other one ends, and what it was at is gone on with here.
 */
export function createFetcher(deps: FetchDeps, options: FetcherOptions): Fetcher {
  let lane: Lane | undefined;
  const closing: Promise<void>[] = [];
  /** Bytes that each of the two is at. */
  const busy = { here: 0, there: 0 };
  const endLane = (): void => {
    const ending = lane;
    lane = undefined;
    deps.http.limit(options.connections);
    if (ending !== undefined) closing.push(ending.close());
  };
  const onBytes = (bytes: number): void => {
    deps.onBytes?.(bytes);
    if (deps.limiter.isLimited()) endLane();
  };
  const here = async (file: WantedFile): Promise<Fetched> => {
    const bytes = file.bytes ?? 0;
    busy.here += bytes;
    try {
      return await fetchToPool(deps, file);
    } finally {
      busy.here -= bytes;
    }
  };
  const there = async (chosen: Lane, file: WantedFile): Promise<Fetched> => {
    const bytes = file.bytes ?? 0;
    busy.there += bytes;
    try {
      return await chosen.fetch(file);
    } catch (error) {
      deps.signal.throwIfAborted();
      if (!(error instanceof LaneEnded)) throw error;
    } finally {
      busy.there -= bytes;
    }
    return here(file);
  };
  return {
    expect: (bytes) => {
      const { connections, worthALane = WORTH_A_LANE } = options;
      if (lane !== undefined || bytes < worthALane || connections < 2 || deps.limiter.isLimited()) return;
      if (availableParallelism() < 2) return;
      const share = Math.floor(connections / 2);
      deps.http.limit(connections - share);
      lane = openLaneFor(deps, options, share, onBytes);
      deps.signal.addEventListener('abort', endLane, { once: true });
    },
    fetch: (file) => {
      if (lane !== undefined && (!lane.isOpen() || deps.limiter.isLimited())) endLane();
      if (lane === undefined || busy.here < busy.there) return here(file);
      return there(lane, file);
    },
    rest: async () => {
      deps.signal.removeEventListener('abort', endLane);
      endLane();
      await Promise.all(closing.splice(0));
    },
  };
}

function openLaneFor(
  deps: FetchDeps,
  { root, reserveBytes, stallMs, onDied, script }: FetcherOptions,
  connections: number,
  onBytes: (bytes: number) => void,
): Lane {
  const { pool, partsFolder, retry, onRetry } = deps;
  return openLane({
    setup: { poolFolder: pool.folder, partsFolder, root, reserveBytes, connections, stallMs, retry },
    onBytes,
    onRetry,
    onDied,
    script,
  });
}
