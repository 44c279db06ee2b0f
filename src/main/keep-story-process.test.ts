import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { keepStoryProcess } from './keep-story-process.ts';

function open() {
  const died = Promise.withResolvers<string>();
  const process = keepStoryProcess({ onRestart: () => {}, onMessage: () => {}, onDied: died.resolve });
  return { process, died: died.promise };
}

test('a process that stands still is ended before what it does not read fills the memory', async (t) => {
  const { process: kept, died } = open();
  t.after(() => kept.close());
  const pid = kept.pid();
  assert.ok(pid !== undefined);
  process.kill(pid, 'SIGSTOP');
  kept.post({ kind: 'told', now: 0 }, Buffer.alloc(33 * 1024 * 1024));
  assert.match(await died, /did not read/);
  assert.equal(kept.isRunning(), false);
});

test('a process that ends by a defect says which', async (t) => {
  const { process: kept, died } = open();
  t.after(() => kept.close());
  kept.post({ kind: 'begin', first: 1, now: 0, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 });
  kept.post({ kind: 'told', now: 0 }, Buffer.from('not JSON'));
  assert.match(await died, /JSON/);
});

test('nothing is told of a process that was closed, not even when a signal was there first', async () => {
  const { process: kept, died } = open();
  process.kill(kept.pid() ?? 0, 'SIGINT');
  await kept.close();
  await kept.close();
  assert.equal(await Promise.race([died, 'nothing']), 'nothing');
});

/** What a server does that has no file descriptor left: it may not die of it, and goes on once there are some. */
const FULL = `
  import { closeSync, openSync } from 'node:fs';
  import { keepStoryProcess } from ${JSON.stringify(new URL('./keep-story-process.ts', import.meta.url).href)};
  const taken = [];
  try {
    for (;;) taken.push(openSync('/dev/null'));
  } catch {}
  const kept = keepStoryProcess({
    onMessage: () => {},
    onDied: (reason) => {
      process.stdout.write('died: ' + reason + String.fromCharCode(10));
      for (const one of taken.splice(0)) closeSync(one);
    },
    onRestart: () => {
      process.stdout.write('runs: ' + kept.isRunning() + String.fromCharCode(10));
      void kept.close();
    },
  });
`;

test('without a file descriptor left it is tried again, and whoever started it lives on', () => {
  const args = ['-c', 'ulimit -n 100; exec "$0" "$@"', process.execPath, '--input-type=module', '--eval', FULL];
  const { stdout, stderr, status } = spawnSync('sh', args, { encoding: 'utf8', timeout: 120_000 });
  assert.match(stdout, /^died: .*EMFILE.*\nruns: true\n$/, stderr);
  assert.equal(status, 0, stderr);
});
