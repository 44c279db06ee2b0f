import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { FolderEntry } from '../serve/boot-deps.ts';

/** The file lookups that boot files need: a stat or two, never a read of a big file. */
export interface BootFolder {
  lookup(name: string): FolderEntry;
  names(): Iterable<string>;
}

/** How many names are looked through for a hint or another spelling. */
const MOST_NAMES = 5_000;

/** The operator's boot folder. Names come normalised, without `..`; links that lead out are refused. */
export function openBootFolder(folder: string | undefined): BootFolder {
  if (folder === undefined) return { lookup: () => ({ kind: 'missing' }), names: () => [] };
  return {
    lookup(name) {
      const path = join(folder, name);
      try {
        const real = realpathSync(path);
        if (!real.startsWith(realpathSync(folder) + sep))
          return { kind: 'refused', reason: 'it is a link that leads out of the folder' };
        return statSync(real).isFile() ? { kind: 'file', path: real } : { kind: 'missing' };
      } catch {
        return { kind: 'missing' };
      }
    },
    names() {
      try {
        const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' });
        return entries.slice(0, MOST_NAMES).map((name) => name.split(sep).join('/'));
      } catch {
        return [];
      }
    },
  };
}

export function fileKind(path: string): 'file' | 'missing' {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? 'file' : 'missing';
}

/** Reads templates once, at the start and after a reload; requests are served from memory. */
export function preloadTemplates(paths: Iterable<string>): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const path of paths) {
    try {
      texts.set(path, readFileSync(path, 'utf8'));
    } catch {
      // The check of the configuration has told of it; rendering says it again for the machine that needs it.
    }
  }
  return texts;
}
