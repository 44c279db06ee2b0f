import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChunkCache } from './chunk-cache.ts';

/** Reads that are counted; each gives `sizeBytes` bytes. */
function counted(sizeBytes: number) {
  let count = 0;
  const read = async () => {
    count++;
    return Buffer.alloc(sizeBytes);
  };
  return { read, count: () => count };
}

test('transfers that want one chunk at the same time read it once', async () => {
  const cache = new ChunkCache(1000);
  const source = counted(10);
  const [a, b] = await Promise.all([cache.get('x', source.read), cache.get('x', source.read)]);
  assert.equal(await cache.get('x', source.read), a);
  assert.equal(b, a);
  assert.equal(source.count(), 1);
  assert.equal(cache.heldBytes, 10);
});

test('the least recently used chunk is dropped when the limit is passed', async () => {
  const cache = new ChunkCache(25);
  const source = counted(10);
  for (const key of ['a', 'b', 'a', 'c']) await cache.get(key, source.read);
  assert.equal(cache.heldBytes, 20);
  assert.equal(source.count(), 3);
  await cache.get('a', source.read);
  assert.equal(source.count(), 3);
  await cache.get('b', source.read);
  assert.equal(source.count(), 4);
});

test('a read that fails is told to everybody who waits, and tried again the next time', async () => {
  const cache = new ChunkCache(1000);
  const fail = async () => {
    throw new Error('disk');
  };
  const results = await Promise.allSettled([cache.get('x', fail), cache.get('x', fail)]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  const source = counted(5);
  await cache.get('x', source.read);
  assert.equal(source.count(), 1);
  assert.equal(cache.heldBytes, 5);
});
