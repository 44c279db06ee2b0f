import {
  closeSync,
  copyFileSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Manifest, ManifestEntry } from '../../mirror/run/manifest.ts';
import { uniteLive } from '../../mirror/run/prune.ts';
import { planPublish } from '../../mirror/run/publish-plan.ts';
import { type MirrorState, type SnapshotRecord, withPublished } from '../../mirror/run/state.ts';
import type { MirrorFiles } from './mirror-files.ts';
import type { Pool } from './pool.ts';
import { syncFolder } from './sync-folder.ts';

export interface PublishDeps {
  readonly files: MirrorFiles;
  readonly pool: Pool;
}

/**
 * Brings the plain tree and the state to a snapshot whose manifest is on disk and whose files are in the pool. Ended at any
 * step, the tree is usable, and `finishPublish` completes it. The state, by which our own HTTP serves, is written last. `known`: the
 * manifest, where the caller has it at hand.
 */
export async function publish(
  deps: PublishDeps,
  state: MirrorState,
  snapshot: SnapshotRecord,
  known?: Manifest,
): Promise<MirrorState> {
  const { files, pool } = deps;
  const next = known ?? files.readManifest(snapshot.id);
  // Nothing may name what a power cut could still take.
  await syncFolder(pool.folder);
  files.writeIntent(snapshot);
  const plan = planPublish(uniteLive(state, files.findManifest), next, snapshot.entries);
  for (const entry of plan.add) addLink(deps, entry);
  for (const entry of plan.replace) putLink(deps, entry);
  await syncFolder(files.live);
  for (const entry of plan.switch) putLink(deps, entry);
  syncParents(files.live, plan.switch);
  const published = withPublished(state, snapshot);
  files.writeState(published);
  files.clearIntent();
  return published;
}

/** After a stop in the middle of a publication: completes it, or goes back to what the state says. */
export async function finishPublish(deps: PublishDeps, state: MirrorState): Promise<MirrorState> {
  const { files, pool } = deps;
  const intended = files.readIntent();
  if (intended === undefined) return state;
  const current = state.snapshots.find(({ id }) => id === state.current);
  for (const snapshot of [intended, ...(current ? [current] : [])]) {
    const manifest = files.findManifest(snapshot.id);
    const isWhole =
      manifest && [...manifest.values()].every((entry) => entry.isLazy || pool.sizeOf(entry.sha256) === entry.bytes);
    if (!isWhole) continue;
    // It may have been a way back: what the upstream had last must not keep the next run from looking.
    const { probe: _probe, ...rest } = state;
    const published = await publish(deps, rest, snapshot);
    // What of the other one has been put in place already, nobody knows.
    if (snapshot !== intended) mendLive(deps, published);
    return published;
  }
  files.clearIntent();
  return state;
}

/** A file that came after its state was published. */
export function linkIntoLive(deps: PublishDeps, entry: ManifestEntry): void {
  putLink(deps, entry);
}

/** Looks at every name of the plain tree, and mends what is not what it should be; what the pool has lost is left to a run. */
export function mendLive(deps: PublishDeps, state: MirrorState): void {
  const manifest = state.current === undefined ? undefined : deps.files.findManifest(state.current);
  for (const entry of manifest?.values() ?? []) showIfHere(deps, entry);
}

/** Gives a name of the plain tree its content, where that is not lost. */
export function showIfHere(deps: PublishDeps, entry: ManifestEntry): void {
  if (entry.isLazy || deps.pool.sizeOf(entry.sha256) !== undefined) putLink(deps, entry);
}

/** What of the plain tree nobody names any more. */
export function unlinkFromLive({ files }: PublishDeps, paths: Iterable<string>): void {
  for (const path of paths) {
    rmSync(join(files.live, path), { force: true });
    removeEmptyParents(files.live, dirname(join(files.live, path)));
  }
}

/** A name that is most likely not there yet: one call where it is so, as there are many. */
function addLink(deps: PublishDeps, entry: ManifestEntry): void {
  const { files, pool } = deps;
  if (entry.isLazy && pool.sizeOf(entry.sha256) === undefined) return;
  try {
    linkSync(pool.pathOf(entry.sha256), `${files.live}/${entry.path}`);
  } catch {
    // It is there, or its folder is not, or something is the matter that the long way finds, too.
    putLink(deps, entry);
  }
}

/** A name that exists is replaced by renaming, so that no reader finds it missing. */
function putLink({ files, pool }: PublishDeps, { path, sha256, isLazy }: ManifestEntry): void {
  const target = join(files.live, path);
  const pooled = pool.pathOf(sha256);
  // What is fetched when it is asked for is linked then; what another state had there is wrong from now on.
  if (isLazy && pool.sizeOf(sha256) === undefined) {
    rmSync(target, { force: true, recursive: true });
    return;
  }
  const there = statSync(target, { throwIfNoEntry: false });
  if (there?.isFile() && there.ino === statSync(pooled).ino) return;
  if (there?.isDirectory()) rmSync(target, { recursive: true });
  makeFolder(files.live, dirname(target));
  const part = join(dirname(target), `.~publish~${sha256.slice(0, 16)}`);
  rmSync(part, { force: true });
  try {
    linkSync(pooled, part);
  } catch (error) {
    // A file system has a limit for the names of one file.
    if ((error as NodeJS.ErrnoException).code !== 'EMLINK') throw error;
    copyFileSync(pooled, part);
  }
  renameSync(part, target);
}

/** What was a file in an older state may be a folder in this one. */
function makeFolder(root: string, folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch {
    for (let at = folder; relative(root, at) !== ''; at = dirname(at)) {
      if (statSync(at, { throwIfNoEntry: false })?.isFile()) rmSync(at);
    }
    mkdirSync(folder, { recursive: true });
  }
}

function syncParents(live: string, entries: readonly ManifestEntry[]): void {
  for (const folder of new Set(entries.map(({ path }) => dirname(join(live, path))))) {
    const handle = openSync(folder, 'r');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  }
}

function removeEmptyParents(root: string, folder: string): void {
  for (let at = folder; relative(root, at) !== ''; at = dirname(at)) {
    try {
      rmdirSync(at);
    } catch {
      return;
    }
  }
}
