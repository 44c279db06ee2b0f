import type { RecordedEvent } from '../../event/event.ts';
import { eventsJson } from '../../event/events-json.ts';
import type { EventQuery } from '../../event/query.ts';
import { ProvisionError } from '../../net/provision-error.ts';
import type { EventStore } from '../store.ts';
import { toProvisionError } from './failure.ts';
import type { Cell, Request } from './protocol.ts';
import { RequestFailed } from './worker-link.ts';

/** Events of one transaction: a millisecond or two, so that leases do not wait longer. */
const EVENTS_PER_WRITE = 250;
/** This many are written without waiting for the timer. */
const FLUSH_AT = 500;
const FLUSH_AFTER_MS = 200;
const RETRY_AFTER_MS = 1000;
/** When they cannot be written, this many newest are held in memory. */
const MAX_WAITING = 10_000;

export interface EventQueue extends EventStore {
  /** Events that were given up for want of room, since the start. */
  dropped(): number;
  /** Resolves after one last try to write what waits. */
  close(): Promise<void>;
}

export interface EventQueueOptions {
  readonly folder: string;
  readonly lastSeq: number;
  readonly request: (request: Request) => Promise<Cell[]>;
  /** What is thrown here is WorkerDied or RequestFailed. */
  readonly onFailed: (error: unknown) => void;
}

export function createEventQueue(options: EventQueueOptions): EventQueue {
  let waiting: RecordedEvent[] = [];
  let dropped = 0;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let isClosed = false;

  const trim = () => {
    // Cut in steps, so that a flood does not move the whole list for each event.
    if (waiting.length <= MAX_WAITING * 1.25) return;
    dropped += waiting.length - MAX_WAITING;
    waiting = waiting.slice(-MAX_WAITING);
  };

  const writeAll = async () => {
    while (waiting.length > 0) {
      const chunk = waiting.slice(0, EVENTS_PER_WRITE);
      waiting = waiting.slice(chunk.length);
      try {
        await options.request({ kind: 'events', json: eventsJson(chunk) });
      } catch (error) {
        if (isBadData(error)) dropped += chunk.length;
        else waiting = [...chunk, ...waiting];
        trim();
        return options.onFailed(error);
      }
    }
  };

  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    running ??= writeAll().finally(() => {
      running = undefined;
      if (waiting.length > 0 && !isClosed) timer ??= setTimeout(flush, RETRY_AFTER_MS);
    });
    return running;
  };

  const listJson = async (query: EventQuery) => {
    await flush();
    return readJson(options, query);
  };
  return {
    append: (events) => {
      if (isClosed) return;
      for (const event of events) waiting.push(event);
      trim();
      if (running) return;
      if (waiting.length >= FLUSH_AT) void flush();
      else timer ??= setTimeout(flush, FLUSH_AFTER_MS);
    },
    list: async (query) => (await listJson(query)).map((json) => JSON.parse(json) as RecordedEvent),
    listJson,
    lastSeq: () => options.lastSeq,
    dropped: () => dropped,
    close: async () => {
      isClosed = true;
      await flush();
      clearTimeout(timer);
    },
  };
}

async function readJson(options: EventQueueOptions, query: EventQuery): Promise<string[]> {
  const action = `Cannot read events from "${options.folder}"`;
  try {
    return (await options.request({ kind: 'list', query })).map(String);
  } catch (error) {
    if (error instanceof RequestFailed) throw toProvisionError(action, error.failure);
    throw new ProvisionError('store-failed', `${action}: ${String(error)}`, { cause: error });
  }
}

function isBadData(error: unknown): boolean {
  return error instanceof RequestFailed && error.failure.cause === 'bad-data';
}
