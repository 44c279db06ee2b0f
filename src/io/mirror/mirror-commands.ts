import { join } from 'node:path';
import type { Emit } from '../../event/event.ts';
import type { MirrorCommand, MirrorReply } from '../../mirror/mirror-view.ts';
import { describeChanges } from '../../mirror/run/changes.ts';
import { syncCommand, whyNoSnapshot } from '../../mirror/run/next-step.ts';
import { findSnapshot, type MirrorState, type SnapshotRecord } from '../../mirror/run/state.ts';
import { formatBytes, formatCount } from '../../net/amounts.ts';
import { ProvisionError } from '../../net/provision-error.ts';
import { forgetSnapshots, namedContents, removeAbandonedImport, removeOldParts } from './housekeeping.ts';
import { findLost } from './lost-content.ts';
import type { MirrorUnit } from './mirror-unit.ts';
import type { Pool } from './pool.ts';
import { finishPublish, publish } from './publish.ts';
import { verifyMirror } from './verify.ts';

/** A disk that is gone has as many as the mirror has files. */
const MOST_FINDINGS = 1000;

/** See `snapshotId`. */
const ID_FORM = /^\d{8}T\d{6}-[0-9a-f]{6}$/;

export interface CommandDeps {
  /** `mirrors` of the data folder. */
  readonly root: string;
  readonly units: ReadonlyMap<string, MirrorUnit>;
  readonly pool: Pool;
  readonly emit: Emit;
  readonly now: () => number;
  readonly onChange: () => void;
  readonly signal: AbortSignal;
}

/** Does what an operator asks for. Never rejects. */
export async function doCommand(deps: CommandDeps, command: MirrorCommand): Promise<MirrorReply> {
  const unit = deps.units.get(command.name);
  if (unit === undefined) return { kind: 'unknown-mirror' };
  try {
    return await act(deps, unit, command);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const hint = error instanceof ProvisionError ? error.hint : 'Look at the events: rackready events';
    return { kind: 'refused', reason: message, hint };
  }
}

async function act(deps: CommandDeps, unit: MirrorUnit, command: MirrorCommand): Promise<MirrorReply> {
  switch (command.kind) {
    case 'sync':
      return beginRun(unit, command.isForced);
    case 'stop':
      if (!unit.isRunning()) return refused('nothing runs', 'There is nothing to stop.');
      await unit.stop();
      return done('the run is stopped; the next one goes on where it was');
    case 'approve':
      return unit.alone(() => approve(deps, unit, command.snapshot));
    case 'rollback':
      return unit.alone(() => rollback(deps, unit, command.to));
    case 'tag':
      return unit.alone(async () => tag(deps, unit, command.tag, command.snapshot));
    case 'freeze':
      return unit.alone(async () => freeze(deps, unit, command.isFrozen));
    case 'prune':
      return unit.alone(async () => prune(deps, unit, command.leased));
    case 'want':
      return want(unit, command.path, command.sha256);
    case 'verify':
      return unit.alone(() => verify(deps, unit));
  }
}

function beginRun(unit: MirrorUnit, isForced: boolean): MirrorReply {
  const { name, mode, from } = unit.config();
  const { isFrozen, current } = unit.files.readState();
  // A frozen mirror is filled once, but for a medium that somebody brings: `mirror import` forces its run.
  const isBrought = isForced && from.every((one) => /^file:.*\.iso$/i.test(one));
  if (mode === 'frozen' && current !== undefined && !isBrought) {
    return refused(
      'the mirror has `mode: frozen`',
      'Give it `mode: sync` in the configuration to follow its upstream again.',
    );
  }
  if (isFrozen)
    return refused(
      'the mirror is frozen',
      `Let it follow its upstream again with: rackready mirror freeze ${name} --off`,
    );
  const joined = unit.isRunning();
  void unit.run('by command', isForced);
  return done(joined ? 'a run is in progress already' : 'a run began');
}

async function want(unit: MirrorUnit, path: string, sha256: string): Promise<MirrorReply> {
  const fetched = await unit.want(path, sha256);
  if (fetched.kind === 'stored') return done(sha256);
  const reason = fetched.kind === 'absent' ? 'the upstream does not have it any more' : fetched.reason;
  return refused(reason, 'The next run brings the mirror to what the upstream has now.');
}

async function approve(deps: CommandDeps, unit: MirrorUnit, wanted: string | undefined): Promise<MirrorReply> {
  const { files } = unit;
  const { name } = unit.config();
  const before = files.readState();
  const state = await finishPublish({ files, pool: deps.pool }, before);
  const snapshot = state.held?.snapshot;
  if (before.held !== undefined && state.held === undefined) return done(`${state.current} is served`);
  if (state.held === undefined) return refused('nothing is held', whyNothingHeld(name, state));
  if (snapshot === undefined) {
    return refused(
      `there is nothing to publish: ${state.held.reasons.join('; ')}`,
      'Mend what the reason names, then synchronise anew.',
    );
  }
  const change = describeChanges(snapshot.size, state.held.changes);
  if (wanted !== undefined && !isNamed(snapshot.id, wanted)) {
    const hint = `Look at it with: rackready mirror status ${name}. Publish it with: rackready mirror approve ${name} ${snapshot.id}`;
    return refused(`${wanted} is not what is held: that is ${snapshot.id} (${change})`, hint);
  }
  const lost = lostOf(deps, unit, state, snapshot);
  if (lost) return lost;
  await publish({ files, pool: deps.pool }, state, snapshot);
  const reason = `approved by an operator; ${change}`;
  deps.emit('mirror.published', {}, { mirror: name, snapshot: snapshot.id, reason });
  const back = state.current === undefined ? '' : `. Go back with: rackready mirror rollback ${name} ${state.current}`;
  return done(`${snapshot.id} is served (${change})${back}`);
}

function whyNothingHeld(name: string, { current, isFrozen, lastRun }: MirrorState): string {
  if (current === undefined && lastRun === undefined) return `Fill it with: ${syncCommand(name, isFrozen)}`;
  if (lastRun?.result === 'failed' || lastRun?.result === 'stopped')
    return `See what the last run came to with: rackready mirror status ${name}`;
  return 'The newest state of the upstream that is known is served already.';
}

/** By an id, or the beginning of it, as for snapshots that are served. */
function isNamed(id: string, wanted: string): boolean {
  return wanted.length >= 4 && id.startsWith(wanted);
}

async function rollback(deps: CommandDeps, unit: MirrorUnit, to: string): Promise<MirrorReply> {
  const { files } = unit;
  const { name, mode } = unit.config();
  // A publication that was killed has left parts of a newer state in the plain tree.
  const state = await finishPublish({ files, pool: deps.pool }, files.readState());
  const snapshot = findSnapshot(state, to);
  if (snapshot === undefined) return noSnapshot(name, state, to);
  const lost = lostOf(deps, unit, state, snapshot);
  if (lost) return lost;
  // What the upstream had last belongs to the newest state: by it the next run would find nothing new, and stay here.
  const { probe: _probe, ...rest } = state;
  await publish({ files, pool: deps.pool }, { ...rest, isFrozen: true }, snapshot);
  tellChange(deps, name, `an operator went back to ${snapshot.id}, and the mirror is frozen there`);
  const served = `${snapshot.id} is served, and the mirror is frozen there`;
  // One that stays as it is by its configuration has nothing to follow.
  if (mode === 'frozen') return done(served);
  return done(`${served}. Follow the upstream again with: rackready mirror freeze ${name} --off`);
}

function tag(deps: CommandDeps, unit: MirrorUnit, label: string, wanted: string | undefined): MirrorReply {
  const { files } = unit;
  const state = files.readState();
  const { name } = unit.config();
  const { [label]: named, ...others } = state.tags;
  // Every object has a `constructor`.
  const before = Object.hasOwn(state.tags, label) ? named : undefined;
  const undo = `rackready mirror tag ${name} ${label} ${before}`;
  if (wanted === undefined) {
    if (before === undefined)
      return refused(`there is no tag ${label}`, `See them with: rackready mirror snapshots ${name}`);
    files.writeState({ ...state, tags: others });
    tellChange(deps, name, `the tag ${label} was taken away from ${before}`);
    return { ...done(`the tag ${label} is taken away from ${before}. Give it back with: ${undo}`), before };
  }
  const snapshot = findSnapshot(state, wanted);
  if (snapshot === undefined) return noSnapshot(name, state, wanted);
  // It would stand in the place of the snapshot that has this id.
  if (ID_FORM.test(label))
    return refused(`${label} looks like the id of a snapshot`, 'Give the tag another name, like prod.');
  const lost = lostOf(deps, unit, state, snapshot);
  if (lost) return lost;
  files.writeState({ ...state, tags: { ...others, [label]: snapshot.id } });
  const isMoved = before !== undefined && before !== snapshot.id;
  const called = `${snapshot.id} is called ${label}${isMoved ? `, which ${before} was until now` : ''}`;
  tellChange(deps, name, called);
  const stays = `${called}; it stays until the tag is taken away`;
  return { ...done(isMoved ? `${stays}. Move it back with: ${undo}` : stays), before: before ?? null };
}

function freeze(deps: CommandDeps, { files, config }: MirrorUnit, isFrozen: boolean): MirrorReply {
  const { name, mode } = config();
  files.writeState({ ...files.readState(), isFrozen });
  const again =
    mode === 'frozen'
      ? 'it is not frozen by hand any more, and stays as it is all the same: the configuration has `mode: frozen`'
      : 'it follows its upstream again';
  const what = isFrozen ? 'it is frozen: it does not follow its upstream any more' : again;
  tellChange(deps, name, what);
  return done(what);
}

/** Content that no manifest names may belong to a run that ended early, and saves the next one from fetching it again. */
const UNNAMED_STAYS_MS = 24 * 3600_000;

function prune(deps: CommandDeps, unit: MirrorUnit, leased: readonly string[]): MirrorReply {
  const { root, pool, units, now } = deps;
  const { name, keep } = unit.config();
  const snapshots = forgetSnapshots({ files: unit.files, pool }, keep, leased, now());
  // What a run has fetched is named by nothing until it is published.
  const isQuiet = ![...units.values()].some((one) => one.isRunning());
  const olderThan = now() - UNNAMED_STAYS_MS;
  removeAbandonedImport(root, olderThan);
  const parts = removeOldParts(unit.files, olderThan);
  const contents = isQuiet ? pool.sweep(namedContents(join(root, 'repos')), olderThan) : { files: 0, bytes: 0 };
  const swept = { files: parts.files + contents.files, bytes: parts.bytes + contents.bytes };
  if (snapshots > 0 || swept.files > 0) deps.emit('mirror.pruned', {}, { mirror: name, snapshots, ...swept });
  const forgotten = formatCount(snapshots, 'snapshot');
  const deleted = `${formatCount(swept.files, 'file')} deleted (${formatBytes(swept.bytes)})`;
  const left = unit.files.readState().snapshots.length;
  const stay =
    left > 1 ? `; ${left} stay: what is served, what \`keep\` and tags hold, and what machines install from` : '';
  const later = isQuiet ? '' : '; files are deleted when no run is in progress: prune again then';
  return done(`${forgotten} forgotten, ${deleted}${stay}${later}`);
}

async function verify(deps: CommandDeps, unit: MirrorUnit): Promise<MirrorReply> {
  const { files } = unit;
  const { name } = unit.config();
  const state = files.readState();
  if (state.current === undefined)
    return refused('the mirror has no snapshot yet', `Fill it with: ${syncCommand(name, state.isFrozen)}`);
  const { findings, ...read } = await verifyMirror({ ...deps, files, config: unit.config() });
  const [first] = findings;
  if (first === undefined) {
    const states = read.states === 1 ? 'its state' : `its ${read.states} states`;
    return done(`all ${read.files} files (${formatBytes(read.bytes)}) of ${states} are what they should be`);
  }
  const lost = findings.filter(({ problem }) => problem !== 'misplaced');
  const nexts = [...new Set((lost.length > 0 ? lost : findings).map(({ next }) => next))];
  const hint = `${nexts.join(' ')} Look at the disk.`;
  if (lost.length > 0)
    deps.emit('mirror.damaged', {}, { mirror: name, files: lost.length, example: first.path, next: nexts.join(' ') });
  const wrong =
    findings.length === 1 ? '1 file is not what it should be' : `${findings.length} files are not what they should be`;
  const reason = `${wrong}; ${read.files} ${read.files === 1 ? 'was' : 'were'} read`;
  return { ...refused(reason, hint), findings: findings.slice(0, MOST_FINDINGS) };
}

/** Half of a state is published for nobody. */
function lostOf({ pool }: CommandDeps, { files, config }: MirrorUnit, state: MirrorState, snapshot: SnapshotRecord) {
  const lost = findLost({ files, pool, config: config() }, state, snapshot);
  return lost && refused(lost.reason, lost.hint);
}

function tellChange({ emit, onChange }: CommandDeps, mirror: string, what: string): void {
  emit('mirror.changed', {}, { mirror, what });
  onChange();
}

function noSnapshot(name: string, { snapshots }: MirrorState, wanted: string): MirrorReply {
  return refused(whyNoSnapshot(snapshots, wanted), `See them with: rackready mirror snapshots ${name}`);
}

function refused(reason: string, hint: string): Extract<MirrorReply, { kind: 'refused' }> {
  return { kind: 'refused', reason, hint };
}

function done(text: string): Extract<MirrorReply, { kind: 'done' }> {
  return { kind: 'done', text };
}
