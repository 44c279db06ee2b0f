import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../needs.ts';
import { mountDisk } from '../support/disk.ts';
import { openTestEngine } from '../support/mirror-engine.ts';
import { startRsyncd } from '../support/rsyncd.ts';
import { newFolder } from '../support/server.ts';

/* The room that a mirror by rsync needs: once its size, which is known before anything is copied. */

const PORT = 18_876;
const FROM = `rsync://127.0.0.1:${PORT}/os/`;
const FILES = { layout: { kind: 'files' } } as const;
const MB = 1_000_000;

function makeTree(megabytes: number): string {
  const tree = newFolder('tree');
  for (let file = 0; file < megabytes; file++) writeFileSync(join(tree, `p${file}.rpm`), randomBytes(MB));
  return tree;
}

test('a mirror needs its size once on the disk', async (t) => {
  if (!needs(t, 'rsync')) return;
  const tree = makeTree(20);
  await startRsyncd(t, tree, PORT);
  const { configure, sync, files } = openTestEngine(t, FROM, { root: await mountDisk(t, `size=${34 * MB}`) });
  await configure(FILES);
  const first = await sync();
  assert.equal(first.event, 'mirror.published', first.reason);
  assert.equal(readdirSync(files.live).length, 20);
  // The next one needs what is new only.
  writeFileSync(join(tree, 'new.rpm'), randomBytes(5 * MB));
  const second = await sync();
  assert.equal(second.event, 'mirror.published', second.reason);
  assert.ok(readFileSync(join(files.live, 'new.rpm')).equals(readFileSync(join(tree, 'new.rpm'))));
});

test('where there is not enough, nothing is copied, and it says how much is missing', async (t) => {
  if (!needs(t, 'rsync')) return;
  const tree = makeTree(20);
  await startRsyncd(t, tree, PORT);
  const { configure, sync, files } = openTestEngine(t, FROM, {
    root: await mountDisk(t, `size=${34 * MB}`),
    reserveBytes: 20 * MB,
  });
  await configure(FILES);
  const { event, reason } = await sync();
  assert.equal(event, 'mirror.failed');
  assert.match(reason, /The mirror needs 20\.0 MB more, and 1[34]\.\d MB are free/);
  assert.deepEqual(readdirSync(join(files.staging, 'next')), []);
});

test('a copy that meets the reserve in its middle ends there, and what has come is kept', async (t) => {
  // An upstream that does not say how much it has: it takes all that is left, and goes on for ever.
  const bin = newFolder('bin');
  const script = `#!/bin/sh
case "$*" in *--dry-run*) exit 0 ;; esac
for to; do :; done
head -c ${20 * MB} /dev/zero >"$to/big"
echo "99000000 big"
exec sleep 600
`;
  writeFileSync(join(bin, 'rsync'), script);
  chmodSync(join(bin, 'rsync'), 0o755);
  const path = process.env.PATH;
  process.env.PATH = `${bin}:${path}`;
  t.after(() => {
    process.env.PATH = path;
  });
  const { configure, sync, files } = openTestEngine(t, FROM, {
    root: await mountDisk(t, `size=${34 * MB}`),
    reserveBytes: 20 * MB,
  });
  await configure(FILES);
  const { event, reason } = await sync();
  assert.equal(event, 'mirror.failed');
  assert.match(reason, /has reached the reserve/);
  assert.ok(existsSync(join(files.staging, 'next/big')));
});
