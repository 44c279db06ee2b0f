import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Capture, readCaptures } from '../../test/support/capture.ts';
import { replay, SM1, START } from '../../test/support/replay-traffic.ts';
import { mac } from '../net/mac.ts';
import { createStoryBook } from './book.ts';
import { diagnose } from './diagnose/diagnose.ts';
import type { Attempt } from './story.ts';

/* Traffic of real machines, as the server's own functions tell it, folded into stories. */

function short({ outcome, stages }: Attempt): string {
  const second = (time: number | undefined) => (time === undefined ? '' : Math.round((time - START) / 1000));
  return [
    outcome,
    ...stages.map(({ name, startedAt, endedAt }) => `${name} ${second(startedAt)}-${second(endedAt)}`),
  ].join(', ');
}

async function bookOf(capture: Capture, untilSeconds = 0) {
  const { events, now } = await replay(capture, untilSeconds);
  const book = createStoryBook();
  for (const event of events) book.take(event);
  return { book, now };
}

/** The loaders of the captures ask for files by names of another server: what they get does not always fit the decision. */
const SEEN: Readonly<Record<string, string>> = {
  'bios-grub': 'running, firmware 2-18, loader 18-22, kernel 22-',
  'bios-pxelinux': 'local, firmware 0-16, loader 16-16',
  'efi-shim2': 'local, firmware 0-4, loader 4-6, kernel 9-9',
  'efi-http': 'running, firmware 0-127, loader 127-',
  'efi-grubhttp': 'local, firmware 0-5, loader 5-6, kernel 14-14',
  't1-opt67': 'running, firmware 0-4, loader 4-',
  't4-nofile': 'running, firmware 0-',
};

describe('captured boots are one attempt each', () => {
  const captures = readCaptures('netboot-captures.json').filter(({ name }) => name in SEEN);
  assert.equal(captures.length, Object.keys(SEEN).length);
  for (const capture of captures) {
    test(capture.name, async () => {
      const { book, now } = await bookOf({ ...capture, also: [{ t: -1, do: 'grant' }] });
      const attempts = book.macs().flatMap((one) => book.attempts(one, now));
      // Where another machine boots, the one that was granted is waited for.
      const heard = attempts.filter(({ stages }) => stages.length > 0);
      assert.deepEqual(heard.map(short), [SEEN[capture.name]]);
    });
  }
});

describe('a boot that comes of a wake begins with it, and raises nothing for it', () => {
  const captures = readCaptures('netboot-captures.json').filter(({ name }) => name in SEEN);
  for (const capture of captures) {
    test(capture.name, async () => {
      const plain = await bookOf(capture);
      const [card = SM1] = plain.book.macs();
      const { machine } = plain.book.current(card, plain.now) ?? {};
      assert.ok(machine);
      const subject = { mac: card, machine, network: 'management' };
      const data = { interface: 'br0', to: '255.255.255.255', packets: 3 };
      const woken = await bookOf({ ...capture, also: [{ t: -60, do: 'tell', id: 'power.wake.sent', subject, data }] });
      const attempt = woken.book.current(card, woken.now);
      assert.equal(attempt?.wokenAt, START - 60_000);
      const rules = ({ book, now }: typeof plain) =>
        diagnose(book.trace(card, now) ?? assert.fail()).map(({ rule }) => rule);
      assert.deepEqual(rules(woken), rules(plain));
    });
  }
});

interface Trouble extends Capture {
  readonly expect: readonly string[];
  readonly until: number;
  readonly owner?: string;
}

describe('what is kept of a boot that fails leads to its diagnosis', () => {
  const troubles = readCaptures<Trouble>('trouble-captures.json');
  for (const trouble of troubles) {
    test(`${trouble.name}: ${trouble.expect.join() || 'nothing'}`, async () => {
      const { book, now } = await bookOf(trouble, trouble.until);
      const trace = book.trace(trouble.owner === undefined ? SM1 : mac(trouble.owner), now);
      assert.ok(trace);
      assert.deepEqual(
        diagnose(trace).map(({ rule }) => rule),
        trouble.expect,
      );
    });
  }
});
