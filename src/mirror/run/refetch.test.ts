import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { MirrorConfig } from '../mirror-config.ts';
import { describeRefetch, refetchWaits } from './refetch.ts';
import { windowEnd } from './schedule.ts';

const at = (text: string) => Date.parse(text);
const OFFICE = [
  { from: 8 * 60, to: 18 * 60 },
  { from: 17 * 60, to: 20 * 60 },
];
const MIRROR = { name: 'm', blackout: OFFICE, timezone: 'Europe/Berlin' };
const QUIET = { isFrozen: false, isPaused: false, isScrubbing: false, now: at('2026-11-26T06:59:00+01:00') };
const NOON = at('2026-11-26T12:00:00+01:00');

describe('a run that fetches again what was damaged', () => {
  test('begins when nothing keeps it', () => assert.equal(refetchWaits(MIRROR, QUIET), undefined));

  test('waits for the end of the scrub and of the blackout, and for an operator who froze or paused', () => {
    assert.equal(refetchWaits(MIRROR, { ...QUIET, isScrubbing: true })?.reason, 'scrub');
    assert.equal(refetchWaits(MIRROR, { ...QUIET, isScrubbing: true, isPaused: true })?.reason, 'paused');
    assert.equal(refetchWaits(MIRROR, { ...QUIET, isFrozen: true, now: NOON })?.reason, 'frozen');
    const until = at('2026-11-26T20:00:00+01:00');
    assert.deepEqual(refetchWaits(MIRROR, { ...QUIET, now: NOON }), { mirror: 'm', reason: 'blackout', until });
  });

  test('is told as what it is', () => {
    const config = { ...MIRROR, from: ['rsync://host/m/'], mode: 'sync' } as unknown as MirrorConfig;
    assert.match(
      describeRefetch(config, false, NOON),
      /waits until 20:00 \(blackout\); at once: rackready mirror sync m$/,
    );
    assert.match(describeRefetch(config, false, QUIET.now), /when the scrub is over; at once/);
    assert.match(describeRefetch(config, true, NOON), /frozen.*mirror freeze m --off/);
    assert.match(describeRefetch({ ...config, mode: 'frozen' }, false, NOON), /import/);
    assert.match(describeRefetch({ ...config, from: ['https://host/m/'] }, true, NOON), /at once/);
  });
});

describe('windowEnd()', () => {
  test('goes over midnight, and over an hour that the clock leaps over or has twice', () => {
    const night = [{ from: 22 * 60, to: 6 * 60 }];
    assert.equal(windowEnd(night, 'UTC', at('2026-11-26T23:10:20Z')), at('2026-11-27T06:00:00Z'));
    const early = [{ from: 60, to: 2 * 60 + 30 }];
    assert.equal(windowEnd(early, 'Europe/Berlin', at('2026-03-29T00:30:00Z')), at('2026-03-29T01:00:00Z'));
    assert.equal(windowEnd(early, 'Europe/Berlin', at('2026-10-25T00:10:00Z')), at('2026-10-25T00:30:00Z'));
  });

  test('of windows that fill the day there is none', () => {
    const all = [
      { from: 0, to: 12 * 60 },
      { from: 12 * 60, to: 24 * 60 },
    ];
    assert.equal(windowEnd(all, 'UTC', at('2026-11-26T10:00:00Z')), undefined);
  });
});
