import type { StoryReader } from '../http/api/ports.ts';
import type { Mac } from '../net/mac.ts';
import type { Attempt } from '../story/story.ts';
import type { StoryTexts } from './story-texts.ts';

/** Tells those who follow stories what became of them. */
export interface StoryReaders {
  /** The story of this card has changed. Costs nothing when nobody follows. */
  changed(mac: Mac): void;
  /** This attempt is kept no longer: it is told once more, as it ended. */
  ended(attempt: Attempt): void;
  /** Begins with these cards; later changes are told of those that `fits` takes. */
  follow(options: ReaderOptions): StoryReader & { add(macs: Iterable<Mac>): void };
  close(): void;
}

export interface ReaderOptions {
  /** `ended`: of an attempt of the card that is kept no longer. */
  readonly fits: (mac: Mac, ended?: Attempt) => boolean;
  /** Bytes that others may get as well. */
  readonly take: (piece: Uint8Array) => void;
}

export interface StoryReadersOptions {
  readonly texts: StoryTexts;
  /** Cards whose attempt runs: time alone may change what is said of them. */
  readonly running: () => Iterable<Mac>;
}

/** Four times a second and machine. */
const EVERY_MS = 250;
/** Of that, so long may be spent on looking for changes; what does not fit waits for the next turn. */
const BUDGET_MS = 60;
/** After so many turns each running attempt is looked at, also when nothing is heard of it: every two seconds. */
const LOOK_AGAIN = 8;
/** What was told last is remembered of so many cards. */
const MOST_TOLD = 5_000;
/** Characters of one piece: whoever writes it to a socket does nothing else meanwhile. */
const PIECE = 64 * 1024;

interface Reader extends ReaderOptions {
  /** Cards whose newest story it has not got. */
  readonly waiting: Set<Mac>;
  /** What ended meanwhile and is kept no longer, of each card the last. */
  readonly ended: Map<Mac, Attempt>;
  isReady: boolean;
}

export function createStoryReaders({ texts, running }: StoryReadersOptions): StoryReaders {
  const readers = new Set<Reader>();
  const changed = new Set<Mac>();
  const told = createTold(texts);
  const encode = createEncoder();
  let timer: NodeJS.Timeout | undefined;
  let turns = 0;

  const look = () => {
    const until = performance.now() + BUDGET_MS;
    for (const mac of changed) {
      changed.delete(mac);
      if (told.isNews(mac)) for (const reader of readers) if (reader.fits(mac)) reader.waiting.add(mac);
      if (performance.now() >= until) return;
    }
  };
  /** What waits for a reader, as much as fits, as server-sent events. */
  const send = (reader: Reader) => {
    if (!reader.isReady || !readers.has(reader)) return;
    let piece = takeEnded(reader, texts);
    for (const mac of reader.waiting) {
      if (piece.length >= PIECE) break;
      reader.waiting.delete(mac);
      const json = texts.current(mac);
      if (json === undefined) continue;
      piece += `data: ${json}\n\n`;
      told.begin(mac);
    }
    if (piece === '') return;
    reader.isReady = false;
    reader.take(encode(piece));
  };
  const turn = () => {
    if (++turns % LOOK_AGAIN === 0) {
      for (const mac of running()) changed.add(mac);
      for (const mac of told.unfinished()) changed.add(mac);
    }
    look();
    for (const reader of readers) send(reader);
  };
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
    readers.clear();
    changed.clear();
    told.clear();
  };
  return {
    changed: (mac) => {
      if (readers.size > 0) changed.add(mac);
    },
    ended: (attempt) => {
      const { mac } = attempt;
      for (const reader of readers) if (reader.fits(mac, attempt)) reader.ended.set(mac, attempt);
    },
    follow: (options) => {
      const reader: Reader = { ...options, waiting: new Set(), ended: new Map(), isReady: true };
      readers.add(reader);
      timer ??= setInterval(turn, EVERY_MS);
      return {
        add: (macs) => {
          for (const mac of macs) reader.waiting.add(mac);
          send(reader);
        },
        ready: () => {
          reader.isReady = true;
          // What did not fit into the last piece; what changes is told with the next turn.
          send(reader);
        },
        end: () => {
          readers.delete(reader);
          if (readers.size === 0) stop();
        },
      };
    },
    close: stop,
  };
}

/** Most readers want the same, and get the very same bytes then. */
function createEncoder(): (text: string) => Uint8Array {
  let last = { text: '', bytes: new Uint8Array() };
  return (text) => {
    if (text !== last.text) last = { text, bytes: new TextEncoder().encode(text) };
    return last.bytes;
  };
}

function takeEnded({ ended }: Reader, texts: StoryTexts): string {
  let piece = '';
  for (const [mac, attempt] of ended) {
    if (piece.length >= PIECE) break;
    ended.delete(mac);
    piece += `data: ${texts.ended(attempt)}\n\n`;
  }
  return piece;
}

/** What was told last of each card. */
function createTold(texts: StoryTexts) {
  const told = new Map<Mac, { readonly body: string; readonly isOver: boolean }>();
  const remember = (mac: Mac): string | undefined => {
    const made = texts.look(mac);
    told.delete(mac);
    if (made === undefined) return undefined;
    told.set(mac, made);
    const [oldest] = told.keys();
    if (told.size > MOST_TOLD && oldest !== undefined) told.delete(oldest);
    return made.body;
  };
  return {
    /** Whether there is something new to say of a card. */
    isNews: (mac: Mac) => {
      const before = told.get(mac)?.body;
      const body = remember(mac);
      return body !== undefined && body !== before;
    },
    /** One reader was told. Where others have heard another text, that stays, so that they hear the new one, too. */
    begin: (mac: Mac) => {
      if (!told.has(mac)) remember(mac);
    },
    unfinished: () => [...told].filter(([, { isOver }]) => !isOver).map(([mac]) => mac),
    clear: () => told.clear(),
  };
}
