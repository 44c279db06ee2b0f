import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import type { MadeIndex } from './make-yum.ts';
import { writeSafely } from './safe-write.ts';

/**
 * Writes an index into its folder: whoever reads there meanwhile finds the old state or the new one. Metadata of yum, and by-hash
 * files of apt, that neither of them names are deleted.
 */
export function writeIndex(folder: string, { files, entries }: MadeIndex): void {
  const old = readIfThere(join(folder, 'repodata/repomd.xml'));
  const suites = entries.flatMap((path) => (basename(path) === 'Release' ? [dirname(path)] : []));
  const oldReleases = new Map(suites.map((suite) => [suite, readIfThere(join(folder, suite, 'Release'))]));
  const ordered = [...[...files.keys()].filter((path) => !entries.includes(path)), ...entries];
  for (const path of ordered) {
    const bytes = files.get(path) ?? Buffer.of();
    const target = join(folder, path);
    if (readIfThere(target)?.equals(bytes)) continue;
    mkdirSync(dirname(target), { recursive: true });
    writeSafely(target, bytes);
  }
  for (const [suite, release] of oldReleases) removeOldHashes(folder, suite, files, release);
  if (!entries.includes('repodata/repomd.xml')) return;
  if (!files.has('repodata/repomd.xml.asc')) rmSync(join(folder, 'repodata/repomd.xml.asc'), { force: true });
  for (const name of readdirSync(join(folder, 'repodata'))) {
    const isNamed = files.has(`repodata/${name}`) || old?.includes(name) === true;
    if (!isNamed && /^[0-9a-f]{64}-/.test(name)) rmSync(join(folder, 'repodata', name));
  }
}

function removeOldHashes(
  folder: string,
  suite: string,
  files: MadeIndex['files'],
  oldRelease: Buffer | undefined,
): void {
  for (const entry of readdirSync(join(folder, suite), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const isHash = /\/by-hash\/[A-Z0-9]+$/.test(entry.parentPath) && /^[0-9a-f]{32,128}$/.test(entry.name);
    if (!entry.isFile() || !isHash || files.has(relative(folder, path))) continue;
    if (!oldRelease?.includes(entry.name)) rmSync(path);
  }
}

function readIfThere(path: string): Buffer | undefined {
  return existsSync(path) ? readFileSync(path) : undefined;
}
