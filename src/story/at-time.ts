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
  if (stage === undefined || isSettled(attempt)) return attempt;
  const silentMs = now - attempt.lastAt;
  // Its own system that comes up after a boot asks again as soon as firmware does.
  if (attempt.endedAt !== undefined) return silentMs <= SILENCE_MS.firmware ? attempt : withoutRunning(attempt);
  if (silentMs <= SILENCE_MS[stage.name]) return attempt;
  const outcome = attempt.outcome === 'running' ? 'left' : attempt.outcome;
  const standing = `${attempt.standing}; then it was silent`;
  return { ...withoutRunning(attempt), outcome, endedAt: attempt.lastAt, next: undefined, standing };
}

/** It is over, and so is the own system's start that may follow: time alone changes no more of it. */
export function isSettled({ endedAt, stages }: Attempt): boolean {
  return endedAt !== undefined && stages.at(-1)?.state !== 'running';
}

/** The stage that ran came to nothing: nothing was heard since. */
export function withoutRunning(attempt: Attempt): Attempt {
  const stage = attempt.stages.at(-1);
  if (stage?.state !== 'running') return attempt;
  return { ...attempt, stages: attempt.stages.with(-1, { ...stage, state: 'failed', endedAt: attempt.lastAt }) };
}

/** Between two questions of a firmware or a loader lies no longer silence. */
const BETWEEN_QUESTIONS_MS = 3 * 60_000;

/** Whether the machine is in the middle of this boot: what is granted now is for it, and not for a later one. */
export function isBootingAt(attempt: Attempt, now: number): boolean {
  if (attemptAt(attempt, now).endedAt !== undefined) return false;
  const stage = attempt.stages.at(-1)?.name;
  return (stage !== 'firmware' && stage !== 'loader') || now - attempt.lastAt <= BETWEEN_QUESTIONS_MS;
}
