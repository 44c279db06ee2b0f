import type { RecordedEvent } from '../event/event.ts';
import { discoveredMac } from '../machine/discovered.ts';
import type { Mac } from '../net/mac.ts';
import type { Attempt } from './story.ts';

/** Finds out which card an event is about: some name the machine only, some an address only. */
export interface Cards {
  of(event: RecordedEvent): Mac | undefined;
  /** The other cards of the same machine. */
  siblings(attempt: Attempt): Mac[];
  /** This is what is known of the card now. */
  put(attempt: Attempt): void;
  /** As `put`, to be forgotten. */
  drop(attempt: Attempt): void;
}

export function createCards(): Cards {
  /** Of each machine's cards the one that was heard last stands last. */
  const byMachine = new Map<string, Set<Mac>>();
  const byAddress = new Map<string, Mac>();
  return {
    of({ mac, machine, address }) {
      if (mac !== undefined) return mac;
      if (machine !== undefined) return [...(byMachine.get(machine) ?? [])].at(-1) ?? discoveredMac(machine);
      return address === undefined ? undefined : byAddress.get(address);
    },
    siblings: ({ mac, machine }) => [...(byMachine.get(machine ?? '') ?? [])].filter((other) => other !== mac),
    put({ mac, machine, address }) {
      if (machine !== undefined) byMachine.set(machine, (byMachine.get(machine) ?? new Set()).add(mac));
      if (address !== undefined) byAddress.set(address, mac);
    },
    drop({ mac, machine, address }) {
      const cards = byMachine.get(machine ?? '');
      cards?.delete(mac);
      if (machine !== undefined && cards?.size === 0) byMachine.delete(machine);
      if (address !== undefined && byAddress.get(address) === mac) byAddress.delete(address);
    },
  };
}
