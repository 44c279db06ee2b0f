import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Emit } from '../../event/event.ts';
import { type MirrorConfig, planKey } from '../../mirror/mirror-config.ts';
import type { MirrorView } from '../../mirror/mirror-view.ts';
import type { PlannedFile } from '../../mirror/plan.ts';
import { planLayout } from '../../mirror/plan-layout.ts';
import { rateAt } from '../../mirror/run/bandwidth.ts';
import { describeChanges } from '../../mirror/run/changes.ts';
import { learnedKeys, packageKey } from '../../mirror/run/learned.ts';
import type { Progress } from '../../mirror/run/progress.ts';
import { nextRunOf } from '../../mirror/run/schedule.ts';
import { emptyState, type LastRun, type MirrorState } from '../../mirror/run/state.ts';
import { ProvisionError } from '../../net/provision-error.ts';
import type { FetchDeps, Fetched } from './fetch-file.ts';
import { createFetcher } from './fetcher.ts';
import { type GpgvChecker, openGpgvChecker } from './gpgv.ts';
import { createHttpClient } from './http-client.ts';
import { createLimiter, type Limiter } from './limiter.ts';
import { unpackLiveIso } from './live-iso.ts';
import { takeLock } from './lock.ts';
import { createMeter, type Meter } from './meter.ts';
import { type MirrorFiles, openMirrorFiles } from './mirror-files.ts';
import { openSource } from './open-source.ts';
import { judgePackages } from './package-signatures.ts';
import type { Pool } from './pool.ts';
import { type RunOutcome, runSync } from './run-sync.ts';
import { watchSpace } from './space.ts';
import { createWantedFiles } from './wanted-files.ts';

export interface UnitDeps {
  /** `mirrors` of the data folder. */
  readonly root: string;
  readonly pool: Pool;
  readonly emit: Emit;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly onChange: () => void;
  /** Ends what clients wait for. */
  readonly signal: AbortSignal;
  /** What stays free on the disk; default: see `watchSpace`. */
  readonly reserveBytes?: number | undefined;
}

/** One mirror: its files, and the run that is in progress. */
export interface MirrorUnit {
  readonly files: MirrorFiles;
  config(): MirrorConfig;
  configure(config: MirrorConfig): void;
  /** Begins a run, or joins the one in progress. */
  run(why: string, isForced: boolean): Promise<LastRun>;
  isRunning(): boolean;
  /** Ends the run in progress; resolves when it is over. */
  stop(): Promise<void>;
  /** Brings a file into the pool that a client asks for; see `createWantedFiles`. */
  want(path: string, sha256: string): Promise<Fetched>;
  /** Does something alone, after what was asked for before. Rejects with ProvisionError `mirror-busy` while a run is in progress. */
  alone<Result>(work: () => Promise<Result>): Promise<Result>;
  nextRunAt(): number | undefined;
  view(): MirrorView;
  /** Undefined: nothing runs. */
  progress(): Progress | undefined;
}

interface Running {
  readonly abort: AbortController;
  readonly meter: Meter;
  readonly done: Promise<LastRun>;
}

/** A file that cannot be had is told; of thousands, only the first. */
const MOST_REFUSALS_TOLD = 20;

export function createMirrorUnit(deps: UnitDeps, first: MirrorConfig): MirrorUnit {
  const { now, emit } = deps;
  const files = openMirrorFiles(join(deps.root, 'repos', first.name));
  const bornAt = now();
  let config = first;
  // One for all that comes to this mirror, by runs and for clients.
  const limiter = createLimiter((at) => rateAt(config.bandwidth, config.timezone, at), now);
  const wanted = createWantedFiles({ ...deps, files, config: () => config, limiter });
  let running: Running | undefined;
  /** Of this process: a run that could not even begin, or a disk that is full, leaves nothing in the state. */
  let lastRun: LastRun | undefined;
  /** What was asked for before, and is over when this resolves. */
  let before: Promise<unknown> = Promise.resolve();
  const readState = (): MirrorState => {
    const state = readOrEmpty(files);
    const isNewer = lastRun !== undefined && lastRun.endedAt >= (state.lastRun?.endedAt ?? 0);
    return isNewer ? { ...state, lastRun } : state;
  };
  const nextRunAt = () => nextRunOf(config, readState(), bornAt, now());
  const begin = (why: string, isForced: boolean): Running => {
    const abort = new AbortController();
    const meter = createMeter(now);
    emit('mirror.started', {}, { mirror: config.name, why });
    const job = { config, files, meter, limiter, signal: abort.signal, isForced };
    const run = before.then(() => runOnce(deps, job));
    const done = run.then((ended) => {
      lastRun = ended;
      running = undefined;
      deps.onChange();
      return ended;
    });
    return { abort, meter, done };
  };
  return {
    files,
    config: () => config,
    configure: (next) => {
      config = next;
    },
    want: wanted.want,
    isRunning: () => running !== undefined,
    run: (why, isForced) => {
      if (running) return running.done;
      running = begin(why, isForced);
      deps.onChange();
      return running.done;
    },
    stop: async () => {
      running?.abort.abort();
      await running?.done;
    },
    alone: async (work) => {
      if (running) throw runsAlready(config.name);
      const ended = before.then(async () => {
        const release = takeLock(files.lock);
        try {
          return await work();
        } finally {
          release();
          deps.onChange();
        }
      });
      before = ended.catch(() => {});
      return ended;
    },
    nextRunAt,
    progress: () => running?.meter.read(),
    view: () => ({
      name: config.name,
      config,
      state: readState(),
      nextRunAt: nextRunAt(),
      progress: running?.meter.read(),
    }),
  };
}

function runsAlready(name: string): ProvisionError {
  const hint = `Wait for its end, or end it with: rackready mirror stop ${name}`;
  return new ProvisionError('mirror-busy', `A run of the mirror ${name} is in progress`, { hint });
}

/** For whoever only looks: what cannot be read is told by the run or the command that needs it. */
function readOrEmpty(files: MirrorFiles): MirrorState {
  try {
    return files.readState();
  } catch {
    return emptyState;
  }
}

interface Job {
  readonly config: MirrorConfig;
  readonly files: MirrorFiles;
  readonly meter: Meter;
  readonly limiter: Limiter;
  readonly signal: AbortSignal;
  readonly isForced: boolean;
}

type Ended = Omit<RunOutcome, 'state'>;

/** Never rejects: what went wrong is told, and is the outcome. */
async function runOnce(deps: UnitDeps, job: Job): Promise<LastRun> {
  const { config, files } = job;
  const startedAt = deps.now();
  let outcome: Ended;
  let release: (() => void) | undefined;
  try {
    release = takeLock(files.lock);
    outcome = await runWithTools(deps, job);
  } catch (error) {
    const hint = error instanceof ProvisionError ? error.hint : undefined;
    outcome = { result: 'failed', reason: error instanceof Error ? error.message : String(error), hint };
  } finally {
    release?.();
  }
  tellOutcome(deps.emit, config.name, outcome);
  const { result, reason, hint } = outcome;
  return { startedAt, endedAt: deps.now(), result, reason, next: hint };
}

async function runWithTools(deps: UnitDeps, job: Job): Promise<RunOutcome> {
  const { config, files, meter, limiter, signal, isForced } = job;
  const { pool, root, now, emit } = deps;
  const http = createHttpClient({ connections: config.connections });
  const checker = await openChecker(config);
  const space = watchSpace(root, deps.reserveBytes);
  const fetch: FetchDeps = {
    http,
    pool,
    partsFolder: files.parts,
    limiter,
    signal,
    onBytes: meter.bytes,
    onRetry: meter.retry,
    checkSpace: space.spend,
  };
  const fetcher = createFetcher(fetch, {
    root,
    reserveBytes: deps.reserveBytes,
    connections: config.connections,
    onDied: (reason) => emit('worker.died', {}, { name: `a thread of the mirror ${config.name}`, reason }),
  });
  let refusals = 0;
  try {
    return await runSync(
      {
        files,
        pool,
        meter,
        space,
        signal,
        now,
        rules: {
          // It is kept beside the state, and addresses may have passwords in them.
          configHash: createHash('sha256').update(planKey(config)).digest('hex'),
          parallel: config.connections,
          exclude: config.exclude,
          allowMissing: config.allowMissing,
          isEager: chooseEager(config, files, pool),
        },
        openSource: () => openSource({ fetch: { ...fetch, fetcher }, files, meter, space, now }, config),
        planTree: (upstream) => planLayout(upstream, checker, config.layout, { ...config, now: now() }),
        ...(config.packages === 'signed' && {
          judgePackages: (packages) => judgePackages({ checker, pool, memory: files.signed, signal }, packages),
        }),
        ...(config.layout.kind === 'sums' && {
          unpack: (planned, stored) => unpackLiveIso(fetch, planned, stored),
        }),
        onRefused: (path, reason) => {
          refusals += 1;
          if (refusals <= MOST_REFUSALS_TOLD) emit('mirror.refused-file', {}, { mirror: config.name, path, reason });
        },
      },
      isForced,
    );
  } finally {
    http.close();
    checker.close();
  }
}

/**
 * A cache has all that is needed to know what there is, and to boot; packages come when they are asked for. A sparse mirror fetches
 * ahead what was asked for once, in its new version.
 */
function chooseEager({ mode }: MirrorConfig, files: MirrorFiles, pool: Pool): (file: PlannedFile) => boolean {
  if (mode !== 'cache' && mode !== 'sparse') return () => true;
  if (mode === 'cache') return ({ role }) => role !== 'package';
  const { current } = files.readState();
  const manifest = (current === undefined ? undefined : files.findManifest(current)) ?? new Map();
  const learned = learnedKeys(manifest, (sha256) => pool.sizeOf(sha256) !== undefined);
  return ({ role, path }) => role !== 'package' || learned.has(packageKey(path) ?? '');
}

/** Without keys nothing is asked of it: the configuration has seen to that. */
async function openChecker({ keys, name }: MirrorConfig): Promise<GpgvChecker> {
  if (keys.length > 0) return openGpgvChecker(keys);
  const reason = `the mirror ${name} has no keys`;
  const verify = async () => ({ kind: 'unknown-key', reason }) as const;
  return { fingerprints: [], verify, verifyFile: verify, close: () => {} };
}

function tellOutcome(emit: Emit, mirror: string, { result, reason, hint, snapshot, changes }: Ended): void {
  const approve = `Publish it all the same with: rackready mirror approve ${mirror} ${snapshot?.id ?? ''}`;
  const later = 'The next run goes on with what is here.';
  if (result === 'published') emit('mirror.published', {}, { mirror, snapshot: snapshot?.id ?? '', reason });
  else if (result === 'unchanged') emit('mirror.unchanged', {}, { mirror });
  else if (result === 'held') {
    const held = snapshot && { snapshot: snapshot.id, change: describeChanges(snapshot.size, changes) };
    emit('mirror.held', {}, { mirror, reason, next: hint ?? approve, ...held });
  } else if (result === 'failed') emit('mirror.failed', {}, { mirror, reason, next: hint ?? later });
  else emit('mirror.stopped', {}, { mirror, reason });
}
