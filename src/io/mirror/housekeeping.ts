import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { choosePruned, type Keep, uniteLive } from '../../mirror/run/prune.ts';
import { type MirrorFiles, openMirrorFiles } from './mirror-files.ts';
import type { Swept } from './pool.ts';
import { type PublishDeps, showIfHere, unlinkFromLive } from './publish.ts';

/** Forgets old snapshots and takes out of the plain tree what none of the others names. Returns how many. */
export function forgetSnapshots(deps: PublishDeps, keep: Keep, leased: readonly string[], now: number): number {
  const { files } = deps;
  const state = files.readState();
  const gone = choosePruned(state, keep, leased, now);
  if (gone.length > 0) {
    const before = uniteLive(state, files.findManifest);
    const next = { ...state, snapshots: state.snapshots.filter(({ id }) => !gone.includes(id)) };
    // What is served is decided by the state: first nobody is sent there any more.
    files.writeState(next);
    const after = uniteLive(next, files.findManifest);
    unlinkFromLive(
      deps,
      [...before.keys()].filter((path) => !after.has(path)),
    );
    // What has the name now is of a state that is older still.
    for (const entry of after.values()) if (before.get(entry.path)?.sha256 !== entry.sha256) showIfHere(deps, entry);
  }
  removeOrphans(files);
  return gone.length;
}

/** Manifests of runs that ended before they were published. */
function removeOrphans(files: MirrorFiles): void {
  const state = files.readState();
  const known = new Set([...state.snapshots.map(({ id }) => id), state.held?.snapshot?.id, files.readIntent()?.id]);
  for (const id of files.manifestIds()) if (!known.has(id)) files.removeManifest(id);
}

/**
 * Checksums of everything that some manifest names, also of mirrors that are not in the configuration now, below `repos`. Throws
 * `store-failed` where one cannot be read: what it names would be taken for what nobody needs.
 */
export function namedContents(repos: string): Set<string> {
  const named = new Set<string>();
  for (const entry of readdirSync(repos, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const files = openMirrorFiles(join(repos, entry.name));
    for (const id of files.manifestIds()) for (const { sha256 } of files.readManifest(id).values()) named.add(sha256);
  }
  return named;
}

/** Downloads that ended early, and that nothing has come to since: upstream has other files by now. Returns what was deleted. */
export function removeOldParts({ parts, wanted }: MirrorFiles, olderThan: number): Swept {
  const swept = { files: 0, bytes: 0 };
  for (const folder of [parts, wanted]) {
    // A download and the notes on it go together.
    const found = Map.groupBy(readdirSync(folder), (name) => name.replace(/\.[^.]*$/, ''));
    for (const names of found.values()) {
      const stats = names.flatMap((name) => {
        const stat = statSync(join(folder, name), { throwIfNoEntry: false });
        return stat?.isFile() ? [{ file: join(folder, name), stat }] : [];
      });
      if (stats.some(({ stat }) => stat.mtimeMs > olderThan)) continue;
      for (const { file, stat } of stats) {
        rmSync(file, { force: true });
        swept.files += 1;
        swept.bytes += stat.size;
      }
    }
  }
  return swept;
}

/** What an import of an archive has left that was killed, and that nobody has finished since. */
export function removeAbandonedImport(root: string, olderThan: number): void {
  const folder = join(root, 'import');
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found && found.mtimeMs < olderThan) rmSync(folder, { recursive: true, force: true });
}
