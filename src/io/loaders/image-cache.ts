import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** How old a build folder is that no running build can own any more. grub-mkimage takes less than a second. */
const ABANDONED_MS = 10 * 60_000;

export interface CachedImage {
  /** Absolute path in the cache. */
  readonly path: string;
  readonly wasBuilt: boolean;
}

/** What makes an image: everything that changes its bytes goes into `key`. */
export interface ImageRequest {
  readonly cacheFolder: string;
  /** "uefi-x64" */
  readonly name: string;
  /** Hex digest of all inputs. */
  readonly key: string;
  /** Writes the image to the given path. The folder is for this build alone; rejects when it fails. */
  readonly build: (folder: string, output: string) => Promise<void>;
}

/**
 * Gives the image for a key, from the cache when its bytes still have the digest that was noted at the build, else anew.
 *
 * The image appears under its name by `rename`, and its digest after it: whatever moment a build is killed at, the
 * next start finds either a complete pair or builds again. Images of other keys stay: a running server may serve them.
 */
export async function cachedImage(request: ImageRequest): Promise<CachedImage> {
  await mkdir(request.cacheFolder, { recursive: true });
  const path = join(request.cacheFolder, `${request.name}-${request.key.slice(0, 32)}.img`);
  if (await isIntact(path)) return { path, wasBuilt: false };
  const folder = await mkdtemp(join(request.cacheFolder, '.build-'));
  try {
    const output = join(folder, 'image');
    await request.build(folder, output);
    const digest = digestOf(await readFile(output));
    await writeSynced(join(folder, 'digest'), `${digest}\n`);
    await syncFile(output);
    await rm(digestPath(path), { force: true });
    await rename(output, path);
    await rename(join(folder, 'digest'), digestPath(path));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return { path, wasBuilt: true };
}

/** Removes what killed builds left behind. */
export async function removeAbandonedBuilds(cacheFolder: string, nowMs: number): Promise<void> {
  for (const name of await readdir(cacheFolder).catch(() => [])) {
    if (!name.startsWith('.build-')) continue;
    const path = join(cacheFolder, name);
    const found = await stat(path).catch(() => undefined);
    if (found && nowMs - found.mtimeMs > ABANDONED_MS) await rm(path, { recursive: true, force: true });
  }
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function digestPath(path: string): string {
  return `${path}.sha256`;
}

async function isIntact(path: string): Promise<boolean> {
  const [bytes, digest] = await Promise.all([
    readFile(path).catch(() => undefined),
    readFile(digestPath(path), 'utf8').catch(() => undefined),
  ]);
  return bytes !== undefined && bytes.length > 0 && digestOf(bytes) === digest?.trim();
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o644);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
