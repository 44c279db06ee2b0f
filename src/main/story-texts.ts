import { setImmediate as nextTurn } from 'node:timers/promises';
import type { StoryText } from '../http/api/ports.ts';
import type { Mac } from '../net/mac.ts';
import type { StoryBook } from '../story/book.ts';
import type { Trace } from '../story/diagnose/trace.ts';
import type { Attempt, Diagnosis } from '../story/story.ts';

/** Names the likely causes of what an attempt came to. */
export type Diagnose = (trace: Trace) => readonly Diagnosis[];

/** Stories as text, each made once for all who ask. */
export interface StoryTexts {
  /** The last attempt of a card. */
  current(mac: Mac): StoryText | undefined;
  /** The same for many: nothing else waits for longer than a few milliseconds. */
  all(macs: readonly Mac[]): Promise<StoryText[]>;
  /** An attempt with what a diagnosis is to look at. */
  of(trace: Trace): StoryText;
  /** The text without the time, to see whether it says something new, and whether that attempt is over. */
  look(mac: Mac): { readonly body: string; readonly isOver: boolean } | undefined;
}

/** How long at a time stories are made, while datagrams wait. */
export const SLICE_MS = 3;
/** So long a diagnosis of a running attempt is good: it looks at the time. */
const FRESH_MS = 1_000;
const MOST_SHOWN = 2;

interface Made {
  readonly version: number;
  readonly at: number;
  readonly isOver: boolean;
  readonly machine: string | undefined;
  readonly body: string;
}

export function createStoryTexts(book: StoryBook, diagnose: Diagnose, now: () => number): StoryTexts {
  const made = new Map<Mac, Made>();
  const make = (mac: Mac): Made | undefined => {
    const version = book.version(mac);
    const at = now();
    const known = made.get(mac);
    if (known?.version === version && (known.isOver || at - known.at < FRESH_MS)) return known;
    const trace = book.trace(mac, at);
    if (trace === undefined) {
      made.delete(mac);
      return undefined;
    }
    const { machine, endedAt } = trace.attempt;
    const one = { version, at, isOver: endedAt !== undefined, machine, body: bodyOf(trace.attempt, diagnose(trace)) };
    made.set(mac, one);
    return one;
  };
  const current = (mac: Mac): StoryText | undefined => {
    const one = make(mac);
    return one && { mac, machine: one.machine, json: withTime(one.body, now()) };
  };
  return {
    current,
    look: make,
    of: (trace) => {
      const { mac, machine } = trace.attempt;
      return { mac, machine, json: withTime(bodyOf(trace.attempt, diagnose(trace)), trace.now) };
    },
    all: async (macs) => {
      const texts: StoryText[] = [];
      let since = performance.now();
      for (const mac of macs) {
        const text = current(mac);
        if (text !== undefined) texts.push(text);
        if (performance.now() - since < SLICE_MS) continue;
        await nextTurn();
        since = performance.now();
      }
      return texts;
    },
  };
}

function bodyOf(attempt: Attempt, diagnoses: readonly Diagnosis[]): string {
  return JSON.stringify({ ...attempt, diagnoses: diagnoses.slice(0, MOST_SHOWN) });
}

function withTime(body: string, now: number): string {
  return `${body.slice(0, -1)},"now":${Math.round(now)}}`;
}
