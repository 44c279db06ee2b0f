import { formatAmount } from './amounts.ts';
import type { Manifest, ManifestEntry, TreeSize } from './manifest.ts';

/** What a new state is to the one that is served, in files as `TreeSize` counts them: without metadata and further names. */
export interface Changes {
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  /** Some of them, by path. */
  readonly addedExamples: readonly string[];
  readonly removedExamples: readonly string[];
}

const MOST_EXAMPLES = 5;

/** `before`: what is served; undefined: nothing. */
export function compareStates(before: Manifest | undefined, next: Manifest): Changes {
  const old = countedFiles(before ?? new Map());
  const fresh = countedFiles(next);
  const added = [...fresh.keys()].filter((path) => !old.has(path)).sort();
  const removed = [...old.keys()].filter((path) => !fresh.has(path)).sort();
  const changed = [...fresh].filter(([path, sha256]) => (old.get(path) ?? sha256) !== sha256).length;
  return {
    added: added.length,
    removed: removed.length,
    changed,
    addedExamples: added.slice(0, MOST_EXAMPLES),
    removedExamples: removed.slice(0, MOST_EXAMPLES),
  };
}

function countedFiles(manifest: Manifest): Map<string, string> {
  const counts = ({ role, aliasOf }: ManifestEntry) => role !== 'metadata' && aliasOf === undefined;
  return new Map([...manifest.values()].filter(counts).map(({ path, sha256 }) => [path, sha256]));
}

/** "3 files, 1.2 GB: 1 added, 8 removed, 0 changed" */
export function describeChanges({ files, bytes }: Pick<TreeSize, 'files' | 'bytes'>, changes?: Changes): string {
  const size = formatAmount(files, bytes);
  if (changes === undefined) return size;
  return `${size}: ${changes.added} added, ${changes.removed} removed, ${changes.changed} changed`;
}
