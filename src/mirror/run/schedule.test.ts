import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isInWindow, nextRunOf, nextStart } from './schedule.ts';

const at = (text: string) => Date.parse(text);
const seed = { name: 'centos-7', schedule: '11 1 * * *', timezone: 'UTC', jitterSeconds: 0 };

describe('nextStart()', () => {
  test('a mirror that never ran waits for its time', () =>
    assert.equal(nextStart(seed, undefined, at('2026-11-26T12:00:00Z')), at('2026-11-27T01:11:00Z')));

  test('a run that was missed is made up for once', () => {
    const now = at('2026-11-26T12:00:00Z');
    assert.equal(nextStart(seed, at('2026-11-20T01:11:05Z'), now), at('2026-11-21T01:11:00Z'));
    assert.equal(nextStart(seed, now, now), at('2026-11-27T01:11:00Z'));
  });

  test('without a schedule it runs by command only', () =>
    assert.equal(nextStart({ ...seed, schedule: undefined }, undefined, 0), undefined));

  test('the jitter of a mirror is always the same, and no run is made twice for it', () => {
    const mirror = { ...seed, jitterSeconds: 600 };
    const first = nextStart(mirror, undefined, at('2026-11-26T00:00:00Z')) ?? 0;
    const late = first - at('2026-11-26T01:11:00Z');
    assert.ok(late > 0 && late < 600_000);
    assert.equal(nextStart(mirror, first, first), first + 86_400_000);
    assert.notEqual(nextStart({ ...mirror, name: 'rocky-9' }, undefined, at('2026-11-26T00:00:00Z')), first);
  });
});

test('a clock that was ahead when a mirror ran, and has been put right, keeps no mirror from its next run', () => {
  const mirror = { ...seed, mode: 'sync' } as const;
  const now = at('2026-11-26T12:00:00Z');
  const ranAt = (text: string) => ({
    isFrozen: false,
    lastRun: { startedAt: at(text), endedAt: at(text), result: 'failed', reason: '' } as const,
  });
  assert.equal(nextRunOf(mirror, ranAt('2036-02-07T06:28:00Z'), now, now), now);
  assert.equal(nextRunOf({ ...mirror, schedule: undefined }, ranAt('2036-02-07T06:28:00Z'), now, now), undefined);
  assert.equal(nextRunOf(mirror, ranAt('2026-11-26T01:11:00Z'), now, now), at('2026-11-27T01:11:00Z'));
  assert.equal(nextRunOf(mirror, { isFrozen: false }, at('2036-02-07T06:28:00Z'), now), now);
  // By a clock that is not set yet, nothing begins.
  const unset = at('1970-01-01T00:01:00Z');
  assert.equal(nextRunOf(mirror, ranAt('2026-11-26T01:11:00Z'), unset, unset), at('2026-11-27T01:11:00Z'));
});

test('isInWindow() goes by the wall clock of the time zone, and over midnight', () => {
  const day = [{ from: 8 * 60, to: 18 * 60 }];
  assert.ok(isInWindow(day, 'UTC', at('2026-11-26T08:00:00Z')));
  assert.ok(!isInWindow(day, 'UTC', at('2026-11-26T18:00:00Z')));
  assert.ok(!isInWindow(day, 'America/New_York', at('2026-11-26T08:00:00Z')));
  const night = [{ from: 22 * 60, to: 6 * 60 }];
  assert.ok(isInWindow(night, 'UTC', at('2026-11-26T23:00:00Z')));
  assert.ok(isInWindow(night, 'UTC', at('2026-11-26T05:59:00Z')));
  assert.ok(!isInWindow(night, 'UTC', at('2026-11-26T12:00:00Z')));
});
