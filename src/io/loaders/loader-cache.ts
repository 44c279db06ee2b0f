import { access, constants, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Does something with the cache of the server's images, which need not be made again then; where this process may not write to it,
 * with a folder that is deleted afterwards.
 */
export async function withLoaderCache<Result>(
  dataFolder: string,
  work: (cacheFolder: string, isServers: boolean) => Promise<Result>,
): Promise<Result> {
  const known = join(dataFolder, 'loaders');
  const isUsable = await access(known, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  if (isUsable) return work(known, true);
  const folder = await mkdtemp(join(tmpdir(), 'rackready-loaders-'));
  try {
    return await work(folder, false);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
