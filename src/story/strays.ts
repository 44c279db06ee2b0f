import type { RecordedEvent } from '../event/event.ts';
import type { Attempt } from './story.ts';

/** What is told of cards that have no boot of their own: another card of a machine that boots may be where its system comes up. */
export interface Strays {
  take(event: RecordedEvent): void;
  /** Of the same machine during an attempt. */
  during(attempt: Attempt): RecordedEvent[];
}

const OF_A_MACHINE = 8;
/** The machine that was heard longest ago is forgotten. */
const MACHINES = 2_000;

export function createStrays(): Strays {
  const byMachine = new Map<string, RecordedEvent[]>();
  return {
    take: (event) => {
      const { machine } = event;
      if (machine === undefined) return;
      const events = [...(byMachine.get(machine) ?? []).slice(1 - OF_A_MACHINE), event];
      byMachine.delete(machine);
      byMachine.set(machine, events);
      const [oldest] = byMachine.keys();
      if (byMachine.size > MACHINES && oldest !== undefined) byMachine.delete(oldest);
    },
    during: ({ machine, mac, id }) =>
      (byMachine.get(machine ?? '') ?? []).filter((event) => event.mac !== mac && event.seq >= id),
  };
}
