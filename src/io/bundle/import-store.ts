import { closeSync, mkdirSync, openSync, rmSync, utimesSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { diskFailure } from '../mirror/disk-failure.ts';
import type { Pool } from '../mirror/pool.ts';
import type { Space } from '../mirror/space.ts';
import type { BundleStore, ContentWriter } from './read-bundle.ts';

export interface ImportStore extends BundleStore {
  /** Takes a content out of the pool again that this import has brought. */
  forget(sha256: string): void;
  /** Removes what was begun. */
  clear(): void;
}

/**
 * Takes contents into the pool, where nobody sees them before a manifest names them. What an import that ended early has brought is
 * not written again. `folder`: for what is on the way.
 */
export function openImportStore(folder: string, pool: Pool, space: Space): ImportStore {
  const brought = new Set<string>();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return {
    has: (sha256, bytes) => {
      if (pool.sizeOf(sha256) !== bytes) return false;
      // What nobody names and is old is swept: it is to be named soon.
      const now = Date.now() / 1000;
      utimesSync(pool.pathOf(sha256), now, now);
      return true;
    },
    begin: (sha256) =>
      writeContent(join(folder, `${sha256}.part`), space, (part) => {
        pool.adopt(part, sha256);
        brought.add(sha256);
      }),
    forget: (sha256) => {
      if (brought.has(sha256)) rmSync(pool.pathOf(sha256), { force: true });
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
