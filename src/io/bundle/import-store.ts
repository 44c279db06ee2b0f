import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { diskFailure } from '../mirror/disk-failure.ts';
import type { Pool } from '../mirror/pool.ts';
import type { Space } from '../mirror/space.ts';
import type { BundleStore, ContentWriter } from './read-bundle.ts';

export interface ImportStore extends BundleStore {
  /** Where a content is that this import has brought, or that was here. */
  pathOf(sha256: string): string;
  /** Forgets what an earlier import has brought and this one does not need. */
  retain(needed: ReadonlyMap<string, number>): void;
  /** Gives contents to the pool, of an archive that is right to its end. */
  release(named: Iterable<string>): void;
  /** Removes all that was brought and is not in the pool. */
  clear(): void;
}

const PART = '.part';

/**
 * Takes contents into a folder of their own, beside the pool: an archive that is refused has left nothing in it. What an import has
 * brought that was killed is not written again.
 */
export function openImportStore(folder: string, pool: Pool, space: Space): ImportStore {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(folder)) if (name.endsWith(PART)) rmSync(join(folder, name), { force: true });
  const brought = (sha256: string) => join(folder, sha256);
  const isBrought = (sha256: string, bytes: number) =>
    statSync(brought(sha256), { throwIfNoEntry: false })?.size === bytes;
  return {
    has: (sha256, bytes) => {
      if (isBrought(sha256, bytes)) return true;
      if (pool.sizeOf(sha256) !== bytes) return false;
      // What nobody names and is old is swept: it is to be named soon.
      const now = Date.now() / 1000;
      utimesSync(pool.pathOf(sha256), now, now);
      return true;
    },
    begin: (sha256) => writeContent(brought(`${sha256}${PART}`), space, (part) => renameSync(part, brought(sha256))),
    pathOf: (sha256) =>
      statSync(brought(sha256), { throwIfNoEntry: false }) === undefined ? pool.pathOf(sha256) : brought(sha256),
    retain: (needed) => {
      for (const name of readdirSync(folder)) if (!needed.has(name)) rmSync(join(folder, name), { force: true });
    },
    release: (named) => {
      for (const sha256 of named)
        if (statSync(brought(sha256), { throwIfNoEntry: false })) pool.adopt(brought(sha256), sha256);
    },
    clear: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function writeContent(part: string, space: Space, keep: (part: string) => void): ContentWriter {
  const file = openSync(part, 'w', 0o600);
  return {
    write: (piece) => {
      try {
        space.spend(piece.length);
        for (let done = 0; done < piece.length; ) done += writeSync(file, piece, done);
      } catch (error) {
        throw diskFailure(error) ?? error;
      }
    },
    keep: () => {
      closeSync(file);
      keep(part);
    },
    drop: () => {
      closeSync(file);
      rmSync(part, { force: true });
    },
  };
}
