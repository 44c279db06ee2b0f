import type { EventData, RecordedEvent } from '../event/event.ts';
import { type Mac, parseMac } from '../net/mac.ts';
import { expect } from './course.ts';
import type { Attempt } from './story.ts';

/** Machines that were granted an installation, and of which no boot was heard since. */
export interface Waiting {
  /** The card of a machine that no boot was ever heard of. */
  cardOf(event: RecordedEvent): Mac | undefined;
  /** From now on a boot of this card is waited for. */
  begin(grant: RecordedEvent, mac: Mac): void;
  /** Any other event of the card or its machine. Whether its story is another one now. */
  take(event: RecordedEvent, mac: Mac, part: Part): boolean;
  /** The boot that is waited for, and what was told since the grant. */
  of(mac: Mac): Awaited | undefined;
  /** The one that was granted last first. */
  macs(): readonly Mac[];
}

/** What an event belongs to: a boot, the boot before the grant, which is over, or none. */
export type Part = 'boot' | 'tail' | 'none';

export interface Awaited {
  readonly attempt: Attempt;
  readonly events: readonly RecordedEvent[];
}

/** Somebody has to go there, and servers test themselves for minutes. */
const FIRST_MS = 10 * 60_000;
/** Whether it is silent can be seen by a few. */
const MOST_EVENTS = 20;
/** The oldest is forgotten. */
const MOST = 5_000;

export function createWaiting(): Waiting {
  const byMac = new Map<Mac, Awaited & { readonly events: RecordedEvent[] }>();
  const byMachine = new Map<string, Mac>();
  const drop = (mac: Mac) => {
    const { machine } = byMac.get(mac)?.attempt ?? {};
    byMac.delete(mac);
    if (machine !== undefined) byMachine.delete(machine);
  };
  return {
    cardOf: ({ id, machine = '', data }) => {
      if (id !== 'install.granted') return byMachine.get(machine);
      return parseMac((data as EventData<'install.granted'>).mac ?? '');
    },
    begin: (grant, mac) => {
      const { machine } = grant;
      drop(byMachine.get(machine ?? '') ?? mac);
      byMac.set(mac, { attempt: awaited(grant, mac), events: [grant] });
      if (machine !== undefined) byMachine.set(machine, mac);
      const [oldest] = byMac.keys();
      if (byMac.size > MOST && oldest !== undefined) drop(oldest);
    },
    take: (event, mac, part) => {
      const card = byMac.has(mac) ? mac : byMachine.get(event.machine ?? '');
      const one = card && byMac.get(card);
      if (card === undefined || one === undefined) return false;
      if (part === 'boot' || ENDS.includes(event.id)) drop(card);
      // It shows that the machine is there, and nothing of how it took the grant.
      else if (part === 'tail') byMac.set(card, { ...one, attempt: { ...one.attempt, lastAt: event.time } });
      else if (one.events.length < MOST_EVENTS) one.events.push(event);
      return !byMac.has(card);
    },
    of: (mac) => byMac.get(mac),
    macs: () => [...byMac.keys()].reverse(),
  };
}

/** There is nothing to wait for any more. */
const ENDS: readonly string[] = ['install.cancelled', 'install.failed', 'install.done'];

function awaited(grant: RecordedEvent, mac: Mac): Attempt {
  const { seq, machine, time, text } = grant;
  return {
    id: seq,
    mac,
    machine,
    startedAt: time,
    lastAt: time,
    stages: [],
    outcome: 'running',
    standing: text,
    next: expect('asks for an address from its firmware', time, FIRST_MS),
  };
}
