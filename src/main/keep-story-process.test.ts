import assert from 'node:assert/strict';
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
