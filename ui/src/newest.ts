import type { MachineView } from '../../src/http/api/views.ts';
import type { Story } from '../../src/story/story.ts';

/**
 * Of each machine, by its name, else its MAC, the attempt that began last; an older one that ends late does not come back. A boot
 * that was only waited for makes room for what is told of its card afterwards, and when it ended for anything.
 */
export function newest(known: ReadonlyMap<string, Story>, more: Iterable<Story>): ReadonlyMap<string, Story> {
  const stories = new Map(known);
  for (const story of more) {
    const key = story.machine ?? story.mac;
    const before = stories.get(key);
    if (before === undefined || before.id <= story.id || makesRoom(before, story)) stories.set(key, story);
  }
  return stories;
}

function makesRoom({ stages, mac, endedAt, now }: Story, story: Story): boolean {
  return stages.length === 0 && story.now >= now && (endedAt !== undefined || mac === story.mac);
}

/** Whether there is something to show of it: a boot that was only waited for is gone with the grant. */
export function isShown(story: Story, machine: Pick<MachineView, 'operation'> | undefined): boolean {
  if (story.stages.length > 0) return true;
  return story.endedAt === undefined && (machine?.operation !== null || story.wokenAt !== undefined);
}
