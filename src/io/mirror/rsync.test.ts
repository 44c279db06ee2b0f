import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { newFolder } from '../../../test/support/server.ts';
import { runRsync } from './rsync.ts';

/** A program that is found as rsync; returns the folder that it is in. */
function fakeRsync(t: TestContext, script: (folder: string) => string): string {
  const bin = newFolder('bin');
  writeFileSync(join(bin, 'rsync'), `#!/bin/sh\n${script(bin)}\n`);
  chmodSync(join(bin, 'rsync'), 0o755);
  const path = process.env.PATH;
  process.env.PATH = `${bin}:${path}`;
  t.after(() => {
    process.env.PATH = path;
  });
  return bin;
}

test('a password goes to rsync where nobody else on this host can read it', async (t) => {
  const bin = fakeRsync(t, (folder) => `printf '%s\\n' "$@" "password=$RSYNC_PASSWORD" >${folder}/told`);
  const told = join(bin, 'told');
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

for (const [what, onTerm] of [
  ['takes its time to end', 'sleep 1; echo 1 >ended; exit 20'],
  ['does not heed', ':'],
] as const) {
  test(`an rsync that is stopped and ${what} is gone before anything else begins`, async (t) => {
    const bin = fakeRsync(
      t,
      (folder) => `cd ${folder}; trap '${onTerm}' TERM; echo $$ >pid; echo '1 begun'; while :; do sleep 0.1; done`,
    );
    const stop = new AbortController();
    const begun = Promise.withResolvers<void>();
    const running = runRsync({
      from: 'rsync://host/os/',
      to: join(bin, 'to'),
      before: join(bin, 'before'),
      exclude: [],
      signal: stop.signal,
      onFile: () => begun.resolve(),
    });
    await begun.promise;
    const pid = readFileSync(join(bin, 'pid'), 'utf8').trim();
    t.after(() => existsSync(`/proc/${pid}`) && process.kill(Number(pid), 'SIGKILL'));
    stop.abort();
    await assert.rejects(running, { name: 'AbortError' });
    assert.ok(!existsSync(`/proc/${pid}`), 'it still runs');
    assert.equal(existsSync(join(bin, 'ended')), onTerm !== ':');
  });
}

test('a pattern with a slash begins at the top of the tree, as everywhere else', async (t) => {
  const bin = fakeRsync(t, (folder) => `printf '%s\\n' "$@" >${folder}/told`);
  const exclude = ['*.drpm', 'images/*', '/EFI/*', '**/debug/*'];
  const signal = new AbortController().signal;
  await runRsync({ from: 'rsync://host/os/', to: join(bin, 'to'), before: join(bin, 'before'), exclude, signal });
  const told = readFileSync(join(bin, 'told'), 'utf8').split('\n');
  assert.deepEqual(
    told.filter((one) => one.startsWith('--exclude')),
    ['--exclude=*.drpm', '--exclude=/images/*', '--exclude=/EFI/*', '--exclude=/**/debug/*'],
  );
});
