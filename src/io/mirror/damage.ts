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
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { uniteLive } from '../../mirror/run/prune.ts';
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

/** What was put aside, without what is only remembered. */
export function countAside(pool: Pool): { readonly files: number; readonly bytes: number } {
  const kept = statsAside(pool).filter(({ bytes }) => bytes > 0);
  return { files: kept.length, bytes: kept.reduce((sum, { bytes }) => sum + bytes, 0) };
}

const MOST_KEPT = 100;
const KEPT_MS = 30 * 86_400_000;

/**
 * Deletes what was put aside before `now` (milliseconds since 1970) for long, and all but the newest. What a mirror still misses
 * (`isNamed`) is emptied instead: by its name it is known what is to be fetched again.
 */
export function trimAside(pool: Pool, isNamed: (sha256: string) => boolean, now: number): void {
  const newest = statsAside(pool)
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.at - a.at);
  const old = newest.filter(({ at }, index) => index >= MOST_KEPT || now - at > KEPT_MS);
  for (const { sha256, file, isLinked, bytes } of [...old, ...statsAside(pool).filter(({ bytes }) => bytes === 0)]) {
    // A plain tree still has it: whoever repairs it takes it out there first.
    if (isLinked) continue;
    if (pool.sizeOf(sha256) !== undefined || !isNamed(sha256)) rmSync(file, { force: true });
    else if (bytes > 0) replaceByEmpty(file);
  }
}

/** Its owner may not write to it, but to its folder. */
function replaceByEmpty(file: string): void {
  const empty = `${file}.empty`;
  writeFileSync(empty, '', { mode: 0o600 });
  renameSync(empty, file);
}

/** `at`: when it was put there, milliseconds since 1970. */
function statsAside(pool: Pool) {
  return contentsAside(pool).flatMap(({ sha256, isNamed: isLinked }) => {
    const file = join(asideOf(pool), sha256);
    const stat = statSync(file, { throwIfNoEntry: false });
    return stat ? [{ sha256, file, isLinked, bytes: stat.size, at: stat.ctimeMs }] : [];
  });
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
  const shown = uniteLive(files.readState(), files.findManifest);
  // Under the name that an older state has it by, the plain tree may have what counts now.
  const isRight = (path: string) => isPooled(join(files.live, path), pool, shown.get(path)?.sha256);
  unlinkFromLive(
    { files, pool },
    damaged.filter((path) => !isRight(path)),
  );
  for (const path of damaged) forgetStaged(files, path);
  // Otherwise the next run would find nothing new, and not look.
  const { probe: _probe, ...state }: MirrorState = files.readState();
  files.writeState(state);
}

function isPooled(file: string, pool: Pool, sha256: string | undefined): boolean {
  const pooled = sha256 === undefined ? undefined : statSync(pool.pathOf(sha256), { throwIfNoEntry: false });
  return pooled !== undefined && statSync(file, { throwIfNoEntry: false })?.ino === pooled.ino;
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
