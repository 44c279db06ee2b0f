import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nameOfDigest } from '../../mirror/digest.ts';
import { hidePasswords } from '../../mirror/hide-passwords.ts';
import type { Plan, PlannedFile, UpstreamReader } from '../../mirror/plan.ts';
import { formatAmount } from '../../mirror/run/amounts.ts';
import { assembleManifest, describeSnapshot, type Stored } from '../../mirror/run/assemble.ts';
import { type Changes, compareStates } from '../../mirror/run/changes.ts';
import { fitsGlob } from '../../mirror/run/glob.ts';
import { judgeCandidate } from '../../mirror/run/guard.ts';
import { formatManifest, type Manifest } from '../../mirror/run/manifest.ts';
import {
  type MirrorState,
  type ProbedEntry,
  type RunResult,
  type SnapshotRecord,
  snapshotId,
} from '../../mirror/run/state.ts';
import { partKeyOf } from '../../mirror/run/wanted-part.ts';
import { ProvisionError } from '../../net/provision-error.ts';
import { strongestOf } from './digests.ts';
import { diskFailure } from './disk-failure.ts';
import { type Failure, fetchAll, type Names } from './fetch-all.ts';
import type { Meter } from './meter.ts';
import { isRpm, type PooledPackage } from './package-signatures.ts';
import { finishPublish, mendLive, type PublishDeps, publish } from './publish.ts';
import type { Source } from './source.ts';
import type { Space } from './space.ts';
import { createWriteBehind } from './write-behind.ts';

/** What of the configuration a run needs. */
export interface RunRules {
  /** Changes with everything that a plan depends on. */
  readonly configHash: string;
  readonly parallel: number;
  /** Left out, by path. */
  readonly exclude: readonly string[];
  /** Known to be broken upstream: a snapshot without them is published. */
  readonly allowMissing: readonly string[];
  /** Whether a file is fetched now, or when somebody asks for it. */
  readonly isEager: (file: PlannedFile) => boolean;
}

export interface RunDeps extends PublishDeps {
  readonly rules: RunRules;
  /** A fresh look at the upstream. */
  readonly openSource: (signal: AbortSignal) => Promise<Source>;
  readonly planTree: (upstream: UpstreamReader) => Promise<Plan>;
  /** Rejects with `signature-refused` when one of these packages of the pool is signed by nobody who is trusted. */
  readonly judgePackages?: ((packages: readonly PooledPackage[]) => Promise<void>) | undefined;
  /** What is served besides the planned files, out of them, by path; all of it boots installers. */
  readonly unpack?:
    | ((files: readonly PlannedFile[], stored: ReadonlyMap<string, Stored>) => Promise<ReadonlyMap<string, Stored>>)
    | undefined;
  readonly meter: Meter;
  readonly space: Space;
  readonly signal: AbortSignal;
  /** Hears of each file that could not be had. */
  readonly onRefused: (path: string, reason: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface RunOutcome {
  readonly result: RunResult;
  /** A sentence. */
  readonly reason: string;
  readonly hint?: string | undefined;
  readonly snapshot?: SnapshotRecord | undefined;
  /** What a state that is held would change. */
  readonly changes?: Changes | undefined;
  readonly state: MirrorState;
}

const MOST_ROUNDS = 3;

/**
 * One run: is there anything new, what does the upstream consist of, fetch what is not here, publish. The caller holds the
 * lock. Never rejects: what went wrong is the outcome, and what is served stays served.
 */
export async function runSync(deps: RunDeps, isForced: boolean): Promise<RunOutcome> {
  const startedAt = deps.now();
  let state = deps.files.readState();
  let outcome: Omit<RunOutcome, 'state'> & { readonly state?: MirrorState };
  try {
    state = await finishPublish(deps, state);
    outcome = await run(deps, state, isForced);
  } catch (error) {
    outcome = failureOutcome(deps, state, error);
  }
  const { result, reason, hint } = outcome;
  const endedAt = deps.now();
  const isGood = result === 'published' || result === 'unchanged';
  const next: MirrorState = {
    ...(outcome.state ?? state),
    lastRun: { startedAt, endedAt, result, reason: hidePasswords(reason), next: hint && hidePasswords(hint) },
    ...(isGood && { lastSuccessAt: endedAt }),
  };
  try {
    deps.files.writeState(next);
  } catch (error) {
    return { ...failureOutcome(deps, state, error), state };
  }
  return { ...outcome, state: next };
}

function failureOutcome(
  { signal, now }: RunDeps,
  state: MirrorState,
  cause: unknown,
): Omit<RunOutcome, 'state'> & { state?: MirrorState } {
  if (signal.aborted) return { result: 'stopped', reason: 'the run was stopped; the next one goes on where it was' };
  const error = diskFailure(cause) ?? cause;
  if (!(error instanceof ProvisionError)) {
    return { result: 'failed', reason: error instanceof Error ? error.message : String(error) };
  }
  const { code, message: reason, hint } = error;
  if (code !== 'signature-refused' && code !== 'upstream-empty') return { result: 'failed', reason, hint };
  return { result: 'held', reason, hint, state: { ...state, held: { at: now(), reasons: [hidePasswords(reason)] } } };
}

async function run(deps: RunDeps, state: MirrorState, isForced: boolean): Promise<RunOutcome> {
  if (!isForced && (await isUnchanged(deps, state))) {
    return { result: 'unchanged', reason: 'the upstream has nothing new', state };
  }
  for (let round = 1; ; round++) {
    const source = await deps.openSource(deps.signal);
    const copied = await copyTree(deps, source);
    const hasMoved = !(await source.isUnchanged(source.probed()));
    if ('tree' in copied && !hasMoved) return settle(deps, state, copied.tree, source.probed());
    if (hasMoved && round < MOST_ROUNDS) continue;
    if (hasMoved)
      throw new ProvisionError('upstream-failed', `The upstream changed in each of ${MOST_ROUNDS} tries to copy it`);
    throw failureOf(copied);
  }
}

/** Files of a folder are looked at each time; HTTP is asked whether its entry files are what they were. */
async function isUnchanged(deps: RunDeps, state: MirrorState): Promise<boolean> {
  const { probe, held, current } = state;
  if (!probe || held || current === undefined || probe.configHash !== deps.rules.configHash) return false;
  if (probe.entries.length === 0) return false;
  // Whoever holds an upstream back gives what clients refuse in the end: that is to be told.
  const { validUntil } = state.snapshots.find(({ id }) => id === current) ?? {};
  if (validUntil !== undefined && validUntil < deps.now()) return false;
  deps.meter.enter('probing');
  const source = await deps.openSource(deps.signal);
  return source.isUnchanged(probe.entries);
}

interface Tree {
  readonly plan: Plan;
  readonly manifest: Manifest;
}

type Copied =
  | { readonly tree: Tree }
  /** `remedy`: the list of the configuration that takes such files. */
  | { readonly failures: readonly Failure[]; readonly remedy: 'allowMissing' | 'exclude' }
  | { readonly error: unknown };

/** Plans and fetches. What fails for reasons of the upstream is a value: it may just have been changed under our hands. */
async function copyTree(deps: RunDeps, source: Source): Promise<Copied> {
  const { rules, meter } = deps;
  let plan: Plan;
  meter.enter('planning');
  try {
    plan = await deps.planTree(source.reader);
  } catch (error) {
    if (error instanceof ProvisionError && error.code === 'upstream-failed') return { error };
    throw error;
  }
  const planned = plan.files.filter(({ path }) => !fitsGlob(path, rules.exclude));
  const extras =
    source.extras?.(
      new Set([...plan.files.flatMap(({ path, aliases = [] }) => [path, ...aliases]), ...plan.contents.keys()]),
    ) ?? [];
  const files = [...planned, ...extras.filter(({ path }) => !fitsGlob(path, rules.exclude))];
  const stored = new Map<string, Stored>(keepContents(deps, plan));
  const isHere = ({ path }: PlannedFile) => stored.has(path);
  const before = knownBefore(deps);
  const wanted = files.filter((file) => !isHere(file) && !knowWithoutFetching(deps, file, stored, before));
  const isAllowed = ({ path }: PlannedFile) => fitsGlob(path, rules.allowMissing);
  const fetched = await fetchWanted(deps, source, wanted, isAllowed);
  const failures = fetched.failures.filter(({ file }) => !isAllowed(file));
  for (const { file, reason } of fetched.failures) deps.onRefused(file.path, reason);
  if (failures.length > 0) return { failures, remedy: 'allowMissing' };
  if (fetched.isGivenUp) return { failures: fetched.failures, remedy: 'exclude' };
  for (const [path, one] of fetched.stored) stored.set(path, one);
  await deps.judgePackages?.(packagesHere(deps, files, stored));
  const unpacked = (await deps.unpack?.(files, stored)) ?? new Map<string, Stored>();
  for (const [path, one] of unpacked) stored.set(path, one);
  const more = [...unpacked.keys()].map(
    (path): PlannedFile => ({ path, digests: [], role: 'boot', isOptional: false }),
  );
  const assembled = assembleManifest([...files, ...more, ...plannedEntries(plan, files)], stored);
  if ('problem' in assembled) throw new ProvisionError('upstream-failed', assembled.problem);
  return { tree: { plan, manifest: assembled.manifest } };
}

/**
 * What is here of packages: what metadata list as such, and each RPM that has another role, for clients install it as well (yum by
 * another list than ours, for one).
 */
function packagesHere(
  { pool }: RunDeps,
  files: readonly PlannedFile[],
  stored: ReadonlyMap<string, Stored>,
): PooledPackage[] {
  const listed = new Set(files.flatMap(({ path, role }) => (role === 'package' ? [path] : [])));
  return [...stored].flatMap(([path, { sha256, isLazy }]) => {
    if (isLazy) return [];
    return listed.has(path) || isRpm(pool.pathOf(sha256)) ? [{ path, sha256 }] : [];
  });
}

/** What planning has read is not fetched again: it must be the same bytes that were looked at. */
function* keepContents({ pool, files }: RunDeps, plan: Plan): Iterable<[string, Stored]> {
  for (const [path, bytes] of plan.contents) {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    if (pool.sizeOf(sha256) !== bytes.length) {
      const part = join(files.parts, `contents-${sha256}`);
      writeFileSync(part, bytes);
      pool.adopt(part, sha256);
    }
    yield [path, { sha256, bytes: bytes.length, isVerified: true }];
  }
}

function plannedEntries(plan: Plan, files: readonly PlannedFile[]): PlannedFile[] {
  const known = new Set(files.map(({ path }) => path));
  const others = [...plan.contents.keys()].filter((path) => !known.has(path));
  return others.map((path) => ({ path, digests: [], role: 'metadata', isOptional: false }));
}

/** What the served state says of files whose metadata leave something out. */
interface KnownBefore {
  /** SHA-256 by what metadata call a file that they name by another checksum. */
  readonly contents: ReadonlyMap<string, string>;
  /** Bytes by SHA-256, but of packages: metadata always say how long those are. */
  readonly sizes: ReadonlyMap<string, number>;
}

function knownBefore({ files }: RunDeps): KnownBefore {
  const { current } = files.readState();
  const contents = new Map<string, string>();
  const sizes = new Map<string, number>();
  for (const { digest, sha256, bytes, role } of (current && files.findManifest(current)?.values()) || []) {
    if (digest !== undefined) contents.set(digest, sha256);
    if (role !== 'package') sizes.set(sha256, bytes);
  }
  return { contents, sizes };
}

/** A file that is in the pool, or that nobody needs yet, by what its metadata say. */
function knowWithoutFetching(
  { pool, rules, meter }: RunDeps,
  file: PlannedFile,
  stored: Map<string, Stored>,
  { contents, sizes }: KnownBefore,
): boolean {
  const sha256 =
    file.digests.find(({ algorithm }) => algorithm === 'sha256')?.hex ?? contents.get(nameOfDigest(file.digests) ?? '');
  if (sha256 === undefined) return false;
  const bytes = pool.sizeOf(sha256);
  // A power cut may have left a part of what was never published: by its size alone nobody would see that.
  if (bytes !== undefined && bytes === (file.bytes ?? sizes.get(sha256))) {
    stored.set(file.path, { sha256, bytes, isVerified: true });
    return true;
  }
  if (file.bytes === undefined || rules.isEager(file)) return false;
  meter.done(file.path);
  stored.set(file.path, { sha256, bytes: file.bytes, isVerified: true, isLazy: true });
  return true;
}

async function fetchWanted(
  deps: RunDeps,
  source: Source,
  wanted: readonly PlannedFile[],
  isAllowed: (file: PlannedFile) => boolean,
) {
  const { meter, rules, signal } = deps;
  // The same content under several names comes once. A download is called after the same checksum: two would write into one part.
  const contentOf = ({ digests, path }: PlannedFile) => {
    const digest = strongestOf(digests);
    return digest === undefined ? path : partKeyOf(digest);
  };
  const groups = [...Map.groupBy(wanted, contentOf).values()];
  const contents = groups.flatMap(([first, ...others]): Names[] => (first ? [[first, ...others]] : []));
  const bytes = contents.reduce((sum, [file]) => sum + (file.bytes ?? 0), 0);
  if (!source.isHere) deps.space.require(bytes, contents.length);
  meter.enter('fetching');
  meter.expect(contents.length, bytes);
  const written = createWriteBehind(deps.pool.folder);
  source.expect?.(bytes);
  return fetchAll(contents, source.fetch, {
    parallel: source.parallel ?? rules.parallel,
    signal,
    isAllowed,
    onStart: meter.start,
    onDone: (path, stored) => {
      meter.done(path);
      if (stored) written(stored.bytes);
    },
  }).finally(source.rest);
}

function failureOf(copied: Copied): unknown {
  if ('error' in copied) return copied.error;
  const { failures, remedy } = 'failures' in copied ? copied : { failures: [], remedy: 'allowMissing' };
  const [first] = failures;
  const rest = failures.length > 1 ? `, and ${failures.length - 1} more` : '';
  const hint = `The old state is served. When upstream stays like this, name the files in \`${remedy}\` of the mirror.`;
  return new ProvisionError('upstream-failed', `${first?.reason}${rest}`, { hint });
}

/** A whole tree is here: published, held, or nothing new. */
async function settle(
  deps: RunDeps,
  state: MirrorState,
  { plan, manifest }: Tree,
  probed: readonly ProbedEntry[],
): Promise<RunOutcome> {
  const { files, rules, now } = deps;
  const probe = { entries: probeEntries(plan, probed), configHash: rules.configHash };
  const text = formatManifest(manifest);
  const { held: _settled, ...calm } = state;
  if (state.current !== undefined && text === formatManifest(files.findManifest(state.current) ?? new Map())) {
    // Something may have been fetched again that was damaged.
    mendLive(deps, state);
    return { result: 'unchanged', reason: 'the upstream has nothing new', state: { ...calm, probe } };
  }
  const hash = createHash('sha256').update(text).digest('hex');
  const snapshot = heldAlready(deps, state, text) ?? describeSnapshot(snapshotId(now(), hash), now(), plan, manifest);
  const current = state.snapshots.find(({ id }) => id === state.current);
  const reasons = judgeCandidate(current, snapshot, now());
  files.writeManifest(snapshot.id, manifest);
  if (reasons.length > 0) {
    const changes = compareStates(
      state.current === undefined ? undefined : files.findManifest(state.current),
      manifest,
    );
    const held = { at: now(), reasons, snapshot, changes };
    return { result: 'held', reason: reasons.join('; '), snapshot, changes, state: { ...state, held } };
  }
  deps.meter.enter('publishing');
  const published = await publish(deps, { ...state, probe }, snapshot, manifest);
  const { files: count, bytes } = snapshot.size;
  return { result: 'published', reason: formatAmount(count, bytes), snapshot, state: published };
}

/** What waits for a person keeps its name, so that it is that which is approved. */
function heldAlready({ files }: RunDeps, { held }: MirrorState, text: string): SnapshotRecord | undefined {
  const manifest = held?.snapshot && files.findManifest(held.snapshot.id);
  return manifest && formatManifest(manifest) === text ? held.snapshot : undefined;
}

/** A signature changes with what it signs, and Release with InRelease: each is asked for once. */
function probeEntries(plan: Plan, probed: readonly ProbedEntry[]): ProbedEntry[] {
  const entries = new Set(plan.entries);
  const isCovered = (path: string) =>
    /\.(asc|gpg|key)$/.test(path) ||
    (/(^|\/)Release$/.test(path) && entries.has(path.replace(/Release$/, 'InRelease')));
  return probed.filter(({ path }) => entries.has(path) && !isCovered(path));
}
