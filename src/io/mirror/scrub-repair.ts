import { setTimeout as sleep } from 'node:timers/promises';
import type { Emit } from '../../event/event.ts';
import { describeRefetch, isFetchedAlone } from '../../mirror/run/refetch.ts';
import { liveOrder } from '../../mirror/run/state.ts';
import { nextOfFinding } from '../../mirror/run/verify.ts';
import { contentsAside, forgetDamaged } from './damage.ts';
import type { MirrorUnit } from './mirror-unit.ts';
import type { Pool } from './pool.ts';

export interface RepairDeps {
  readonly pool: Pool;
  readonly units: ReadonlyMap<string, MirrorUnit>;
  readonly emit: Emit;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A run of this mirror is to fetch something again, when its time has come. */
  readonly owe: (mirror: string) => void;
}

const BUSY_AGAIN_MS = 5_000;

/** How a mirror names a content. */
interface Naming {
  readonly paths: readonly string[];
  /** Whether the state that is served without `@` has it: a run fetches nothing else. */
  readonly isCurrent: boolean;
}

/** A mirror that names a content. */
interface Owner extends Naming {
  readonly unit: MirrorUnit;
}

/** Tells whose it was, and fetches it at once where it can be had. */
export async function repair(deps: RepairDeps, sha256: string, signal: AbortSignal): Promise<void> {
  await repairFor(deps, ownersOf(deps, [sha256])(sha256), sha256, signal);
}

/** The same for what was put aside before, and has not come to its end: whoever did it was stopped, or could not fetch it. */
export async function repairLeft(deps: RepairDeps, signal: AbortSignal): Promise<void> {
  const left = contentsAside(deps.pool);
  if (left.length === 0) return;
  const owners = ownersOf(
    deps,
    left.map(({ sha256 }) => sha256),
  );
  for (const { sha256, isNamed } of left) {
    signal.throwIfAborted();
    if (isNamed || deps.pool.sizeOf(sha256) === undefined) await repairFor(deps, owners(sha256), sha256, signal);
    else for (const owner of owners(sha256)) await showAgain(deps.pool, owner, sha256);
  }
}

/** After a run: it looks only at the names that have become others, where it has something new to publish. */
export async function showFetched(pool: Pool, unit: MirrorUnit): Promise<void> {
  const fetched = contentsAside(pool).filter(({ sha256 }) => pool.sizeOf(sha256) !== undefined);
  if (fetched.length === 0) return;
  const named = namingsOf(unit, new Set(fetched.map(({ sha256 }) => sha256)));
  for (const [sha256, naming] of named) await showAgain(pool, { unit, ...naming }, sha256);
}

async function repairFor(
  deps: RepairDeps,
  owners: readonly Owner[],
  sha256: string,
  signal: AbortSignal,
): Promise<void> {
  for (const owner of owners) {
    const { unit, paths } = owner;
    const [example] = paths;
    if (example === undefined) continue;
    await whenFree(unit, signal, async () => forgetDamaged(unit.files, deps.pool, paths));
    const next = nextOf(owner, deps.now());
    deps.emit('mirror.damaged', {}, { mirror: unit.config().name, files: paths.length, example, next });
    await fetchAgain(deps, owner, example, sha256);
    await showAgain(deps.pool, owner, sha256);
  }
  // What the last one could fetch is there for all of them.
  for (const owner of owners) await showAgain(deps.pool, owner, sha256);
}

function nextOf({ unit, isCurrent }: Owner, now: number): string {
  const { isFrozen } = unit.files.readState();
  if (isCurrent) return describeRefetch(unit.config(), isFrozen, now);
  return nextOfFinding(unit.config(), { problem: 'damaged', isCurrent, isFrozen });
}

/** Puts a content that is in the pool into the plain tree, under all its names there. */
async function showAgain(pool: Pool, { unit, paths }: Owner, sha256: string): Promise<void> {
  for (const path of paths) if (pool.sizeOf(sha256) !== undefined) await unit.want(path, sha256);
}

/** Reads all manifests once. */
function ownersOf({ units }: RepairDeps, contents: readonly string[]): (sha256: string) => readonly Owner[] {
  const wanted = new Set(contents);
  const known = [...units.values()].map((unit) => ({ unit, named: namingsOf(unit, wanted) }));
  return (sha256) =>
    known.flatMap(({ unit, named }) => {
      const naming = named.get(sha256);
      return naming ? [{ unit, ...naming }] : [];
    });
}

function namingsOf({ files }: MirrorUnit, wanted: ReadonlySet<string>): Map<string, Naming> {
  const found = new Map<string, { paths: Set<string>; isCurrent: boolean }>();
  try {
    const state = files.readState();
    for (const id of liveOrder(state)) {
      for (const { sha256, path } of files.findManifest(id)?.values() ?? []) {
        if (!wanted.has(sha256)) continue;
        const { paths, isCurrent } = found.get(sha256) ?? { paths: new Set(), isCurrent: id === state.current };
        found.set(sha256, { paths: paths.add(path), isCurrent });
      }
    }
  } catch {
    // What cannot be read is told by the run or the command that needs it, and does not keep the other mirrors from theirs.
  }
  return new Map([...found].map(([sha256, { paths, isCurrent }]) => [sha256, { paths: [...paths], isCurrent }]));
}

/** A run, or a command, may be working on the mirror: it is waited for. */
async function whenFree(unit: MirrorUnit, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await unit.alone(work);
    } catch (error) {
      if ((error as { code?: string }).code !== 'mirror-busy') throw error;
      await sleep(BUSY_AGAIN_MS, undefined, { signal });
    }
  }
}

/** The very same content by HTTP, without going on to what the upstream has now; else by a run, which does that. */
async function fetchAgain({ pool, owe }: RepairDeps, owner: Owner, example: string, sha256: string): Promise<void> {
  const { unit, isCurrent } = owner;
  if (isFetchedAlone(unit.config()) || pool.sizeOf(sha256) !== undefined) {
    const fetched = await unit.want(example, sha256).catch(() => undefined);
    if (fetched?.kind === 'stored') return;
  }
  if (isCurrent && unit.config().mode !== 'frozen') owe(unit.config().name);
}
