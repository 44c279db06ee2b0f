import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Capture, readCaptures } from '../../../test/support/capture.ts';
import { replay, SM1, START } from '../../../test/support/replay-traffic.ts';
import { traceOf } from '../../../test/support/traces.ts';
import type { RecordedEvent } from '../../event/event.ts';
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

interface Trouble extends Capture {
  /** Which of the forty known failures; 0: another one. */
  readonly case: number;
  /** Where the traffic comes from. */
  readonly from: string;
  /** Ids of rules. */
  readonly expect: readonly string[];
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
      const found = diagnose(traceOf(events, owner, now, from));
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
      for (const { cause, remedy, evidence, confidence } of found) {
        assert.doesNotMatch(`${cause} ${remedy}`, /undefined|NaN|\[object/);
        assert.doesNotMatch(cause, /\.$/);
        assert.ok(evidence.length > 0 && evidence.every((seq) => events.some((event) => event.seq === seq)));
        assert.ok(confidence > 0 && confidence <= 1);
      }
    });
  }
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
