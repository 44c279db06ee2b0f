import { useEffect, useMemo } from 'preact/hooks';
import type { MachineView } from '../../../src/http/api/views.ts';
import type { Story } from '../../../src/story/story.ts';
import { rack } from '../live.ts';
import { useLoaded } from '../load.ts';
import { isShown } from '../newest.ts';
import { storyOf } from '../rack/rows.ts';
import { useStore } from '../store.ts';

export interface Attempts {
  /** The newest first. */
  readonly attempts: readonly Story[];
  readonly isLoaded: boolean;
}

/** A machine's boots: what the server keeps, and over it what it tells live. */
export function useAttempts(who: string, machine: MachineView | undefined): Attempts {
  const { stories } = useStore(rack);
  const told = machine ? storyOf(machine, stories) : stories.get(who);
  const live = told && isShown(told, machine) ? told : undefined;
  const { value, problem, reload } = useLoaded<{ attempts: Story[] }>(`/stories/${encodeURIComponent(who)}?limit=20`);
  const liveId = live?.id;
  useEffect(() => {
    // A boot that was not there before: the one before it has ended.
    if (liveId !== undefined) reload();
  }, [liveId, reload]);
  const attempts = useMemo(() => {
    const kept = (value?.attempts ?? []).filter((story) => isShown(story, machine));
    if (live === undefined) return kept;
    return [live, ...kept.filter(({ id }) => id !== live.id)].toSorted((a, b) => b.id - a.id);
  }, [live, machine, value]);
  return { attempts, isLoaded: value !== undefined || problem !== undefined };
}
