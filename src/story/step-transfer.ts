import type { EventData, RecordedEvent } from '../event/event.ts';
import { type Course, change, enter, expect, isAtOrAfter, note, stageRank, stand } from './course.ts';
import { fileKind, isIpxeProgram } from './file-kind.ts';
import { untilReport } from './step-install.ts';
import type { Expectation, Stage, StageName, Transfer } from './story.ts';

/** Of each stage; more are counted. */
const TRANSFERS_KEPT = 10;
const CONFIG_MS = 30_000;
/** Our menus wait for nobody; the rest is what GRUB needs for its modules. */
const KERNEL_MS = 40_000;
/** A large initrd, the kernel's drivers, and a card that negotiates. */
const INSTALLER_MS = 180_000;

/** What TFTP and HTTP tell of a machine whose attempt is open. */
export function stepTransfer(course: Course, event: RecordedEvent): Course {
  const transfer = readTransfer(event);
  if (transfer === undefined) return hearNoise(course, event);
  const { file } = transfer;
  const stage = stageOf(course, file);
  const entered = withIpxe(enter(course, stage, event.time), transfer);
  const put = putTransfer(entered, stage, transfer);
  const noted = typeof event.data.userAgent === 'string' ? note(put, { userAgent: event.data.userAgent }) : put;
  if (transfer.state === 'running' && event.id.endsWith('.progress')) return noted;
  if (course.isReported) return noted;
  if (noted.installer === 'unheard') return stand(noted, event.text, nextAfter(noted, stage, event, transfer));
  const worked = atWork(noted, event, transfer);
  // What a report says is told besides, in words.
  const isReport = isReportPath(file) && transfer.state === 'done';
  return stand(worked, isReport ? noted.attempt.standing : event.text, worked.attempt.next);
}

/** The transfer as this event leaves it; undefined for what is normal noise (section 5.3 of the PXE notes). */
function readTransfer({ id, data, time }: RecordedEvent): Transfer | undefined {
  const [protocol = '', what = ''] = id.split('.');
  if (protocol !== 'tftp' && protocol !== 'http') return undefined;
  const {
    file,
    path,
    bytes = 0,
    ofBytes,
    ms = 0,
    method,
    status,
    expected,
  } = data as Partial<EventData<'http.done'>> & {
    readonly file?: string;
    readonly ofBytes?: number;
    readonly expected?: boolean;
  };
  const name = file ?? path;
  if (name === undefined || method === 'HEAD' || expected === true || status === 416) return undefined;
  const base = { protocol, file: name, startedAt: time - ms, bytes } as const;
  const ended = { ...base, endedAt: time, ...(ofBytes !== undefined && { ofBytes }) };
  switch (what) {
    case 'start':
      return { ...base, bytes: 0, ofBytes: bytes, state: 'running' };
    case 'progress':
      return { ...base, ofBytes, state: 'running' };
    case 'done':
      return { ...ended, ofBytes: bytes, state: 'done' };
    // A loader closes what it has read enough of.
    case 'closed':
      return { ...ended, state: 'done' };
    case 'aborted':
    case 'stalled':
    case 'failed':
    case 'not-found':
    case 'refused':
      return { ...ended, state: what };
    default:
      return undefined;
  }
}

/** A size probe or a name that loaders try: it is alive, and no more is to be said of it. */
function hearNoise(course: Course, { id, time }: RecordedEvent): Course {
  const isSearch = id === 'tftp.not-found' || id === 'http.not-found';
  return isSearch && !course.isReported && !isAtOrAfter(course, 'loader') ? enter(course, 'loader', time) : course;
}

function stageOf(course: Course, file: string): StageName {
  if (course.isReported) return 'system';
  if (isAtOrAfter(course, 'installer')) return 'installer';
  const kind = fileKind(file);
  if (kind === 'installer') return 'installer';
  if (kind === 'kernel' || isAtOrAfter(course, 'kernel')) return 'kernel';
  if (kind === 'loader') return 'loader';
  return course.attempt.decision?.startsWith('install') ? 'kernel' : 'loader';
}

function withIpxe(course: Course, { file, state }: Transfer): Course {
  if (isIpxeProgram(file)) return { ...course, ipxe: 'none' };
  return course.ipxe === 'asking' && state !== 'not-found' ? { ...course, ipxe: 'working' } : course;
}

/** Puts it beside the others of its stage; a running one of the same name is the same one. */
function putTransfer(course: Course, name: StageName, transfer: Transfer): Course {
  const { stages } = course.attempt;
  const at = stages.findLastIndex((stage) => stageRank(stage.name) <= stageRank(name));
  const stage = stages[at];
  if (stage === undefined) return course;
  return change(course, { stages: stages.with(at, withTransfer(stage, transfer)) });
}

function withTransfer(stage: Stage, transfer: Transfer): Stage {
  const { transfers } = stage;
  const at = transfers.findLastIndex(
    (one) => one.state === 'running' && one.file === transfer.file && one.protocol === transfer.protocol,
  );
  const before = transfers[at];
  const isAgain = before === undefined || (transfer.state === 'running' && transfer.bytes === 0);
  if (isAgain) {
    return {
      ...stage,
      bytes: stage.bytes + transfer.bytes,
      transfers: makeRoom(transfers).concat(transfer),
      transferCount: stage.transferCount + 1,
    };
  }
  const { startedAt } = before;
  const now = { ...before, ...transfer, startedAt, ofBytes: before.ofBytes ?? transfer.ofBytes };
  return { ...stage, bytes: stage.bytes + now.bytes - before.bytes, transfers: transfers.with(at, now) };
}

/** The oldest that is over goes first: what still runs is looked for again. */
function makeRoom(transfers: readonly Transfer[]): readonly Transfer[] {
  if (transfers.length < TRANSFERS_KEPT) return transfers;
  const over = transfers.findIndex((one) => one.state !== 'running');
  return transfers.toSpliced(Math.max(over, 0), 1);
}

/** Whatever it loads by its answer file shows that it works; what it loads then says nothing of when it will be done. */
function atWork(course: Course, { time }: RecordedEvent, { file, state }: Transfer): Course {
  const isOfAnswer = /^\/?answer\/|^\/?ks\.cfg/.test(file) || isReportPath(file);
  if (course.installer === 'working' || isOfAnswer || state === 'not-found') return course;
  return { ...change(course, { next: untilReport(time) }), installer: 'working' };
}

function isReportPath(path: string): boolean {
  return /^\/?report\//.test(path);
}

function nextAfter(
  course: Course,
  stage: StageName,
  { time }: RecordedEvent,
  { state }: Transfer,
): Expectation | undefined {
  if (state === 'not-found') return course.attempt.next;
  // As long as something is on its way, TFTP and HTTP look after it; what was broken off is followed by nothing certain.
  if (state !== 'done') return undefined;
  switch (stage) {
    case 'loader':
      return course.attempt.decision?.startsWith('install')
        ? expect('asks for its kernel', time, KERNEL_MS)
        : expect('asks for its configuration', time, CONFIG_MS);
    case 'kernel':
      return expect('the installer asks for an address', time, INSTALLER_MS);
    default:
      return course.attempt.next;
  }
}
