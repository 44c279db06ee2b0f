import type { DatabaseSync } from 'node:sqlite';
import type { Failure } from './protocol.ts';

/** The schema, as steps. A step that was released is never changed; the number of steps is the `user_version`. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
  CREATE TABLE lease (
    address INTEGER PRIMARY KEY,
    network TEXT NOT NULL,
    client TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('bound', 'released', 'abandoned')),
    kind TEXT NOT NULL CHECK (kind IN ('dhcp', 'bootp')),
    starts_at INTEGER NOT NULL,
    ends_at INTEGER,
    host_name TEXT,
    vendor_class TEXT,
    client_id TEXT,
    relay_info TEXT
  ) STRICT;
  CREATE INDEX lease_bound ON lease (client, network) WHERE state = 'bound';
  CREATE TABLE life (machine TEXT PRIMARY KEY, state TEXT NOT NULL, life TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    level INTEGER NOT NULL,
    id TEXT NOT NULL,
    mac TEXT,
    machine TEXT,
    network TEXT,
    address TEXT,
    data TEXT NOT NULL,
    text TEXT NOT NULL
  ) STRICT;
  `,
  'CREATE TABLE mac (mac TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT, WITHOUT ROWID',
];

/** Brings the schema up to date, each step in its own transaction. Returns a failure when a newer program wrote it. */
export function migrate(
  database: DatabaseSync,
  version: string,
  steps: readonly string[] = migrations,
): Failure | undefined {
  const from = Number(database.prepare('PRAGMA user_version').get()?.user_version ?? 0);
  if (from > steps.length) return tooNew(database, from, steps.length, version);
  for (const [index, step] of steps.entries()) {
    if (index >= from) runStep(database, step, index + 1);
  }
  const writer = database.prepare("SELECT value FROM meta WHERE name = 'writer'").get()?.value;
  // Written only when it changes: a start must not need free space without reason.
  if (writer !== version) {
    database.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('writer', ?)").run(version);
  }
  return undefined;
}

function runStep(database: DatabaseSync, step: string, number: number): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    database.exec(step);
    database.exec(`PRAGMA user_version = ${number}`);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function tooNew(database: DatabaseSync, found: number, known: number, version: string): Failure {
  let writer = 'a newer rackready';
  try {
    const value = database.prepare("SELECT value FROM meta WHERE name = 'writer'").get()?.value;
    if (value !== undefined) writer = `rackready ${value}`;
  } catch {
    // The newer schema may keep its name elsewhere; the message is as clear as it can be without it.
  }
  return {
    cause: 'world',
    code: 'store-newer',
    reason: `it was written by ${writer} (schema ${found}); this is rackready ${version}, which knows schemas up to ${known}`,
    next: 'Start that version again, or give this one another folder with --data',
  };
}
