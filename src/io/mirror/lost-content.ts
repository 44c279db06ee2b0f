import type { MirrorConfig } from '../../mirror/mirror-config.ts';
import type { Manifest, ManifestEntry } from '../../mirror/run/manifest.ts';
import { syncCommand } from '../../mirror/run/next-step.ts';
import { isFetchedAlone } from '../../mirror/run/refetch.ts';
import type { MirrorState, SnapshotRecord } from '../../mirror/run/state.ts';
import { nextOfFinding } from '../../mirror/run/verify.ts';
import type { MirrorFiles } from './mirror-files.ts';
import type { Pool } from './pool.ts';

interface Place {
  readonly files: MirrorFiles;
  readonly pool: Pool;
  readonly config: MirrorConfig;
}

/**
 * What keeps a state from being served: what of it is lost, and what to do, in sentences. Undefined: nothing. Only sizes are looked at:
 * to read it all would keep an operator waiting who wants to go back at once.
 */
export function findLost(
  place: Place,
  state: MirrorState,
  { id }: SnapshotRecord,
): { readonly reason: string; readonly hint: string } | undefined {
  const { files, pool } = place;
  const manifest = files.findManifest(id);
  if (manifest === undefined) {
    const reason = `the list of the files of ${id} is not there, or not whole`;
    return { reason, hint: nextOf(place, state, id, []) };
  }
  const lost = [...manifest.values()].filter((entry) => !isThere(pool, entry));
  const [first] = lost;
  if (first === undefined) return undefined;
  const what =
    lost.length === 1 ? `a file, ${first.path}, is lost` : `${lost.length} files, like ${first.path}, are lost`;
  const reason = `${id} is not whole: ${what}`;
  return { reason, hint: nextOf(place, state, id, lost) };
}

/** What comes when it is asked for may be absent, but not be half there. */
function isThere(pool: Pool, { sha256, bytes, isLazy }: ManifestEntry): boolean {
  const size = pool.sizeOf(sha256);
  return size === bytes || (size === undefined && isLazy === true);
}

/** `lost` empty: the list itself. */
function nextOf({ files, config }: Place, state: MirrorState, id: string, lost: readonly ManifestEntry[]): string {
  const { name } = config;
  const { isFrozen, current, held } = state;
  // What is held is in no state that is looked at, and its upstream is asked again only when it is told to.
  if (id === held?.snapshot?.id)
    return `Nothing was changed. Make it anew with: ${syncCommand(name, isFrozen)} --force`;
  const all = `Nothing was changed. See all that is lost with: rackready mirror verify ${name}`;
  const [first] = lost;
  const isCurrent = id === current || (first !== undefined && hasAll(files, current, lost));
  if (!isCurrent && first !== undefined && isFetchedAlone(config))
    return `${all}. It is fetched again when somebody asks for /mirror/${name}@${id}/${first.path}, if the upstream still has it.`;
  const problem = first === undefined ? 'unreadable' : 'missing';
  return `${all}. Then: ${nextOfFinding(config, { problem, isCurrent, isFrozen })}`;
}

/** What the served state has as well comes back with it. */
function hasAll(files: MirrorFiles, current: string | undefined, lost: readonly ManifestEntry[]): boolean {
  const served: Manifest | undefined = current === undefined ? undefined : files.findManifest(current);
  return served !== undefined && lost.every(({ path, sha256 }) => served.get(path)?.sha256 === sha256);
}
