import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { isEnclosed, probeEnclosure, systemPath } from '../../src/lab/enclose.ts';
import { needs } from '../needs.ts';

const env = { ...process.env, PATH: systemPath() };

test('a test file runs with lo up, no other interface, and an empty private /run', () => {
  assert.equal(isEnclosed(), true);
  assert.deepEqual(Object.keys(networkInterfaces()), ['lo']);
  assert.deepEqual(readdirSync('/run/netns'), []);
  assert.match(tmpdir(), /^\/run\//);
});

test('named network namespaces can be made inside', (t) => {
  if (!needs(t, 'ip')) return;
  const made = spawnSync('ip', ['netns', 'add', 'cli'], { env, encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
  assert.equal(existsSync('/run/netns/cli'), true);
});

test('everything inside dies when the process that started it is killed', { timeout: 30_000 }, async (t) => {
  if (!needs(t, 'unshare', 'setpriv', 'sh', 'sleep')) return;
  const enclosure = probeEnclosure();
  assert.equal(enclosure.kind, 'possible');
  if (enclosure.kind !== 'possible') return;
  // The starter prints the id of its enclosure's first process and is then killed without a chance to tidy up.
  const inside = ['sh', '-c', 'echo inside; exec sleep 1000'];
  const starter = spawn('sh', ['-c', '"$@" & wait', 'sh', ...enclosure.prefix, ...inside], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: starter.stdout });
  await once(lines, 'line');
  starter.kill('SIGKILL');
  // The pipe ends when the last process that holds it is gone: `sleep` is one of them.
  await once(lines, 'close');
});
