import type { Mac } from '../net/mac.ts';
import { isSettled } from '../story/at-time.ts';
import type { StoryBook } from '../story/book.ts';
import type { Trace } from '../story/diagnose/trace.ts';
import type { Attempt, Diagnosis } from '../story/story.ts';

/** Names the likely causes of what an attempt came to. */
export type Diagnose = (trace: Trace) => readonly Diagnosis[];

/** Stories as JSON, each made once for all who ask. */
export interface StoryTexts {
  /** The last attempt of a card. */
  current(mac: Mac): string | undefined;
  /** An attempt with what a diagnosis is to look at. */
  of(trace: Trace): string;
  /** An attempt that is kept nowhere any more. */
  ended(attempt: Attempt): string;
  /** The text without the time, to see whether it says something new, and whether that attempt is over. */
  look(mac: Mac): { readonly body: string; readonly isOver: boolean } | undefined;
}

/** So long a diagnosis of a running attempt is good: it looks at the time. */
const FRESH_MS = 1_000;
const MOST_SHOWN = 2;
/** Those who are told within so long are told the same time, so that the bytes are the same as well. */
const SAME_TIME_MS = 100;
/** Texts that are kept; the one that was made longest ago goes. */
const MOST_MADE = 5_000;

interface Made {
  readonly version: number;
  readonly at: number;
  readonly isOver: boolean;
  readonly body: string;
  /** As it was told last. */
  told?: { readonly at: number; readonly text: string };
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
    const { attempt } = trace;
    const one: Made = { version, at, isOver: isSettled(attempt), body: bodyOf(attempt, diagnose(trace)) };
    made.delete(mac);
    made.set(mac, one);
    const [oldest] = made.keys();
    if (made.size > MOST_MADE && oldest !== undefined) made.delete(oldest);
    return one;
  };
  return {
    current: (mac) => {
      const one = make(mac);
      if (one === undefined) return undefined;
      const at = now();
      const { told } = one;
      if (told && Math.abs(at - told.at) < SAME_TIME_MS) return told.text;
      const text = withTime(one.body, at);
      one.told = { at, text };
      return text;
    },
    look: make,
    ended: (attempt) => withTime(bodyOf(attempt, []), now()),
    of: (trace) => withTime(bodyOf(trace.attempt, diagnose(trace)), trace.now),
  };
}

function bodyOf(attempt: Attempt, diagnoses: readonly Diagnosis[]): string {
  return JSON.stringify({ ...attempt, diagnoses: diagnoses.slice(0, MOST_SHOWN) });
}

function withTime(body: string, now: number): string {
  return `${body.slice(0, -1)},"now":${Math.round(now)}}`;
}
