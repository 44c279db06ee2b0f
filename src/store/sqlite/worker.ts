import { flushCompileCache } from 'node:module';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { RecordedEvent } from '../../event/event.ts';
import { openDatabase, type StoreDatabase } from './database.ts';
import type { EventSearch } from './event-table.ts';
import { describeSqliteError, needsReopening } from './failure.ts';
import type { Cell, Failure, Reply, RequestMessage, WorkerSetup } from './protocol.ts';

/*
 * The store's worker: owns the database. Work is done in small steps, the most urgent first: leases and lives, then
 * short reads, then events, then a step of a search. Before each step the mailbox is looked at again, so that nothing
 * delays a lease by more than one step.
 */

type Step = () => 'done' | 'more';

/** Smaller is sooner. */
const urgency: Readonly<Record<RequestMessage['kind'], number>> = {
  write: 0,
  load: 1,
  lives: 1,
  macs: 1,
  probe: 1,
  events: 2,
  list: 3,
  close: 4,
};

function runWorker(port: MessagePort, setup: WorkerSetup): void {
  const reply = (message: Reply) => port.postMessage(message);
  const holder = createHolder(setup);
  try {
    reply({ kind: 'opened', lastSeq: holder.get().events.lastSeq() });
  } catch (error) {
    reply({ kind: 'cannot-open', failure: holder.describe(error) });
  }
  const queues: { request: number; step: Step }[][] = [[], [], [], [], []];
  const take = (message: RequestMessage) =>
    queues[urgency[message.kind]]?.push({
      request: message.request,
      step: createStep(message, { port, holder, reply }),
    });
  const takeAll = () => {
    for (;;) {
      const next = receiveMessageOnPort(port);
      if (!next) return;
      take(next.message as RequestMessage);
    }
  };
  port.on('message', (first: RequestMessage) => {
    take(first);
    for (;;) {
      takeAll();
      const queue = queues.find((candidate) => candidate.length > 0);
      const job = queue?.[0];
      if (!queue || !job) return;
      if (runStep(job, holder, reply) === 'done') queue.shift();
    }
  });
}

function runStep(job: { request: number; step: Step }, holder: Holder, reply: (message: Reply) => void) {
  try {
    return job.step();
  } catch (error) {
    reply({ kind: 'failed', request: job.request, failure: holder.describe(error) });
    return 'done';
  }
}

interface Holder {
  /** The open database; opens it again after an error that left it in doubt. */
  get(): StoreDatabase;
  /** Says what an error means, and drops the connection when it is in doubt. */
  describe(error: unknown): Failure;
  close(): void;
}

/** Carries a refusal (a newer schema, a damaged table) through the places that throw. */
class Refused extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.reason);
    this.failure = failure;
  }
}

function createHolder(setup: WorkerSetup): Holder {
  let database: StoreDatabase | undefined;
  const close = () => {
    const closing = database;
    database = undefined;
    closing?.close();
  };
  return {
    get: () => {
      if (database) return database;
      const opened = openDatabase(setup);
      if ('cause' in opened) throw new Refused(opened);
      database = opened;
      return opened;
    },
    describe: (error) => {
      if (error instanceof Refused) return error.failure;
      const failure = describeSqliteError(error, setup.folder);
      if (needsReopening(error)) close();
      return failure;
    },
    close,
  };
}

interface StepDeps {
  readonly port: MessagePort;
  readonly holder: Holder;
  readonly reply: (message: Reply) => void;
}

/** By the clock that does not jump, from the wall clock at the start: a clock that is set must not empty the history. */
function steadyNow(): number {
  return performance.timeOrigin + performance.now();
}

function createStep(message: RequestMessage, deps: StepDeps): Step {
  const { holder, reply } = deps;
  const done = (cells: Cell[] = []) => {
    reply({ kind: 'done', request: message.request, cells });
    return 'done' as const;
  };
  switch (message.kind) {
    case 'write':
      return () => done(write(holder.get(), message));
    case 'events':
      return () => done(writeEvents(holder.get(), message.json));
    case 'load':
      return () => {
        holder.get().leases.load((cells) => reply({ kind: 'part', request: message.request, cells }));
        return done();
      };
    case 'lives':
      return () => done(holder.get().loadLives());
    case 'macs':
      return () => done(holder.get().loadMacs());
    case 'probe':
      return () => {
        holder.get().probe();
        return done();
      };
    case 'list': {
      let search: EventSearch | undefined;
      return () => {
        search ??= holder.get().events.search(message.query);
        return search.step() ? done(search.found) : 'more';
      };
    }
    case 'close':
      return () => {
        holder.close();
        done();
        deps.port.close();
        return 'done';
      };
  }
}

function write(database: StoreDatabase, { rows, lives, macs }: Extract<RequestMessage, { kind: 'write' }>): Cell[] {
  return database.transaction('safe', () => {
    for (let at = 0; at < lives.length; at += 3) {
      database.saveLife(lives[at] ?? '', lives[at + 1] ?? '', lives[at + 2] ?? '');
    }
    for (let at = 0; at < macs.length; at += 2) database.saveMac(macs[at] ?? '', macs[at + 1] ?? '');
    return database.leases.apply(rows);
  });
}

function writeEvents(database: StoreDatabase, json: string): Cell[] {
  const events = JSON.parse(json) as RecordedEvent[];
  database.transaction('soon', () => {
    database.events.insert(events);
    database.events.prune(steadyNow());
  });
  return [];
}

if (parentPort) {
  // Later, as an account that may not write there, it would be too late.
  flushCompileCache();
  const setup = workerData as WorkerSetup;
  if (setup.threadModule !== undefined) {
    const { prepareThread } = (await import(setup.threadModule)) as { prepareThread: () => Promise<void> };
    await prepareThread();
  }
  runWorker(parentPort, setup);
}
