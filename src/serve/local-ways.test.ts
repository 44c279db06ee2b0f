import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRack, requester } from '../../test/boot-rack.ts';
import { machine } from '../../test/boot-values.ts';
import { type Mac, mac } from '../net/mac.ts';
import { createLocalWays } from './local-ways.ts';

const SM1 = mac('00:25:90:96:c4:9a');

function waysAt(...seconds: readonly number[]): string[] {
  const ways = createLocalWays();
  return seconds.map((at) => {
    const { way, cycles } = ways.next(SM1, at * 1000);
    return cycles === undefined ? way : `${way} after ${cycles}`;
  });
}

test('after two rounds a machine is sent to its disk in the other way, and stays with it', () => {
  assert.deepEqual(waysAt(0, 30, 60, 3600, 90_000), ['usual', 'usual', 'other after 2', 'other', 'other']);
});

test('when that does not help either, it is the usual way’s turn again', () => {
  assert.deepEqual(waysAt(0, 30, 60, 90, 120), ['usual', 'usual', 'other after 2', 'other', 'usual after 2']);
});

test('a configuration that is read twice in one boot, and a system that ran in between, are no round', () => {
  assert.deepEqual(waysAt(0, 0.2, 0.4, 30, 30.2, 60, 60.3), [
    'usual',
    'usual',
    'usual',
    'usual',
    'usual',
    'other after 2',
    'other',
  ]);
  assert.deepEqual(waysAt(0, 300, 600, 900), ['usual', 'usual', 'usual', 'usual']);
});

test('only so many machines are remembered', () => {
  const ways = createLocalWays();
  const one = (index: number) => `02:00:00:00:${(index >> 8).toString(16)}:${index & 255}` as Mac;
  for (const at of [0, 30_000]) ways.next(one(0), at);
  for (let index = 1; index <= 4096; index++) ways.next(one(index), 30_000);
  assert.equal(ways.next(one(0), 60_000).way, 'usual');
});

/** Three boots of a machine that comes back after half a minute. */
function bootThrice(name: string, granted: boolean) {
  const rack = createRack({ leases: { '172.22.10.55': SM1 }, machines: [machine()] });
  const texts = [0, 30, 60].map((seconds, round) => {
    rack.clock.now = 1_000_000 + seconds * 1000;
    if (granted && round === 2) {
      rack.lives.step('sm1', { kind: 'granted', token: 'T', profile: 'debian-12', via: 'command' });
    }
    const found = rack.files.resolve(name, requester('172.22.10.55'));
    return found.kind === 'text' ? found.text : found.kind;
  });
  return { texts, told: rack.events.filter(({ id }) => id === 'boot.local-way').map(({ data }) => data) };
}

for (const [name, pattern] of [
  ['boot/grub/grub.cfg', /set root=\(hd0\)/],
  ['pxelinux.cfg/default', /LOCALBOOT -1/],
  ['ipxe/boot.ipxe', /^exit 1$/m],
] as const) {
  test(`the third boot from disk in a row changes ${name}, and that is told`, () => {
    const { texts, told } = bootThrice(name, false);
    assert.equal(texts[0], texts[1]);
    assert.notEqual(texts[1], texts[2]);
    assert.match(texts[2] ?? '', pattern);
    assert.equal(told.length, 1);
    assert.equal(told[0]?.cycles, 2);
  });
}

test('a machine that may be installed is installed, however often it came back', () => {
  const { texts, told } = bootThrice('boot/grub/grub.cfg', true);
  assert.match(texts[2] ?? '', /installs debian-12/);
  assert.deepEqual(told, []);
});
