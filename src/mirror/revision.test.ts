import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRolledBack, joinRevisions } from './revision.ts';

const joined = (...pairs: [string, string][]) => joinRevisions(new Map(pairs));

test('one repository that goes back makes it a roll-back', () => {
  const before = joined(['BaseOS', '1700000000'], ['AppStream', '1700000000']);
  assert.equal(isRolledBack(before, before), false);
  assert.equal(isRolledBack(before, joined(['BaseOS', '1800000000'], ['AppStream', '1699999999'])), true);
  assert.equal(isRolledBack(before, joined(['BaseOS', '1800000000'])), false);
  assert.equal(isRolledBack('', before), false);
});

test('times are compared as times, numbers as numbers, other words not at all', () => {
  const times = ['2026-01-02T00:00:00.000Z', '2025-12-31T00:00:00.000Z'] as const;
  assert.equal(isRolledBack(joined(['a', times[0]]), joined(['a', times[1]])), true);
  assert.equal(isRolledBack(joined(['a', times[1]]), joined(['a', times[0]])), false);
  assert.equal(isRolledBack(joined(['', '999']), joined(['', '1000'])), false);
  assert.equal(isRolledBack(joined(['', 'zebra']), joined(['', 'ant'])), false);
});
