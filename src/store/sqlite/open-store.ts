import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import packageJson from '../../../package.json' with { type: 'json' };
import type { Emit } from '../../event/event.ts';
import type { Lease } from '../../lease/lease.ts';
import type { Life } from '../../machine/life.ts';
import type { MacRecord } from '../../machine/mac-record.ts';
import { ProvisionError } from '../../net/provision-error.ts';
import { defaultEventLimits, type EventLimits, type Store } from '../store.ts';
import { createEventQueue, type EventQueue } from './event-queue.ts';
import { toProvisionError } from './failure.ts';
import { type FolderLock, lockFolder, prepareFolder } from './folder.ts';
import { createHealthWatch, type HealthWatch } from './health.ts';
import { decodeLeases } from './lease-table.ts';
import type { Cell, Failure, Request, WorkerSetup } from './protocol.ts';
import { openWorkerLink, RequestFailed, type WorkerLink } from './worker-link.ts';
import { createWriteQueue } from './write-queue.ts';

export interface OpenStoreOptions {
  /** Made with mode 0750 when it is not there. */
  readonly folder: string;
  /** Hears `store.failed`, `store.recovered` and `worker.died`. */
  readonly emit?: Emit | undefined;
  /** Written into the database, for an older version that finds it. */
  readonly version?: string | undefined;
  readonly eventLimits?: EventLimits | undefined;
  /** URL of a module whose `prepareThread()` the thread runs first. */
  readonly threadModule?: string | undefined;
  /** How often a store that cannot write tries again by itself. */
  readonly probeEveryMs?: number | undefined;
  /** Starts the thread that owns the database. */
  readonly startWorker?: ((setup: WorkerSetup) => Worker) | undefined;
}

/**
 * Opens the SQLite store of a data folder; the database lives in a worker thread.
 * Rejects with ProvisionError: `store-busy` (another server uses the folder), `store-newer` (a newer version wrote
 * it), `store-corrupt`, `store-failed` (cannot be written).
 */
export async function openStore(options: OpenStoreOptions): Promise<Store> {
  const folder = resolve(options.folder);
  await prepareFolder(folder);
  const lock = await lockFolder(folder);
  const setup: WorkerSetup = {
    folder,
    version: options.version ?? packageJson.version,
    eventLimits: options.eventLimits ?? defaultEventLimits,
    threadModule: options.threadModule,
  };
  const emit: Emit = options.emit ?? (() => {});
  const startWorker = options.startWorker ?? startStoreWorker;
  let onCannotOpen: (failure: Failure) => void = () => {};
  const link = openWorkerLink({
    startWorker: () => startWorker(setup),
    onDied: (reason) => emit('worker.died', {}, { name: 'store', reason }),
    onCannotOpen: (failure) => onCannotOpen(failure),
  });
  const lastSeq = await firstOpening(link, lock, folder);
  const parts = assemble({ folder, lastSeq, link, emit, probeEveryMs: options.probeEveryMs ?? 1000 });
  onCannotOpen = parts.health.failed;
  return toStore(folder, { ...parts, link, lock });
}

function startStoreWorker(setup: WorkerSetup): Worker {
  return new Worker(new URL('./worker.ts', import.meta.url), { workerData: setup, name: 'store' });
}

async function firstOpening(link: WorkerLink, lock: FolderLock, folder: string): Promise<number> {
  try {
    return await link.opened;
  } catch (error) {
    await link.close();
    await lock.release();
    const action = `Cannot open the database in "${folder}"`;
    if (error instanceof RequestFailed) throw toProvisionError(action, error.failure);
    throw new ProvisionError('store-failed', `${action}: ${String(error)}`, { cause: error });
  }
}

interface Parts {
  readonly health: HealthWatch;
  readonly events: EventQueue;
  readonly writes: ReturnType<typeof createWriteQueue>;
}

interface AssembleOptions {
  readonly folder: string;
  readonly lastSeq: number;
  readonly link: WorkerLink;
  readonly emit: Emit;
  readonly probeEveryMs: number;
}

function assemble({ folder, lastSeq, link, emit, probeEveryMs }: AssembleOptions): Parts {
  const request = (message: Request) => link.request(message);
  const onError = (error: unknown) => {
    if (error instanceof RequestFailed && error.failure.cause === 'world') health.failed(error.failure);
  };
  const probe = () => {
    request({ kind: 'probe' }).then(health.succeeded, onError);
  };
  const health = createHealthWatch({ emit, probe, probeEveryMs });
  const events = createEventQueue({ folder, lastSeq, request, onFailed: onError });
  const writes = createWriteQueue({ folder, request, onWritten: health.succeeded, onFailed: health.failed });
  return { health, events, writes };
}

function toStore(folder: string, parts: Parts & { readonly link: WorkerLink; readonly lock: FolderLock }): Store {
  const { health, events, writes, link, lock } = parts;
  const closeAll = async () => {
    await writes.close();
    await events.close();
    health.close();
    await link.close();
    await lock.release();
  };
  let closing: Promise<void> | undefined;
  return {
    leases: { load: () => load(folder, link), commit: writes.commit },
    lives: { loadLives: () => loadLives(folder, link), saveLife: writes.saveLife },
    macs: { loadMacs: () => loadMacs(folder, link), saveMac: writes.saveMac },
    events,
    health: () => health.state(events.dropped()),
    close: () => {
      closing ??= closeAll();
      return closing;
    },
  };
}

async function load(folder: string, link: WorkerLink): Promise<Lease[]> {
  const leases: Lease[] = [];
  await read(`Cannot read leases from "${folder}"`, () =>
    link.request({ kind: 'load' }, (cells) => decodeLeases(cells, leases)),
  );
  return leases;
}

async function loadLives(folder: string, link: WorkerLink): Promise<Life[]> {
  const cells = await read(`Cannot read machines from "${folder}"`, () => link.request({ kind: 'lives' }));
  return cells.map((json) => JSON.parse(String(json)) as Life);
}

async function loadMacs(folder: string, link: WorkerLink): Promise<MacRecord[]> {
  const cells = await read(`Cannot read Macs from "${folder}"`, () => link.request({ kind: 'macs' }));
  return cells.map((json) => JSON.parse(String(json)) as MacRecord);
}

async function read(action: string, work: () => Promise<Cell[]>): Promise<Cell[]> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof RequestFailed) throw toProvisionError(action, error.failure);
    throw new ProvisionError('store-failed', `${action}: ${String(error)}`, { cause: error });
  }
}
