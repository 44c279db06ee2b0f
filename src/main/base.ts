import packageJson from '../../package.json' with { type: 'json' };
import type { Emit } from '../event/event.ts';
import { createClock } from '../io/clock.ts';
import { createEventHub, type EventHub } from '../io/event-hub.ts';
import { createLeaseBook, type LeaseBook } from '../lease/book.ts';
import { createLives, type Lives } from '../machine/lives.ts';
import { createMacs, type Macs } from '../machine/macs.ts';
import { openStore } from '../store/sqlite/open-store.ts';
import type { Store } from '../store/store.ts';
import { followTransfers } from './macs.ts';
import { createTapes, type Tapes } from './tapes.ts';

/** What each worker thread runs first. */
export const THREAD_MODULE: string = new URL('../io/thread.ts', import.meta.url).href;

export const VERSION: string = packageJson.version;

/** What lives as long as the server, whatever the configuration says: time, events, and all that is kept on disk. */
export interface Base {
  readonly hub: EventHub;
  readonly emit: Emit;
  readonly store: Store;
  readonly book: LeaseBook;
  readonly lives: Lives;
  readonly macs: Macs;
  /** The last datagrams of each machine. */
  readonly tapes: Tapes;
  /** Milliseconds since 1970, from a clock that does not jump. */
  now(): number;
  /** Milliseconds since some moment, for waits: also when somebody sets the system's clock, they take what they take. */
  monotonic(): number;
  close(): Promise<void>;
}

/** Opens the data folder and reads what is in it. Throws ProvisionError (see openStore). */
export async function openBase(dataFolder: string, onEvent: Parameters<EventHub['subscribe']>[0]): Promise<Base> {
  let onJump: (deltaMs: number) => void = () => {};
  const clock = createClock({ onJump: (deltaMs) => onJump(deltaMs) });
  const now = () => clock.now();
  const hub = createEventHub(now);
  const { emit } = hub;
  hub.subscribe(onEvent);
  const store = await openStore({ folder: dataFolder, emit, version: VERSION, threadModule: THREAD_MODULE });
  hub.connect(store.events);
  const book = createLeaseBook([], await store.leases.load());
  onJump = (deltaMs) => followClock({ book, store, emit, now }, deltaMs);
  const lives = createLives(await store.lives.loadLives(), {
    store: store.lives,
    now,
    // Other events of a life belong to the card that boots.
    tell: (machine, { id, data }, mac) =>
      emit(id, { machine }, (id === 'install.granted' ? { ...data, mac } : data) as never),
  });
  onJump = (deltaMs) => {
    lives.shift(deltaMs);
    followClock({ book, store, emit, now }, deltaMs);
  };
  const macs = createMacs(await store.macs.loadMacs(), store.macs);
  hub.subscribe((event) => followTransfers(macs, event));
  const settling = setInterval(() => hub.settle(), 1_000);
  return {
    hub,
    emit,
    store,
    book,
    lives,
    macs,
    tapes: createTapes(now),
    now,
    monotonic: () => clock.monotonic(),
    close: async () => {
      clearInterval(settling);
      clock.close();
      await store.close();
    },
  };
}

/**
 * After the clock was set: every lease keeps its remaining time, in memory at once and on disk soon after, so that a
 * restart does not take running leases for ended ones.
 */
function followClock(base: Pick<Base, 'book' | 'store' | 'emit' | 'now'>, deltaMs: number): void {
  const at = base.now();
  base.book.shift(deltaMs, at - deltaMs);
  const moved = [...base.book.leases()];
  // The store tells by itself when it cannot write; the leases in memory are right all the same. The jump is told when they
  // are on disk, so that what it says holds after a restart, too.
  void base.store.leases
    .commit(moved.map((lease) => ({ kind: 'put', lease, at })))
    .catch(() => undefined)
    .then(() => base.emit('clock.jumped', {}, { seconds: Math.round(deltaMs / 1000) }));
}
