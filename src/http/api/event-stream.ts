import type { ServerResponse } from 'node:http';
import type { RecordedEvent } from '../../event/event.ts';
import { type EventFilter, matchesFilter } from '../../event/query.ts';
import type { EventFeed } from './ports.ts';
import { eventView } from './views.ts';

export interface StreamOptions {
  readonly feed: EventFeed;
  readonly filter: EventFilter;
  /** Go on after this event. */
  readonly after?: number | undefined;
  /** Without `after`: begin with this many of the newest. */
  readonly last: number;
  readonly textOf: EventTexts;
  /** The server stops: what was heard is written at once. */
  readonly ending: AbortSignal;
  readonly limits?: Partial<StreamLimits> | undefined;
}

/** An event as it is written. */
export type EventTexts = (event: RecordedEvent) => string;

/** Each event is put into text once, however many read it. */
export function createEventTexts(): EventTexts {
  const texts = new WeakMap<RecordedEvent, string>();
  return (event) => {
    const known = texts.get(event);
    if (known !== undefined) return known;
    const text = `id: ${event.seq}\ndata: ${JSON.stringify(eventView(event))}\n\n`;
    texts.set(event, text);
    return text;
  };
}

/** What happens meanwhile is written together. */
const WRITE_EVERY_MS = 150;

export interface StreamLimits {
  /** A reader that has so much waiting is dropped; it comes back with Last-Event-ID. */
  readonly unreadBytes: number;
  /** Live events that are kept while older ones are still being read from the store. */
  readonly pendingEvents: number;
  readonly pageSize: number;
  readonly heartbeatMs: number;
}

const defaultLimits: StreamLimits = {
  unreadBytes: 1024 * 1024,
  pendingEvents: 2000,
  pageSize: 500,
  heartbeatMs: 15_000,
};

/**
 * Writes server-sent events (WHATWG HTML, section 9.2): first what the store has, then live, each event once and none left
 * out. Live events are collected from before the store is asked; those that do not fit are read from the store instead.
 * Resolves when the reader is gone or was dropped.
 */
export async function streamEvents(response: ServerResponse, options: StreamOptions): Promise<void> {
  const stream = new EventStream(response, options);
  await stream.run();
}

class EventStream {
  readonly #response: ServerResponse;
  readonly #options: StreamOptions;
  readonly #limits: StreamLimits;
  #pending: RecordedEvent[] = [];
  /** `pending` was thrown away: the store has to be asked once more. */
  #hasOverflowed = false;
  #isLive = false;
  #lastSent = 0;
  /** To be written when the timer is up. */
  #unwritten = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(response: ServerResponse, options: StreamOptions) {
    this.#response = response;
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
  }

  async run(): Promise<void> {
    const response = this.#response;
    const closed = new Promise<void>((resolve) => response.once('close', resolve));
    // One stream a connection: when it ends, the connection ends, and nobody takes silence for a quiet server.
    const headers = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', Connection: 'close' };
    response.writeHead(200, headers);
    response.write('retry: 1000\n\n');
    const unsubscribe = this.#options.feed.subscribe((event) => this.#hear(event));
    this.#options.ending.addEventListener('abort', () => this.#flush());
    const heartbeat = setInterval(() => this.#write(': still here\n\n'), this.#limits.heartbeatMs);
    try {
      await this.#catchUp();
      this.#goLive();
      await closed;
    } catch (error) {
      // The head is out, so the reason goes into a comment; the reader comes back by itself.
      this.#drop(`the events cannot be read: ${error instanceof Error ? error.message : error}`);
    } finally {
      clearInterval(heartbeat);
      clearTimeout(this.#timer);
      unsubscribe();
    }
  }

  async #catchUp(): Promise<void> {
    const { feed, filter, after, last } = this.#options;
    const { pageSize } = this.#limits;
    const newestSeq = feed.lastSeq();
    if (after === undefined) {
      await this.#sendAll(last > 0 ? await feed.list({ ...filter, limit: last }) : []);
      this.#lastSent = Math.max(this.#lastSent, newestSeq);
      if (!this.#hasOverflowed) return;
    } else if (after > newestSeq) {
      // There is nothing to go on from, and what comes now has smaller numbers.
      this.#write(': these are the events of another data folder\n\n');
      this.#lastSent = newestSeq;
      return;
    } else {
      this.#lastSent = after;
    }
    for (;;) {
      this.#hasOverflowed = false;
      const page = await feed.list({ ...filter, after: this.#lastSent, limit: pageSize });
      await this.#sendAll(page);
      if (this.#response.destroyed || (page.length < pageSize && !this.#hasOverflowed)) return;
    }
  }

  async #sendAll(events: readonly RecordedEvent[]): Promise<void> {
    for (const event of events) {
      if (this.#response.destroyed) return;
      this.#send(event);
      if (this.#response.writableNeedDrain) await drained(this.#response);
    }
  }

  #goLive(): void {
    this.#isLive = true;
    const pending = this.#pending;
    this.#pending = [];
    for (const event of pending) this.#sendLive(event);
  }

  #hear(event: RecordedEvent): void {
    if (this.#isLive) {
      this.#sendLive(event);
    } else if (this.#pending.length < this.#limits.pendingEvents) {
      this.#pending.push(event);
    } else {
      this.#pending = [];
      this.#hasOverflowed = true;
    }
  }

  #sendLive(event: RecordedEvent): void {
    if (event.seq <= this.#lastSent || !matchesFilter(event, this.#options.filter)) return;
    if (this.#response.writableEnded) return;
    this.#lastSent = event.seq;
    this.#unwritten += this.#options.textOf(event);
    this.#timer ??= setTimeout(() => this.#flush(), WRITE_EVERY_MS);
    if (this.#response.writableLength + this.#unwritten.length > this.#limits.unreadBytes) {
      this.#drop('dropped: you read too slowly; come back with Last-Event-ID');
    }
  }

  #send(event: RecordedEvent): void {
    this.#lastSent = event.seq;
    this.#write(this.#options.textOf(event));
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#unwritten;
    this.#unwritten = '';
    if (text !== '') this.#write(text);
  }

  #write(text: string): void {
    if (!this.#response.destroyed && !this.#response.writableEnded) this.#response.write(text);
  }

  #drop(reason: string): void {
    this.#flush();
    this.#write(`: ${reason.replace(/[\r\n]+/g, ' ')}\n\n`);
    this.#response.end();
    // What the reader has not taken stays in the socket until then; not for ever.
    this.#response.setTimeout(5_000, () => this.#response.destroy());
  }
}

function drained(response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = () => {
    response.off('drain', done);
    response.off('close', done);
    resolve();
  };
  response.once('drain', done);
  response.once('close', done);
  return promise;
}
