import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFrameReader, frameOf } from './story-frames.ts';

const MESSAGES = [
  [{ kind: 'ready', readers: [1, 2] }, ''],
  [{ kind: 'told', text: 'größer als ein Byte: ☃' }, '[{"text":"für später"}]'],
  [{}, ''],
  [{ kind: 'piece' }, 'x'.repeat(5_000)],
] as const;

function read(pieces: readonly Buffer[]) {
  const found: unknown[] = [];
  const take = createFrameReader((head, body) => found.push([head, Buffer.from(body).toString()]));
  for (const piece of pieces) take(piece);
  return found;
}

const bytes = Buffer.concat(
  MESSAGES.flatMap(([head, body]) => frameOf(head, body === '' ? undefined : Buffer.from(body))),
);

test('messages are whole again, however the bytes were cut', () => {
  for (const size of [1, 7, 8, 9, 60, 1_000, 5_060, bytes.length]) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size),
    );
    assert.deepEqual(read(pieces), MESSAGES, `pieces of ${size} bytes`);
  }
});

test('what is not whole is not taken', () => {
  assert.deepEqual(read([bytes.subarray(0, -1)]), MESSAGES.slice(0, -1));
});

test('a body that came in one piece is not copied, whatever came before', () => {
  const pieces = [1, 2].map(() =>
    Buffer.from(new Uint8Array(Buffer.concat(frameOf({ kind: 'piece' }, Buffer.from('body')))).buffer),
  );
  const found: ArrayBufferLike[] = [];
  const take = createFrameReader((_head, body) => found.push(body.buffer));
  for (const piece of pieces) take(piece);
  assert.equal(found.length, 2);
  assert.ok(pieces.every(({ buffer }, index) => found[index] === buffer));
});
