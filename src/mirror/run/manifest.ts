import type { FileRole } from '../plan.ts';
import { treePathProblem } from './tree-path.ts';

/** One file of a snapshot. */
export interface ManifestEntry {
  /** Relative to the tree's root (see `treePathProblem`). */
  readonly path: string;
  readonly bytes: number;
  /** Lower-case hex: names the content in the pool. */
  readonly sha256: string;
  readonly role: FileRole;
  /** False: no metadata vouch for it (a file beside the metadata, or one with a weak checksum only). */
  readonly isVerified: boolean;
  /** Whether a tree without it is whole. */
  readonly isOptional?: boolean | undefined;
  /** It is fetched when somebody asks for it. */
  readonly isLazy?: boolean | undefined;
  /** What the metadata call it by, where that is not its SHA-256 ("sha512:…"): the next run knows it again by this. */
  readonly digest?: string | undefined;
  /** Whose further name this is. */
  readonly aliasOf?: string | undefined;
}

/** All files of a snapshot by path. */
export type Manifest = ReadonlyMap<string, ManifestEntry>;

/** A manifest as text: one JSON object a line, in the order of the paths, so that equal trees have equal texts. */
export function formatManifest(manifest: Manifest): string {
  const paths = [...manifest.keys()].sort();
  return paths.map((path) => `${JSON.stringify(manifest.get(path))}\n`).join('');
}

/** Reads what `formatManifest` wrote. A line that is none ends it with the line's number: half a tree is no tree. */
export function parseManifest(text: string): { readonly manifest: Manifest } | { readonly problem: string } {
  const manifest = new Map<string, ManifestEntry>();
  const lines = text.split('\n');
  if (lines.pop() !== '') return { problem: 'the last line is not complete' };
  for (const [index, line] of lines.entries()) {
    const entry = parseEntry(line);
    if (entry === undefined) return { problem: `line ${index + 1} is no entry of a manifest` };
    manifest.set(entry.path, entry);
  }
  return { manifest };
}

function parseEntry(line: string): ManifestEntry | undefined {
  let entry: ManifestEntry;
  try {
    entry = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { path, bytes, sha256 } = entry ?? {};
  const isRight =
    typeof path === 'string' &&
    treePathProblem(path) === undefined &&
    Number.isSafeInteger(bytes) &&
    /^[0-9a-f]{64}$/.test(String(sha256));
  return isRight ? entry : undefined;
}

/** What a tree comes to, for guards and for people. */
export interface TreeSize {
  /** Without metadata, whose names change with every state, and without further names. */
  readonly files: number;
  readonly bytes: number;
  readonly packages: number;
  readonly unverified: number;
}

export function measureManifest(manifest: Manifest): TreeSize {
  let [files, bytes, packages, unverified] = [0, 0, 0, 0];
  for (const entry of manifest.values()) {
    if (entry.aliasOf !== undefined) continue;
    if (!entry.isVerified) unverified++;
    if (entry.role === 'metadata') continue;
    files++;
    bytes += entry.bytes;
    if (entry.role === 'package') packages++;
  }
  return { files, bytes, packages, unverified };
}
