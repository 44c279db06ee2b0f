import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ipv4 } from '../net/ipv4.ts';
import { mac } from '../net/mac.ts';
import { createTapes, type Passing } from './tapes.ts';

const CARD = mac('02:00:00:00:00:0a');
const CLIENT = ipv4('172.22.10.61');

const passing = (bytes: Uint8Array, port = 69): Passing => ({
  source: CLIENT,
  sourcePort: 2000,
  destination: ipv4('172.22.10.2'),
  destinationPort: port,
  bytes,
});

const read = (tapes: ReturnType<typeof createTapes>, ...of: Parameters<typeof tapes.read>[0]) =>
  tapes.read(of, 0, Number.POSITIVE_INFINITY);

test('what was recorded is a copy, with the time of its coming, in order', async () => {
  let now = 1000;
  const tapes = createTapes(() => now);
  const bytes = Uint8Array.of(0, 4, 0, 1);
  tapes.record(CLIENT, passing(bytes));
  now = 500;
  tapes.record(CARD, passing(bytes, 67));
  await nextTurn();
  bytes.fill(9);
  const found = read(tapes, CLIENT, CARD);
  assert.deepEqual(
    found.map(({ time, length, bytes: kept }) => [time, length, [...kept]]),
    [
      [500, 4, [0, 4, 0, 1]],
      [1000, 4, [0, 4, 0, 1]],
    ],
  );
  assert.equal(found[0]?.bytes.buffer.byteLength, 4);
  assert.deepEqual(tapes.read([CLIENT, CARD], 501, 1000), []);
});

test('of each the last are kept, and of all those that were heard last', () => {
  const tapes = createTapes(() => 0, { datagrams: 10, bytes: 20 * 260 });
  for (let n = 0; n < 100; n++) tapes.record(CARD, passing(new Uint8Array(100).fill(n), 67));
  const kept = read(tapes, CARD);
  assert.ok(kept.length >= 10 && kept.length <= 12, String(kept.length));
  assert.equal(kept.at(-1)?.bytes[0], 99);
  for (let n = 0; n < 12; n++) tapes.record(CLIENT, passing(new Uint8Array(100), 67));
  assert.deepEqual(read(tapes, CARD), []);
  assert.equal(read(tapes, CLIENT).length, 12);
});

test('of a storm not everything is recorded', () => {
  let now = 5_000;
  const tapes = createTapes(() => now);
  for (let n = 0; n < 10_000; n++) tapes.record((n % 200) as typeof CLIENT, passing(Uint8Array.of(n & 255), 67));
  const all = Array.from({ length: 200 }, (_, index) => index as typeof CLIENT);
  assert.equal(read(tapes, ...all).length, 4_000);
  now = 6_000;
  tapes.record(CARD, passing(Uint8Array.of(1), 67));
  assert.equal(read(tapes, CARD).length, 1);
});

for (const [given, want] of [
  ['\0\x01answer/kX3-_q9Z/preseed.cfg\0octet\0', '\0\x01answer/.../preseed.cfg\0octet\0'],
  ['\0\x01/Report%2fkX3-_q9Z\0octet\0blksize\x001428\0', '\0\x01/Report%2f...\0octet\0blksize\x001428\0'],
  ['\0\x05\0\x01there is no answer/kX3-_q9Z\0', '\0\x05\0\x01there is no answer/...\0'],
  ['\0\x01boot/grub/grub.cfg\0octet\0', '\0\x01boot/grub/grub.cfg\0octet\0'],
] as const) {
  test(`${JSON.stringify(given)} is kept as ${JSON.stringify(want)}`, () => {
    const tapes = createTapes(() => 0);
    tapes.record(CLIENT, passing(Buffer.from(given, 'latin1')));
    const [found] = read(tapes, CLIENT);
    assert.equal(Buffer.from(found?.bytes ?? []).toString('latin1'), want);
    assert.equal(found?.length, want.length);
  });
}
