import type { Emit } from '../../event/event.ts';
import type { StoreHealth } from '../store.ts';
import type { Failure } from './protocol.ts';

/** Knows whether writing works, and tells when that changes. */
export interface HealthWatch {
  /** A write succeeded. */
  succeeded(): void;
  /** A write failed for a reason that lies in the world. */
  failed(failure: Failure): void;
  state(eventsDropped: number): StoreHealth;
  close(): void;
}

export interface HealthOptions {
  readonly emit: Emit;
  /** Tries whether writing works again; its outcome comes back through succeeded() and failed(). */
  readonly probe: () => void;
  readonly probeEveryMs: number;
}

export function createHealthWatch(options: HealthOptions): HealthWatch {
  let failing: { readonly failure: Failure; readonly since: number; readonly timer: NodeJS.Timeout } | undefined;
  return {
    succeeded: () => {
      if (!failing) return;
      const seconds = Math.round((performance.now() - failing.since) / 1000);
      clearInterval(failing.timer);
      failing = undefined;
      options.emit('store.recovered', {}, { seconds });
    },
    failed: (failure) => {
      if (failing) {
        failing = { ...failing, failure };
        return;
      }
      failing = { failure, since: performance.now(), timer: setInterval(options.probe, options.probeEveryMs) };
      options.emit('store.failed', {}, { reason: failure.reason, next: failure.next });
    },
    state: (eventsDropped) =>
      failing
        ? {
            kind: 'failing',
            reason: failing.failure.reason,
            next: failing.failure.next,
            sinceMs: performance.now() - failing.since,
            eventsDropped,
          }
        : { kind: 'writing', eventsDropped },
    close: () => clearInterval(failing?.timer),
  };
}
