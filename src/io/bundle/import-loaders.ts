import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { compareDebVersions } from '../../mirror/deb/version.ts';
import { formatIndex, indexPath, objectPath, openImported, requireIndex } from '../loaders/imported-loaders.ts';
import { contentsOf, type LoaderPackage, type LoaderSet, packageText } from '../loaders/loader-set.ts';
import { writeSafely } from '../mirror/safe-write.ts';
import { syncFolder } from '../mirror/sync-folder.ts';
import { copyContent, type HeldContent } from './copy-content.ts';

/** What becomes of the loaders of an archive, and what speaks against them, in sentences. */
export interface LoaderChange {
  readonly changes: readonly string[];
  readonly doubts: readonly string[];
}

/** Compares the loaders of an archive with those that earlier ones have brought. Changes nothing. */
export async function compareLoaders(folder: string, sets: readonly LoaderSet[]): Promise<LoaderChange> {
  const changes: string[] = [];
  const doubts: string[] = [];
  const known = await openImported(folder);
  for (const set of sets) {
    const before = known.find((one) => isSame(one.set, set));
    if (before?.problem === undefined && isDeepStrictEqual(before?.set, set)) continue;
    const what = `${set.loader} for ${set.platform}${inWords(set)}`;
    changes.push(
      before === undefined ? `keep ${what}` : `keep ${what} in place of${inWords(before.set) || ' another'}`,
    );
    const older = before && whyOlder(before.set, set);
    if (older !== undefined) doubts.push(`${set.loader} for ${set.platform}: ${older}`);
  }
  return { changes, doubts };
}

/**
 * Puts the loaders of an archive beside those of earlier ones, and in the place of those for the same firmware. Nothing of it counts
 * before the index names it, which is written last. `source`: where a content is. Rejects with ProvisionError.
 */
export async function storeLoaders(
  folder: string,
  sets: readonly LoaderSet[],
  source: (sha256: string) => string,
): Promise<void> {
  const merged = [...requireIndex(folder).filter((one) => !sets.some((set) => isSame(one, set))), ...sets];
  for (const name of ['objects', 'licences']) mkdirSync(join(folder, name), { recursive: true });
  const contents = new Map(sets.flatMap((set) => [...contentsOf(set)]));
  const like = { mode: 0o644 };
  const held = (sha256: string, bytes: number): HeldContent => ({ sha256, bytes, path: source(sha256) });
  for (const [sha256, bytes] of contents) await copyContent(held(sha256, bytes), objectPath(folder, sha256), like);
  for (const one of sets.flatMap(({ packages }) => packages)) {
    if (one.licence === undefined) continue;
    await copyContent(held(one.licence.sha256, one.licence.bytes), join(folder, 'licences', licenceName(one)), like);
  }
  await syncFolder(folder);
  writeSafely(indexPath(folder), formatIndex(merged));
}

/** Deletes what the index does not name: loaders that others have replaced, and what ended early. Throws ProvisionError. */
export function sweepLoaders(folder: string): void {
  const sets = requireIndex(folder);
  const named = {
    objects: new Set(sets.flatMap((set) => [...contentsOf(set).keys()])),
    licences: new Set(sets.flatMap(({ packages }) => packages.map(licenceName))),
  };
  for (const [part, names] of Object.entries(named)) {
    for (const name of listFolder(join(folder, part)))
      if (!names.has(name)) rmSync(join(folder, part, name), { force: true });
  }
}

function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function licenceName(one: LoaderPackage): string {
  return `${one.name}_${one.version}`;
}

function isSame(one: LoaderSet, other: LoaderSet): boolean {
  return one.platform === other.platform && one.loader === other.loader;
}

function inWords({ packages }: LoaderSet): string {
  return packages.length === 0 ? '' : ` (${packages.map(packageText).join(', ')})`;
}

/** Only what is known to be older is doubted: of unknown packages nobody knows. */
function whyOlder(before: LoaderSet, set: LoaderSet): string | undefined {
  for (const one of set.packages) {
    const known = before.packages.find(({ name }) => name === one.name);
    if (known && compareDebVersions(one.version, known.version) < 0)
      return `the archive has ${packageText(one)}, which is older than ${known.version} of the one that was imported before`;
  }
  return undefined;
}
