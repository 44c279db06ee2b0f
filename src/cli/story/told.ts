import type { Story } from '../../story/story.ts';

/**
 * Of each card what was told last. A boot that was only waited for is told once more when it is waited for no longer, and goes:
 * what else there is of the card follows.
 */
export function putStory(stories: Map<string, Story>, story: Story): void {
  if (story.stages.length === 0 && story.endedAt !== undefined) stories.delete(story.mac);
  else stories.set(story.mac, story);
}
