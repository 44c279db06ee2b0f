import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Emit } from '../../event/event.ts';
import type { MirrorReply } from '../../mirror/mirror-view.ts';
import {
  beginScrub,
  firstScrub,
  isScrubbing,
  nextScrub,
  type ScrubAction,
  type ScrubConfig,
  type ScrubState,
  type ScrubView,
} from '../../mirror/run/scrub.ts';
import { checkContent, contentsAside, countAside, trimAside } from './damage.ts';
import { namedContents } from './housekeeping.ts';
import { createLimiter } from './limiter.ts';
import type { MirrorUnit } from './mirror-unit.ts';
import type { Pool } from './pool.ts';
import { createPoolCounter } from './pool-counter.ts';
import { createRefetch } from './refetch.ts';
import { writeSafely } from './safe-write.ts';
import { type RepairDeps, repair, repairLeft } from './scrub-repair.ts';

export interface ScrubDeps {
  /** `mirrors` of the data folder. */
  readonly root: string;
  readonly pool: Pool;
  readonly units: ReadonlyMap<string, MirrorUnit>;
  readonly emit: Emit;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly onChange: () => void;
  /** Ends with the engine. */
  readonly signal: AbortSignal;
}

/** Reads the whole pool from time to time, slowly, and looks whether it is what it should be. */
export interface Scrubber {
  configure(config: ScrubConfig | undefined): void;
  /** Begins what is due; to be called now and then. */
  look(): void;
  act(action: ScrubAction): MirrorReply;
  view(): ScrubView;
  /** Stops; the next process goes on where this one was. */
  close(): Promise<void>;
}

/** How often is written down how far it is: so much is read again after a crash. */
const SAVE_EVERY_MS = 30_000;
const FAILED_WAITS_MS = 3600_000;
const TRIM_EVERY_MS = 3600_000;
const SLOW_BYTES = 20_000_000;

export function createScrubber(deps: ScrubDeps): Scrubber {
  const { now, onChange } = deps;
  const book = openBook(deps);
  const counter = createPoolCounter(deps);
  let config: ScrubConfig | undefined;
  let notBefore = 0;
  let running: { readonly abort: AbortController; readonly done: Promise<void> } | undefined;
  const refetch = createRefetch({
    ...deps,
    owed: () => book.state().owed ?? {},
    setOwed: (owed) => {
      book.save({ ...book.state(), owed });
      onChange();
    },
    state: () => ({ now: now(), isPaused: book.state().isPaused, isScrubbing: isScrubbing(book.state()) }),
  });
  const trimmer = createTrimmer(deps);
  const start = () => {
    const abort = new AbortController();
    const done = readOn({ ...deps, owe: refetch.owe }, book, config?.bytesPerSecond ?? SLOW_BYTES, abort.signal).then(
      (ended) => {
        running = undefined;
        trimmer.trim();
        if (ended === 'failed') notBefore = now() + FAILED_WAITS_MS;
        onChange();
      },
    );
    running = { abort, done };
    onChange();
  };
  const stop = async () => {
    running?.abort.abort();
    await running?.done;
  };
  const begin = () => {
    book.save(beginScrub(book.state(), now()));
    start();
  };
  return {
    configure: (next) => {
      config = next;
    },
    look: () => {
      counter.look();
      trimmer.look();
      refetch.look();
      const state = book.state();
      if (running || state.isPaused || config === undefined || now() < notBefore) return;
      const at = nextScrub(config, state);
      if (isScrubbing(state)) start();
      else if (at !== undefined && at <= now()) begin();
    },
    act: (action) => {
      const state = { ...book.state(), isPaused: action === 'pause' };
      book.save(state);
      if (action === 'pause') void stop();
      else if (!running && isScrubbing(state)) start();
      else if (!running && action === 'start') begin();
      return { kind: 'done', text: describeAction(action, isScrubbing(book.state())) };
    },
    view: () => ({
      ...book.state(),
      nextAt: config && nextScrub(config, book.state()),
      pool: counter.count(),
      aside: countAside(deps.pool),
      waiting: refetch.waiting(),
    }),
    close: async () => {
      await stop();
      if (isScrubbing(book.state())) book.save(book.state());
    },
  };
}

/** Deletes once an hour what was put aside long ago. What it cannot delete stays for the next time. */
function createTrimmer({ pool, root, now }: ScrubDeps) {
  let trimmedAt = Number.NEGATIVE_INFINITY;
  const trim = () => {
    trimmedAt = now();
    try {
      if (contentsAside(pool).length === 0) return;
      const named = namedContents(join(root, 'repos'));
      trimAside(pool, (sha256) => named.has(sha256), now());
    } catch {
      // A manifest that cannot be read is told by whoever needs it.
    }
  };
  return { trim, look: () => (now() - trimmedAt < TRIM_EVERY_MS ? undefined : trim()) };
}

function describeAction(action: ScrubAction, isInProgress: boolean): string {
  if (action === 'pause') return 'the scrub rests, and goes on where it was with: rackready mirror scrub --resume';
  return isInProgress ? 'a scrub is in progress' : 'the next scrub begins by its schedule';
}

/** The state, in memory and on disk. */
interface Book {
  state(): ScrubState;
  /** Only in memory. */
  note(state: ScrubState): void;
  save(state: ScrubState): void;
}

function openBook({ root, now }: ScrubDeps): Book {
  const file = join(root, 'scrub.json');
  const known = readState(file);
  let state = known ?? firstScrub(now());
  const save = (next: ScrubState) => {
    state = next;
    try {
      writeSafely(file, `${JSON.stringify(state)}\n`);
    } catch {
      // A disk that is full must not keep anybody from finding what is damaged on it: the next time will do.
    }
  };
  // The first one comes at its time also when the server is restarted every day.
  if (known === undefined) save(state);
  return {
    state: () => state,
    note: (next) => {
      state = next;
    },
    save,
  };
}

/** Reads the pool from where it was. Never rejects. */
async function readOn(
  deps: RepairDeps,
  book: Book,
  bytesPerSecond: number,
  signal: AbortSignal,
): Promise<'done' | 'stopped' | 'failed'> {
  const { pool, emit, now } = deps;
  const limiter = createLimiter(() => bytesPerSecond, now);
  let savedAt = now();
  try {
    await repairLeft(deps, signal);
    for (const { sha256, bytes } of contentsAfter(pool, book.state().after)) {
      const isDamaged = (await checkContent(pool, sha256, signal, limiter)) === 'damaged';
      const state = book.state();
      const damaged = state.damaged + Number(isDamaged);
      book.note({ ...state, after: sha256, files: state.files + 1, bytes: state.bytes + bytes, damaged });
      if (now() - savedAt < SAVE_EVERY_MS && !isDamaged) continue;
      savedAt = now();
      book.save(book.state());
      // Last, as it may have to wait: what is stopped meanwhile has been counted, and is repaired when it goes on.
      if (isDamaged) await repair(deps, sha256, signal);
    }
    book.save({ ...book.state(), endedAt: now() });
    const { files, bytes, damaged } = book.state();
    emit('mirror.scrubbed', {}, { files, bytes, damaged });
    return 'done';
  } catch (error) {
    if (signal.aborted) return 'stopped';
    emit('mirror.scrub-failed', {}, { reason: error instanceof Error ? error.message : String(error) });
    return 'failed';
  }
}

function readState(file: string): ScrubState | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // None yet, or somebody has changed it: it begins anew.
    return undefined;
  }
}

/** What the pool has behind a checksum, in their order. What comes meanwhile may be among it or not: it was just checked. */
function* contentsAfter(pool: Pool, after: string): Iterable<{ readonly sha256: string; readonly bytes: number }> {
  for (const folder of readdirSync(pool.folder).sort()) {
    if (folder < after.slice(0, 2)) continue;
    for (const sha256 of readdirSync(join(pool.folder, folder)).sort()) {
      if (!/^[0-9a-f]{64}$/.test(sha256) || sha256 <= after) continue;
      const stat = statSync(pool.pathOf(sha256), { throwIfNoEntry: false });
      if (stat) yield { sha256, bytes: stat.size };
    }
  }
}
