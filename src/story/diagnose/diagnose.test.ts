import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Capture, readCaptures } from '../../../test/support/capture.ts';
import { readRecord } from '../../../test/support/records.ts';
import { replay, SM1, START } from '../../../test/support/replay-traffic.ts';
import { traceOf } from '../../../test/support/traces.ts';
import { type RecordedEvent, recordEvent } from '../../event/event.ts';
import { type Mac, mac } from '../../net/mac.ts';
import { diagnose } from './diagnose.ts';
import { rules } from './rules.ts';

const captures = readCaptures('netboot-captures.json');

function captured(name: string, conditions?: Capture['conditions']): Capture {
  const found = captures.find((capture) => capture.name === name);
  assert.ok(found, name);
  return conditions === undefined ? found : { ...found, conditions };
}

function ownerOf(events: readonly RecordedEvent[]): Mac {
  const owner = events.find(({ id, mac }) => id.startsWith('dhcp.') && mac !== undefined)?.mac;
  assert.ok(owner, 'somebody asked');
  return owner;
}

function rulesAt(events: readonly RecordedEvent[], owner: Mac, now: number): string[] {
  return diagnose(traceOf(events, owner, now)).map(({ rule }) => rule);
}

/** After each event, and just before the next one: the longest silence that the boot had there. */
function everyMoment(events: readonly RecordedEvent[], owner: Mac): string[] {
  return events.flatMap((event, index) => {
    const soFar = events.slice(0, index + 1);
    const until = (events[index + 1]?.time ?? event.time + 1_000) - 1;
    return [event.time, Math.max(event.time, until)].flatMap((now) =>
      rulesAt(soFar, owner, now).map((rule) => `${rule} after ${event.text}`),
    );
  });
}

describe('a healthy boot raises nothing, at no moment', () => {
  for (const name of ['bios-grub', 'bios-pxelinux', 'efi-shim2', 'efi-grubhttp', 'di2']) {
    test(name, async () => {
      const capture = captured(name);
      const isInstalled = name !== 'di2';
      const { events } = await replay({ ...capture, also: isInstalled ? [{ t: -1, do: 'grant' }] : [] });
      assert.ok(events.length > 5, 'the replay tells events');
      assert.deepEqual(everyMoment(events, ownerOf(events)), []);
    });
  }
});

describe('a whole installation as it is on record raises nothing', () => {
  for (const name of ['install-bios.md', 'install-uefi-x64.md']) {
    test(name, () => {
      const events = readRecord(name, SM1);
      assert.ok(events.length > 15, `${events.length} events`);
      const found = events.flatMap((event, index) =>
        rulesAt(events.slice(0, index + 1), SM1, event.time).map((rule) => `${rule} after ${event.text}`),
      );
      assert.deepEqual(found, []);
    });
  }
});

interface Trouble extends Capture {
  /** Which of the forty known failures; 0: another one. */
  readonly case: number;
  /** Where the traffic comes from. */
  readonly from: string;
  /** Ids of rules. */
  readonly expect: readonly string[];
  /** The server has done something about it. */
  readonly applied?: boolean;
  /** What it may be taken for on the way there. */
  readonly passing?: readonly string[];
  /** Seconds of silence behind it. */
  readonly until: number;
  readonly owner?: string;
  /** Seconds at which the last attempt begins. */
  readonly attemptFrom?: number;
}

const troubles = readCaptures<Trouble>('trouble-captures.json');
const SEEN: readonly {
  readonly name: string;
  readonly case: number;
  readonly rule: string;
  readonly without?: 'shim' | 'uefi-x64';
}[] = [
  { name: 'efi-http', case: 20, rule: 'grub-without-http' },
  { name: 't1-opt67', case: 18, rule: 'shim-lost-folder', without: 'shim' },
  { name: 't4-nofile', case: 6, rule: 'no-boot-file', without: 'uefi-x64' },
];

describe('traffic of a failure raises exactly its diagnosis', () => {
  for (const { name, rule, without } of SEEN) {
    test(`captured ${name}: ${rule}`, async () => {
      const { events, now } = await replay(captured(name, without && { without: [without] }), 60);
      assert.deepEqual(rulesAt(events, ownerOf(events), now), [rule]);
    });
  }
  for (const trouble of troubles) {
    const { name, what, expect, until, attemptFrom, passing = [] } = trouble;
    test(`${name}: ${what}: ${expect.join() || 'nothing'}`, async () => {
      const { events, now } = await replay(trouble, until);
      const owner = trouble.owner === undefined ? SM1 : mac(trouble.owner);
      const from = attemptFrom === undefined ? 0 : events.find(({ time }) => time >= START + attemptFrom * 1000)?.seq;
      const found = diagnose(traceOf(events, owner, now, from, owner === SM1 ? 'sm1' : undefined));
      assert.deepEqual(
        found.map(({ rule }) => rule),
        expect,
        events.map(({ time, text }) => `${(time - START) / 1000} ${text}`).join('\n'),
      );
      if (attemptFrom === undefined) {
        const onTheWay = everyMoment(events, owner).map((line) => line.split(' ')[0] ?? '');
        assert.deepEqual(
          [...new Set(onTheWay)].filter((rule) => ![...expect, ...passing].includes(rule)),
          [],
          'on the way to it',
        );
      }
      if (trouble.applied) assert.ok(found[0]?.applied, 'the server says what it did');
      for (const { cause, remedy, evidence, confidence } of found) {
        assert.doesNotMatch(`${cause} ${remedy}`, /undefined|NaN|\[object/);
        assert.doesNotMatch(cause, /\.$/);
        assert.ok(evidence.length > 0 && evidence.every((seq) => events.some((event) => event.seq === seq)));
        assert.ok(confidence > 0 && confidence <= 1);
      }
    });
  }
});

test('a system that declined its reserved address is no mere change of address', async () => {
  const trouble = troubles.find(({ name }) => name === 'system-declines-then-another');
  assert.ok(trouble);
  const { events, now } = await replay(trouble, trouble.until);
  const [found] = diagnose(traceOf(events, SM1, now));
  assert.match(found?.cause ?? '', /found somebody else at 172\.22\.10\.30$/);
  assert.match(found?.remedy ?? '', /^Find the device that uses 172\.22\.10\.30/);
});

test('a grant that was taken back while the installer started is named', async () => {
  const trouble = troubles.find(({ name }) => name === 'answer-refused');
  assert.ok(trouble);
  const { events, now } = await replay(trouble, trouble.until);
  assert.match(diagnose(traceOf(events, SM1, now, 0, 'sm1'))[0]?.cause ?? '', /its grant was taken back/);
});

/** Of a long attempt the first events and the last are kept. */
test('an installation of which the middle is not kept raises nothing', () => {
  const kept = [
    recordEvent(
      { seq: 1, time: 0 },
      'dhcp.discover',
      { mac: SM1, machine: 'sm1' },
      { client: 'iPXE, bios-x86', via: 'br0' },
    ),
    recordEvent(
      { seq: 2, time: 1_000 },
      'boot.config',
      { mac: SM1, machine: 'sm1' },
      { file: 'ipxe/boot.ipxe', loader: 'ipxe', decision: 'install', reason: 'granted', profile: 'debian' },
    ),
    recordEvent(
      { seq: 3, time: 2_000 },
      'http.done',
      { mac: SM1, machine: 'sm1' },
      { method: 'GET', path: '/os/debian/linux', userAgent: 'iPXE', status: 200, bytes: 8_000_000, ms: 900 },
    ),
    recordEvent(
      { seq: 900, time: 1_800_000 },
      'dhcp.ack',
      { mac: SM1, machine: 'sm1' },
      { address: '172.22.10.30', seconds: 3600, kind: 'renewing', client: 'installer, d-i' },
    ),
  ];
  const trace = traceOf(kept, SM1, 3_000_000);
  const stage = {
    name: 'installer',
    state: 'running',
    startedAt: 60_000,
    bytes: 0,
    transfers: [],
    transferCount: 0,
    words: {},
  } as const;
  assert.deepEqual(diagnose({ ...trace, attempt: { ...trace.attempt, stages: [stage] } }), []);
});

test('each of the forty failures has traffic, and each rule too', () => {
  const cases = new Set([...troubles.map((trouble) => trouble.case), ...SEEN.map((seen) => seen.case)]);
  const missing = Array.from({ length: 40 }, (_, index) => index + 1).filter((number) => !cases.has(number));
  assert.deepEqual(missing, []);
  const tried = new Set([...troubles.flatMap(({ expect }) => expect), ...SEEN.map(({ rule }) => rule)]);
  assert.deepEqual(
    rules.map(({ id }) => id).filter((id) => !tried.has(id)),
    [],
  );
});
