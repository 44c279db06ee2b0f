import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ConditionHeaders, decideFilePart, etagOf, type FilePart, parseRange } from './file-condition.ts';

const ranges: readonly (readonly [header: string, size: number, part: FilePart | undefined])[] = [
  ['bytes=0-0', 100, { status: 206, start: 0, end: 0 }],
  ['bytes=10-19', 100, { status: 206, start: 10, end: 19 }],
  ['bytes=10-', 100, { status: 206, start: 10, end: 99 }],
  ['bytes=90-1000', 100, { status: 206, start: 90, end: 99 }],
  ['bytes=-10', 100, { status: 206, start: 90, end: 99 }],
  ['bytes=-1000', 100, { status: 206, start: 0, end: 99 }],
  ['Bytes= 10-19 ', 100, { status: 206, start: 10, end: 19 }],
  ['bytes=100-', 100, { status: 416 }],
  ['bytes=100-200', 100, { status: 416 }],
  ['bytes=-0', 100, { status: 416 }],
  ['bytes=0-', 0, { status: 416 }],
  ['bytes=-5', 0, { status: 416 }],
  ['bytes=5-4', 100, undefined],
  ['bytes=-', 100, undefined],
  ['bytes=', 100, undefined],
  [
    'bytes=0-9,20-29',
    100,
    {
      status: 206,
      ranges: [
        { start: 0, end: 9 },
        { start: 20, end: 29 },
      ],
    },
  ],
  [
    'bytes=0-9, -5,200-',
    100,
    {
      status: 206,
      ranges: [
        { start: 0, end: 9 },
        { start: 95, end: 99 },
      ],
    },
  ],
  ['bytes=0-9,200-', 100, { status: 206, start: 0, end: 9 }],
  ['bytes=200-,300-', 100, { status: 416 }],
  ['bytes=0-99,0-99', 100, undefined],
  ['bytes=0-9,a-b', 100, undefined],
  [`bytes=${'0-0,'.repeat(300)}1-1`, 1000, undefined],
  ['bytes=a-b', 100, undefined],
  ['bytes=-1-2', 100, undefined],
  ['bytes=99999999999999999999-', 100, undefined],
  ['lines=1-2', 100, undefined],
];

for (const [header, size, part] of ranges) {
  test(`parseRange() of "${header}" in ${size} bytes`, () => assert.deepEqual(parseRange(header, size), part));
}

const version = { sizeBytes: 1000, modifiedMs: Date.parse('2026-01-02T03:04:05.678Z') };
const etag = etagOf(version);
const same = 'Fri, 02 Jan 2026 03:04:05 GMT';
const before = 'Fri, 02 Jan 2026 03:04:04 GMT';
const whole = { status: 200, start: 0, end: 999 };
const part = { status: 206, start: 5, end: 999 };

const conditions: readonly (readonly [name: string, headers: ConditionHeaders, expected: object, method?: string])[] = [
  ['nothing', {}, whole],
  ['If-None-Match with the tag', { 'if-none-match': etag }, { status: 304 }],
  ['If-None-Match with the weak tag in a list', { 'if-none-match': `"x", W/${etag}` }, { status: 304 }],
  ['If-None-Match with another tag', { 'if-none-match': '"x"' }, whole],
  ['If-None-Match before If-Modified-Since', { 'if-none-match': '"x"', 'if-modified-since': same }, whole],
  ['If-Modified-Since of the same second', { 'if-modified-since': same }, { status: 304 }],
  ['If-Modified-Since of the second before', { 'if-modified-since': before }, whole],
  ['If-Modified-Since that is no date', { 'if-modified-since': 'yesterday' }, whole],
  ['If-Match with the tag', { 'if-match': etag, range: 'bytes=5-' }, part],
  ['If-Match with another tag', { 'if-match': '"x"', range: 'bytes=5-' }, { status: 412 }],
  ['If-Match with the weak tag', { 'if-match': `W/${etag}` }, { status: 412 }],
  ['If-Match *', { 'if-match': '*' }, whole],
  ['If-Unmodified-Since of the same second', { 'if-unmodified-since': same, range: 'bytes=5-' }, part],
  ['If-Unmodified-Since of the second before', { 'if-unmodified-since': before }, { status: 412 }],
  ['If-Range with the tag', { 'if-range': etag, range: 'bytes=5-' }, part],
  ['If-Range with another tag', { 'if-range': '"x"', range: 'bytes=5-' }, whole],
  ['If-Range with the date', { 'if-range': same, range: 'bytes=5-' }, part],
  ['If-Range with another date', { 'if-range': before, range: 'bytes=5-' }, whole],
  ['a range with HEAD', { range: 'bytes=5-' }, whole, 'HEAD'],
  [
    'several ranges',
    { range: 'bytes=0-1,5-6' },
    {
      status: 206,
      ranges: [
        { start: 0, end: 1 },
        { start: 5, end: 6 },
      ],
    },
  ],
];

for (const [name, headers, expected, method = 'GET'] of conditions) {
  test(`decideFilePart() with ${name}`, () => assert.deepEqual(decideFilePart(method, headers, version), expected));
}

test('what is known by its content has changed also when it is older than what the client has', () => {
  const later = 'Fri, 02 Jan 2026 03:04:06 GMT';
  const mirrored = { ...version, etag: '"0123"' };
  assert.deepEqual(decideFilePart('GET', { 'if-modified-since': later }, version), { status: 304 });
  assert.deepEqual(decideFilePart('GET', { 'if-modified-since': later }, mirrored), whole);
  assert.deepEqual(decideFilePart('GET', { 'if-modified-since': same }, mirrored), { status: 304 });
});

test('etagOf() differs by size and by time', () => {
  assert.notEqual(etag, etagOf({ ...version, sizeBytes: 1001 }));
  assert.notEqual(etag, etagOf({ ...version, modifiedMs: version.modifiedMs + 1 }));
});
