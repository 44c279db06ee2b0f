import { execFile } from 'node:child_process';

/** Writes everything of the folder's file system to disk: syncfs(2) by the coreutils, as Node has no call for it. */
export function syncFolder(folder: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  execFile('sync', ['-f', folder], (error) => {
    if (error) reject(error);
    else resolve();
  });
  return promise;
}
