import { readFileSync } from 'node:fs';
import { type EventId, type RecordedEvent, recordEvent } from '../../src/event/event.ts';
import type { Mac } from '../../src/net/mac.ts';

/*
 * The events of an installation out of its record in docs/records, as far as the record has them: its sentences, back to data.
 * What was loaded over HTTP is not in a record.
 */

type Data = Readonly<Record<string, unknown>>;

const SENTENCES: readonly (readonly [EventId, RegExp, (groups: Record<string, string>) => Data])[] = [
  [
    'dhcp.discover',
    /^asks for an address \((?<client>.+), interface br0\)$/,
    ({ client }) => ({ client, via: 'interface br0' }),
  ],
  [
    'dhcp.offer',
    /^is offered (?<address>\S+) \((?<reason>\w+)\)(?: with boot file (?<bootFile>\S+))?$/,
    ({ address, reason, bootFile }) => ({ address, reason, ...(bootFile && { bootFile }) }),
  ],
  [
    'dhcp.ack',
    /^has (?<address>\S+) for (?<seconds>\d+) s \((?<kind>[\w-]+), (?<client>.+)\)$/,
    ({ address, seconds, kind, client }) => ({ address, seconds: Number(seconds), kind, client }),
  ],
  [
    'tftp.start',
    /^loads (?<file>\S+) \((?<bytes>\d+) bytes, TFTP, blocks of (?<blockSize>\d+)\)$/,
    ({ file, bytes, blockSize }) => ({ file, bytes: Number(bytes), blockSize: Number(blockSize), window: 1 }),
  ],
  [
    'tftp.done',
    /^has (?<file>\S+) \((?<bytes>\d+) bytes in (?<ms>\d+) ms/,
    ({ file, bytes, ms }) => ({ file, bytes: Number(bytes), ms: Number(ms), retransmits: 0, finalAck: true }),
  ],
  [
    'boot.config',
    /^(?<loader>\w+) is told: (?<decision>\w+)(?: (?<profile>\w+))? \((?<reason>.+)\)$/,
    ({ loader, decision, profile, reason }) => ({ file: 'config', loader, decision, profile, reason }),
  ],
  ['install.granted', /^may be installed with (?<profile>\w+), once/, ({ profile }) => ({ profile, via: 'file' })],
  [
    'answer.fetched',
    /^fetched its answer file for (?<profile>\w+)/,
    ({ profile }) => ({ profile, file: 'preseed.cfg' }),
  ],
  ['install.started', /^began to install (?<profile>\w+)/, ({ profile }) => ({ profile })],
  ['install.reported', /^reports that (?<profile>\w+) is installed/, ({ profile }) => ({ profile })],
  [
    'install.done',
    /^is ready, installed with (?<profile>\w+): (?<how>.+)$/,
    ({ profile, how }) => ({ profile, how, verified: true }),
  ],
];

/** Times count from the first power-on. */
export function readRecord(name: string, mac: Mac): RecordedEvent[] {
  const text = readFileSync(new URL(`../../docs/records/${name}`, import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| *(\d+) \| (.+) \|$/gm)];
  return rows.flatMap(([, seconds, sentence = ''], index) => {
    const known = SENTENCES.find(([, pattern]) => pattern.test(sentence));
    if (known === undefined) return [];
    const [id, pattern, dataOf] = known;
    const data = dataOf({ ...pattern.exec(sentence)?.groups });
    const at = { seq: index + 1, time: Number(seconds) * 1000 };
    return [recordEvent(at, id, { mac, machine: 'box', network: 'lab' }, data as never)];
  });
}
