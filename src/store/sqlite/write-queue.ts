import type { ChangeResult, LeaseChange } from '../../lease/lease.ts';
import type { Life } from '../../machine/life.ts';
import type { MacRecord } from '../../machine/mac-record.ts';
import { ProvisionError } from '../../net/provision-error.ts';
import { toProvisionError } from './failure.ts';
import { decodeResults, encodeChange } from './lease-table.ts';
import type { Cell, Failure, Request } from './protocol.ts';
import { RequestFailed, WorkerDied } from './worker-link.ts';

/*
 * Group commit. While one transaction runs in the worker, everything that is asked for meanwhile gathers here and
 * becomes the next one. There is no delay by design: under a light load a transaction has one lease and takes one
 * fsync, under a heavy one it has hundreds and takes the same fsync.
 */

export interface WriteQueue {
  commit(changes: readonly LeaseChange[]): Promise<ChangeResult[]>;
  saveLife(life: Life): Promise<void>;
  saveMac(record: MacRecord): Promise<void>;
  /** Resolves when everything that was asked for has its answer; later requests are refused. */
  close(): Promise<void>;
}

export interface WriteQueueOptions {
  readonly folder: string;
  readonly request: (request: Request) => Promise<Cell[]>;
  readonly onWritten: () => void;
  readonly onFailed: (failure: Failure) => void;
}

interface Job {
  readonly changes: readonly LeaseChange[];
  readonly life?: Life;
  readonly mac?: MacRecord;
  readonly resolve: (results: ChangeResult[]) => void;
  readonly reject: (error: Error) => void;
  /** Was on the way when a worker died: tried once more, since putting the same lease twice is the same as once. */
  wasLost: boolean;
  /** Was in a batch that had a bad value: tried again by itself, so that only the guilty one is refused. */
  isAlone: boolean;
}

/** Keeps one message below a megabyte, and a transaction below a few tens of milliseconds. */
const MAX_CHANGES_PER_BATCH = 2000;

export function createWriteQueue(options: WriteQueueOptions): WriteQueue {
  let pending: Job[] = [];
  let isScheduled = false;
  let isRunning = false;
  let isClosed = false;
  let onIdle: (() => void) | undefined;

  const schedule = () => {
    if (isScheduled || isRunning) return;
    isScheduled = true;
    // After the packets that wait in the sockets have been read: a burst becomes one transaction.
    setImmediate(() => {
      isScheduled = false;
      void run();
    });
  };

  const run = async () => {
    isRunning = true;
    const jobs = takeBatch(pending);
    pending = pending.slice(jobs.length);
    try {
      settle(jobs, await options.request(encodeJobs(jobs)));
      options.onWritten();
    } catch (error) {
      pending = [...handleFailure(jobs, error, options), ...pending];
    }
    isRunning = false;
    // At once: whatever gathered meanwhile has waited long enough.
    if (pending.length > 0) void run();
    else onIdle?.();
  };

  const add = (work: Pick<Job, 'changes' | 'life' | 'mac'>) => {
    const { promise, resolve, reject } = Promise.withResolvers<ChangeResult[]>();
    if (isClosed) reject(new ProvisionError('store-failed', `Cannot write "${options.folder}": the store is closed`));
    else {
      pending.push({ ...work, resolve, reject, wasLost: false, isAlone: false });
      schedule();
    }
    return promise;
  };

  return {
    commit: (changes) => (changes.length === 0 ? Promise.resolve([]) : add({ changes })),
    saveLife: async (life) => {
      await add({ changes: [], life });
    },
    saveMac: async (mac) => {
      await add({ changes: [], mac });
    },
    close: () => {
      isClosed = true;
      if (!isRunning && pending.length === 0) return Promise.resolve();
      return new Promise((resolve) => {
        onIdle = resolve;
      });
    },
  };
}

function takeBatch(pending: readonly Job[]): Job[] {
  const jobs: Job[] = [];
  let changes = 0;
  for (const job of pending) {
    changes += job.changes.length;
    if (jobs.length > 0 && (job.isAlone || changes > MAX_CHANGES_PER_BATCH)) break;
    jobs.push(job);
    if (job.isAlone) break;
  }
  return jobs;
}

function encodeJobs(jobs: readonly Job[]): Request {
  const rows: Cell[] = [];
  const lives: string[] = [];
  const macs: string[] = [];
  for (const { changes, life, mac } of jobs) {
    for (const change of changes) encodeChange(rows, change);
    if (life) lives.push(life.machine, life.state, JSON.stringify(life));
    if (mac) macs.push(mac.mac, JSON.stringify(mac));
  }
  return { kind: 'write', rows, lives, macs };
}

function settle(jobs: readonly Job[], taken: readonly Cell[]): void {
  let index = 0;
  for (const job of jobs) {
    job.resolve(decodeResults(job.changes.length, taken, index));
    index += job.changes.length;
  }
}

/** Rejects the jobs, or returns those that are to be tried again. */
function handleFailure(jobs: readonly Job[], error: unknown, options: WriteQueueOptions): Job[] {
  const action = `Cannot write leases to "${options.folder}"`;
  if (error instanceof WorkerDied) {
    const again = jobs.filter((job) => !job.wasLost);
    const lost = new ProvisionError('store-failed', `${action}: the store's worker stopped (${error.message})`);
    for (const job of jobs) if (job.wasLost) job.reject(lost);
    for (const job of again) job.wasLost = true;
    return again;
  }
  if (!(error instanceof RequestFailed)) {
    // The message could not even be sent: a value that is not plain.
    const refused = new ProvisionError('store-failed', `${action}: ${String(error)}`, { cause: error });
    for (const job of jobs) job.reject(refused);
    return [];
  }
  if (error.failure.cause === 'bad-data' && jobs.length > 1) {
    for (const job of jobs) job.isAlone = true;
    return [...jobs];
  }
  if (error.failure.cause === 'world') options.onFailed(error.failure);
  for (const job of jobs) job.reject(toProvisionError(action, error.failure));
  return [];
}
