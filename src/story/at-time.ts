import type { Attempt, StageName } from './story.ts';

/** A machine that is silent for so long in a stage was switched off, or went on without us. */
const SILENCE_MS: Readonly<Record<StageName, number>> = {
  firmware: 10 * 60_000,
  loader: 10 * 60_000,
  kernel: 15 * 60_000,
  installer: 6 * 3_600_000,
  system: 6 * 3_600_000,
};

/** The attempt as it is at a time: after a long silence it is over, though no event said so. `now`: ms since 1970. */
export function attemptAt(attempt: Attempt, now: number): Attempt {
  const stage = attempt.stages.at(-1);
  if (attempt.endedAt !== undefined || stage === undefined) return attempt;
  if (now - attempt.lastAt <= SILENCE_MS[stage.name]) return attempt;
  const endedAt = attempt.lastAt;
  const stages = attempt.stages.with(-1, { ...stage, state: 'failed', endedAt });
  const outcome = attempt.outcome === 'running' ? 'left' : attempt.outcome;
  return { ...attempt, stages, outcome, endedAt, next: undefined, standing: `${attempt.standing}; then it was silent` };
}
