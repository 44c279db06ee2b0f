import type { RecordedEvent } from '../event/event.ts';

/** Machines that are to be installed, and have not asked how since. */
export interface Grants {
  take(event: RecordedEvent): void;
  /** The event of the grant. */
  of(machine: string | undefined): RecordedEvent | undefined;
}

/** The oldest is forgotten. */
const MOST = 5_000;

export function createGrants(): Grants {
  const grants = new Map<string, RecordedEvent>();
  return {
    of: (machine) => (machine === undefined ? undefined : grants.get(machine)),
    take: (event) => {
      const { id, machine } = event;
      if (machine === undefined) return;
      if (id === 'install.granted') {
        grants.set(machine, event);
        const [oldest] = grants.keys();
        if (grants.size > MOST && oldest !== undefined) grants.delete(oldest);
      } else if (ENDS.includes(id)) grants.delete(machine);
    },
  };
}

/** A loader was told what to do, or there is no more to do. */
const ENDS: readonly string[] = [
  'boot.config',
  'boot.held',
  'install.started',
  'install.reported',
  'install.done',
  'install.failed',
  'install.cancelled',
];
