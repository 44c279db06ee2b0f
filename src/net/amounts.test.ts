import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes, formatPart } from './amounts.ts';

const amounts: readonly (readonly [bytes: number, text: string])[] = [
  [0, '0 B'],
  [999, '999 B'],
  [999.6, '1.0 kB'],
  [1000, '1.0 kB'],
  [99_949, '99.9 kB'],
  [99_950, '100 kB'],
  [999_499, '999 kB'],
  [999_500, '1.0 MB'],
  [28_345_678_901, '28.3 GB'],
  [5e15, '5000 TB'],
];

for (const [bytes, text] of amounts) {
  test(`${bytes} bytes are ${text}`, () => {
    assert.equal(formatBytes(bytes), text);
  });
}

const parts: readonly (readonly [bytes: number, ofBytes: number, text: string])[] = [
  [0, 38_000_000, '0 B of 38.0 MB'],
  [17_100_000, 38_000_000, '17.1 MB of 38.0 MB'],
  [38_000_000, 38_000_000, '38.0 MB of 38.0 MB'],
  [37_999_999, 38_000_000, '37999999 of 38000000 bytes'],
];

for (const [bytes, ofBytes, text] of parts) {
  test(`a part is shown as ${text}`, () => {
    assert.equal(formatPart(bytes, ofBytes), text);
  });
}
