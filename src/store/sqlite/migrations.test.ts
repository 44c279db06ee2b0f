import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { migrate, migrations } from './migrations.ts';

const versionOf = (database: DatabaseSync) => database.prepare('PRAGMA user_version').get()?.user_version;

test('migrate() runs what is missing, once', () => {
  const database = new DatabaseSync(':memory:');
  assert.equal(migrate(database, '1.0.0'), undefined);
  assert.equal(versionOf(database), migrations.length);
  const longer = [...migrations, 'CREATE TABLE extra (x INTEGER) STRICT; INSERT INTO extra VALUES (1)'];
  for (let start = 0; start < 2; start++) assert.equal(migrate(database, '1.1.0', longer), undefined);
  assert.equal(versionOf(database), longer.length);
  assert.equal(database.prepare('SELECT count(*) AS n FROM extra').get()?.n, 1);
});

test('a step that fails leaves the schema of the step before, whole', () => {
  const database = new DatabaseSync(':memory:');
  migrate(database, '1.0.0');
  const broken = [...migrations, 'CREATE TABLE extra (x INTEGER); INSERT INTO missing VALUES (1)'];
  assert.throws(() => migrate(database, '1.1.0', broken), /no such table: missing/);
  assert.equal(versionOf(database), migrations.length);
  assert.throws(() => database.prepare('SELECT * FROM extra'), /no such table: extra/);
  assert.equal(migrate(database, '1.0.0'), undefined);
});

test('a newer schema is refused by the version that wrote it, even when its tables are not ours', () => {
  const next = migrations.length + 1;
  const database = new DatabaseSync(':memory:');
  migrate(database, '2.0.0', [...migrations, 'CREATE TABLE extra (x INTEGER)']);
  assert.match(
    migrate(database, '1.0.0')?.reason ?? '',
    new RegExp(`written by rackready 2\\.0\\.0 \\(schema ${next}\\)`),
  );
  database.exec('DROP TABLE meta');
  assert.match(
    migrate(database, '1.0.0')?.reason ?? '',
    new RegExp(`written by a newer rackready \\(schema ${next}\\)`),
  );
});
