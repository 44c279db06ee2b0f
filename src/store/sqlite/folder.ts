import { access, constants, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ProvisionError } from '../../net/provision-error.ts';
import { describeSqliteError, isBusy, toProvisionError } from './failure.ts';

const FILE_IN_THE_WAY = 'there is a file where a folder should be. Choose another folder with --data';

/** Makes the data folder if it is not there, and says clearly why it cannot be used. */
export async function prepareFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
    if (!(await stat(folder)).isDirectory()) throw new Error(FILE_IN_THE_WAY);
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new ProvisionError('store-failed', `Cannot use data folder "${folder}": ${explain(error, folder)}`, {
      cause: error,
    });
  }
}

/** As a recursive mkdir; that of Node 24.21 says ENOENT on a read-only file system and hides the true reason. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o750 });
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return;
    if (errorCode(error) !== 'ENOENT' || dirname(folder) === folder) throw error;
    await makeFolder(dirname(folder));
    await mkdir(folder, { mode: 0o750 });
  }
}

function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function explain(error: unknown, folder: string): string {
  switch (errorCode(error)) {
    case 'EROFS':
      return `its file system is mounted read-only. Look with: findmnt -T ${folder}`;
    case 'EACCES':
    case 'EPERM':
      return `no permission to write there. Look with: ls -ld ${folder}; run as its owner, or choose another folder with --data`;
    case 'ENOSPC':
      return `the disk is full. Free some space; look with: df -h ${folder}`;
    case 'ENOTDIR':
      return FILE_IN_THE_WAY;
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

/** The right to be the only server on a data folder. */
export interface FolderLock {
  release(): Promise<void>;
}

/**
 * Takes the data folder for this process. The lock is the kernel's (SQLite's fcntl lock on a database that is used for
 * nothing else), so it ends with the process however that ends. `rackready.pid` is only there to name the holder: it
 * is never believed. The lock file must not be opened by other means in the process that holds it: closing any
 * descriptor of a file gives up all fcntl locks on it.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const pidFile = join(folder, 'rackready.pid');
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(join(folder, 'rackready.lock'), { timeout: 0 });
    // A journal in memory: taking the lock must not need free space on the disk.
    lock.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    const held = lock;
    // Only information: a full disk must not keep the server from starting.
    await writeFile(pidFile, `${process.pid}\n`, { mode: 0o640 }).catch(() => {});
    return {
      release: async () => {
        await rm(pidFile, { force: true }).catch(() => {});
        held.close();
      },
    };
  } catch (error) {
    lock?.close();
    if (isBusy(error)) throw await busy(folder, pidFile, error);
    throw toProvisionError(`Cannot lock data folder "${folder}"`, describeSqliteError(error, folder));
  }
}

async function busy(folder: string, pidFile: string, cause: unknown): Promise<ProvisionError> {
  const pid = await readFile(pidFile, 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
  const holder = /^\d+$/.test(pid) ? ` (process ${pid})` : '';
  return new ProvisionError('store-busy', `Cannot open data folder "${folder}": another rackready${holder} uses it`, {
    cause,
  });
}
