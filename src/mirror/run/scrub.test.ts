import assert from 'node:assert/strict';
import { test } from 'node:test';
import { beginScrub, firstScrub, isScrubbing, nextScrub } from './scrub.ts';

const CONFIG = { schedule: '17 4 * * sun', timezone: 'UTC', bytesPerSecond: 1 };
const at = (text: string) => Date.parse(text);

test('the first scrub comes at the next time of its schedule, the next one a week after it, and one that was missed once', () => {
  const first = firstScrub(at('2026-11-26T01:00:00Z'));
  assert.equal(isScrubbing(first), false);
  assert.equal(nextScrub(CONFIG, first), at('2026-11-29T04:17:00Z'));
  assert.equal(nextScrub({ ...CONFIG, schedule: undefined }, first), undefined);
  const late = beginScrub({ ...first, after: 'ff', files: 3, isPaused: true }, at('2026-12-22T10:00:00Z'));
  assert.deepEqual([late.after, late.files, late.isPaused, isScrubbing(late)], ['', 0, false, true]);
  assert.equal(nextScrub(CONFIG, late), at('2026-12-27T04:17:00Z'));
});
