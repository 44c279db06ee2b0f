import type { RecordedEvent } from '../event/event.ts';

/** Machines that were woken, and of which no boot was heard since. */
export interface Wakes {
  take(event: RecordedEvent): void;
  /** The newest wake of a machine that a boot at `time` may have come of. */
  of(machine: string | undefined, time: number): RecordedEvent | undefined;
  /** A boot has come of it. */
  use(machine: string | undefined): void;
}

/** A large server tests itself for up to eight minutes before its firmware asks for an address. */
const BOOTS_WITHIN_MS = 10 * 60_000;
/** The oldest is forgotten. */
const MOST = 5_000;

export function createWakes(): Wakes {
  const wakes = new Map<string, RecordedEvent>();
  return {
    take: (event) => {
      const { machine } = event;
      if (machine === undefined) return;
      wakes.delete(machine);
      wakes.set(machine, event);
      const [oldest] = wakes.keys();
      if (wakes.size > MOST && oldest !== undefined) wakes.delete(oldest);
    },
    of: (machine, time) => {
      const wake = wakes.get(machine ?? '');
      return wake !== undefined && time - wake.time <= BOOTS_WITHIN_MS ? wake : undefined;
    },
    use: (machine) => {
      if (machine !== undefined) wakes.delete(machine);
    },
  };
}
