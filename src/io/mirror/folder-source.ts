import {
  createReadStream,
  linkSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { copyFile, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { PlannedFile } from '../../mirror/plan.ts';
import { treePathProblem } from '../../mirror/run/tree-path.ts';
import { ProvisionError } from '../../net/provision-error.ts';
import { openedStream } from './decompress.ts';
import { createChecker, isTrustworthy, strongestOf } from './digests.ts';
import type { FetchDeps, Fetched } from './fetch-file.ts';
import type { Source } from './source.ts';

export interface FolderOptions {
  /** The folder is ours: a staging folder, whose files the pool takes over by a further name. */
  readonly isOwn: boolean;
  /** Checksums of files that are known already, by inode: what rsync has linked from the last run. */
  readonly known?: ReadonlyMap<number, string> | undefined;
}

/** An upstream that is a folder of this host. Links that lead out of it are not followed. */
export function createFolderSource(deps: FetchDeps, folder: string, options: FolderOptions): Source {
  const root = realpathSync(folder);
  const find = (path: string) => findFile(root, path);
  const fetch = async (file: PlannedFile): Promise<Fetched> => {
    const found = find(file.path);
    return found === undefined ? { kind: 'absent' } : takeFile(deps, found, file, options);
  };
  return {
    reader: {
      read: async (path, { maxBytes, expect }) => {
        const found = find(path);
        if (found === undefined) return 'absent';
        if (statSync(found).size > maxBytes) throw unusable(path, `is longer than ${maxBytes} bytes`);
        const bytes = await readFile(found);
        if (expect !== undefined) refuseOther(path, bytes, expect);
        return bytes;
      },
      stream: async function* (path, { maxBytes, maxOpenBytes, expect }) {
        const found = find(path);
        if (found === undefined) throw unusable(path, 'is not there');
        if (statSync(found).size > maxBytes) throw unusable(path, `is longer than ${maxBytes} bytes`);
        // What is parsed is what was checked: from the pool, where nobody changes it.
        const fetched = await takeFile(deps, found, expect, options);
        if (fetched.kind !== 'stored') throw unusable(path, 'reason' in fetched ? fetched.reason : 'is not there');
        yield* openedStream(createReadStream(deps.pool.pathOf(fetched.sha256)), path, maxOpenBytes);
      },
    },
    fetch,
    // It has no tags to ask for: each run looks at all of it, and what is changed meanwhile has another checksum.
    isUnchanged: async (entries) => entries.length === 0,
    probed: () => [],
    isHere: options.isOwn,
    extras: (planned) => listExtras(root, planned),
  };
}

function findFile(root: string, path: string): string | undefined {
  if (treePathProblem(path) !== undefined) return undefined;
  try {
    const real = realpathSync(join(root, path));
    return real.startsWith(root + sep) && statSync(real).isFile() ? real : undefined;
  } catch {
    return undefined;
  }
}

/** Hidden folders of rsync are not part of the tree. */
function listExtras(root: string, planned: ReadonlySet<string>): PlannedFile[] {
  const found: PlannedFile[] = [];
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = relative(root, join(entry.parentPath, entry.name)).split(sep).join('/');
    if (entry.isDirectory() || planned.has(path) || path.startsWith('.~') || path.includes('/.~')) continue;
    const real = findFile(root, path);
    if (real === undefined) continue;
    const role = /^images\/|^isolinux\/|^EFI\//.test(path) ? 'boot' : 'other';
    found.push({ path, bytes: statSync(real).size, digests: [], role, isOptional: true });
  }
  return found;
}

async function takeFile(deps: FetchDeps, found: string, file: PlannedFile, options: FolderOptions): Promise<Fetched> {
  const { ino, size } = statSync(found);
  if (file.bytes !== undefined && file.bytes !== size) {
    return { kind: 'wrong', reason: `${file.path} is ${size} bytes long, and should be ${file.bytes}` };
  }
  const named = strongestOf(file.digests);
  const isVerified = isTrustworthy(named);
  const known = options.known?.get(ino);
  if (known !== undefined && (named === undefined || (named.algorithm === 'sha256' && named.hex === known))) {
    deps.onBytes?.(size);
    return { kind: 'stored', sha256: known, bytes: size, isVerified, origin: undefined };
  }
  const { sha256, isRight } = await hashFile(deps, found, file);
  if (!isRight)
    return { kind: 'wrong', reason: `${file.path} does not have the ${named?.algorithm} checksum ${named?.hex}` };
  await bringIn(deps, found, { sha256, bytes: size }, options.isOwn);
  return { kind: 'stored', sha256, bytes: size, isVerified, origin: undefined };
}

async function hashFile(deps: FetchDeps, found: string, file: PlannedFile) {
  const checker = createChecker(file.digests);
  for await (const chunk of createReadStream(found, { highWaterMark: 1024 * 1024, signal: deps.signal })) {
    checker.update(chunk as Buffer);
    deps.onBytes?.((chunk as Buffer).length);
  }
  return checker.finish();
}

async function bringIn(
  deps: FetchDeps,
  found: string,
  { sha256, bytes }: { readonly sha256: string; readonly bytes: number },
  isOwn: boolean,
): Promise<void> {
  const { pool, partsFolder } = deps;
  // What a power cut left of it is replaced.
  const isHere = pool.sizeOf(sha256) === bytes;
  if (!isHere && isOwn) return pool.adoptLink(found, sha256);
  if (!isHere) {
    // A file that is somebody else's may be changed by them at any time: ours is a copy, checked once more.
    const copy = join(partsFolder, `copy-${sha256}`);
    await copyFile(found, copy);
    const checker = createChecker([{ algorithm: 'sha256', hex: sha256 }]);
    for await (const chunk of createReadStream(copy, { highWaterMark: 1024 * 1024 })) checker.update(chunk as Buffer);
    if (checker.finish().isRight) return pool.adopt(copy, sha256);
    rmSync(copy, { force: true });
    throw new ProvisionError('upstream-failed', `${found} was changed while it was read`);
  }
  if (isOwn) shareInode(pool.pathOf(sha256), found);
}

/** The next run knows the file by its inode, and rsync by the time that upstream gave it. */
function shareInode(pooled: string, staged: string): void {
  const { atime, mtime } = statSync(staged);
  const part = `${staged}.~link~`;
  rmSync(part, { force: true });
  linkSync(pooled, part);
  utimesSync(part, atime, mtime);
  renameSync(part, staged);
  rmSync(part, { force: true });
}

function refuseOther(path: string, bytes: Uint8Array, expect: PlannedFile): void {
  const checker = createChecker(expect.digests);
  checker.update(bytes);
  if (!checker.finish().isRight) throw unusable(path, 'does not have the checksum that the metadata name');
}

function unusable(path: string, what: string): ProvisionError {
  return new ProvisionError('upstream-failed', `The upstream's ${path} ${what}`);
}
