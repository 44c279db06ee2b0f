import type { RecordedEvent } from '../event/event.ts';
import type { Mac } from '../net/mac.ts';
import { isBootingAt, withoutRunning } from './at-time.ts';
import { beginsAnother, firstStage } from './begins.ts';
import { speakerOf } from './client-kind.ts';
import { type Course, change, end, openCourse, reopen } from './course.ts';
import { isRefusal, stepDhcp } from './step-dhcp.ts';
import { stepInstall } from './step-install.ts';
import { stepTransfer } from './step-transfer.ts';
import type { Attempt } from './story.ts';

/** The attempts of one card: the one that was heard last, and a few before it, the newest first. */
export interface History {
  readonly course: Course;
  readonly earlier: readonly Attempt[];
}

/** Attempts before the last one that are kept in memory. */
const EARLIER_KEPT = 4;
/** Of those, so many transfers a stage. */
const EARLIER_TRANSFERS = 4;
/** What a machine that boots from its disk still loads, or asks for as its own system. */
const LOCAL_TAIL_MS = 15 * 60_000;
/** What is told of the same thing a moment later. */
const TAIL_MS = 5_000;

/**
 * Takes one event of a card into its history; undefined as long as no boot was heard. The same object comes back when the event
 * changes nothing. Work and memory for an event are bounded. `expected`: why its own system that starts is a story, too, one for each
 * grant and wake.
 */
export function step(
  history: History | undefined,
  event: RecordedEvent,
  mac: Mac,
  expected: Expected = {},
): History | undefined {
  const speaker = speakerOf(event);
  const { grant, wake } = expected;
  const isOwn = isOwnStart(history, event, expected);
  if (isOwn && wake === undefined && grant !== undefined && history !== undefined && isOwnStory(history, grant)) {
    return { ...history, course: hear(reopen(history.course), event) };
  }
  const stage = isOwn ? 'system' : speaker && firstStage(speaker);
  const isFirst = history === undefined || stage === 'system';
  if (stage !== undefined && (isFirst || beginsAnother(history.course, speaker ?? 'system', event.time))) {
    const course = hear(openCourse(event, mac, stage, wake), event);
    return { course, earlier: history === undefined ? [] : filed(history, event.time) };
  }
  if (history === undefined || !isHeard(history.course, event)) return history;
  return { ...history, course: hear(history.course, event) };
}

/** Why a boot of the machine is expected. */
export interface Expected {
  /** It was to be installed, and has not asked how since. */
  readonly grant?: RecordedEvent | undefined;
  /** It was woken, and has not booted since. */
  readonly wake?: RecordedEvent | undefined;
}

/**
 * The system on its disk starts, and nothing else is going on. One that had an address and asks for it again (INIT-REBOOT) may
 * as well have lost its link for a moment, unless it was just woken, and was not on already.
 */
function isOwnStart(history: History | undefined, event: RecordedEvent, { grant, wake }: Expected): boolean {
  if (grant === undefined && wake === undefined) return false;
  const isWoken = wake !== undefined && wake.data.answers === undefined;
  const isAgain = isWoken && event.id === 'dhcp.ack' && event.data.kind === 'init-reboot';
  if (!(event.id === 'dhcp.discover' || isAgain) || speakerOf(event) !== 'system') return false;
  return history === undefined || !(isBootingAt(history.course.attempt, event.time) || isTail(history, event));
}

/** It asked before, since the grant: from its disk again, or its link was down. */
function isOwnStory({ course: { attempt } }: History, grant: RecordedEvent): boolean {
  return attempt.stages[0]?.name === 'system' && attempt.id > grant.seq;
}

/** What follows a boot that is over, and is part of it: the system that it brings up, or what was on its way. */
export function isTail({ course }: History, event: RecordedEvent): boolean {
  const { endedAt } = course.attempt;
  return endedAt !== undefined && (event.time - endedAt <= TAIL_MS || isHeard(course, event));
}

/** An attempt that is over hears little more. */
function isHeard({ attempt }: Course, event: RecordedEvent): boolean {
  if (attempt.endedAt === undefined) return true;
  const silentMs = event.time - attempt.endedAt;
  if (event.id === 'install.log') return attempt.outcome === 'failed';
  if (attempt.outcome !== 'local') return silentMs <= TAIL_MS;
  if (silentMs > LOCAL_TAIL_MS) return false;
  const isSystemUp = attempt.stages.some(({ name, state }) => name === 'system' && state === 'done');
  return !isSystemUp || event.id.startsWith('tftp.') || isRefusal(event);
}

function hear(course: Course, event: RecordedEvent): Course {
  const [area = ''] = event.id.split('.');
  const stepped = settled(stepsByArea[area]?.(course, event) ?? course, event.time);
  const { machine, network, address } = stepped.attempt;
  return change(stepped, {
    lastAt: event.time,
    machine: event.machine ?? machine,
    network: network ?? event.network,
    address: address ?? event.address,
  });
}

/** What is over has no stage that runs, but for its own system that comes up. */
function settled(course: Course, time: number): Course {
  const { endedAt, stages } = course.attempt;
  const last = stages.at(-1);
  if (endedAt === undefined || last?.state !== 'running' || last.name === 'system') return course;
  return change(course, { stages: stages.with(-1, { ...last, state: 'done', endedAt: time }) });
}

const stepsByArea: Readonly<Record<string, (course: Course, event: RecordedEvent) => Course>> = {
  dhcp: stepDhcp,
  bsdp: stepDhcp,
  mac: stepDhcp,
  tftp: stepTransfer,
  http: stepTransfer,
  boot: stepInstall,
  answer: stepInstall,
  install: stepInstall,
  installer: stepInstall,
};

/** Puts the last attempt beside the earlier ones: what had no end has one now. */
function filed({ course, earlier }: History, time: number): Attempt[] {
  const attempt = withoutRunning((course.attempt.endedAt === undefined ? startedAgain(course, time) : course).attempt);
  const stages = attempt.stages.map((one) => ({ ...one, transfers: one.transfers.slice(-EARLIER_TRANSFERS) }));
  return [{ ...attempt, stages }, ...earlier].slice(0, EARLIER_KEPT);
}

function startedAgain(course: Course, time: number): Course {
  const { outcome } = course.attempt;
  const standing = `${course.attempt.standing}; then it started again`;
  return end(course, outcome === 'running' ? 'left' : outcome, { time, standing, isWell: false });
}
