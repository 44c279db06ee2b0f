import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { BundleFile } from '../io/bundle/bundle-head.ts';
import { copyContent, type FileLike, isContent } from '../io/bundle/copy-content.ts';
import type { Keep } from '../mirror/run/prune.ts';
import type { ImportPlan } from './bundle-import-plan.ts';
import { ApiFailure } from './client.ts';

/** sysexits(3) */
const EX_CANTCREAT = 73;

const FULL: readonly string[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];

export interface WritingFiles {
  readonly plan: ImportPlan;
  /** The configuration: whoever may read it may read these files, whatever the umask of root is. */
  readonly configuration: string;
  readonly files: readonly BundleFile[];
  /** Where a content is. */
  readonly source: (sha256: string) => string;
}

/** Writes the bundle's own files, which nothing names yet. Returns those that were not there. Throws ApiFailure. */
export async function writeFiles({ plan, configuration, files, source }: WritingFiles): Promise<readonly string[]> {
  if (files.length === 0) return [];
  const like = likeOf(configuration);
  for (const folder of [dirname(plan.folder), plan.folder]) makeFolder(folder, like);
  const fresh: string[] = [];
  for (const { name, sha256, bytes } of files) {
    const target = join(plan.folder, name);
    if (await isContent({ path: target, sha256, bytes })) continue;
    if (!existsSync(target)) fresh.push(target);
    await copyContent({ path: source(sha256), sha256, bytes }, target, like).catch((error: NodeJS.ErrnoException) => {
      removeFiles(plan, fresh);
      throw FULL.includes(error.code ?? '') ? noRoom(target, error) : error;
    });
  }
  return fresh;
}

function noRoom(target: string, { message }: Error): ApiFailure {
  const hint = 'Make room there: an archive with an ISO needs its size beside the configuration. Nothing was changed.';
  return new ApiFailure(
    { code: 'cannot-write', message: `${target} cannot be written: ${message}`, hint },
    EX_CANTCREAT,
  );
}

/** Takes out again what was written for a configuration that is not right. */
export function removeFiles({ folder }: ImportPlan, written: readonly string[]): void {
  for (const path of written) rmSync(path, { force: true });
  for (const empty of [folder, dirname(folder)]) {
    try {
      rmdirSync(empty);
    } catch {
      return;
    }
  }
}

/**
 * Deletes the files of archives that others of the same profile have replaced, by the rule for states of mirrors: the newest few stay,
 * and all that are young; and whatever the configuration (its texts) names. Returns the folders.
 */
export function pruneFiles({ folder }: ImportPlan, texts: readonly string[], keep: Keep, now: number): string[] {
  const all = dirname(folder);
  const profile = basename(folder).replace(/-[0-9a-f]{8}$/, '');
  const isOfProfile = (name: string) =>
    name.startsWith(`${profile}-`) && /^-[0-9a-f]{8}$/.test(name.slice(profile.length));
  const found = readFolder(all)
    .filter(isOfProfile)
    .map((name) => ({ path: join(all, name), name, at: lstatSync(join(all, name)) }))
    .filter(({ at }) => at.isDirectory())
    .sort((a, b) => b.at.mtimeMs - a.at.mtimeMs);
  const gone = found
    .slice(keep.snapshots)
    .filter(({ name, at }) => now - at.mtimeMs > keep.days * 86_400_000 && !texts.some((text) => text.includes(name)))
    .map(({ path }) => path);
  for (const path of gone) rmSync(path, { recursive: true, force: true });
  return gone;
}

function readFolder(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function likeOf(configuration: string): FileLike {
  const { mode, uid, gid } = statSync(configuration);
  return { mode: mode & 0o666, owner: process.geteuid?.() === 0 ? { uid, gid } : undefined };
}

/** A link in its place may lead to where the configuration's owner could not write. */
function makeFolder(folder: string, { mode, owner }: FileLike): void {
  if (!existsSync(folder)) {
    mkdirSync(folder, { mode: 0o700 });
    if (owner) chownSync(folder, owner.uid, owner.gid);
    // Whoever may read the files may look for them.
    chmodSync(folder, mode | ((mode & 0o444) >> 2));
  }
  if (lstatSync(folder).isDirectory()) return;
  const hint = 'Move it away, and run the same again. Nothing was changed.';
  throw new ApiFailure({ code: 'cannot-write', message: `${folder} is no folder`, hint }, EX_CANTCREAT);
}
