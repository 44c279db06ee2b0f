import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RecordedEvent } from '../event/event.ts';
import type { StoryFeed, StoryQuery } from '../http/api/ports.ts';
import type { EventHub } from '../io/event-hub.ts';
import type { Mac } from '../net/mac.ts';
import type { EventStore } from '../store/store.ts';
import { createStoryBook } from '../story/book.ts';
import type { Trace } from '../story/diagnose/trace.ts';
import type { Attempt } from '../story/story.ts';
import { createStoryTexts, type Diagnose } from './story-texts.ts';
import { createStoryUpdates } from './story-updates.ts';

export interface Stories extends StoryFeed {
  close(): void;
}

export interface StoriesOptions {
  readonly hub: Pick<EventHub, 'subscribe' | 'subscribePassing' | 'lastSeq'>;
  readonly store: Pick<EventStore, 'list'>;
  readonly now: () => number;
  readonly diagnose: Diagnose;
}

/** How far back stories are told after a start. */
const REBUILT_FROM = 20_000;
const PAGE = 500;
/** Events of an attempt that lies further back, for its diagnosis. */
const MOST_OF_ATTEMPT = 500;

/**
 * Follows the boots of all machines. Events are folded when the turn of the event loop that told them is over, so that answers
 * go out first; what was told before the start is read from the store meanwhile.
 */
export function openStories({ hub, store, now, diagnose }: StoriesOptions): Stories {
  const book = createStoryBook();
  const texts = createStoryTexts(book, diagnose, now);
  const running = () => book.macs().filter((mac) => book.current(mac, now())?.endedAt === undefined);
  const updates = createStoryUpdates({ texts, running });
  const queue = createQueue((event) => {
    const mac = book.take(event);
    if (mac !== undefined) updates.changed(mac);
  });
  const subscriptions = [hub.subscribe(queue.add), hub.subscribePassing(queue.add)];
  const first = hub.lastSeq() + 1;
  const ready = readBack(store, first)
    .then((events) => queue.start(events))
    // The store tells by itself that it cannot be read: stories then begin with now.
    .catch(() => queue.start([]));

  const macsOf = async ({ machine, mac }: StoryQuery): Promise<Mac[]> => {
    await ready;
    queue.drain();
    const fits = (one: Mac) => machine === undefined || book.current(one, now())?.machine === machine;
    return book.macs().filter((one) => (mac === undefined || one === mac) && fits(one));
  };
  const attemptsOf = async (query: StoryQuery, at: number): Promise<Listed[]> => {
    const found = (await macsOf(query)).flatMap((mac) => {
      const attempts = book.attempts(mac, at);
      return attempts.map((attempt, index) => ({ attempt, next: attempts[index - 1] }));
    });
    return found.sort((a, b) => b.attempt.startedAt - a.attempt.startedAt);
  };
  return {
    list: async (query) => texts.all((await macsOf(query)).slice(0, query.limit)),
    attempts: async (query) => {
      const at = now();
      const found = (await attemptsOf(query, at)).slice(0, query.limit);
      const traces = found.map(({ attempt, next }) =>
        next === undefined ? book.trace(attempt.mac, at) : traceBack(store, attempt, next, at),
      );
      return (await Promise.all(traces)).flatMap((trace) => (trace === undefined ? [] : texts.of(trace)));
    },
    eventsOf: async ({ id, limit, ...query }) => {
      const found = (await attemptsOf(query, now())).find(({ attempt }) => attempt.id === id);
      return found && eventsOf(store, found.attempt, found.next, limit);
    },
    subscribe: updates.subscribe,
    close: () => {
      for (const end of subscriptions) end();
      queue.close();
      updates.close();
    },
  };
}

/** The newest events before a number, ascending, read in pages. */
async function readBack(store: StoriesOptions['store'], before: number): Promise<RecordedEvent[]> {
  const pages: RecordedEvent[][] = [];
  let end = before;
  for (let count = 0; count < REBUILT_FROM; count += PAGE) {
    const page = await store.list({ before: end, limit: PAGE });
    pages.push(page);
    const [oldest] = page;
    if (oldest === undefined || page.length < PAGE) break;
    end = oldest.seq;
  }
  return pages.reverse().flat();
}

/** An attempt, and the one of the same card that followed it. */
interface Listed {
  readonly attempt: Attempt;
  readonly next: Attempt | undefined;
}

async function eventsOf(
  store: StoriesOptions['store'],
  { mac, machine, id }: Attempt,
  next: Attempt | undefined,
  limit: number,
): Promise<RecordedEvent[]> {
  const within = { after: id - 1, before: next?.id, limit };
  const own = await store.list({ ...within, mac });
  const named = machine === undefined ? [] : await store.list({ ...within, machine });
  const events = new Map([...own, ...named].map((event) => [event.seq, event]));
  const isOwn = (event: RecordedEvent) => event.mac === undefined || event.mac === mac;
  return [...events.values()].filter(isOwn).toSorted((a, b) => a.seq - b.seq);
}

/** What there is of an attempt that another one of the same card has followed. */
async function traceBack(store: StoriesOptions['store'], attempt: Attempt, next: Attempt, now: number): Promise<Trace> {
  return { attempt, events: await eventsOf(store, attempt, next, MOST_OF_ATTEMPT), around: [], now };
}

interface Queue {
  add(event: RecordedEvent): void;
  /** These come before all that was added. From now on what is added is taken, in the order of the telling. */
  start(before: readonly RecordedEvent[]): Promise<void>;
  /** Takes what waits now. */
  drain(): void;
  close(): void;
}

function createQueue(take: (event: RecordedEvent) => void): Queue {
  let waiting: RecordedEvent[] = [];
  let isStarted = false;
  let soon: NodeJS.Immediate | undefined;
  const drain = () => {
    soon = undefined;
    if (!isStarted) return;
    const events = waiting;
    waiting = [];
    for (const event of events) take(event);
  };
  return {
    add: (event) => {
      waiting.push(event);
      if (isStarted) soon ??= setImmediate(drain);
    },
    start: async (before) => {
      for (let index = 0; index < before.length; index += PAGE) {
        for (const event of before.slice(index, index + PAGE)) take(event);
        await nextTurn();
      }
      isStarted = true;
      drain();
    },
    drain,
    close: () => {
      if (soon) clearImmediate(soon);
      isStarted = false;
      waiting = [];
    },
  };
}
