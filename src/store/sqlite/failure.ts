import { statfsSync } from 'node:fs';
import { ProvisionError } from '../../net/provision-error.ts';
import type { Failure } from './protocol.ts';

/** Primary result codes of SQLite (sqlite.org/rescode.html) that have an advice of their own. */
const FULL = 13;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const CANTOPEN = 14;
const NOTADB = 26;
const BUSY = 5;
const LOCKED = 6;
const NOMEM = 7;
const PERM = 3;

/** What SQLite needs to open a database in WAL mode: 32 KiB for the -shm file, and a page or two for the log. */
const SMALLEST_ROOM_BYTES = 65_536;

type Advice = Pick<Failure, 'code' | 'reason' | 'next'>;

const advice = new Map<number, (folder: string) => Advice>([
  [
    FULL,
    (folder) => ({
      code: 'store-failed',
      reason: 'the disk is full',
      next: `Free some space; look with: df -h ${folder}`,
    }),
  ],
  [
    READONLY,
    (folder) => ({
      code: 'store-failed',
      reason: 'the folder or its files are read-only',
      next: `Look at its owner and mode with: ls -ld ${folder} ${folder}/*; and at its mount with: findmnt -T ${folder}`,
    }),
  ],
  [
    IOERR,
    (folder) => ({
      code: 'store-failed',
      reason: 'the disk reports an input/output error',
      next: `Look for disk errors with: dmesg; and for free space with: df -h ${folder}`,
    }),
  ],
  [
    CANTOPEN,
    (folder) => ({
      code: 'store-failed',
      reason: 'its files cannot be opened',
      next: `Look at its owner and mode with: ls -ld ${folder} ${folder}/*; and for free space with: df -h ${folder}`,
    }),
  ],
  [CORRUPT, (folder) => damaged(folder)],
  [NOTADB, (folder) => damaged(folder)],
  [BUSY, (folder) => locked(folder)],
  [LOCKED, (folder) => locked(folder)],
  [
    PERM,
    (folder) => ({
      code: 'store-failed',
      reason: 'access is denied',
      next: `Look at its owner and mode with: ls -ld ${folder} ${folder}/*`,
    }),
  ],
  [
    NOMEM,
    () => ({
      code: 'store-failed',
      reason: 'there is not enough memory',
      next: 'Look at the memory in use with: free -m',
    }),
  ],
]);

function damaged(folder: string): Advice {
  return {
    code: 'store-corrupt',
    reason: 'the database is damaged',
    next: `Nothing was changed. Keep a copy (cp -a ${folder} ${folder}.damaged), then bring back a backup, or repair it with: sqlite3 ${folder}/rackready.db .recover`,
  };
}

function locked(folder: string): Advice {
  return {
    code: 'store-failed',
    reason: 'another program keeps the database locked',
    next: `Find it with: fuser -v ${folder}/rackready.db`,
  };
}

/** Says what an error of node:sqlite means. Everything that is not about the disk is the fault of the values. */
export function describeSqliteError(error: unknown, folder: string): Failure {
  const code = sqliteCode(error) & 0xff;
  // A full disk also shows as an input/output error, when the file beside the log (-shm) cannot grow.
  const known = advice.get((code === IOERR || code === CANTOPEN) && isFull(folder) ? FULL : code)?.(folder);
  const text = error instanceof Error ? error.message : String(error);
  if (known) return { cause: 'world', ...known, reason: `${known.reason} (SQLite: ${text})` };
  return {
    cause: 'bad-data',
    code: 'store-failed',
    reason: text,
    next: 'This is a fault of rackready; please report it with this message',
  };
}

function isFull(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize < SMALLEST_ROOM_BYTES;
  } catch {
    // The folder itself is out of reach: whatever it is, it is not a lack of space.
    return false;
  }
}

/** After these the connection is not trusted any more: it is closed and opened again. A full disk leaves it in order. */
export function needsReopening(error: unknown): boolean {
  return [IOERR, CORRUPT, NOTADB, CANTOPEN, READONLY].includes(sqliteCode(error) & 0xff);
}

/** The extended result code; 0 for errors that are not SQLite's. */
function sqliteCode(error: unknown): number {
  const code: unknown = error instanceof Error && 'errcode' in error ? error.errcode : 0;
  return typeof code === 'number' ? code : 0;
}

/** Is this result code "somebody else has the lock"? */
export function isBusy(error: unknown): boolean {
  return (sqliteCode(error) & 0xff) === BUSY;
}

/** The error that callers see. */
export function toProvisionError(action: string, failure: Failure): ProvisionError {
  return new ProvisionError(failure.code, `${action}: ${failure.reason}`, { hint: failure.next });
}
