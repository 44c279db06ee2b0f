import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { newFolder } from '../../../test/support/server.ts';
import { runRsync } from './rsync.ts';

test('a password goes to rsync where nobody else on this host can read it', async (t) => {
  const bin = newFolder('bin');
  const told = join(bin, 'told');
  writeFileSync(join(bin, 'rsync'), `#!/bin/sh\nprintf '%s\\n' "$@" "password=$RSYNC_PASSWORD" >${told}\n`);
  chmodSync(join(bin, 'rsync'), 0o755);
  const path = process.env.PATH;
  process.env.PATH = `${bin}:${path}`;
  t.after(() => {
    process.env.PATH = path;
  });
  const how = { to: join(bin, 'to'), before: join(bin, 'before'), exclude: [], signal: new AbortController().signal };
  for (const [from, address, password] of [
    ['rsync://me:p%40ss:w@host:873/os/', 'rsync://me@host:873/os/', 'p@ss:w'],
    ['rsync://me@host/os/', 'rsync://me@host/os/', ''],
    ['rsync://host/os/a:b@c/', 'rsync://host/os/a:b@c/', ''],
  ] as const) {
    await runRsync({ ...how, from });
    const lines = readFileSync(told, 'utf8').trimEnd().split('\n');
    assert.equal(lines.at(-3), address);
    assert.equal(lines.at(-1), `password=${password}`);
    if (password !== '') assert.ok(!lines.slice(0, -1).join().includes('p@ss'), from);
  }
});
