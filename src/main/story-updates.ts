import type { StoryText } from '../http/api/ports.ts';
import type { Mac } from '../net/mac.ts';
import { SLICE_MS, type StoryTexts } from './story-texts.ts';

/** Tells those who follow stories what became of them. */
export interface StoryUpdates {
  /** The story of this card has changed. Costs nothing when nobody follows. */
  changed(mac: Mac): void;
  subscribe(listener: (story: StoryText) => void): () => void;
  close(): void;
}

export interface StoryUpdatesOptions {
  readonly texts: StoryTexts;
  /** Cards whose attempt runs: time alone may change what is said of them. */
  readonly running: () => Iterable<Mac>;
  readonly everyMs?: number | undefined;
}

/** Four times a second and machine. */
const EVERY_MS = 250;
/** Of that, so long may be spent on making texts; what does not fit waits for the next turn. */
const BUDGET_MS = 12;
/** How often a running attempt is looked at of which nothing is heard. */
const LOOK_AGAIN_MS = 2_000;

export function createStoryUpdates({ texts, running, everyMs = EVERY_MS }: StoryUpdatesOptions): StoryUpdates {
  const listeners = new Set<(story: StoryText) => void>();
  const waiting = new Set<Mac>();
  const told = new Map<Mac, { readonly body: string; readonly isOver: boolean }>();
  let timer: NodeJS.Timeout | undefined;
  let slice: NodeJS.Immediate | undefined;
  let lookedAt = performance.now();

  const tell = (mac: Mac) => {
    const made = texts.look(mac);
    if (made === undefined || told.get(mac)?.body === made.body) return;
    told.set(mac, made);
    const story = texts.current(mac);
    if (story !== undefined) for (const listener of listeners) listener(story);
  };
  const work = (untilMs: number) => {
    slice = undefined;
    const since = performance.now();
    for (const mac of waiting) {
      waiting.delete(mac);
      tell(mac);
      const at = performance.now();
      if (at >= untilMs) return;
      if (at - since < SLICE_MS) continue;
      slice = setImmediate(() => work(untilMs));
      return;
    }
  };
  const turn = () => {
    const at = performance.now();
    if (at - lookedAt >= LOOK_AGAIN_MS) {
      lookedAt = at;
      for (const mac of running()) waiting.add(mac);
      for (const [mac, { isOver }] of told) if (!isOver) waiting.add(mac);
    }
    if (slice === undefined) work(at + BUDGET_MS);
  };
  const stop = () => {
    clearInterval(timer);
    if (slice) clearImmediate(slice);
    timer = undefined;
    slice = undefined;
    waiting.clear();
    told.clear();
  };
  return {
    changed: (mac) => {
      if (listeners.size > 0) waiting.add(mac);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      timer ??= setInterval(turn, everyMs);
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) stop();
      };
    },
    close: stop,
  };
}
