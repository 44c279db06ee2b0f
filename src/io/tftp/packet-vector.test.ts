import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ipv4, ipv4 } from '../../net/ipv4.ts';
import { loadNative, type Native } from '../native/native.ts';
import { createOutgoing, type Outgoing, VECTOR_LENGTH } from './packet-vector.ts';

const native = await loadNative();
const skip = native ? false : 'koffi is not installed';
const address: Ipv4 = ipv4('127.0.0.1');

function fill(outgoing: Outgoing, length: number): number {
  let count = 0;
  while (outgoing.reserve(length)) {
    outgoing.add(address, 7);
    count++;
  }
  return count;
}

test('packets wait until there is no room for a message or for its bytes', { skip }, () => {
  assert.equal(fill(createOutgoing(native as Native), 1472), VECTOR_LENGTH);
  assert.equal(fill(createOutgoing(native as Native), 65_468), 4);
});

test('what was reserved and not added leaves its room to the next', { skip }, () => {
  const outgoing = createOutgoing(native as Native);
  const first = outgoing.reserve(1000);
  const second = outgoing.reserve(1000);
  assert.equal(first?.byteOffset, second?.byteOffset);
  assert.equal(outgoing.waiting, 0);
});

test('the pointer moves over what was sent, and returns when nothing waits', { skip }, () => {
  const outgoing = createOutgoing(native as Native);
  const start = outgoing.pointer();
  assert.equal(fill(outgoing, 100), VECTOR_LENGTH);
  outgoing.drop(3);
  assert.deepEqual([outgoing.waiting, outgoing.pointer() - start], [VECTOR_LENGTH - 3, 3n * 64n]);
  assert.equal(outgoing.reserve(100), undefined);
  outgoing.drop(VECTOR_LENGTH - 3);
  assert.deepEqual([outgoing.waiting, outgoing.pointer()], [0, start]);
  assert.ok(outgoing.reserve(100));
});
