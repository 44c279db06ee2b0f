import type { Worker } from 'node:worker_threads';
import { ANSWERING, restartAfter } from '../../net/restart.ts';
import type { Cell, Failure, Reply, Request } from './protocol.ts';

/** The worker did not live to answer; whether it did the work is unknown. */
export class WorkerDied extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'WorkerDied';
  }
}

/** The worker answered that it could not. */
export class RequestFailed extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.reason);
    this.name = 'RequestFailed';
    this.failure = failure;
  }
}

export interface WorkerLinkOptions {
  readonly startWorker: () => Worker;
  /** A worker stopped by itself; another is started. */
  readonly onDied: (reason: string) => void;
  /** A worker that was started again could not open the database. It tries again with each request. */
  readonly onCannotOpen: (failure: Failure) => void;
}

/** Talks with the worker, and starts another when it dies. */
export interface WorkerLink {
  /** The greatest event number at the first start. Rejects with RequestFailed when the database cannot be opened. */
  readonly opened: Promise<number>;
  /** Rejects with WorkerDied or RequestFailed. */
  request(request: Request, onPart?: (cells: Cell[]) => void): Promise<Cell[]>;
  /** Resolves after the worker has closed the database and is gone. */
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (cells: Cell[]) => void;
  readonly reject: (error: Error) => void;
  readonly onPart: ((cells: Cell[]) => void) | undefined;
}

export function openWorkerLink(options: WorkerLinkOptions): WorkerLink {
  const waiting = new Map<number, Waiting>();
  const opened = Promise.withResolvers<number>();
  const gone = Promise.withResolvers<void>();
  let nextRequest = 1;
  let isClosing = false;
  let worker: Worker | undefined;
  let restart: NodeJS.Timeout | undefined;
  let deaths = 0;

  const onReply = (reply: Reply) => {
    if (reply.kind === 'opened') return opened.resolve(reply.lastSeq);
    if (reply.kind === 'cannot-open') {
      opened.reject(new RequestFailed(reply.failure));
      return options.onCannotOpen(reply.failure);
    }
    const waiter = waiting.get(reply.request);
    if (reply.kind === 'part') return waiter?.onPart?.(reply.cells);
    waiting.delete(reply.request);
    if (reply.kind === 'failed') waiter?.reject(new RequestFailed(reply.failure));
    else waiter?.resolve(reply.cells);
  };

  const onEnd = (reason: string, livedMs: number) => {
    worker = undefined;
    opened.reject(new WorkerDied(reason));
    if (isClosing) gone.resolve();
    else {
      options.onDied(reason);
      const next = restartAfter(ANSWERING, deaths, livedMs);
      deaths = next.deaths;
      if (next.waitMs === 0) start();
      else restart = setTimeout(start, next.waitMs);
    }
    // After the start, so that what is tried again finds the new worker.
    const abandoned = [...waiting.values()];
    waiting.clear();
    for (const waiter of abandoned) waiter.reject(new WorkerDied(reason));
  };

  const start = () => {
    restart = undefined;
    const started = options.startWorker();
    worker = started;
    const since = performance.now();
    let reason = '';
    started.on('message', onReply);
    started.on('error', (error) => {
      reason = error instanceof Error ? error.message : String(error);
    });
    started.on('exit', (code) => onEnd(reason || `exit code ${code}`, performance.now() - since));
  };

  start();
  return {
    opened: opened.promise,
    request: (request, onPart) => {
      const { promise, resolve, reject } = Promise.withResolvers<Cell[]>();
      if (!worker) reject(new WorkerDied('it is being started again'));
      else {
        const number = nextRequest++;
        waiting.set(number, { resolve, reject, onPart });
        worker.postMessage({ ...request, request: number });
      }
      return promise;
    },
    close: () => {
      if (!isClosing) {
        isClosing = true;
        clearTimeout(restart);
        if (worker) worker.postMessage({ kind: 'close', request: nextRequest++ });
        else gone.resolve();
      }
      return gone.promise;
    },
  };
}
