import { join } from 'node:path';
import { judgeCandidate } from '../../mirror/run/guard.ts';
import type { Manifest } from '../../mirror/run/manifest.ts';
import { takeLock } from '../mirror/lock.ts';
import { type MirrorFiles, openMirrorFiles, readState } from '../mirror/mirror-files.ts';
import type { Pool } from '../mirror/pool.ts';
import { finishPublish, mendLive, publish } from '../mirror/publish.ts';
import type { BundleMirror } from './bundle-head.ts';

/** What becomes of a mirror, and what speaks against it, in sentences. */
export interface MirrorChange {
  readonly kind: 'new' | 'same' | 'other';
  readonly doubts: readonly string[];
}

/** Compares a bundle's state of a mirror with what the data folder `root` has of it. Changes nothing. */
export function compareMirror(root: string, { name, snapshot }: BundleMirror, now: number): MirrorChange {
  const state = readState(join(root, 'repos', name, 'state.json'));
  if (state.current === undefined) return { kind: 'new', doubts: [] };
  if (state.current === snapshot.id) return { kind: 'same', doubts: [] };
  const current = state.snapshots.find(({ id }) => id === state.current);
  // An archive may be on its way for longer than Debian's security suite is valid; who installs from it is told not to mind.
  const { validUntil: _ofItsUpstream, ...candidate } = snapshot;
  return { kind: 'other', doubts: judgeCandidate(current, candidate, now) };
}

/**
 * Makes a state of a mirror the one that is served. Everything that the manifest names is in the pool. Ended at any step, what is
 * served is the old state or this one, and the same call completes it. Rejects with ProvisionError `mirror-busy`.
 */
export async function publishImported(
  root: string,
  pool: Pool,
  { snapshot, name }: BundleMirror,
  manifest: Manifest,
  now: number,
): Promise<void> {
  const files: MirrorFiles = openMirrorFiles(join(root, 'repos', name));
  const release = takeLock(files.lock);
  try {
    const state = await finishPublish({ files, pool }, files.readState());
    if (state.current === snapshot.id && files.findManifest(snapshot.id) !== undefined) {
      // What was damaged is in the pool again, and has lost its names in the plain tree.
      mendLive({ files, pool }, state);
      return;
    }
    files.writeManifest(snapshot.id, manifest);
    const published = await publish({ files, pool }, state, snapshot);
    const { probe: _ofAnUpstream, ...rest } = published;
    const lastRun = { startedAt: now, endedAt: now, result: 'published', reason: 'imported from a bundle' } as const;
    files.writeState({ ...rest, lastRun, lastSuccessAt: now });
  } finally {
    release();
  }
}
