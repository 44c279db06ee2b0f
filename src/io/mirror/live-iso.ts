import { broken } from '../../mirror/failure.ts';
import { findInIso } from '../../mirror/iso/index-iso.ts';
import { casperFiles, LIVE_ISO, newestIso } from '../../mirror/iso/live-iso.ts';
import type { PlannedFile } from '../../mirror/plan.ts';
import type { Stored } from '../../mirror/run/assemble.ts';
import { inFolder } from '../../mirror/tree-path.ts';
import type { FetchDeps } from './fetch-file.ts';
import { openIso } from './iso-file.ts';
import { takeExtent } from './iso-source.ts';

/**
 * Kernel and initrd of the ISO that is in the pool, so that a machine can be started from it, and the ISO under a name that stays the
 * same; by path. The ISO's checksum vouches for them. Rejects with `upstream-failed` when it is no medium of a live server.
 */
export async function unpackLiveIso(
  deps: FetchDeps,
  files: readonly PlannedFile[],
  stored: ReadonlyMap<string, Stored>,
): Promise<ReadonlyMap<string, Stored>> {
  const path = newestIso(files.flatMap((one) => (stored.has(one.path) ? [one.path] : [])));
  const iso = path === undefined ? undefined : stored.get(path);
  if (path === undefined || iso === undefined) return new Map();
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
  const file = deps.pool.pathOf(iso.sha256);
  const { index } = await openIso(file);
  const found = new Map<string, Stored>([[inFolder(folder, LIVE_ISO), iso]]);
  for (const name of Object.values(casperFiles)) {
    const extent = findInIso(index, name);
    if (extent === undefined) throw broken(path, `the medium has no ${name}`);
    const taken = await takeExtent(deps, file, extent, { path: name, digests: [], role: 'boot', isOptional: false });
    if (taken.kind !== 'stored') throw broken(path, `${name} cannot be taken out of it`);
    found.set(inFolder(folder, name), { sha256: taken.sha256, bytes: taken.bytes, isVerified: iso.isVerified });
  }
  return found;
}
