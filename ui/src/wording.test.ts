import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, clockTime, counted, duration, spaced } from './wording.ts';

test('durations', () => {
  const rows = [
    [-5, '0 s'],
    [59_499, '59 s'],
    [125_000, '2 min 05 s'],
    [11_520_000, '3 h 12 min'],
    [432_000_000, '5 days'],
  ] as const;
  for (const [ms, want] of rows) assert.equal(duration(ms), want);
});

test('names of the API as words', () => {
  assert.equal(spaced('vendorClass'), 'vendor class');
  assert.equal(spaced('disk'), 'disk');
});

test('sizes', () => {
  const rows = [
    [0, '0 B'],
    [999, '999 B'],
    [25.7996, '26 B'],
    [1428, '1.4 kB'],
    [999_600, '1.0 MB'],
    [240_000_000_000, '240 GB'],
    [2e12, '2.0 TB'],
  ] as const;
  for (const [count, want] of rows) assert.equal(bytes(count), want);
});

test('times of today and of other days', () => {
  const now = new Date(2026, 10, 26, 14, 0, 0).getTime();
  assert.equal(clockTime(now - 1000, now), '13:59:59');
  assert.equal(clockTime(now - 86_400_000, now), '2026-11-25 14:00');
  assert.equal(counted(1, 'machine'), '1 machine');
  assert.equal(counted(0, 'machine'), '0 machines');
});
