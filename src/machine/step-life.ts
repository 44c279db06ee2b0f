import type { Chosen, Grant, Life, Operation, Outcome, State } from './life.ts';

/** What can happen to a machine's life. */
export type LifeEvent =
  /** `token` comes from the caller: randomness is I/O. */
  | { readonly kind: 'granted'; readonly token: string; readonly profile: string; readonly via: Grant['via'] }
  /** A loader was given the configuration that starts the installer. `deadlineSeconds` is the profile's, `snapshot` its mirror's. */
  | { readonly kind: 'boot-config-served'; readonly deadlineSeconds: number; readonly snapshot?: string | undefined }
  /** The last file of an installer is sent that begins without an answer file of ours. */
  | { readonly kind: 'installer-sent' }
  /** The answer file is about to be sent. To be saved before its first byte leaves. `address`: dotted text. */
  | { readonly kind: 'answer-requested'; readonly address: string; readonly deadlineSeconds: number }
  /** The answer file was sent in full. */
  | { readonly kind: 'answer-sent'; readonly file: string }
  | { readonly kind: 'reported'; readonly report: 'started' }
  /** What is about to be erased. */
  | { readonly kind: 'reported'; readonly report: 'chosen'; readonly chosen: Chosen }
  /** With `hostKeys` the installed system is waited for; without, the report is believed. */
  | { readonly kind: 'reported'; readonly report: 'done'; readonly hostKeys?: readonly string[] | undefined }
  /** The installed system answered. `how`: in words. `isVerified`: with a host key that was reported. */
  | { readonly kind: 'contacted'; readonly how: string; readonly isVerified: boolean }
  /** It did not answer (`isSilent`), or somebody else did. */
  | { readonly kind: 'contact-missed'; readonly seen: string; readonly isSilent: boolean }
  | { readonly kind: 'reported'; readonly report: 'failed'; readonly reason: string }
  | { readonly kind: 'deadline-passed' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'retired' }
  | { readonly kind: 'unretired' };

/** What is to be told of a step: ids and data of the event catalogue. */
export type LifeTold =
  | { readonly id: 'install.granted'; readonly data: { profile: string; via: string } }
  | { readonly id: 'boot.held'; readonly data: { profile: string; reason: string } }
  | { readonly id: 'answer.fetched'; readonly data: { profile: string; file: string } }
  | { readonly id: 'install.chosen'; readonly data: { profile: string } & Chosen }
  | { readonly id: 'install.started' | 'install.reported' | 'install.cancelled'; readonly data: { profile: string } }
  | { readonly id: 'install.done'; readonly data: { profile: string; how: string; verified: boolean } }
  | { readonly id: 'install.failed'; readonly data: { profile: string; reason: string } }
  | { readonly id: 'machine.retired'; readonly data: { before: State } }
  | { readonly id: 'machine.unretired'; readonly data: { state: State } }
  | { readonly id: 'machine.adopted'; readonly data: { before: string; state: State } };

/** `moved` with a life equal to the old one never happens: `kept` says that the event is fine and changes nothing. */
export type LifeStep =
  | { readonly kind: 'moved'; readonly life: Life; readonly told?: LifeTold | undefined }
  | { readonly kind: 'kept'; readonly life: Life; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string };

/** The life of a machine of which nothing is known yet. */
export function newLife(machine: string, state: State = 'ready'): Life {
  return { machine, state, onceUsed: false };
}

/** Whether the grant of what is in progress has run out at `now` (ms since 1970). */
export function isOverdue(life: Life, now: number): boolean {
  const deadline = life.operation?.grant.deadline;
  return deadline !== undefined && now >= deadline;
}

/**
 * The one place where a machine's life changes. Nothing is installed without a grant, a grant starts one
 * installation, and it ends by a report, by its deadline, or by a person. `now`: ms since 1970.
 */
export function stepLife(life: Life, event: LifeEvent, now: number): LifeStep {
  if (event.kind === 'granted') return stepGranted(life, event, now);
  if (event.kind === 'retired' || event.kind === 'unretired') return stepRetirement(life, event.kind);
  const operation = life.operation;
  if (operation === undefined) return refused('no installation is in progress');
  if (event.kind === 'cancelled') {
    const end = { result: 'cancelled', reason: 'taken back', told: 'install.cancelled' } as const;
    return ended(life, operation, end, now);
  }
  if (event.kind === 'deadline-passed') return stepDeadline(life, operation, now);
  if (isOverdue(life, now)) return refused('the time of the grant has run out');
  if (operation.stage === 'first-contact') return stepFirstContact(life, operation, event, now);
  switch (event.kind) {
    case 'boot-config-served':
      return stepBootConfig(life, operation, event, now);
    case 'installer-sent':
      if (operation.stage !== 'booting') return { kind: 'kept', life, reason: `it is ${operation.stage}` };
      return moved(life, { ...operation, stage: 'installing' });
    case 'answer-requested':
      return stepAnswerRequested(life, operation, event, now);
    case 'answer-sent':
      return stepAnswerSent(life, operation, event.file, now);
    case 'reported':
      return stepReported(life, operation, event, now);
    case 'contacted':
    case 'contact-missed':
      return refused('nobody waits for its system');
  }
}

function stepGranted(life: Life, event: Extract<LifeEvent, { kind: 'granted' }>, now: number): LifeStep {
  const { token, profile, via } = event;
  if (life.state === 'retired') return refused('the machine is retired, and is not installed until it is unretired');
  if (via === 'file' && life.onceUsed) return refused('`install: once` of the file was used already');
  if (via === 'file' && life.state === 'installed') return refused('the machine is installed');
  const stage = life.operation?.stage;
  // A person may solve a held installation by granting a new one; the file may not.
  if (stage !== undefined && !(stage === 'held' && via === 'command')) {
    return refused(`an installation is in progress already (${stage}); cancel it first`);
  }
  const grant: Grant = { token, profile, via, grantedAt: now };
  // Any grant uses up `install: once`: what a person started must not be started a second time by the file.
  const moved: Life = { ...life, operation: { kind: 'install', stage: 'granted', grant }, onceUsed: true };
  return { kind: 'moved', life: moved, told: { id: 'install.granted', data: { profile, via } } };
}

/** Only what is at rest can be retired: an installer that runs would not stop for it. */
function stepRetirement(life: Life, kind: 'retired' | 'unretired'): LifeStep {
  const { state, operation, outcome } = life;
  if (kind === 'unretired') {
    if (state !== 'retired') return refused('the machine is not retired');
    const back = outcome?.result === 'succeeded' ? 'installed' : 'ready';
    const told: LifeTold = { id: 'machine.unretired', data: { state: back } };
    return { kind: 'moved', life: { ...life, state: back }, told };
  }
  if (state === 'retired') return refused('the machine is retired already');
  if (operation) return refused(`an installation is in progress (${operation.stage}); cancel it first`);
  return {
    kind: 'moved',
    life: { ...life, state: 'retired' },
    told: { id: 'machine.retired', data: { before: state } },
  };
}

function stepBootConfig(
  life: Life,
  operation: Operation,
  { deadlineSeconds, snapshot }: Extract<LifeEvent, { kind: 'boot-config-served' }>,
  now: number,
): LifeStep {
  const profile = operation.grant.profile;
  switch (operation.stage) {
    case 'granted': {
      const grant = timed(operation.grant, deadlineSeconds, now);
      return moved(life, {
        ...operation,
        stage: 'booting',
        grant: snapshot === undefined ? grant : { ...grant, snapshot },
      });
    }
    case 'booting':
      // GRUB opens its configuration twice, and a machine may be switched off before the installer runs.
      return { kind: 'kept', life, reason: 'the installer was sent before, and has not fetched its answer file' };
    case 'installing': {
      const what = operation.grant.answeredTo === undefined ? 'installer' : 'answer file';
      const reason = `it asked to start ${profile} again, after its ${what} was handed out and without a report`;
      return moved(life, { ...operation, stage: 'held' }, { id: 'boot.held', data: { profile, reason } });
    }
    case 'first-contact':
    case 'held':
      return { kind: 'kept', life, reason: 'it is held already' };
  }
}

function stepAnswerRequested(
  life: Life,
  operation: Operation,
  event: Extract<LifeEvent, { kind: 'answer-requested' }>,
  now: number,
): LifeStep {
  const { grant } = operation;
  if (operation.stage === 'held') return refused('the installation is held');
  if (grant.answeredAt !== undefined) return refused('the answer file was handed over already');
  if (grant.answeredTo !== undefined && grant.answeredTo !== event.address) {
    return refused(`the answer file belongs to ${grant.answeredTo}`);
  }
  if (grant.answeredTo === event.address) return { kind: 'kept', life, reason: 'repeats a transfer that broke off' };
  // From here on the secret may be out and the disk may be erased, so a second boot is held even if the transfer broke off.
  const answered = { ...timed(grant, event.deadlineSeconds, now), answeredTo: event.address };
  return moved(life, { ...operation, stage: 'installing', grant: answered });
}

function stepAnswerSent(life: Life, operation: Operation, file: string, now: number): LifeStep {
  const { grant } = operation;
  if (operation.stage === 'held') return refused('the installation is held');
  if (grant.answeredTo === undefined) return refused('nobody asked for the answer file');
  if (grant.answeredAt !== undefined) return { kind: 'kept', life, reason: 'it was handed over before' };
  const told: LifeTold = { id: 'answer.fetched', data: { profile: grant.profile, file } };
  return moved(life, { ...operation, grant: { ...grant, answeredAt: now } }, told);
}

function stepReported(
  life: Life,
  operation: Operation,
  event: Extract<LifeEvent, { kind: 'reported' }>,
  now: number,
): LifeStep {
  const { stage, grant } = operation;
  if (stage === 'granted') return refused('the installer was not sent yet');
  if (event.report === 'started') {
    if (stage === 'held') return refused('the installation is held');
    if (stage === 'installing' && life.operation?.startedAt !== undefined) {
      return { kind: 'kept', life, reason: 'the start was reported before' };
    }
    const told: LifeTold = { id: 'install.started', data: { profile: grant.profile } };
    return moved(life, { ...operation, stage: 'installing', startedAt: now }, told);
  }
  if (event.report === 'chosen') {
    if (stage === 'held') return refused('the installation is held');
    if (sameChoice(life.chosen, event.chosen)) return { kind: 'kept', life, reason: 'the same was chosen before' };
    const told: LifeTold = { id: 'install.chosen', data: { profile: grant.profile, ...event.chosen } };
    return { kind: 'moved', life: { ...life, chosen: event.chosen }, told };
  }
  // A machine that is held may still report: its report was late, not wrong.
  if (event.report === 'failed') {
    return ended(life, operation, { result: 'failed', reason: event.reason, told: 'install.failed' }, now);
  }
  if (event.hostKeys !== undefined) return stepAwaitContact(life, operation, event.hostKeys, now);
  const reason = 'the installer reported success, and no SSH key is configured to look for its system with';
  return ended(life, operation, { result: 'succeeded', isVerified: false, reason, told: 'install.done' }, now);
}

function sameChoice(a: Chosen | undefined, b: Chosen): boolean {
  return a?.disk === b.disk && a.diskId === b.diskId && a.diskBytes === b.diskBytes && a.nic === b.nic;
}

/** How long a machine may take from the installer's report to its own system's SSH: servers take minutes to restart. */
const CONTACT_MS = 20 * 60_000;

/** The grant is used up by the report: its token gives nothing any more, and a network boot leads to the disk. */
function stepAwaitContact(life: Life, operation: Operation, hostKeys: readonly string[], now: number): LifeStep {
  const { profile } = operation.grant;
  const grant: Grant = { ...operation.grant, token: '', deadline: now + CONTACT_MS };
  const told: LifeTold = { id: 'install.reported', data: { profile } };
  return moved(life, { ...operation, stage: 'first-contact', grant, contact: { hostKeys } }, told);
}

function stepFirstContact(life: Life, operation: Operation, event: LifeEvent, now: number): LifeStep {
  switch (event.kind) {
    case 'contacted': {
      const { how: reason, isVerified } = event;
      return ended(life, operation, { result: 'succeeded', isVerified, reason, told: 'install.done' }, now);
    }
    case 'contact-missed':
      return stepContact(life, operation, event.seen, event.isSilent ? 'it was silent after its report' : undefined);
    case 'boot-config-served':
      return stepContact(life, operation, undefined, 'it has booted from the network since its report');
    default:
      return refused('the installer has reported success');
  }
}

/** Keeps what was seen, and the first sign that the installer has ended. */
function stepContact(life: Life, operation: Operation, seen: string | undefined, sign: string | undefined): LifeStep {
  const { contact = { hostKeys: [] } } = operation;
  const next = { ...contact, seen: seen ?? contact.seen, ended: contact.ended ?? sign };
  if (next.seen === contact.seen && next.ended === contact.ended) {
    return { kind: 'kept', life, reason: 'nothing new was seen' };
  }
  return moved(life, { ...operation, contact: next });
}

function stepDeadline(life: Life, operation: Operation, now: number): LifeStep {
  if (!isOverdue(life, now)) return refused('the grant has not run out');
  const { stage, contact } = operation;
  const reason =
    stage === 'first-contact'
      ? `the installer reported success, but ${contact?.seen ?? 'its own system was not heard of'}`
      : `no report came in time (it was ${stage})`;
  return ended(life, operation, { result: 'expired', reason, told: 'install.failed' }, now);
}

interface End {
  readonly result: Outcome['result'];
  readonly reason: string;
  readonly told: 'install.done' | 'install.cancelled' | 'install.failed';
  readonly isVerified?: boolean;
}

/** The grant is used up, however it ended. Only success changes the state. */
function ended(life: Life, operation: Operation, end: End, now: number): LifeStep {
  const profile = operation.grant.profile;
  const { result, reason, isVerified } = end;
  const outcome: Outcome = {
    kind: 'install',
    profile,
    result,
    reason,
    at: now,
    ...(isVerified !== undefined && { isVerified }),
  };
  const state = result === 'succeeded' ? 'installed' : life.state;
  const { operation: _over, ...rest } = life;
  return { kind: 'moved', life: { ...rest, state, outcome }, told: tellEnd(end, profile) };
}

function tellEnd({ told, reason, isVerified = false }: End, profile: string): LifeTold {
  switch (told) {
    case 'install.failed':
      return { id: told, data: { profile, reason } };
    case 'install.done':
      return { id: told, data: { profile, how: reason, verified: isVerified } };
    case 'install.cancelled':
      return { id: told, data: { profile } };
  }
}

/** The deadline starts once, when the installer is first sent. */
function timed(grant: Grant, deadlineSeconds: number, now: number): Grant {
  return grant.deadline === undefined ? { ...grant, deadline: now + deadlineSeconds * 1000 } : grant;
}

function moved(life: Life, operation: Operation, told?: LifeTold): LifeStep {
  return { kind: 'moved', life: { ...life, operation }, told };
}

function refused(reason: string): LifeStep {
  return { kind: 'refused', reason };
}
