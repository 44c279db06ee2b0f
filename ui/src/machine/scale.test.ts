import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeStory } from '../../../test/support/fake-page.ts';
import { makeAxis, rateOf } from './scale.ts';

test('the axis reaches from the beginning to now, or to the end', () => {
  const story = fakeStory(0, 1_000_000);
  const running = makeAxis(story, 1_020_000);
  assert.deepEqual([running.from, running.to], [1_000_000, 1_020_000]);
  assert.deepEqual(
    running.ticks.map(({ label }) => label),
    ['0 s', '5 s', '10 s', '15 s'],
  );
  assert.deepEqual(running.span(1_005_000, 1_010_000), { left: 25, width: 25 });
  assert.deepEqual(running.span(1_005_000, undefined), { left: 25, width: 75 });
  assert.equal(makeAxis({ ...story, endedAt: 1_010_000 }, 9_000_000).to, 1_010_000);
});

test('a boot of hours has few ticks; what takes no time can still be seen, also at the very end', () => {
  const story = { ...fakeStory(0, 0), endedAt: 3 * 3600_000 };
  const axis = makeAxis(story, 0);
  assert.deepEqual(
    axis.ticks.map(({ label }) => label),
    ['0 s', '30 min', '1 h', '1.5 h', '2 h', '2.5 h'],
  );
  const { left, width } = axis.span(story.endedAt, story.endedAt);
  assert.ok(left + width <= 100 && width > 0);
});

test('a rate is told of what took long enough', () => {
  assert.equal(rateOf({ bytes: 2_000_000, startedAt: 0, endedAt: 500 }, 0), 4_000_000);
  assert.equal(rateOf({ bytes: 2_000_000, startedAt: 0, endedAt: undefined }, 1000), 2_000_000);
  assert.equal(rateOf({ bytes: 2_000_000, startedAt: 0, endedAt: 10 }, 0), undefined);
  assert.equal(rateOf({ bytes: 0, startedAt: 0, endedAt: 1000 }, 0), undefined);
});
