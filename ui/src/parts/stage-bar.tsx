import type { Stage, StageName, Story } from '../../../src/story/story.ts';

/** As in story.ts, whose values the page must not take along: types only. */
const stageOrder: readonly StageName[] = ['firmware', 'loader', 'kernel', 'installer', 'system'];

/** The newest of each name: a machine may load a second loader. */
function stageStates(stages: readonly Stage[]): readonly (Stage['state'] | 'ahead')[] {
  return stageOrder.map((name) => stages.findLast((stage) => stage.name === name)?.state ?? 'ahead');
}

interface BarProps {
  readonly story: Pick<Story, 'stages'>;
  /** The stage that runs does not get on. */
  readonly isInTrouble?: boolean;
}

/** Five steps from firmware to system; as words: "firmware done, loader running". */
export function StageBar({ story, isInTrouble = false }: BarProps) {
  const states = stageStates(story.stages);
  const told = stageOrder.map((name, index) => `${name} ${states[index]}`).filter((words) => !words.endsWith('ahead'));
  return (
    <span
      class={isInTrouble ? 'stage-bar trouble' : 'stage-bar'}
      role="img"
      aria-label={told.join(', ') || 'nothing yet'}
    >
      {stageOrder.map((name, index) => (
        <i key={name} class={`${name} ${states[index]}`} title={`${name}: ${states[index]}`} />
      ))}
    </span>
  );
}
