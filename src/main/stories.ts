import type { Emit, RecordedEvent } from '../event/event.ts';
import { eventsJson } from '../event/events-json.ts';
import type { EventQuery } from '../event/query.ts';
import type { StoryFeed, StoryQuery, StoryReader } from '../http/api/ports.ts';
import type { EventHub } from '../io/event-hub.ts';
import { ProvisionError } from '../net/provision-error.ts';
import type { EventStore } from '../store/store.ts';
import { encodePcap } from '../wire/pcap.ts';
import { keepStoryProcess, type StoryProcess } from './keep-story-process.ts';
import type { FromStories, StoryQuestion } from './story-protocol.ts';
import type { Traffic } from './story-teller.ts';
import type { Tapes } from './tapes.ts';

/** What is asked before it begins is answered then, and those who follow are told from then on. */
export interface Stories extends StoryFeed, Pick<StoryProcess, 'pid' | 'kill' | 'close'> {
  /** The server is the account that it stays: what was told until now is read from the store, and the process gives up root. */
  begin(): void;
}

export interface StoriesOptions {
  readonly hub: Pick<EventHub, 'subscribe' | 'subscribePassing' | 'lastSeq'>;
  readonly emit: Emit;
  readonly store: Pick<EventStore, 'listJson'>;
  readonly tapes: Pick<Tapes, 'read'>;
  readonly now: () => number;
}

/** Events wait so long for others to go with them, and so many go at once: a fraction of a millisecond. */
const SEND_AFTER_MS = 100;
const MOST_SENT = 100;

/** Starts the process that follows the boots of all machines. One that dies is told as `worker.died` and started again. */
export function openStories(options: StoriesOptions): Stories {
  const { hub, now, tapes } = options;
  const link = createLink(options, () => events.forget());
  const events = createQueue(now, link.post);
  const begun = Promise.withResolvers<void>();
  let subscriptions: (() => void)[] = [];
  const ask = async (question: StoryQuestion) => {
    await begun.promise;
    // What was told before the question is part of the answer.
    events.sendAll();
    return link.ask(question);
  };
  return {
    list: async (query) => (await ask({ kind: 'list', query })) ?? new Uint8Array(),
    attempts: (query) => ask({ kind: 'attempts', query }),
    eventsOf: (query) => ask({ kind: 'events', query }),
    pcapOf: async (query) => {
      const found = await ask({ kind: 'traffic', query });
      if (found === undefined) return undefined;
      const { of, from, to } = JSON.parse(Buffer.from(found).toString()) as Traffic;
      return encodePcap(tapes.read(of, from, to ?? Number.POSITIVE_INFINITY));
    },
    follow: (query, take) => {
      const reader = link.follow(query, take);
      events.sendAll();
      return reader;
    },
    begin: () => {
      subscriptions = [hub.subscribe(events.add), hub.subscribePassing(events.add)];
      link.begin();
      begun.resolve();
    },
    pid: link.pid,
    kill: link.kill,
    close: () => {
      for (const end of subscriptions) end();
      events.forget();
      return link.close();
    },
  };
}

/** Hands events over in groups. */
function createQueue(now: () => number, post: StoryProcess['post']) {
  let waiting: RecordedEvent[] = [];
  let timer: NodeJS.Timeout | undefined;
  const send = () => {
    clearTimeout(timer);
    timer = undefined;
    const events = waiting;
    waiting = [];
    if (events.length > 0) post({ kind: 'told', now: now() }, Buffer.from(eventsJson(events)));
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

/** `onBegin`: what was told up to now will be read from the store. */
function createLink(options: StoriesOptions, onBegin: () => void) {
  const { hub, emit, store, now } = options;
  let hasBegun = false;
  const begin = () => {
    hasBegun = true;
    onBegin();
    const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
    post({ kind: 'begin', first: hub.lastSeq() + 1, now: now(), uid, gid });
    followers.begin();
  };
  const { post, ...child } = keepStoryProcess({
    onMessage: (message, body) => {
      if (message.kind === 'piece') followers.take(message.readers, body);
      else if (message.kind === 'read') void read(message.id, message.query);
      else questions.answered(message, body);
    },
    onRestart: () => {
      if (hasBegun) begin();
    },
    onDied: (reason) => {
      questions.rejectAll();
      emit('worker.died', {}, { name: 'stories', reason });
    },
  });
  const questions = createQuestions(post);
  const followers = createFollowers(post);
  const read = async (id: number, query: EventQuery) => {
    // The store tells by itself that it cannot be read.
    const events = await store.listJson(query).catch(() => undefined);
    post({ kind: 'kept', id, isRead: events !== undefined }, Buffer.from(`[${events?.join() ?? ''}]`));
  };
  return {
    ...child,
    begin,
    post,
    ask: (question: StoryQuestion) => (child.isRunning() ? questions.ask(question) : Promise.reject(notNow())),
    follow: followers.follow,
  };
}

/** What was asked and is not answered yet. */
function createQuestions(post: StoryProcess['post']) {
  const waiting = new Map<number, PromiseWithResolvers<Uint8Array | undefined>>();
  let next = 1;
  return {
    ask: (question: StoryQuestion) => {
      const id = next++;
      const wanted = Promise.withResolvers<Uint8Array | undefined>();
      waiting.set(id, wanted);
      post({ kind: 'ask', id, question });
      return wanted.promise;
    },
    answered: (message: Extract<FromStories, { kind: 'answer' | 'failed' }>, body: Uint8Array) => {
      const wanted = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.kind === 'answer') wanted?.resolve(message.isFound ? body : undefined);
      else wanted?.reject(new Error(message.reason));
    },
    rejectAll: () => {
      for (const { reject } of waiting.values()) reject(notNow());
      waiting.clear();
    },
  };
}

/** Those who follow, for as long as they do: also the next process tells them. */
function createFollowers(post: StoryProcess['post']) {
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
    take: (readers: readonly number[], piece: Uint8Array) => {
      if (pieces.length === 0) setImmediate(takeOne);
      for (const reader of readers) pieces.push({ reader, piece });
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
