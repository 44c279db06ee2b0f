import type { Story } from '../../../src/story/story.ts';
import { Chip } from '../parts/chip.tsx';
import { StageBar } from '../parts/stage-bar.tsx';
import { linkTo } from '../route.ts';
import { isInTrouble } from '../trouble.ts';
import { clockTime, duration } from '../wording.ts';

interface AttemptsProps {
  readonly who: string;
  /** The newest first. */
  readonly attempts: readonly Story[];
  /** The one that is shown. */
  readonly shown: number | undefined;
  /** The server's clock. */
  readonly now: number;
}

/** The boots of a machine, to choose from. */
export function Attempts({ who, attempts, shown, now }: AttemptsProps) {
  return (
    <nav class="attempts" aria-label="Boots of this machine">
      <h2>Boots</h2>
      <ul>
        {attempts.map((story, index) => (
          <li key={story.id}>
            <a
              href={linkTo('machines', who, index === 0 ? {} : { attempt: String(story.id) })}
              aria-current={story.id === shown ? 'true' : undefined}
            >
              <span>{clockTime(story.startedAt)}</span>
              <Outcome story={story} now={now} />
              <StageBar story={story} isInTrouble={isInTrouble(story, now)} />
              <small>
                {duration(endOf(story, now) - story.startedAt)} {story.decision}
              </small>
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Outcome({ story, now }: { readonly story: Story; readonly now: number }) {
  return isInTrouble(story, now) ? <Chip text="in trouble" tone="bad" /> : <Chip text={story.outcome} />;
}

/** One that runs goes on until now. */
function endOf({ endedAt, outcome, lastAt }: Story, now: number): number {
  return endedAt ?? (outcome === 'running' ? now : lastAt);
}
