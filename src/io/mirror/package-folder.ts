import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ProvisionError } from '../../net/provision-error.ts';

/** A package of the operator's, as it lies in a folder. */
export interface FoundFile {
  /** Below the folder, with `/`. */
  readonly path: string;
  readonly bytes: number;
  /** Seconds since 1970. */
  readonly fileTime: number;
}

const MOST_FILES = 200_000;

/**
 * Regular files with this suffix below a folder, by path. What begins with a dot, links (they may lead anywhere) and folders of
 * metadata are left out.
 */
export async function findPackages(folder: string, suffix: string): Promise<readonly FoundFile[]> {
  const found: FoundFile[] = [];
  const walk = async (below: string): Promise<void> => {
    for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory() && entry.name !== 'repodata' && entry.name !== 'dists') await walk(path);
      if (!entry.isFile() || !entry.name.endsWith(suffix)) continue;
      if (found.length >= MOST_FILES) throw unfit(folder, `more than ${MOST_FILES} packages are in it`);
      const { size, mtimeMs } = await stat(join(folder, path));
      found.push({ path, bytes: size, fileTime: Math.floor(mtimeMs / 1000) });
    }
  };
  await walk('').catch((cause: unknown) => {
    if (cause instanceof ProvisionError) throw cause;
    throw new ProvisionError('upstream-failed', `Cannot read the packages in ${folder}`, {
      cause,
      hint: 'Name a folder that is there, and that rackready may read.',
    });
  });
  return found.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** A package that cannot be offered to anybody. */
export function unfit(path: string, what: string): ProvisionError {
  return new ProvisionError('upstream-failed', `${path}: ${what}`, {
    hint: 'Take it out of the folder, or put a good copy in its place.',
  });
}

/** Checksums of a file from a byte on, all in one reading. */
export async function hashFile<Name extends string>(
  path: string,
  algorithms: readonly Name[],
  start = 0,
): Promise<Readonly<Record<Name, string>>> {
  const hashes = algorithms.map((name) => [name, createHash(name)] as const);
  for await (const piece of createReadStream(path, { start, highWaterMark: 1 << 20 })) {
    for (const [, hash] of hashes) hash.update(piece as Buffer);
  }
  return Object.fromEntries(hashes.map(([name, hash]) => [name, hash.digest('hex')])) as Record<Name, string>;
}

/** The first bytes of a file, fewer where it has fewer. */
export async function readStart(file: FileHandle, count: number): Promise<Buffer> {
  const bytes = Buffer.alloc(count);
  let at = 0;
  while (at < count) {
    const { bytesRead } = await file.read(bytes, at, count - at, at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return bytes.subarray(0, at);
}

/** Opens a file for the time of `work`. */
export async function withFile<Result>(path: string, work: (file: FileHandle) => Promise<Result>): Promise<Result> {
  const file = await open(path, 'r');
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}
