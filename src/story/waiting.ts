import type { EventData, RecordedEvent } from '../event/event.ts';
import { type Mac, parseMac } from '../net/mac.ts';
import { expect } from './course.ts';
import type { Attempt } from './story.ts';

/** Machines that were granted an installation, or woken, and of which no boot was heard since. */
export interface Waiting {
  /** The card of a machine that no boot was ever heard of. */
  cardOf(event: RecordedEvent): Mac | undefined;
  /**
   * From now on a boot of this card is waited for, because of a grant or of a wake. `wake`: the newest one, before the grant or the
   * event itself. Gives what was waited for at another card of the machine.
   */
  begin(event: RecordedEvent, mac: Mac, wake?: RecordedEvent): Change | undefined;
  /** A machine whose boot is waited for was woken. Gives its card; undefined: it is not waited for. */
  wake(event: RecordedEvent): Mac | undefined;
  /** Any other event of the card or its machine. Gives what is waited for no longer. */
  take(event: RecordedEvent, mac: Mac, part: Part): Change | undefined;
  /** The boot that is waited for, and what was told since the grant. */
  of(mac: Mac): Awaited | undefined;
  /** How often that has changed: it only grows. */
  changes(mac: Mac): number;
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
  /** Of a machine that was woken without a grant: nobody waits any longer than that. */
  readonly until?: number | undefined;
}

/** Somebody has to go there, and servers test themselves for minutes. */
const FIRST_MS = 10 * 60_000;
/** Nobody has to go there. */
const WOKEN_MS = 5 * 60_000;
/** What is not there then does not come any more. */
const GIVEN_UP_MS = 30 * 60_000;
/** Whether it is silent can be seen by a few. */
const MOST_EVENTS = 20;
/** The oldest is forgotten. */
const MOST = 5_000;

export function createWaiting(): Waiting {
  const byMac = new Map<Mac, Awaited & { readonly events: RecordedEvent[] }>();
  const byMachine = new Map<string, Mac>();
  /** Is kept of every card that was ever waited for: those are cards of the configuration's machines. */
  const changes = new Map<Mac, number>();
  const changed = (mac: Mac) => changes.set(mac, (changes.get(mac) ?? 0) + 1);
  const drop = (mac: Mac) => {
    const { machine } = byMac.get(mac)?.attempt ?? {};
    if (byMac.delete(mac)) changed(mac);
    if (machine !== undefined) byMachine.delete(machine);
  };
  return {
    cardOf: ({ id, machine = '', data }) => {
      if (id !== 'install.granted') return byMachine.get(machine);
      return parseMac((data as EventData<'install.granted'>).mac ?? '');
    },
    begin: (event, mac, wake) => {
      const { machine } = event;
      const card = byMachine.get(machine ?? '') ?? mac;
      const before = byMac.get(card)?.attempt;
      drop(card);
      byMac.set(mac, awaited(event, mac, wake));
      changed(mac);
      if (machine !== undefined) byMachine.set(machine, mac);
      const [oldest] = byMac.keys();
      if (byMac.size > MOST && oldest !== undefined) drop(oldest);
      if (before === undefined || card === mac) return undefined;
      return { mac: card, ended: ended(before, event.time, `${before.standing}; then again, for ${mac}`) };
    },
    wake: (event) => {
      const card = byMachine.get(event.machine ?? '');
      const one = card && byMac.get(card);
      if (card === undefined || one === undefined) return undefined;
      const [first, ...more] = one.events;
      const events = [first ?? event, ...more.slice(2 - MOST_EVENTS), event];
      byMac.set(card, {
        attempt: { ...one.attempt, ...woken(event) },
        events,
        until: one.until && event.time + GIVEN_UP_MS,
      });
      changed(card);
      return card;
    },
    take: (event, mac, part) => {
      const card = byMac.has(mac) ? mac : byMachine.get(event.machine ?? '');
      const one = card && byMac.get(card);
      if (card === undefined || one === undefined) return undefined;
      changed(card);
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
    changes: (mac) => changes.get(mac) ?? 0,
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

/**
 * What is waited for as it is at a time: of a wake alone nobody expects anything for ever. Where the card was heard before, its last
 * boot takes the place then.
 */
export function awaitedAt(one: Awaited | undefined, now: number, hasBoots: boolean): Awaited | undefined {
  if (one?.until === undefined || now <= one.until) return one;
  const { attempt, until } = one;
  if (hasBoots) return undefined;
  return { ...one, attempt: ended(attempt, until, `${attempt.standing}; then nothing was heard of it`) };
}

function awaited(event: RecordedEvent, mac: Mac, wake: RecordedEvent | undefined) {
  const { seq, machine, time, text } = event;
  const attempt: Attempt = {
    id: seq,
    mac,
    machine,
    startedAt: time,
    lastAt: time,
    stages: [],
    outcome: 'running',
    standing: text,
    next: expect(FIRST_WORD, time, FIRST_MS),
    ...(wake && { ...woken(wake), lastAt: time, standing: text }),
  };
  const events = wake === undefined || wake === event ? [event] : [wake, event];
  return { attempt, events, until: wake === event ? time + GIVEN_UP_MS : undefined };
}

const FIRST_WORD = 'asks for an address from its firmware';

/** What changes of an attempt when its machine is woken. */
function woken({ time, text }: RecordedEvent): Partial<Attempt> {
  return { wokenAt: time, lastAt: time, standing: text, next: expect(FIRST_WORD, time, WOKEN_MS) };
}
