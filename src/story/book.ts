import type { RecordedEvent } from '../event/event.ts';
import type { Mac } from '../net/mac.ts';
import { attemptAt, isBootingAt } from './at-time.ts';
import { type Cards, createCards } from './cards.ts';
import type { Trace } from './diagnose/trace.ts';
import { type History, isTail, step } from './fold.ts';
import { createGrants } from './grants.ts';
import type { Attempt } from './story.ts';
import { createStrays } from './strays.ts';
import { awaitedAt, type Change, createWaiting, type Part, type Waiting } from './waiting.ts';
import { createWakes, type Wakes } from './wakes.ts';

/** The boots of all machines, in memory. Times are ms since 1970. */
export interface StoryBook {
  /** Takes the next event, in ascending order. Gives the cards whose story it changed. */
  take(event: RecordedEvent): readonly Change[];
  /** Cards with a story, the one that was heard last first. */
  macs(): readonly Mac[];
  /** Grows with each event that is part of the card's story, and with what is waited for. */
  version(mac: Mac): number;
  /** The last attempt of a card. */
  current(mac: Mac, now: number): Attempt | undefined;
  /** All that are kept of a card, the newest first. */
  attempts(mac: Mac, now: number): readonly Attempt[];
  /** What a diagnosis of the last attempt looks at. */
  trace(mac: Mac, now: number): Trace | undefined;
}

/** What the book holds at most. */
export interface BookLimits {
  readonly macs: number;
  /** Events of one attempt: the first that come, and the last. */
  readonly firstEvents: number;
  readonly lastEvents: number;
  /** Events of the attempts before. */
  readonly eventsBefore: number;
  /** Events that are about no machine. */
  readonly around: number;
}

const defaultBookLimits: BookLimits = {
  macs: 5_000,
  firstEvents: 40,
  lastEvents: 110,
  eventsBefore: 60,
  around: 100,
};

interface Entry {
  readonly history: History;
  readonly version: number;
  readonly before: readonly RecordedEvent[];
  readonly first: RecordedEvent[];
  /** Grows to twice its limit before it is cut, so that a chatty installer does not move the list for each line. */
  last: RecordedEvent[];
}

/** An empty book. What was heard longest ago makes room for what is new. */
export function createStoryBook(limits: BookLimits = defaultBookLimits): StoryBook {
  const cards = createCards();
  const { entries, put } = createEntries(cards, limits.macs);
  const grants = createGrants();
  const strays = createStrays();
  const waiting = createWaiting();
  const wakes = createWakes();
  let around: RecordedEvent[] = [];

  const siblingsOf = (attempt: Attempt) => [
    ...cards.siblings(attempt).flatMap((other) => during(attempt, entries.get(other))),
    ...strays.during(attempt),
  ];
  const awaitedOf = (mac: Mac, now: number) => awaitedAt(waiting.of(mac), now, entries.has(mac));
  return {
    take(event) {
      if (event.id.startsWith('power.')) return takePower(event, { wakes, waiting, cards, entries });
      grants.take(event);
      const mac = cards.of(event) ?? waiting.cardOf(event);
      if (mac === undefined) {
        if (isAround(event)) around = keepLast(around, event, limits.around);
        return [];
      }
      const before = entries.get(mac);
      if (event.id === 'install.granted' && !isBooting(before, event.time)) {
        return withLater(waiting.begin(event, mac, wakes.of(event.machine, event.time)), mac);
      }
      const grant = grants.of(event.machine);
      const wake = wakes.of(event.machine, event.time);
      const history = step(before?.history, event, mac, { grant, wake });
      if (history === undefined) strays.take(event);
      const over = waiting.take(event, mac, partOf(before?.history, history, event));
      if (history === undefined || history === before?.history) return over === undefined ? [] : [over];
      const entry = nextEntry(before, history, limits);
      // What is expected of it is part of its story.
      if (entry.first.length === 0) for (const one of reasons(grant, wake, event)) remember(entry, one, limits);
      remember(entry, event, limits);
      if (history.course.attempt.id === event.seq) wakes.use(event.machine);
      put(mac, entry);
      return withLater(over, mac);
    },
    macs: () => [...new Set([...waiting.macs(), ...[...entries.keys()].reverse()])],
    version: (mac) => (entries.get(mac)?.version ?? 0) + waiting.changes(mac),
    current: (mac, now) => {
      const entry = entries.get(mac);
      return awaitedOf(mac, now)?.attempt ?? (entry && attemptAt(entry.history.course.attempt, now));
    },
    attempts: (mac, now) => {
      const entry = entries.get(mac);
      const heard = entry && [attemptAt(entry.history.course.attempt, now), ...entry.history.earlier];
      return [awaitedOf(mac, now)?.attempt ?? [], heard ?? []].flat();
    },
    trace: (mac, now) => {
      const awaited = awaitedOf(mac, now);
      if (awaited !== undefined) return { ...awaited, around: around.slice(-limits.around), now };
      const entry = entries.get(mac);
      if (entry === undefined) return undefined;
      const attempt = attemptAt(entry.history.course.attempt, now);
      return {
        attempt,
        events: entry.first.concat(entry.last.slice(-limits.lastEvents)),
        around: around.slice(-limits.around),
        before: entry.before,
        siblings: siblingsOf(attempt),
        now,
      };
    },
  };
}

interface Expecting {
  readonly wakes: Wakes;
  readonly waiting: Waiting;
  readonly cards: Cards;
  readonly entries: ReadonlyMap<Mac, Entry>;
}

/** What is done about its power here says nothing of the machine itself; its boot is waited for, if it is not in the middle of one. */
function takePower(event: RecordedEvent, { wakes, waiting, cards, entries }: Expecting): readonly Change[] {
  if (event.id !== 'power.wake.sent') return [];
  const awaited = waiting.wake(event);
  const mac = awaited ?? cards.of({ ...event, mac: undefined }) ?? event.mac;
  if (mac === undefined) return [];
  if (awaited === undefined && isBooting(entries.get(mac), event.time)) return [];
  wakes.take(event);
  if (awaited !== undefined) return [{ mac }];
  return withLater(waiting.begin(event, mac, event), mac);
}

/** What is known of each card. The one that was heard last stands last. */
function createEntries(cards: Cards, most: number) {
  const entries = new Map<Mac, Entry>();
  const drop = (mac: Mac, entry: Entry | undefined) => {
    entries.delete(mac);
    if (entry) cards.drop(entry.history.course.attempt);
  };
  return {
    entries: entries as ReadonlyMap<Mac, Entry>,
    put: (mac: Mac, entry: Entry) => {
      drop(mac, entries.get(mac));
      entries.set(mac, entry);
      cards.put(entry.history.course.attempt);
      if (entries.size <= most) return;
      const [oldest] = entries;
      if (oldest !== undefined) drop(...oldest);
    },
  };
}

function isBooting(entry: Entry | undefined, time: number): boolean {
  return entry !== undefined && isBootingAt(entry.history.course.attempt, time);
}

/** Why it was expected, as it was told. */
function reasons(...events: [RecordedEvent | undefined, RecordedEvent | undefined, RecordedEvent]): RecordedEvent[] {
  const [grant, wake, event] = events;
  const found = [grant, wake].filter((one) => one !== undefined && one !== event);
  return (found as RecordedEvent[]).toSorted((one, other) => one.seq - other.seq);
}

/** A card's own change comes after what it puts an end to. */
function withLater(over: Change | undefined, mac: Mac): readonly Change[] {
  if (over === undefined) return [{ mac }];
  return over.mac === mac ? [over] : [over, { mac }];
}

/** What an event is to a machine whose boot is waited for. */
function partOf(before: History | undefined, history: History | undefined, event: RecordedEvent): Part {
  if (history === undefined) return 'none';
  if (before?.course.attempt.id !== history.course.attempt.id) return 'boot';
  // What is done about the machine here says nothing of the machine itself.
  const isDeed = !/^(install|machine)\./.test(event.id);
  if (isTail(before, event)) return isDeed ? 'tail' : 'none';
  return history !== before && before.course.attempt.endedAt === undefined ? 'boot' : 'none';
}

function nextEntry(before: Entry | undefined, history: History, limits: BookLimits): Entry {
  const version = (before?.version ?? 0) + 1;
  if (before?.history.course.attempt.id === history.course.attempt.id) return { ...before, history, version };
  return { history, version, before: eventsOf(before).slice(-limits.eventsBefore), first: [], last: [] };
}

function eventsOf(entry: Entry | undefined): RecordedEvent[] {
  return entry === undefined ? [] : [...entry.before, ...entry.first, ...entry.last];
}

function during(attempt: Attempt, entry: Entry | undefined): RecordedEvent[] {
  return entry === undefined ? [] : entry.first.concat(entry.last).filter(({ seq }) => seq >= attempt.id);
}

/** Lines of logs and progress say nothing of a cause, and there are many. */
function remember(entry: Entry, event: RecordedEvent, limits: BookLimits): void {
  if (event.id === 'installer.log' || event.id.endsWith('.progress')) return;
  if (entry.first.length < limits.firstEvents) entry.first.push(event);
  else entry.last = keepLast(entry.last, event, limits.lastEvents);
}

function keepLast(events: RecordedEvent[], event: RecordedEvent, count: number): RecordedEvent[] {
  const kept = events.length >= 2 * count ? events.slice(-count) : events;
  kept.push(event);
  return kept;
}

/** What may explain why a machine fails, although it names none. */
function isAround({ id }: RecordedEvent): boolean {
  const [area] = id.split('.');
  return ['dhcp', 'tftp', 'http', 'interface', 'loader', 'server', 'store', 'config', 'worker'].includes(area ?? '');
}
