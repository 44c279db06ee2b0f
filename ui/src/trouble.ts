import type { Story } from '../../src/story/story.ts';

/** Whether a boot that runs does not get on: a cause is known, or what comes next is overdue. `now`: the server's clock. */
export function isInTrouble({ outcome, diagnoses, next }: Pick<Story, 'outcome' | 'diagnoses' | 'next'>, now: number) {
  return outcome === 'running' && (diagnoses.length > 0 || (next !== undefined && now > next.expectedBy));
}
