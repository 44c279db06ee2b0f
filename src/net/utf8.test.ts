import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { truncateUtf8, utf8Bytes, utf8Text } from './utf8.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

const rows: readonly (readonly [text: string, hex: string])[] = [
  ['', ''],
  ['Debian 12', '44656269616e203132'],
  ['100 %25', '31303020253235'],
  ['für', '66c3bc72'],
  ['マック', 'e3839ee38383e382af'],
  ['🍎', 'f09f8d8e'],
  ['a\u0000b', '610062'],
];
for (const [text, want] of rows) {
  test(`UTF-8 of ${JSON.stringify(text)} in both directions`, () => {
    assert.equal(hex(utf8Bytes(text)), want);
    assert.equal(utf8Text(bytes(want)), text);
  });
}

test('utf8Bytes() replaces half a surrogate pair, utf8Text() what is no UTF-8', () => {
  assert.equal(hex(utf8Bytes('a\ud83cb')), '61efbfbd62');
  assert.equal(utf8Text(bytes('61 ff 62 c3')), 'a\ufffdb\ufffd');
  assert.equal(utf8Text(bytes('c0 80 ed a0 80')), '\ufffd'.repeat(5));
});

test('truncateUtf8() never cuts a character in two', () => {
  const apple = utf8Bytes('aü🍎');
  const cut = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((most) => utf8Text(truncateUtf8(apple, most)));
  assert.deepEqual(cut, ['', 'a', 'a', 'aü', 'aü', 'aü', 'aü', 'aü🍎', 'aü🍎']);
});

test('UTF-8 agrees with Node on any text and any bytes that Node takes for UTF-8', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.equal(hex(utf8Bytes(text)), hex(new TextEncoder().encode(text)));
      assert.equal(utf8Text(utf8Bytes(text)), text.toWellFormed());
    }),
  );
  fc.assert(fc.property(fc.uint8Array(), (any) => assert.equal(typeof utf8Text(any), 'string')));
});
