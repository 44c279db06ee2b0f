import type { MachineView } from '../../../src/http/api/views.ts';
import type { Story } from '../../../src/story/story.ts';
import { duration } from '../wording.ts';

/** What a machine does now. */
export interface Doing {
  readonly kind: 'trouble' | 'running' | 'granted' | 'rest';
  readonly text: string;
}

const STAGES: Readonly<Record<string, string>> = {
  granted: 'may be installed: waits for its next network boot',
  booting: 'the installer was sent',
  installing: 'is being installed',
  held: 'held: would have started the same installation again',
  'first-contact': 'installed; its own system is waited for',
};

/** From its newest boot, else from its life. `now`: the server's clock. */
export function describeDoing(machine: Pick<MachineView, 'operation'>, story: Story | undefined, now: number): Doing {
  const { operation } = machine;
  if (story?.outcome === 'running' || story?.outcome === 'held') {
    const [diagnosis] = story.diagnoses;
    if (diagnosis) return { kind: 'trouble', text: diagnosis.cause };
    if (story.outcome === 'held') return { kind: 'trouble', text: story.standing };
    const late = story.next === undefined ? 0 : now - story.next.expectedBy;
    if (story.next && late > 0)
      return { kind: 'trouble', text: `${story.standing}; ${story.next.what} is overdue by ${duration(late)}` };
    // It was granted, and has not begun.
    const kind = story.stages.length === 0 && operation !== null ? 'granted' : 'running';
    return { kind, text: standingOf(story) };
  }
  if (operation) {
    const text = `${operation.profile}: ${STAGES[operation.stage] ?? operation.stage}`;
    if (operation.stage === 'held') return { kind: 'trouble', text };
    return { kind: operation.stage === 'granted' ? 'granted' : 'running', text };
  }
  if (story && (story.outcome === 'failed' || story.outcome === 'ignored')) {
    return { kind: 'trouble', text: story.diagnoses[0]?.cause ?? story.standing };
  }
  return { kind: 'rest', text: story ? standingOf(story) : '' };
}

function standingOf({ standing, isObserved }: Story): string {
  return isObserved ? `only observed: ${standing}` : standing;
}

/** A cause begins with whose it is, which the row says already. */
export function withoutName(text: string, { name, macs }: Pick<MachineView, 'name' | 'macs'>): string {
  const who = macs.map((mac) => `${name} (${mac}) `).find((begin) => text.startsWith(begin));
  return who === undefined ? text : text.slice(who.length);
}
