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

/** Between two questions of a firmware or a loader lies no longer silence. */
const BETWEEN_QUESTIONS_MS = 3 * 60_000;

/** Whether the machine is in the middle of this boot: what is granted now is for it, and not for a later one. */
export function isBootingAt(attempt: Attempt, now: number): boolean {
  if (attemptAt(attempt, now).endedAt !== undefined) return false;
  const stage = attempt.stages.at(-1)?.name;
  return (stage !== 'firmware' && stage !== 'loader') || now - attempt.lastAt <= BETWEEN_QUESTIONS_MS;
}
