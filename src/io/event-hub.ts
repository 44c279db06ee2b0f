import { catalogue, type Emit, type RecordedEvent, recordEvent } from '../event/event.ts';

/** Where events go: to whoever listens now, and into the store. */
export interface EventHub {
  readonly emit: Emit;
  /** The listener must be quick and must not throw. Returns what ends the subscription. */
  subscribe(listener: (event: RecordedEvent) => void): () => void;
  /** The same for passing events (see Entry.isPassing). They have the number of the event before them. */
  subscribePassing(listener: (event: RecordedEvent) => void): () => void;
  /** The sequence number of the newest event. */
  lastSeq(): number;
  /** Begins to hand events to the store; what was told before is handed over now. */
  connect(store: EventSink): void;
  /** Tells what was skipped since the last time. Called once a second by whoever owns the hub. */
  settle(): void;
}

export interface EventSink {
  append(events: readonly RecordedEvent[]): void;
  lastSeq(): number;
}

/** Events a second that may be kept for long, and how many more at once. A rack of 1,000 that boots tells about 500. */
const PER_SECOND = 2_000;
const BURST = 10_000;

/**
 * Creates the hub. When more is told than can be of use to anybody, the lesser events are counted and not kept: telling
 * must never cost more than answering.
 */
export function createEventHub(now: () => number): EventHub {
  const listeners = new Set<(event: RecordedEvent) => void>();
  const passingListeners = new Set<(event: RecordedEvent) => void>();
  let sink: EventSink | undefined;
  let early: RecordedEvent[] = [];
  let seq = 0;
  let tokens = BURST;
  let skipped = 0;

  const emit: Emit = (id, subject, data) => {
    const { level, isPassing } = catalogue[id];
    if (isPassing) {
      // Nobody misses it: another one follows.
      if (tokens <= 0 || passingListeners.size === 0) return;
      const event = recordEvent({ seq, time: now() }, id, subject, data);
      for (const listener of passingListeners) listener(event);
      return;
    }
    if (tokens <= 0 && (level === 'debug' || level === 'info')) {
      skipped++;
      return;
    }
    tokens--;
    const event = recordEvent({ seq: ++seq, time: now() }, id, subject, data);
    if (sink) sink.append([event]);
    else early.push(event);
    for (const listener of listeners) listener(event);
  };

  return {
    emit,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    subscribePassing(listener) {
      passingListeners.add(listener);
      return () => passingListeners.delete(listener);
    },
    lastSeq: () => seq,
    connect(store) {
      const first = store.lastSeq();
      seq += first;
      store.append(early.map((event) => ({ ...event, seq: event.seq + first })));
      early = [];
      sink = store;
    },
    settle() {
      tokens = Math.min(BURST, tokens + PER_SECOND);
      if (skipped === 0) return;
      const count = skipped;
      skipped = 0;
      tokens = Math.max(tokens, 1);
      emit('server.events-skipped', {}, { count });
    },
  };
}
