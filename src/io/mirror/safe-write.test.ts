import assert from 'node:assert/strict';
import { lstatSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { newFolder } from '../../../test/support/server.ts';
import { writeSafely } from './safe-write.ts';

test('a link in the place of what is being written, or of the file, is replaced and not followed', () => {
  const folder = newFolder('safe');
  const victim = join(newFolder('victim'), 'passwd');
  writeFileSync(victim, 'theirs');
  const file = join(folder, 'repomd.xml');
  for (const name of [file, `${file}.new`]) symlinkSync(victim, name);
  writeSafely(file, 'ours');
  assert.equal(readFileSync(victim, 'utf8'), 'theirs');
  assert.ok(lstatSync(file).isFile());
  assert.equal(readFileSync(file, 'utf8'), 'ours');
  writeFileSync(`${file}.new`, 'what a run that was killed has left');
  writeSafely(file, 'again');
  assert.equal(readFileSync(file, 'utf8'), 'again');
  assert.deepEqual(readdirSync(folder), ['repomd.xml']);
});
