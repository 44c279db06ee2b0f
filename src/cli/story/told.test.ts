import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeStory } from '../../../test/support/fake-page.ts';
import type { Story } from '../../story/story.ts';
import { putStory } from './told.ts';

test('a boot that is waited for no longer goes, and the boot before it is there again', () => {
  const stories = new Map<string, Story>();
  const awaited = fakeStory(0, 9000, { id: 5, stages: [] });
  putStory(stories, awaited);
  assert.deepEqual([...stories.values()], [awaited]);
  putStory(stories, { ...awaited, outcome: 'left', endedAt: 9500 });
  assert.deepEqual([...stories.values()], []);
  const before = fakeStory(0, 1000, { outcome: 'local', endedAt: 2000 });
  putStory(stories, before);
  assert.deepEqual([...stories.values()], [before]);
});
