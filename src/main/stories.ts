import { Worker } from 'node:worker_threads';
import type { Emit, RecordedEvent } from '../event/event.ts';
import { eventsJson } from '../event/events-json.ts';
import type { EventQuery } from '../event/query.ts';
import type { StoryFeed, StoryQuery, StoryReader } from '../http/api/ports.ts';
import type { EventHub } from '../io/event-hub.ts';
import { ProvisionError } from '../net/provision-error.ts';
import type { EventStore } from '../store/store.ts';
import { encodePcap } from '../wire/pcap.ts';
import type { FromStories, StoryAnswer, StoryQuestion, StorySetup, ToStories } from './story-protocol.ts';
import type { Traffic } from './story-teller.ts';
import type { Tapes } from './tapes.ts';

export interface Stories extends StoryFeed {
  /** Resolves after the thread is gone. */
  close(): Promise<void>;
  /** Ends the thread without notice, as a defect would. For tests. */
  terminateWorker(): Promise<void>;
}

export interface StoriesOptions {
  readonly hub: Pick<EventHub, 'subscribe' | 'subscribePassing' | 'lastSeq'>;
  readonly emit: Emit;
  readonly store: Pick<EventStore, 'listJson'>;
  readonly tapes: Pick<Tapes, 'read'>;
  readonly now: () => number;
  /** URL of a module whose `prepareThread()` the thread runs first. */
  readonly threadModule?: string | undefined;
}

/** Events wait so long for others to go with them, and so many go at once: a fraction of a millisecond. */
const SEND_AFTER_MS = 100;
const MOST_SENT = 100;
/** A thread that died is started again after a second, and later when it died at once: it will read the same events. */
const RESTART_AFTER_MS = 1_000;
const RESTART_LATER_MS = 5_000;
const LIVED_MS = 60_000;

/** Starts the thread that follows the boots of all machines. One that dies is told as `worker.died` and started again. */
export function openStories(options: StoriesOptions): Stories {
  const link = createLink(options, () => events.forget());
  const events = createQueue(options.now, link.post);
  const subscriptions = [options.hub.subscribe(events.add), options.hub.subscribePassing(events.add)];
  link.start();
  const ask = (question: StoryQuestion) => {
    // What was told before the question is part of the answer.
    events.sendAll();
    return link.ask(question);
  };
  const bytesOf = async (question: StoryQuestion) => (await ask(question)) as Uint8Array | undefined;
  return {
    list: async (query) => (await bytesOf({ kind: 'list', query })) ?? new Uint8Array(),
    attempts: (query) => bytesOf({ kind: 'attempts', query }),
    eventsOf: (query) => bytesOf({ kind: 'events', query }),
    pcapOf: async (query) => {
      const found = (await ask({ kind: 'traffic', query })) as Traffic | undefined;
      return found && encodePcap(options.tapes.read(found.of, found.from, found.to));
    },
    follow: (query, take) => {
      const reader = link.follow(query, take);
      events.sendAll();
      return reader;
    },
    close: () => {
      for (const end of subscriptions) end();
      events.forget();
      return link.close();
    },
    terminateWorker: link.terminate,
  };
}

/** Hands events over in groups. */
function createQueue(now: () => number, post: (message: ToStories) => void) {
  let waiting: RecordedEvent[] = [];
  let timer: NodeJS.Timeout | undefined;
  const send = () => {
    clearTimeout(timer);
    timer = undefined;
    const events = waiting;
    waiting = [];
    if (events.length > 0) post({ kind: 'told', now: now(), json: eventsJson(events) });
  };
  return {
    add: (event: RecordedEvent) => {
      waiting.push(event);
      if (waiting.length >= MOST_SENT) send();
      else timer ??= setTimeout(send, SEND_AFTER_MS);
    },
    sendAll: send,
    forget: () => {
      clearTimeout(timer);
      timer = undefined;
      waiting = [];
    },
  };
}

/** `onStart`: what was told up to now will be read from the store. */
function createLink(options: StoriesOptions, onStart: () => void) {
  const { hub, emit, store, now, threadModule } = options;
  let worker: Worker | undefined;
  let restart: NodeJS.Timeout | undefined;
  let gone = Promise.resolve();
  let isClosing = false;

  const post = (message: ToStories) => worker?.postMessage(message);
  const questions = createQuestions(post);
  const followers = createFollowers(post);
  const read = async (id: number, query: EventQuery) => {
    // The store tells by itself that it cannot be read.
    const events = await store.listJson(query).catch(() => undefined);
    post({ kind: 'kept', id, events });
  };
  const onMessage = (message: FromStories) => {
    if (message.kind === 'piece') followers.take(message.reader, message.bytes);
    else if (message.kind === 'read') void read(message.id, message.query);
    else questions.answered(message);
  };
  const onExit = (reason: string, hasLived: boolean) => {
    worker = undefined;
    questions.rejectAll();
    if (isClosing) return;
    emit('worker.died', {}, { name: 'stories', reason });
    restart = setTimeout(start, hasLived ? RESTART_AFTER_MS : RESTART_LATER_MS);
  };
  const start = () => {
    onStart();
    const workerData: StorySetup = { first: hub.lastSeq() + 1, now: now(), threadModule };
    const started = new Worker(new URL('./story-worker.ts', import.meta.url), { workerData, name: 'stories' });
    const since = performance.now();
    worker = started;
    let reason = '';
    started.on('message', onMessage);
    started.on('error', (error) => {
      reason = error instanceof Error ? error.message : String(error);
    });
    gone = new Promise((resolve) => {
      started.on('exit', (code) => {
        onExit(reason || `exit code ${code}`, performance.now() - since > LIVED_MS);
        resolve();
      });
    });
    followers.begin();
  };
  return {
    post,
    start,
    ask: (question: StoryQuestion) => (worker ? questions.ask(question) : Promise.reject(notNow())),
    follow: followers.follow,
    close: async () => {
      isClosing = true;
      clearTimeout(restart);
      post({ kind: 'close' });
      await gone;
    },
    terminate: async () => {
      await worker?.terminate();
    },
  };
}

/** What was asked and is not answered yet. */
function createQuestions(post: (message: ToStories) => void) {
  const waiting = new Map<number, PromiseWithResolvers<StoryAnswer>>();
  let next = 1;
  return {
    ask: (question: StoryQuestion) => {
      const id = next++;
      const wanted = Promise.withResolvers<StoryAnswer>();
      waiting.set(id, wanted);
      post({ kind: 'ask', id, question });
      return wanted.promise;
    },
    answered: (message: Extract<FromStories, { kind: 'answer' | 'failed' }>) => {
      const wanted = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.kind === 'answer') wanted?.resolve(message.answer);
      else wanted?.reject(new Error(message.reason));
    },
    rejectAll: () => {
      for (const { reject } of waiting.values()) reject(notNow());
      waiting.clear();
    },
  };
}

/** Those who follow, for as long as they do: also the next thread tells them. */
function createFollowers(post: (message: ToStories) => void) {
  const followers = new Map<number, { readonly query: StoryQuery; readonly take: (piece: Uint8Array) => void }>();
  const pieces: { readonly reader: number; readonly piece: Uint8Array }[] = [];
  let ready: number[] = [];
  let next = 1;
  const takeOne = () => {
    const one = pieces.shift();
    if (one) followers.get(one.reader)?.take(one.piece);
    if (pieces.length > 0) setImmediate(takeOne);
  };
  const sendReady = () => {
    post({ kind: 'ready', readers: ready });
    ready = [];
  };
  return {
    /** What came for many at once is written one a turn of the event loop, so that machines never wait for more than one. */
    take: (reader: number, piece: Uint8Array) => {
      if (pieces.push({ reader, piece }) === 1) setImmediate(takeOne);
    },
    begin: () => {
      for (const [reader, { query }] of followers) post({ kind: 'follow', reader, query });
    },
    follow: (query: StoryQuery, take: (piece: Uint8Array) => void): StoryReader => {
      const reader = next++;
      followers.set(reader, { query, take });
      post({ kind: 'follow', reader, query });
      return {
        // Most take what they get at once: one message says it of all.
        ready: () => {
          if (ready.push(reader) === 1) setImmediate(sendReady);
        },
        end: () => {
          followers.delete(reader);
          post({ kind: 'end', reader });
        },
      };
    },
  };
}

function notNow(): ProvisionError {
  const hint = 'Ask again in a moment; `rackready events` tells why it ended (worker.died).';
  return new ProvisionError('not-running', 'what follows the boots is being started again', { hint });
}
