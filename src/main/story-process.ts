import { flushCompileCache } from 'node:module';
import { Socket } from 'node:net';
import type { RecordedEvent } from '../event/event.ts';
import type { EventQuery } from '../event/query.ts';
import type { StoryReader } from '../http/api/ports.ts';
import { type Account, prepareToGiveUpRoot } from '../io/privileges.ts';
import { diagnose } from '../story/diagnose/diagnose.ts';
import { createFrameReader, frameOf } from './story-frames.ts';
import type { FromStories, StoryBeginning, StoryQuestion, ToStories } from './story-protocol.ts';
import { createStoryTeller, type StoryTeller } from './story-teller.ts';

/*
 * The process that folds, diagnoses and words the stories: nothing that it does to its memory or to a processor holds up an
 * answer to a machine. It knows what it is told over one pipe, and ends with it.
 */

type Tell = (message: FromStories, body?: Uint8Array) => void;

function run(pipe: Socket, giveUpRoot: ((account: Account) => void) | undefined): void {
  const tell: Tell = (message, body) => {
    pipe.cork();
    for (const bytes of frameOf(message, body)) pipe.write(bytes);
    pipe.uncork();
  };
  let take: ReturnType<typeof createTaker> | undefined;
  pipe.on(
    'data',
    createFrameReader((head, body) => {
      const message = head as ToStories;
      if (message.kind !== 'begin') return take?.(message, body);
      const { uid, gid } = message;
      if (uid !== 0) giveUpRoot?.({ name: `uid ${uid}`, uid, gid });
      take = createTaker(message, tell);
    }),
  );
  // Whoever started this is gone, or wants it to go. There is nothing to be kept.
  pipe.on('error', () => {});
  pipe.once('close', () => process.exit(0));
  // The terminal's Ctrl-C and a service manager's stop reach everybody: main says when it is time, by closing the pipe.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  process.on('uncaughtExceptionMonitor', (error) => tell({ kind: 'broken', reason: reasonOf(error) }));
}

function createTaker({ first, now }: StoryBeginning, tell: Tell) {
  const clock = createClock(now);
  const store = createStoreReader(tell);
  const teller = createStoryTeller({ read: store.read, first, now: clock.now, diagnose });
  const sendTo = createSender(tell);
  const readers = new Map<number, StoryReader>();
  return (message: Exclude<ToStories, { kind: 'begin' }>, body: Uint8Array) => {
    switch (message.kind) {
      case 'told':
        clock.set(message.now);
        return teller.take(eventsIn(body));
      case 'ask':
        return void answer(teller, message, tell);
      case 'follow': {
        const { reader, query } = message;
        readers.set(
          reader,
          teller.follow(query, (piece) => sendTo(reader, piece)),
        );
        return;
      }
      case 'ready':
        for (const reader of message.readers) readers.get(reader)?.ready();
        return;
      case 'end':
        readers.get(message.reader)?.end();
        readers.delete(message.reader);
        return;
      case 'kept':
        return store.onKept(message, body);
    }
  };
}

async function answer(teller: StoryTeller, { id, question }: Extract<ToStories, { kind: 'ask' }>, tell: Tell) {
  try {
    const found = await find(teller, question);
    tell({ kind: 'answer', id, isFound: found !== undefined }, found);
  } catch (error) {
    tell({ kind: 'failed', id, reason: reasonOf(error) });
  }
}

async function find(teller: StoryTeller, question: StoryQuestion): Promise<Uint8Array | undefined> {
  switch (question.kind) {
    case 'list':
      return teller.list(question.query);
    case 'attempts':
      return teller.attempts(question.query);
    case 'events':
      return teller.eventsOf(question.query);
    case 'traffic': {
      const traffic = await teller.trafficOf(question.query);
      return traffic && Buffer.from(JSON.stringify(traffic));
    }
  }
}

/** Readers who get the same at the same time get it as one message. */
function createSender(tell: Tell) {
  const waiting = new Map<Uint8Array, number[]>();
  const send = () => {
    for (const [piece, readers] of waiting) tell({ kind: 'piece', readers }, piece);
    waiting.clear();
  };
  return (reader: number, piece: Uint8Array) => {
    const others = waiting.get(piece);
    if (others) others.push(reader);
    else if (waiting.set(piece, [reader]).size === 1) setImmediate(send);
  };
}

/** Main's clock, which is set when somebody sets the system's: it comes with each message, and goes on between them. */
function createClock(first: number) {
  let offset = first - performance.now();
  return {
    now: () => Math.floor(performance.now() + offset),
    set: (now: number) => {
      offset = now - performance.now();
    },
  };
}

/** Main asks the store. */
function createStoreReader(tell: Tell) {
  const waiting = new Map<number, PromiseWithResolvers<RecordedEvent[]>>();
  let next = 1;
  return {
    read: (query: EventQuery) => {
      const id = next++;
      const wanted = Promise.withResolvers<RecordedEvent[]>();
      waiting.set(id, wanted);
      tell({ kind: 'read', id, query });
      return wanted.promise;
    },
    onKept: ({ id, isRead }: Extract<ToStories, { kind: 'kept' }>, body: Uint8Array) => {
      const wanted = waiting.get(id);
      waiting.delete(id);
      if (isRead) wanted?.resolve(eventsIn(body));
      else wanted?.reject(new Error('the events cannot be read just now'));
    },
  };
}

function eventsIn(json: Uint8Array): RecordedEvent[] {
  return JSON.parse(Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString()) as RecordedEvent[];
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const giveUpRoot = process.getuid?.() === 0 ? await prepareToGiveUpRoot() : undefined;
// Later, as an account that may not write there, it would be too late.
flushCompileCache();
run(new Socket({ fd: 3, readable: true, writable: true }), giveUpRoot);
