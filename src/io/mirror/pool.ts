import { chmodSync, linkSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Every content once, under its checksum, read-only. What is in it was verified before it came in. It is on disk only after
 * `syncFolder`, which costs half as much as syncing each file; what a power cut left of others has another size.
 */
export interface Pool {
  readonly folder: string;
  pathOf(sha256: string): string;
  /** Bytes; undefined: it is not there. */
  sizeOf(sha256: string): number | undefined;
  /** Takes a finished file over, by renaming. The caller has checked it. */
  adopt(file: string, sha256: string): void;
  /** Takes a file of the same file system in as a further name of it. */
  adoptLink(file: string, sha256: string): void;
  /** Removes what nobody names and was made before `olderThan` (milliseconds since 1970). */
  sweep(named: ReadonlySet<string>, olderThan: number): Swept;
}

export interface Swept {
  readonly files: number;
  readonly bytes: number;
}

export function openPool(folder: string): Pool {
  mkdirSync(folder, { recursive: true });
  const pathOf = (sha256: string) => join(folder, sha256.slice(0, 2), sha256);
  const place = (sha256: string) => {
    mkdirSync(join(folder, sha256.slice(0, 2)), { recursive: true });
    return pathOf(sha256);
  };
  return {
    folder,
    pathOf,
    sizeOf: (sha256) => {
      const stat = statSync(pathOf(sha256), { throwIfNoEntry: false });
      return stat?.isFile() ? stat.size : undefined;
    },
    adopt: (file, sha256) => {
      chmodSync(file, 0o444);
      // Nearly always the folder is there.
      try {
        renameSync(file, pathOf(sha256));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        renameSync(file, place(sha256));
      }
    },
    adoptLink: (file, sha256) => {
      const target = place(sha256);
      const part = `${target}.new`;
      rmSync(part, { force: true });
      linkSync(file, part);
      chmodSync(part, 0o444);
      renameSync(part, target);
      // rename(2) of two names of one file does nothing, and leaves both.
      rmSync(part, { force: true });
    },
    sweep: (named, olderThan) => sweep(folder, named, olderThan),
  };
}

function sweep(folder: string, named: ReadonlySet<string>, olderThan: number): Swept {
  let [files, bytes] = [0, 0];
  for (const part of readdirSync(folder)) {
    for (const name of readdirSync(join(folder, part))) {
      const path = join(folder, part, name);
      if (named.has(name)) continue;
      const { mtimeMs, size } = statSync(path);
      if (mtimeMs > olderThan) continue;
      rmSync(path);
      files++;
      bytes += size;
    }
  }
  return { files, bytes };
}
