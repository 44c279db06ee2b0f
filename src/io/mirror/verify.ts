import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { MirrorConfig } from '../../mirror/mirror-config.ts';
import type { ManifestEntry } from '../../mirror/run/manifest.ts';
import { liveOrder, type MirrorState } from '../../mirror/run/state.ts';
import { type Finding, nextOfFinding } from '../../mirror/run/verify.ts';
import { checkContent, forgetDamaged } from './damage.ts';
import type { MirrorFiles } from './mirror-files.ts';
import type { Pool } from './pool.ts';
import { mendLive } from './publish.ts';

export interface VerifyDeps {
  readonly files: MirrorFiles;
  readonly pool: Pool;
  readonly config: MirrorConfig;
  readonly signal: AbortSignal;
}

export interface Verified {
  /** Contents that were read. */
  readonly files: number;
  readonly bytes: number;
  readonly states: number;
  readonly findings: readonly Finding[];
}

/** A content by all its names, and the states that have it. */
interface Named {
  readonly paths: Map<string, Set<string>>;
  isLazy: boolean;
}

/**
 * Reads all that a mirror serves, in each of its states, and looks at its plain tree. What is damaged is put aside, so that it is neither
 * served nor taken for good; what is misplaced is put right. The caller holds the lock.
 */
export async function verifyMirror(deps: VerifyDeps): Promise<Verified> {
  const { files, pool, config, signal } = deps;
  const state = files.readState();
  const found: Finding[] = [];
  const note = (path: string, states: readonly string[], problem: Finding['problem']) => {
    const isCurrent = states.includes(state.current ?? '');
    const next = nextOfFinding(config, { problem, isCurrent, isFrozen: state.isFrozen });
    found.push({ path, states: liveOrder(state).filter((id) => states.includes(id)), problem, next });
  };
  const contents = readContents(files, state, (id) => note(`snapshots/${id}.jsonl`, [id], 'unreadable'));
  let [read, bytes] = [0, 0];
  for (const [sha256, { paths, isLazy }] of contents) {
    const size = pool.sizeOf(sha256);
    const result = size === undefined ? 'gone' : await checkContent(pool, sha256, signal);
    if (result !== 'gone') read++;
    bytes += result === 'gone' ? 0 : (size ?? 0);
    if (result === 'right' || (result === 'gone' && isLazy)) continue;
    for (const [path, states] of paths) note(path, [...states], result === 'gone' ? 'missing' : 'damaged');
  }
  if (found.length > 0) {
    const lost = found.flatMap(({ path, problem }) => (problem === 'unreadable' ? [] : [path]));
    forgetDamaged(files, pool, lost);
  }
  for (const path of misplaced(deps, state)) note(path, [state.current ?? ''], 'misplaced');
  return { files: read, bytes, states: liveOrder(state).length, findings: found };
}

function readContents(files: MirrorFiles, state: MirrorState, onUnreadable: (id: string) => void): Map<string, Named> {
  const contents = new Map<string, Named>();
  for (const id of liveOrder(state)) {
    const manifest = files.findManifest(id);
    if (manifest === undefined) onUnreadable(id);
    for (const { sha256, path, isLazy } of manifest?.values() ?? []) {
      const named = contents.get(sha256) ?? { paths: new Map(), isLazy: true };
      named.paths.set(path, (named.paths.get(path) ?? new Set()).add(id));
      // What any state was published with has to be there.
      named.isLazy &&= isLazy === true;
      contents.set(sha256, named);
    }
  }
  return contents;
}

/** Names of the served state that the plain tree has not, or has with something else; they are right afterwards. */
function misplaced({ files, pool }: VerifyDeps, state: MirrorState): string[] {
  const manifest = state.current === undefined ? undefined : files.findManifest(state.current);
  const wrong = [...(manifest?.values() ?? [])].filter((entry) => isMisplaced(files, pool, entry));
  if (wrong.length > 0) mendLive({ files, pool }, state);
  return wrong.map(({ path }) => path);
}

function isMisplaced({ live }: MirrorFiles, pool: Pool, { path, sha256 }: ManifestEntry): boolean {
  const pooled = statSync(pool.pathOf(sha256), { throwIfNoEntry: false });
  if (pooled === undefined) return false;
  const there = statSync(join(live, path), { throwIfNoEntry: false });
  if (there?.ino === pooled.ino) return false;
  if (!there?.isFile() || there.size !== pooled.size) return true;
  // A file system has a limit for the names of one file; beyond it there are copies.
  return (
    createHash('sha256')
      .update(readFileSync(join(live, path)))
      .digest('hex') !== sha256
  );
}
