import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { createEventTable, type EventTable } from './event-table.ts';
import { createLeaseTable, type LeaseTable } from './lease-table.ts';
import { migrate } from './migrations.ts';
import type { Cell, Failure, WorkerSetup } from './protocol.ts';

export const DATABASE_FILE = 'rackready.db';

/** How long to wait for a program that looks at the database with its own tools. */
const BUSY_TIMEOUT_MS = 2000;

/** An open database with its prepared statements. */
export interface StoreDatabase {
  readonly leases: LeaseTable;
  readonly events: EventTable;
  saveLife(machine: string, state: string, json: string): void;
  loadLives(): Cell[];
  saveMac(mac: string, json: string): void;
  loadMacs(): Cell[];
  /** Commits so much of no meaning that success says there is room again. */
  probe(): void;
  /** `safe`: the commit is on the disk when this returns. `soon`: it is there with the next safe one. */
  transaction<T>(durability: 'safe' | 'soon', work: () => T): T;
  close(): void;
}

/** Opens, checks and migrates the database in the folder. Throws what node:sqlite throws; a Failure is returned. */
export function openDatabase(setup: WorkerSetup): StoreDatabase | Failure {
  const path = join(setup.folder, DATABASE_FILE);
  const connection = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    keepPrivate(path);
    // WAL: one fsync per commit. FULL: that fsync is made before COMMIT returns. Under load a commit touches hundreds of
    // pages: with SQLite's 1,000 pages of WAL every other commit would copy them all into the database.
    connection.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    connection.exec('PRAGMA cache_size = -4000; PRAGMA wal_autocheckpoint = 4000');
    const refusal = migrate(connection, setup.version) ?? check(connection, setup.folder);
    if (!refusal) return withStatements(connection, setup);
    connection.close();
    return refusal;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Lives hold tokens, and the folder may have been made by hand, open to everybody. SQLite gives its other files the same mode. */
function keepPrivate(path: string): void {
  try {
    chmodSync(path, 0o640);
  } catch {
    // Another account's, or a read-only file system: what cannot be written is told by what follows.
  }
}

/** Looks over what must not be lost. Events are left out: there may be many, and a bad page is reported when it is read. */
function check(connection: DatabaseSync, folder: string): Failure | undefined {
  for (const table of ['lease', 'life']) {
    const verdict = connection.prepare(`PRAGMA quick_check(${table})`).get()?.quick_check;
    if (verdict === 'ok') continue;
    return {
      cause: 'world',
      code: 'store-corrupt',
      reason: `the table of ${table === 'lease' ? 'leases' : 'lives'} is damaged (${String(verdict)})`,
      next: `Nothing was changed. Keep a copy (cp -a ${folder} ${folder}.damaged), then bring back a backup, or repair it with: sqlite3 ${folder}/rackready.db .recover`,
    };
  }
  return undefined;
}

function withStatements(connection: DatabaseSync, setup: WorkerSetup): StoreDatabase {
  const saveLife = connection.prepare('INSERT OR REPLACE INTO life (machine, state, life) VALUES (?, ?, ?)');
  const lives = connection.prepare('SELECT life FROM life ORDER BY machine');
  const saveMac = connection.prepare('INSERT OR REPLACE INTO mac (mac, record) VALUES (?, ?)');
  const macs = connection.prepare('SELECT record FROM mac ORDER BY mac');
  const probe = connection.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('probe', zeroblob(?))");
  const transaction = createTransactions(connection);
  return {
    leases: createLeaseTable(connection),
    events: createEventTable(connection, setup.eventLimits),
    saveLife: (machine, state, json) => {
      saveLife.run(machine, state, json);
    },
    loadLives: () => lives.all().map((row) => String(row.life)),
    saveMac: (mac, json) => {
      saveMac.run(mac, json);
    },
    loadMacs: () => macs.all().map((row) => String(row.record)),
    probe: () => {
      for (const sizeBytes of [65_536, 0]) transaction('safe', () => probe.run(sizeBytes));
    },
    transaction,
    close: () => connection.close(),
  };
}

function createTransactions(connection: DatabaseSync): StoreDatabase['transaction'] {
  const prepared = (sql: string): StatementSync => connection.prepare(sql);
  const [begin, commit, rollback] = [prepared('BEGIN IMMEDIATE'), prepared('COMMIT'), prepared('ROLLBACK')];
  let current: 'safe' | 'soon' = 'safe';
  return (durability, work) => {
    if (durability !== current) {
      // In WAL mode NORMAL leaves out the fsync of the commit. It may lose the newest commits in a power cut and
      // never damages; the next FULL commit makes them safe as well.
      connection.exec(`PRAGMA synchronous = ${durability === 'safe' ? 'FULL' : 'NORMAL'}`);
      current = durability;
    }
    begin.run();
    try {
      const result = work();
      commit.run();
      return result;
    } catch (error) {
      if (connection.isTransaction) rollback.run();
      throw error;
    }
  };
}
