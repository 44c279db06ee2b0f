import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { MadeIndex } from './make-yum.ts';
import { writeSafely } from './safe-write.ts';

/**
 * Writes an index into its folder: whoever reads there meanwhile finds the old state or the new one. Metadata of yum that neither
 * of them names are deleted.
 */
export function writeIndex(folder: string, { files, entries }: MadeIndex): void {
  const old = readIfThere(join(folder, 'repodata/repomd.xml'));
  const ordered = [...[...files.keys()].filter((path) => !entries.includes(path)), ...entries];
  for (const path of ordered) {
    const bytes = files.get(path) ?? Buffer.of();
    const target = join(folder, path);
    if (readIfThere(target)?.equals(bytes)) continue;
    mkdirSync(dirname(target), { recursive: true });
    writeSafely(target, bytes);
  }
  if (!entries.includes('repodata/repomd.xml')) return;
  if (!files.has('repodata/repomd.xml.asc')) rmSync(join(folder, 'repodata/repomd.xml.asc'), { force: true });
  for (const name of readdirSync(join(folder, 'repodata'))) {
    const isNamed = files.has(`repodata/${name}`) || old?.includes(name) === true;
    if (!isNamed && /^[0-9a-f]{64}-/.test(name)) rmSync(join(folder, 'repodata', name));
  }
}

function readIfThere(path: string): Buffer | undefined {
  return existsSync(path) ? readFileSync(path) : undefined;
}
