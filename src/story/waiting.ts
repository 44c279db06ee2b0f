import type { EventData, RecordedEvent } from '../event/event.ts';
import { type Mac, parseMac } from '../net/mac.ts';
import { expect } from './course.ts';
import type { Attempt } from './story.ts';

/** Machines that were granted an installation, and of which no boot was heard since. */
export interface Waiting {
  /** The card of a machine that no boot was ever heard of. */
  cardOf(event: RecordedEvent): Mac | undefined;
  /** From now on a boot of this card is waited for. Gives what was waited for at another card of the machine. */
  begin(grant: RecordedEvent, mac: Mac): Change | undefined;
  /** Any other event of the card or its machine. Gives what is waited for no longer. */
  take(event: RecordedEvent, mac: Mac, part: Part): Change | undefined;
  /** The boot that is waited for, and what was told since the grant. */
  of(mac: Mac): Awaited | undefined;
  /** The one that was granted last first. */
  macs(): readonly Mac[];
}

/** What an event belongs to: a boot, the boot before the grant, which is over, or none. */
export type Part = 'boot' | 'tail' | 'none';

/** A card whose story is another one now. */
export interface Change {
  readonly mac: Mac;
  /** A boot of this card was waited for, and none came of it: how that ended. */
  readonly ended?: Attempt;
}

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
      const card = byMachine.get(machine ?? '') ?? mac;
      const before = byMac.get(card)?.attempt;
      drop(card);
      byMac.set(mac, { attempt: awaited(grant, mac), events: [grant] });
      if (machine !== undefined) byMachine.set(machine, mac);
      const [oldest] = byMac.keys();
      if (byMac.size > MOST && oldest !== undefined) drop(oldest);
      if (before === undefined || card === mac) return undefined;
      return { mac: card, ended: ended(before, grant.time, `${before.standing}; then again, for ${mac}`) };
    },
    take: (event, mac, part) => {
      const card = byMac.has(mac) ? mac : byMachine.get(event.machine ?? '');
      const one = card && byMac.get(card);
      if (card === undefined || one === undefined) return undefined;
      if (part === 'boot' || ENDS.includes(event.id)) drop(card);
      if (ENDS.includes(event.id)) return { mac: card, ended: ended(one.attempt, event.time, event.text) };
      if (part === 'boot')
        return card === mac ? { mac } : { mac: card, ended: elsewhere(one.attempt, event.time, mac) };
      // It shows that the machine is there, and nothing of how it took the grant.
      if (part === 'tail') byMac.set(card, { ...one, attempt: { ...one.attempt, lastAt: event.time } });
      else if (one.events.length < MOST_EVENTS) one.events.push(event);
      return undefined;
    },
    of: (mac) => byMac.get(mac),
    macs: () => [...byMac.keys()].reverse(),
  };
}

/** There is nothing to wait for any more. */
const ENDS: readonly string[] = ['install.cancelled', 'install.failed', 'install.done'];

function ended(attempt: Attempt, endedAt: number, standing: string): Attempt {
  return { ...attempt, outcome: 'left', endedAt, lastAt: endedAt, next: undefined, standing };
}

function elsewhere(attempt: Attempt, time: number, mac: Mac): Attempt {
  return ended(attempt, time, `${attempt.standing}; then it booted from ${mac}`);
}

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
