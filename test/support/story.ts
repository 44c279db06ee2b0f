import { type EventData, type EventId, type RecordedEvent, recordEvent, type Subject } from '../../src/event/event.ts';
import { type Mac, mac } from '../../src/net/mac.ts';
import { type History, step } from '../../src/story/fold.ts';
import type { Attempt } from '../../src/story/story.ts';

export const CARD: Mac = mac('02:00:00:ac:16:0a');
/** When stories in tests begin. */
export const START = Date.parse('2026-11-25T08:00:00Z');

/** Makes the events of a boot, each with its second after the start. */
export interface Tale {
  readonly events: RecordedEvent[];
  /** Of the card. */
  tell<Id extends EventId>(second: number, id: Id, data: EventData<Id>): void;
  /** Of the machine's life: these name the machine only. */
  tellMachine<Id extends EventId>(second: number, id: Id, data: EventData<Id>): void;
  /** Of whomever. */
  tellOf<Id extends EventId>(subject: Subject, second: number, id: Id, data: EventData<Id>): void;
}

/** `machine`: "" for a card that the configuration does not name. */
export function createTale(card: Mac = CARD, name = 'box'): Tale {
  const machine = name === '' ? undefined : name;
  const events: RecordedEvent[] = [];
  const tellOf: Tale['tellOf'] = (subject, second, id, data) => {
    const time = START + Math.round(second * 1000);
    events.push(recordEvent({ seq: events.length + 1, time }, id, subject, data));
  };
  return {
    events,
    tellOf,
    tell: (second, id, data) =>
      tellOf({ mac: card, machine, network: 'lab', address: '172.22.10.61' }, second, id, data),
    tellMachine: (second, id, data) => tellOf({ machine }, second, id, data),
  };
}

/** DISCOVER to ACK of one kind of client. */
export function lease(
  tale: Tale,
  second: number,
  client: string,
  more: { bootFile?: string; took?: number } = {},
): void {
  const boot = more.bootFile === undefined ? {} : { bootFile: more.bootFile };
  const address = '172.22.10.61';
  tale.tell(second, 'dhcp.discover', { client, via: 'interface br0' });
  tale.tell(second, 'dhcp.offer', { address, reason: 'reservation', ...boot });
  tale.tell(second + (more.took ?? 0), 'dhcp.ack', { address, seconds: 3600, client, kind: 'selecting', ...boot });
}

/** A file by TFTP, whole. */
export function load(tale: Tale, second: number, file: string, bytes: number, took = 0.5): void {
  tale.tell(second, 'tftp.start', { file, bytes, blockSize: 1468, window: 1 });
  tale.tell(second + took, 'tftp.done', { file, bytes, ms: took * 1000, retransmits: 0, finalAck: true });
}

/** An answer over HTTP. */
export function get(tale: Tale, second: number, path: string, bytes: number, userAgent = 'iPXE/1.21'): void {
  tale.tell(second, 'http.done', { method: 'GET', path, userAgent, status: 200, bytes, ms: 20 });
}

/** An installation up to its answer file, at second 90. */
export function installing(installer: 'd-i' | 'dracut'): Tale {
  const profile = installer === 'd-i' ? 'debian' : 'el';
  const file = installer === 'd-i' ? 'preseed.cfg' : 'ks.cfg';
  const tale = createTale();
  lease(tale, 0, 'iPXE, bios-x86', { bootFile: 'http://172.22.10.2/ipxe/boot.ipxe' });
  const told = { file: 'ipxe/boot.ipxe', loader: 'ipxe', decision: 'install', reason: 'granted', profile } as const;
  tale.tell(10, 'boot.config', told);
  get(tale, 12, `/os/${profile}/linux`, 8_000_000);
  get(tale, 13, `/os/${profile}/initrd`, 80_000_000);
  lease(tale, 60, `installer, ${installer}`);
  tale.tellMachine(90, 'answer.fetched', { profile, file });
  get(tale, 90, `/answer/…/${file}`, 5_000, installer === 'd-i' ? 'debian-installer' : 'anaconda');
  return tale;
}

/** What becomes of a tale: the attempts of its card, the oldest first. Machine events count as the card's. */
export function fold(events: readonly RecordedEvent[], card: Mac = CARD): Attempt[] {
  let history: History | undefined;
  for (const event of events) history = step(history, event, card);
  return history === undefined ? [] : [...history.earlier.toReversed(), history.course.attempt];
}

/** The stages in short: "loader done 4-20". */
export function stagesOf(attempt: Attempt | undefined): string[] {
  const second = (time: number | undefined) => (time === undefined ? '' : String((time - START) / 1000));
  return (attempt?.stages ?? []).map(
    ({ name, state, startedAt, endedAt }) => `${name} ${state} ${second(startedAt)}-${second(endedAt)}`,
  );
}
