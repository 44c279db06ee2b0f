import { Worker } from 'node:worker_threads';
import { ProvisionError } from '../../net/provision-error.ts';
import type { Fetched, WantedFile } from './fetch-file.ts';
import type { FromLane, LaneFailure, LaneSetup, ToLane } from './lane-protocol.ts';

/** A thread that fetches files into the pool, beside this one. */
export interface Lane {
  /** As `fetchToPool`. Rejects with `LaneEnded` when the thread ends before it is done with it. */
  fetch(file: WantedFile): Promise<Fetched>;
  isOpen(): boolean;
  /** Resolves when nothing is written by it any more. Everything that it was at rejects. */
  close(): Promise<void>;
}

export interface LaneOptions {
  readonly setup: LaneSetup;
  /** What came, and what had come for nothing. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly onRetry?: ((reason: string) => void) | undefined;
  /** It ended by itself. */
  readonly onDied?: ((reason: string) => void) | undefined;
  /** What runs in the thread. */
  readonly script?: URL | undefined;
}

/** What was asked for is neither in the pool nor known to be wrong: somebody else is to fetch it. */
export class LaneEnded extends Error {}

/** Of its own objects, which are few: what it holds are buffers. */
const LIMITS = { maxOldGenerationSizeMb: 64 };

export function openLane({ setup, onBytes, onRetry, onDied, script }: LaneOptions): Lane {
  const flights = new Map<number, PromiseWithResolvers<Fetched>>();
  const worker = new Worker(script ?? new URL('./lane-worker.ts', import.meta.url), {
    workerData: setup,
    name: 'mirror-lane',
    resourceLimits: LIMITS,
  });
  const gone = Promise.withResolvers<void>();
  let [last, isOpen, reason] = [0, true, ''];
  const land = (id: number) => {
    const flight = flights.get(id);
    flights.delete(id);
    return flight;
  };
  worker.on('message', (message: FromLane) => {
    if (message.kind === 'bytes') onBytes?.(message.bytes);
    else if (message.kind === 'retry') onRetry?.(message.reason);
    else if (message.kind === 'fetched') land(message.id)?.resolve(message.fetched);
    else land(message.id)?.reject(errorOf(message.failure));
  });
  worker.on('error', (error) => {
    reason = error instanceof Error ? error.message : String(error);
  });
  worker.once('exit', (code) => {
    if (isOpen) onDied?.(reason || `exit code ${code}`);
    isOpen = false;
    for (const flight of flights.values()) flight.reject(new LaneEnded('the thread ended'));
    flights.clear();
    gone.resolve();
  });
  return {
    isOpen: () => isOpen,
    fetch: (file) => {
      if (!isOpen) return Promise.reject(new LaneEnded('the thread has ended'));
      const flight = Promise.withResolvers<Fetched>();
      last += 1;
      flights.set(last, flight);
      worker.postMessage({ id: last, file } satisfies ToLane);
      return flight.promise;
    },
    close: async () => {
      isOpen = false;
      await worker.terminate();
      await gone.promise;
    },
  };
}

function errorOf({ code, message, hint }: LaneFailure): Error {
  if (code === undefined) return new Error(message);
  return new ProvisionError(code, message, hint === undefined ? {} : { hint });
}
