import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ProvisionError } from '../../net/provision-error.ts';
import { type LoaderSet, loaderSet } from './loader-set.ts';

/*
 * Loaders that came with archives, in a folder of the data folder:
 *
 *   index.json            which sets there are; written last, and as a whole
 *   objects/SHA256        their files
 *   licences/NAME_VERSION what the packages say of their licences
 */

/** The folder below the data folder. */
export const IMPORTED_FOLDER = 'imported-loaders';

const index = z.strictObject({ version: z.literal(1), sets: z.array(loaderSet) });

/** A set that is whole, or what is the matter with it. */
export interface ImportedSet {
  readonly set: LoaderSet;
  readonly problem?: string | undefined;
}

export function indexPath(folder: string): string {
  return join(folder, 'index.json');
}

export function objectPath(folder: string, sha256: string): string {
  return join(folder, 'objects', sha256);
}

export function formatIndex(sets: readonly LoaderSet[]): string {
  return `${JSON.stringify({ version: 1, sets }, undefined, 1)}\n`;
}

/** The sets of the index; none where there is no index, or one that cannot be read. */
export function readIndex(folder: string): readonly LoaderSet[] {
  try {
    return requireIndex(folder);
  } catch {
    return [];
  }
}

/** The same for whoever deletes or writes by it: throws ProvisionError where there is an index that cannot be read. */
export function requireIndex(folder: string): readonly LoaderSet[] {
  const path = indexPath(folder);
  try {
    return index.parse(JSON.parse(readFileSync(path, 'utf8'))).sets;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    const reason = code ?? 'it is damaged, or of a newer version';
    const hint = `Mend it; or move it away and import all archives with boot loaders again: sudo mv ${path} ${path}.damaged && sudo ./rackready bundle import ARCHIVE. No loader was touched.`;
    throw new ProvisionError('store-failed', `The list of imported boot loaders ${path} cannot be read: ${reason}`, {
      cause,
      hint,
    });
  }
}

/** Why the index cannot be read, and what to do; undefined: it can, or there is none. */
export function whyUnread(folder: string): ProvisionError | undefined {
  try {
    requireIndex(folder);
  } catch (error) {
    if (error instanceof ProvisionError) return error;
    throw error;
  }
  return undefined;
}

/** Changes whenever other loaders were imported. */
export function importedState(folder: string): string {
  const found = statSync(indexPath(folder), { throwIfNoEntry: false });
  return found === undefined ? '' : `${found.ino} ${found.size} ${found.mtimeMs}`;
}

/** Reads all of them and compares each file with its checksum: machines run what is in them. */
export async function openImported(folder: string): Promise<readonly ImportedSet[]> {
  const opened: ImportedSet[] = [];
  for (const set of readIndex(folder)) {
    const damaged = (await Promise.all(set.files.map((file) => isIntact(folder, file)))).indexOf(false);
    if (damaged < 0) opened.push({ set });
    else opened.push({ set, problem: `${set.files[damaged]?.path} of an imported archive is not there, or damaged` });
  }
  return opened;
}

async function isIntact(folder: string, { sha256, bytes }: LoaderSet['files'][number]): Promise<boolean> {
  const content = await readFile(objectPath(folder, sha256)).catch(() => undefined);
  return content?.length === bytes && createHash('sha256').update(content).digest('hex') === sha256;
}
