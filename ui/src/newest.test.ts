import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mac } from '../../src/net/mac.ts';
import type { Story } from '../../src/story/story.ts';
import { fakeStory } from '../../test/support/fake-page.ts';
import { isShown, newest } from './newest.ts';

const before = fakeStory(0, 1000, { outcome: 'local', endedAt: 2000 });
const awaited = fakeStory(0, 9000, { id: 5, stages: [] });
const cancelled: Story = { ...awaited, outcome: 'left', endedAt: 9500 };
/** As it is told again. */
const again: Story = { ...before, now: 20_000 };
const other = { mac: mac('02:00:00:ac:16:0b') };
const after = (...told: readonly Story[]) => [...newest(new Map(), told).values()];

test('the attempt that began last is shown; an older one that ends late does not come back', () => {
  const next = fakeStory(0, 9000, { id: 5 });
  assert.deepEqual(after(before, next, again), [next]);
  assert.deepEqual(after(awaited, { ...again, ...other }), [awaited]);
  // An answer that was on its way for longer than the news.
  assert.deepEqual(after(awaited, before), [awaited]);
});

test('the boot before a grant is there again when the grant is taken back', () => {
  assert.deepEqual(after(before, awaited, again), [again]);
  assert.deepEqual(after(before, awaited, cancelled, again), [again]);
  assert.deepEqual(after(awaited, cancelled, { ...again, ...other }), [{ ...again, ...other }]);
});

test('a boot from another card takes the place of the one that was waited for, whoever is told first', () => {
  const boot = fakeStory(0, 9400, { id: 9, ...other });
  assert.deepEqual(after(awaited, cancelled, boot), [boot]);
  assert.deepEqual(after(awaited, boot, cancelled), [boot]);
});

test('a boot that is only waited for is shown as long as something is to be done with the machine', () => {
  const operation = {
    kind: 'install',
    stage: 'granted',
    profile: 'debian',
    via: 'command',
    grantedAt: '',
    deadline: null,
    startedAt: null,
    seen: null,
  } as const;
  assert.equal(isShown(awaited, { operation }), true);
  assert.equal(isShown(awaited, undefined), true);
  assert.equal(isShown(awaited, { operation: null }), false);
  assert.equal(isShown(cancelled, { operation }), false);
  assert.equal(isShown(before, { operation: null }), true);
});
