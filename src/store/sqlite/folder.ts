import { existsSync } from 'node:fs';
import { access, constants, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ProvisionError } from '../../net/provision-error.ts';
import { DATABASE_FILE } from './database.ts';
import { describeSqliteError, isBusy, toProvisionError } from './failure.ts';

const LOCK_FILE = 'rackready.lock';

/** Why a folder cannot be used, and what to do about it. */
interface Obstacle {
  readonly reason: string;
  readonly hint: string;
}

const FILE_IN_THE_WAY: Obstacle = {
  reason: 'there is a file where a folder should be',
  hint: 'Choose another folder with --data.',
};

/** Makes the data folder if it is not there, and says clearly why it cannot be used. */
export async function prepareFolder(folder: string): Promise<void> {
  const obstacle = await findObstacle(folder);
  if (obstacle === undefined) return;
  const { reason, hint, cause } = obstacle;
  throw new ProvisionError('store-failed', `Cannot use data folder "${folder}": ${reason}`, { hint, cause });
}

async function findObstacle(folder: string): Promise<(Obstacle & { readonly cause?: unknown }) | undefined> {
  try {
    await makeFolder(folder);
    if (!(await stat(folder)).isDirectory()) return FILE_IN_THE_WAY;
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return await findOthersThings(folder);
  } catch (cause) {
    return { ...explain(cause, folder), cause };
  }
}

/** Whether a server has run on a folder. */
export function isDataFolder(folder: string): boolean {
  return [LOCK_FILE, DATABASE_FILE].some((name) => existsSync(join(folder, name)));
}

/** Made in the new file system of a disk of its own. */
const NOT_OURS_AND_NO_MATTER = 'lost+found';

/** What a folder of ours may hold before its database was made: of a first start that failed, an import, or caches. */
const WITHOUT_DATABASE: readonly string[] = [
  LOCK_FILE,
  'rackready.pid',
  'mirrors',
  'loaders',
  'imported-loaders',
  NOT_OURS_AND_NO_MATTER,
];

/** Begun anew, nothing would be known of what was installed, and `install: once` would erase it. */
function databaseIsGone(folder: string): Obstacle {
  return {
    reason: `a server has run here, and its database ${DATABASE_FILE} is gone, with all that is known of the machines`,
    hint: `Bring back a copy of it. To begin anew (machines are then installed again where the configuration says \`install: once\`), move the folder away: mv ${folder} ${folder}.old`,
  };
}

/**
 * A folder with other things in it is somebody else's: "--data /etc" would fill it, and give all of it to the server's account.
 * A folder that was ours once has the lock file; then its database must be there, too.
 */
async function findOthersThings(folder: string): Promise<Obstacle | undefined> {
  const names = await readdir(folder);
  if (names.includes(DATABASE_FILE)) return undefined;
  if (names.includes(LOCK_FILE)) {
    return names.every((name) => WITHOUT_DATABASE.includes(name)) ? undefined : databaseIsGone(folder);
  }
  const other = names.find((name) => name !== NOT_OURS_AND_NO_MATTER);
  if (other === undefined) return undefined;
  return {
    reason: `it is not empty (${other}) and holds no data of rackready; the folder would be filled and given to the server's account`,
    hint: `Choose an empty or a new folder, like --data ${join(folder, 'rackready')}.`,
  };
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

function explain(error: unknown, folder: string): Obstacle {
  switch (errorCode(error)) {
    case 'EROFS':
      return { reason: 'its file system is mounted read-only', hint: `Look with: findmnt -T ${folder}` };
    case 'EACCES':
    case 'EPERM':
      return {
        reason: 'no permission to write there',
        hint: `Look with: ls -ld ${folder}; run as its owner (sudo), or choose another folder with --data.`,
      };
    case 'ENOSPC':
      return { reason: 'the disk is full', hint: `Free some space; look with: df -h ${folder}` };
    case 'ENOTDIR':
      return FILE_IN_THE_WAY;
    default:
      return {
        reason: error instanceof Error ? error.message : String(error),
        hint: `Look with: ls -ld ${folder}`,
      };
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
    lock = new DatabaseSync(join(folder, LOCK_FILE), { timeout: 0 });
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
