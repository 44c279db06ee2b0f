import type { RecordedEvent } from '../event/event.ts';
import type { EventQuery } from '../event/query.ts';
import type { StoryFeed, StoryQuery } from '../http/api/ports.ts';
import { eventView } from '../http/api/views.ts';
import { type Ipv4, parseIpv4 } from '../net/ipv4.ts';
import type { Mac } from '../net/mac.ts';
import { isSettled } from '../story/at-time.ts';
import { createStoryBook } from '../story/book.ts';
import type { Trace } from '../story/diagnose/trace.ts';
import type { Attempt } from '../story/story.ts';
import { createStoryReaders } from './story-readers.ts';
import { createStoryTexts, type Diagnose } from './story-texts.ts';

/** Follows the boots of all machines, and says what became of them. Runs in a process of its own. */
export interface StoryTeller extends Omit<StoryFeed, 'pcapOf'> {
  /** What is told now, ascending. */
  take(events: readonly RecordedEvent[]): void;
  /** Where the traffic of an attempt is to be looked for; undefined: there is no such attempt (any more). */
  trafficOf(query: StoryQuery & { readonly id: number }): Promise<Traffic | undefined>;
  close(): void;
}

/** The traffic of these addresses between two times, ms since 1970. Without `to`: up to now. */
export interface Traffic {
  readonly of: readonly (Mac | Ipv4)[];
  readonly from: number;
  readonly to: number | undefined;
}

export interface TellerOptions {
  /** What the store has. */
  readonly read: (query: EventQuery) => Promise<RecordedEvent[]>;
  /** The number of the first event that is taken: those before it are read from the store. */
  readonly first: number;
  readonly now: () => number;
  readonly diagnose: Diagnose;
}

/** How far back stories are told after a start. */
const REBUILT_FROM = 20_000;
const PAGE = 500;
/** Events of an attempt that lies further back, for its diagnosis. */
const MOST_OF_ATTEMPT = 500;

export function createStoryTeller({ read, first, now, diagnose }: TellerOptions): StoryTeller {
  const book = createStoryBook();
  const texts = createStoryTexts(book, diagnose, now);
  const running = () =>
    book.macs().filter((mac) => {
      const attempt = book.current(mac, now());
      return attempt !== undefined && !isSettled(attempt);
    });
  const readers = createStoryReaders({ texts, running });
  /** Told while the store is read. */
  let early: RecordedEvent[] | undefined = [];
  const take = (events: readonly RecordedEvent[]) => {
    for (const { mac, ended } of events.flatMap(book.take)) {
      if (ended !== undefined) readers.ended(ended);
      readers.changed(mac);
    }
  };
  const start = (events: readonly RecordedEvent[]) => {
    // Whoever follows is told then what there is.
    for (const event of events) book.take(event);
    take(early ?? []);
    early = undefined;
  };
  // The store tells by itself that it cannot be read: stories then begin with now.
  const ready = readBack(read, first).then(start, () => start([]));

  const fits = ({ machine, mac }: StoryQuery, one: Mac, attempt = book.current(one, now())) =>
    (mac === undefined || one === mac) && (machine === undefined || attempt?.machine === machine);
  const macsOf = (query: StoryQuery) => book.macs().filter((one) => fits(query, one));
  const attemptsOf = (query: StoryQuery, at: number): Listed[] => {
    const found = macsOf(query).flatMap((mac) => {
      const attempts = book.attempts(mac, at);
      return attempts.map((attempt, index) => ({ attempt, next: attempts[index - 1] }));
    });
    return found.sort((a, b) => b.attempt.startedAt - a.attempt.startedAt);
  };
  const oneOf = async ({ id, ...query }: StoryQuery & { readonly id: number }) => {
    await ready;
    return attemptsOf(query, now()).find(({ attempt }) => attempt.id === id);
  };
  return {
    take: (events) => {
      if (early === undefined) take(events);
      else early.push(...events);
    },
    list: async (query) => {
      await ready;
      const macs = macsOf(query).slice(0, query.limit);
      return arrayOf(macs.flatMap((mac) => texts.current(mac) ?? []));
    },
    attempts: async (query) => {
      await ready;
      const at = now();
      const found = attemptsOf(query, at).slice(0, query.limit);
      if (found.length === 0) return undefined;
      const traces = found.map(({ attempt, next }) =>
        next === undefined ? book.trace(attempt.mac, at) : traceBack(read, attempt, next, at),
      );
      return arrayOf((await Promise.all(traces)).flatMap((trace) => (trace === undefined ? [] : texts.of(trace))));
    },
    eventsOf: async ({ limit, ...query }) => {
      const found = await oneOf(query);
      if (found === undefined) return undefined;
      const events = await eventsOf(read, found.attempt, found.next, limit);
      return arrayOf(events.map((event) => JSON.stringify(eventView(event))));
    },
    trafficOf: async (query) => {
      const found = await oneOf(query);
      return found && trafficOf(found);
    },
    follow: (query, piece) => {
      const { add, ...reader } = readers.follow({ fits: (mac, ended) => fits(query, mac, ended), take: piece });
      void ready.then(() => add(macsOf(query)));
      return reader;
    },
    close: readers.close,
  };
}

function arrayOf(texts: readonly string[]): Uint8Array {
  return new TextEncoder().encode(`[${texts.join()}]`);
}

/** The newest events before a number, ascending, read in pages. */
async function readBack(read: TellerOptions['read'], before: number): Promise<RecordedEvent[]> {
  const pages: RecordedEvent[][] = [];
  let end = before;
  for (let count = 0; count < REBUILT_FROM; count += PAGE) {
    const page = await read({ before: end, limit: PAGE });
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
  read: TellerOptions['read'],
  { mac, machine, id }: Attempt,
  next: Attempt | undefined,
  limit: number,
): Promise<RecordedEvent[]> {
  const within = { after: id - 1, before: next?.id, limit };
  const own = await read({ ...within, mac });
  const named = machine === undefined ? [] : await read({ ...within, machine });
  const events = new Map([...own, ...named].map((event) => [event.seq, event]));
  const isOwn = (event: RecordedEvent) => event.mac === undefined || event.mac === mac;
  return [...events.values()].filter(isOwn).toSorted((a, b) => a.seq - b.seq);
}

/** What there is of an attempt that another one of the same card has followed. */
async function traceBack(read: TellerOptions['read'], attempt: Attempt, next: Attempt, now: number): Promise<Trace> {
  return { attempt, events: await eventsOf(read, attempt, next, MOST_OF_ATTEMPT), around: [], now };
}

/** A request is heard a little before it is told: an address may have to be asked after, a lease to be written. */
const HEARD_BEFORE_MS = 2_000;

function trafficOf({ attempt, next }: Listed): Traffic {
  const said = [attempt.address, ...attempt.stages.map(({ words }) => words.address)];
  const addresses = new Set(said.flatMap((address) => (address === undefined ? [] : (parseIpv4(address) ?? []))));
  const to = next && next.startedAt - HEARD_BEFORE_MS;
  return { of: [attempt.mac, ...addresses], from: attempt.startedAt - HEARD_BEFORE_MS, to };
}
