import type { RecordedEvent } from '../event/event.ts';
import type { Mac } from '../net/mac.ts';
import {
  type Attempt,
  type AttemptOutcome,
  type Expectation,
  type Stage,
  type StageName,
  stageNames,
} from './story.ts';

/** An attempt, and what is remembered besides to understand what comes next. */
export interface Course {
  readonly attempt: Attempt;
  /** The installer has reported success: the reboot that follows belongs to this attempt. */
  readonly isReported: boolean;
  /** `answered`: it has its answer file; `working`: it said that it began, or loads what that names. */
  readonly installer: 'unheard' | 'answered' | 'working';
  /** `asking`: an iPXE asked for an address and has loaded nothing since; `working`: it has. `none`: another one may come. */
  readonly ipxe: 'none' | 'asking' | 'working';
}

/** What the server does with a machine: longer words are cut. */
const MOST_WORD = 200;

export function openCourse(event: RecordedEvent, mac: Mac, stage: StageName, wake?: RecordedEvent): Course {
  const attempt: Attempt = {
    id: event.seq,
    mac,
    machine: event.machine,
    network: event.network,
    address: event.address,
    startedAt: event.time,
    ...(wake && { wokenAt: wake.time }),
    lastAt: event.time,
    stages: [newStage(stage, event.time)],
    outcome: 'running',
    standing: event.text,
  };
  return { attempt, isReported: false, installer: 'unheard', ipxe: 'none' };
}

function newStage(name: StageName, startedAt: number): Stage {
  return { name, state: 'running', startedAt, bytes: 0, transfers: [], transferCount: 0, words: {} };
}

export function stageNow({ attempt }: Course): Stage | undefined {
  return attempt.stages.at(-1);
}

/** An installer at work, and the reboot after it, wait for no address: DHCP goes on beside them. */
export function isUnderWay({ isReported, installer }: Course): boolean {
  return isReported || installer !== 'unheard';
}

export function stageRank(name: StageName | undefined): number {
  return name === undefined ? -1 : stageNames.indexOf(name);
}

export function isAtOrAfter(course: Course, name: StageName): boolean {
  return stageRank(stageNow(course)?.name) >= stageRank(name);
}

/** Goes on to a stage; never back. What was before it is over. */
export function enter(course: Course, name: StageName, time: number): Course {
  if (isAtOrAfter(course, name)) return course;
  const before = course.attempt.stages.map((stage) => endStage(stage, 'done', time));
  return change(course, { stages: [...before, newStage(name, time)] });
}

function endStage(stage: Stage, state: 'done' | 'failed', time: number): Stage {
  return stage.state === 'running' ? { ...stage, state, endedAt: time } : stage;
}

export function change(course: Course, changes: Partial<Attempt>): Course {
  return { ...course, attempt: { ...course.attempt, ...changes } };
}

function changeStage(course: Course, changes: Partial<Stage>): Course {
  const stages = course.attempt.stages;
  const last = stages.at(-1);
  return last === undefined ? course : change(course, { stages: [...stages.slice(0, -1), { ...last, ...changes }] });
}

/** Adds what the machine says of itself to the stage that it is in. */
export function note(course: Course, words: Readonly<Record<string, string | number | undefined>>): Course {
  const said = Object.entries(words).filter(([, value]) => value !== undefined && value !== '');
  const stage = stageNow(course);
  if (said.length === 0 || stage === undefined) return course;
  const cut = said.map(([key, value]) => [key, String(value).slice(0, MOST_WORD)]);
  return changeStage(course, { words: { ...stage.words, ...Object.fromEntries(cut) } });
}

/**
 * Where it stands, and what should come next; without `next` nothing is waited for. What is over stays as it ended: a file that
 * is still read says no more of it.
 */
export function stand(course: Course, standing: string, next?: Expectation): Course {
  return course.attempt.endedAt === undefined ? change(course, { standing, next }) : course;
}

/** The system that came up asks once more: its stage runs again, and the attempt with it where it only had that one. */
export function reopen(course: Course): Course {
  const running = changeStage(course, { state: 'running', endedAt: undefined });
  const { outcome, stages } = course.attempt;
  return outcome === 'left' && stages.length === 1
    ? change(running, { outcome: 'running', endedAt: undefined })
    : running;
}

/** Over: `isWell` says what becomes of the stage that ran. */
export function end(
  course: Course,
  outcome: AttemptOutcome,
  { time, standing, isWell }: { readonly time: number; readonly standing: string; readonly isWell: boolean },
): Course {
  const stages = course.attempt.stages.map((stage) => endStage(stage, isWell ? 'done' : 'failed', time));
  return change(course, { outcome, endedAt: time, next: undefined, stages, standing });
}

export function expect(what: string, since: number, withinMs: number): Expectation {
  return { what, since, expectedBy: since + withinMs };
}
