import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import type { MirrorState } from '../../mirror/run/state.ts';
import type { Limiter } from './limiter.ts';
import type { MirrorFiles } from './mirror-files.ts';
import type { Pool } from './pool.ts';
import { unlinkFromLive } from './publish.ts';

/**
 * Reads a content of the pool. What is damaged is put aside, so that it is neither served nor taken for good. `gone`: it is not (any
 * more) there. Rejects when `signal` aborts, and when it cannot be read for a reason that says nothing about the content.
 */
export async function checkContent(
  pool: Pool,
  sha256: string,
  signal: AbortSignal,
  limiter?: Limiter,
): Promise<'right' | 'damaged' | 'gone'> {
  const file = pool.pathOf(sha256);
  const found = await hashOf(file, signal, limiter);
  if (found === sha256) return 'right';
  if (found === 'gone') return found;
  if (!statSync(file, { throwIfNoEntry: false })) return 'gone';
  const folder = asideOf(pool);
  mkdirSync(folder, { recursive: true });
  renameSync(file, join(folder, sha256));
  return 'damaged';
}

/** Where damaged contents are put, under their checksums. */
function asideOf(pool: Pool): string {
  return join(pool.folder, '..', 'damaged');
}

/** What was ever put aside. `isNamed`: a plain tree, or a copy that rsync compares with, still has the damaged file. */
export function contentsAside(pool: Pool): readonly { readonly sha256: string; readonly isNamed: boolean }[] {
  const folder = asideOf(pool);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^[0-9a-f]{64}$/.test(name))
    .map((sha256) => ({ sha256, isNamed: statSync(join(folder, sha256)).nlink > 1 }));
}

async function hashOf(file: string, signal: AbortSignal, limiter: Limiter | undefined): Promise<string> {
  const sum = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024, signal })) {
      sum.update(chunk as Buffer);
      await limiter?.take((chunk as Buffer).length, signal);
    }
  } catch (error) {
    signal.throwIfAborted();
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'gone';
    // A disk that cannot give the bytes has lost them; of whatever else is the matter, they know nothing.
    if (code === 'EIO') return 'lost';
    throw error;
  }
  return sum.digest('hex');
}

/** Takes damaged files out of the plain tree, and sees to it that the next run looks and fetches them. The caller holds the lock. */
export function forgetDamaged(files: MirrorFiles, pool: Pool, damaged: readonly string[]): void {
  unlinkFromLive({ files, pool }, damaged);
  for (const path of damaged) forgetStaged(files, path);
  // Otherwise the next run would find nothing new, and not look.
  const { probe: _probe, ...state }: MirrorState = files.readState();
  files.writeState(state);
}

/** The copy of rsync is the very same file, and has the size and time that rsync looks for: it would never be copied anew. */
function forgetStaged({ staging }: MirrorFiles, path: string): void {
  for (const copy of ['last', 'next']) {
    try {
      const file = realpathSync(join(staging, copy, path));
      if (file.startsWith(`${realpathSync(staging)}/`)) rmSync(file);
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}
