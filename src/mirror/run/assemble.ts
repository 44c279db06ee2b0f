import { nameOfDigest } from '../digest.ts';
import type { Plan, PlannedFile } from '../plan.ts';
import { type Manifest, type ManifestEntry, measureManifest } from './manifest.ts';
import type { SnapshotRecord } from './state.ts';
import { treePathProblem } from './tree-path.ts';

/** What of a planned file is known after it was fetched; `isLazy`: it was not, and its metadata say all of this. */
export interface Stored {
  readonly sha256: string;
  readonly bytes: number;
  readonly isVerified: boolean;
  readonly isLazy?: boolean | undefined;
}

/**
 * Makes the manifest out of a plan and what was stored by path; files that are not stored are left out. A name twice with different
 * contents is a problem, in a sentence.
 */
export function assembleManifest(
  files: readonly PlannedFile[],
  stored: ReadonlyMap<string, Stored>,
): { readonly manifest: Manifest } | { readonly problem: string } {
  const manifest = new Map<string, ManifestEntry>();
  const add = (entry: ManifestEntry): string | undefined => {
    const bad = treePathProblem(entry.path);
    if (bad !== undefined) return `the upstream names a file "${entry.path.slice(0, 100)}": ${bad}`;
    const other = manifest.get(entry.path);
    if (other !== undefined && other.sha256 !== entry.sha256)
      return `the upstream has ${entry.path} twice, with different contents`;
    if (other === undefined) manifest.set(entry.path, entry);
    return undefined;
  };
  for (const file of files) {
    const known = stored.get(file.path);
    if (known === undefined) continue;
    const { path, role, isOptional } = file;
    const digest = nameOfDigest(file.digests);
    const more = { ...(isOptional && { isOptional }), ...(digest !== undefined && { digest }) };
    const entry: ManifestEntry = { path, role, ...known, ...more };
    const names = [entry, ...(file.aliases ?? []).map((alias) => ({ ...entry, path: alias, aliasOf: path }))];
    for (const one of names) {
      const problem = add(one);
      if (problem !== undefined) return { problem };
    }
  }
  return { manifest };
}

/** Of a tree with all kernels of all architectures, more would only be carried about. */
const MOST_BOOT_FILES = 500;

export function describeSnapshot(
  id: string,
  at: number,
  plan: Omit<Plan, 'files' | 'contents'>,
  manifest: Manifest,
): SnapshotRecord {
  const boot = [...manifest.values()].filter(({ role, isLazy }) => role === 'boot' && !isLazy);
  const { revision, entries, validUntil, remarks, doubts } = plan;
  return {
    id,
    at,
    revision,
    size: measureManifest(manifest),
    entries: entries.filter((path) => manifest.has(path)),
    boot: Object.fromEntries(boot.slice(0, MOST_BOOT_FILES).map(({ path, sha256 }) => [path, sha256])),
    validUntil,
    remarks,
    doubts,
  };
}
