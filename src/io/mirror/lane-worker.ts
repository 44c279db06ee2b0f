import { parentPort, workerData } from 'node:worker_threads';
import { ProvisionError } from '../../net/provision-error.ts';
import { type FetchDeps, fetchToPool } from './fetch-file.ts';
import { createHttpClient } from './http-client.ts';
import type { FromLane, LaneFailure, LaneSetup, ToLane } from './lane-protocol.ts';
import { unlimited } from './limiter.ts';
import { openPool } from './pool.ts';
import { watchSpace } from './space.ts';

/** As seldom as a person can look, and as often as a limit of the bandwidth has to be heard of. */
const TELL_EVERY_BYTES = 4 * 1024 * 1024;

/** A thread that fetches what it is told to, over connections of its own. It is ended from outside; what it was at is in its parts. */
function run(setup: LaneSetup, tell: (message: FromLane) => void): (message: ToLane) => Promise<void> {
  let untold = 0;
  const tellBytes = () => {
    if (untold !== 0) tell({ kind: 'bytes', bytes: untold });
    untold = 0;
  };
  const deps: FetchDeps = {
    http: createHttpClient({ connections: setup.connections, stallMs: setup.stallMs }),
    pool: openPool(setup.poolFolder),
    partsFolder: setup.partsFolder,
    limiter: unlimited,
    signal: new AbortController().signal,
    onBytes: (bytes) => {
      untold += bytes;
      if (untold >= TELL_EVERY_BYTES) tellBytes();
    },
    onRetry: (reason) => tell({ kind: 'retry', reason }),
    checkSpace: watchSpace(setup.root, setup.reserveBytes).spend,
    retry: setup.retry,
  };
  return async ({ id, file }) => {
    try {
      const fetched = await fetchToPool(deps, file);
      tellBytes();
      tell({ kind: 'fetched', id, fetched });
    } catch (error) {
      tellBytes();
      tell({ kind: 'failed', id, failure: failureOf(error) });
    }
  };
}

function failureOf(error: unknown): LaneFailure {
  if (error instanceof ProvisionError) return { code: error.code, message: error.message, hint: error.hint };
  return { code: undefined, message: error instanceof Error ? error.message : String(error), hint: undefined };
}

const port = parentPort;
port?.on(
  'message',
  run(workerData, (message) => port.postMessage(message)),
);
