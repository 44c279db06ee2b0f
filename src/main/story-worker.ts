import { flushCompileCache } from 'node:module';
import { isMainThread, type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { RecordedEvent } from '../event/event.ts';
import type { EventQuery } from '../event/query.ts';
import type { StoryReader } from '../http/api/ports.ts';
import { diagnose } from '../story/diagnose/diagnose.ts';
import type { FromStories, StoryQuestion, StorySetup, ToStories } from './story-protocol.ts';
import { createStoryTeller, type StoryTeller } from './story-teller.ts';

/** The thread that folds, diagnoses and words the stories, so that the one that answers machines does not. */
function run(setup: StorySetup, port: MessagePort): void {
  const tell = (message: FromStories, bytes?: Uint8Array) =>
    port.postMessage(message, bytes ? [bytes.buffer as ArrayBuffer] : []);
  const clock = createClock(setup.now);
  const store = createStoreReader(tell);
  const teller = createStoryTeller({ read: store.read, first: setup.first, now: clock.now, diagnose });
  const readers = new Map<number, StoryReader>();
  const answer = async (id: number, question: StoryQuestion) => {
    try {
      const found = await ask(teller, question);
      tell({ kind: 'answer', id, answer: found }, found instanceof Uint8Array ? found : undefined);
    } catch (error) {
      tell({ kind: 'failed', id, reason: error instanceof Error ? error.message : String(error) });
    }
  };
  port.on('message', (message: ToStories) => {
    switch (message.kind) {
      case 'told':
        clock.set(message.now);
        return teller.take(JSON.parse(message.json) as RecordedEvent[]);
      case 'ask':
        return void answer(message.id, message.question);
      case 'follow': {
        const { reader, query } = message;
        readers.set(
          reader,
          teller.follow(query, (bytes) => tell({ kind: 'piece', reader, bytes }, bytes)),
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
        return store.onKept(message.id, message.events);
      case 'close':
        teller.close();
        port.close();
    }
  });
}

function ask(teller: StoryTeller, question: StoryQuestion) {
  switch (question.kind) {
    case 'list':
      return teller.list(question.query);
    case 'attempts':
      return teller.attempts(question.query);
    case 'events':
      return teller.eventsOf(question.query);
    case 'traffic':
      return teller.trafficOf(question.query);
  }
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
function createStoreReader(tell: (message: FromStories) => void) {
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
    onKept: (id: number, events: readonly string[] | undefined) => {
      const wanted = waiting.get(id);
      waiting.delete(id);
      if (events === undefined) wanted?.reject(new Error('the events cannot be read just now'));
      else wanted?.resolve(events.map((json) => JSON.parse(json) as RecordedEvent));
    },
  };
}

// Nothing happens when something else than a Worker imports this file.
if (!isMainThread && parentPort) {
  // Later, as an account that may not write there, it would be too late.
  flushCompileCache();
  const setup = workerData as StorySetup;
  if (setup.threadModule !== undefined) {
    const { prepareThread } = (await import(setup.threadModule)) as { prepareThread: () => Promise<void> };
    await prepareThread();
  }
  run(setup, parentPort);
}
