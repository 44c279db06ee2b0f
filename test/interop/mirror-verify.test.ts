import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { ErrorView } from '../../src/http/api/views.ts';
import { openMirrorFiles } from '../../src/io/mirror/mirror-files.ts';
import { needs } from '../needs.ts';
import { mirrorConfig } from '../support/mirror-config.ts';
import { openSegment } from '../support/segment.ts';
import { newFolder, startServer } from '../support/server.ts';
import { damage, fill, openToldEngine, poolFile, sum, until } from '../support/told-engine.ts';

/* `mirror verify` says of each thing that is wrong which file it is, in which states, and what to do. */

test('all states are read, and whatever is wrong is told with its file, its states, and what to type', async (t) => {
  const source = newFolder('source');
  const root = newFolder('mirrors');
  let hours = 0;
  const { engine, event } = openToldEngine(t, root, () => Date.parse('2026-11-26T01:00:00Z') + hours * 3600_000);
  await engine.configure([mirrorConfig(pathToFileURL(`${source}/`).href)]);
  const states: readonly (readonly [string, string])[][] = [
    [
      ['a', 'old a'],
      ['both', 'both'],
      ['lost', 'lost'],
    ],
    [
      ['a', 'new a'],
      ['both', 'both'],
      ['lost', 'lost'],
      ['moved', 'moved'],
      ['gone', 'gone'],
    ],
  ];
  for (const [index, state] of states.entries()) {
    hours = index;
    for (const [name, text] of state) writeFileSync(join(source, name), text);
    await fill(engine);
    await event('mirror.published', index + 1);
    await until(() => !engine.isRunning(), 'the run is over');
  }
  const files = openMirrorFiles(join(root, 'repos/m'));
  const [first = '', second = ''] = files.readState().snapshots.map(({ id }) => id);
  const verify = () => engine.command({ kind: 'verify', name: 'm' });
  const whole = await verify();
  assert.deepEqual(whole, { kind: 'done', text: 'all 6 files (27 B) of its 2 states are what they should be' });

  damage(poolFile(root, sum('old a')));
  damage(poolFile(root, sum('both')));
  rmSync(poolFile(root, sum('lost')));
  rmSync(join(files.live, 'moved'));
  rmSync(join(files.live, 'gone'));
  writeFileSync(join(files.live, 'gone'), 'xxxx');
  const reply = await verify();
  assert.ok(reply.kind === 'refused', JSON.stringify(reply));
  const sync = 'Type: rackready mirror sync m';
  const prune =
    'Only older states have it, and nothing fetches it again. They go with: rackready mirror prune m, as soon as `keep` does not hold them.';
  const right = 'It is put right already.';
  const byPath = (reply.findings ?? []).toSorted((a, b) => (a.path < b.path ? -1 : 1));
  assert.deepEqual(byPath, [
    { path: 'a', states: [first], problem: 'damaged', next: prune },
    { path: 'both', states: [second, first], problem: 'damaged', next: sync },
    { path: 'gone', states: [second], problem: 'misplaced', next: right },
    { path: 'lost', states: [second, first], problem: 'missing', next: sync },
    { path: 'moved', states: [second], problem: 'misplaced', next: right },
  ]);
  assert.match(reply.reason, /^5 files are not what they should be/);
  assert.ok(reply.hint.includes(sync) && reply.hint.includes(prune) && reply.hint.includes('Look at the disk'));
  assert.deepEqual(
    [readFileSync(join(files.live, 'moved'), 'utf8'), existsSync(join(files.live, 'both'))],
    ['moved', false],
  );

  // What it says to type is right, and what is left is only what it said would be.
  await fill(engine);
  await until(() => !engine.isRunning(), 'the run is over');
  const after = await verify();
  assert.ok(after.kind === 'refused');
  assert.deepEqual(
    after.findings?.map(({ path, problem }) => [path, problem]),
    [['a', 'missing']],
  );
  assert.equal(readFileSync(join(files.live, 'lost'), 'utf8'), 'lost');

  // The list of a state is gone.
  hours = 2;
  writeFileSync(join(files.folder, `snapshots/${second}.jsonl`), 'no list');
  const broken = await verify();
  assert.ok(broken.kind === 'refused');
  const list = broken.findings?.find(({ problem }) => problem === 'unreadable');
  assert.deepEqual([list?.path, list?.next], [`snapshots/${second}.jsonl`, sync]);
  await fill(engine);
  await event('mirror.published', 3);
  await until(() => !engine.isRunning(), 'the run is over');
  assert.equal(readFileSync(join(files.live, 'a'), 'utf8'), 'new a');
});

test('on the command line: a line a file, exit code 1, and --json', async (t) => {
  if (!needs(t, 'ip')) return;
  const source = newFolder('source');
  writeFileSync(join(source, 'a file'), 'text');
  await openSegment(t);
  const server = await startServer(t, {
    yaml: `
networks:
  n: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: authoritative, conflictProbe: false } }
mirrors:
  m: { from: "file://${source}", kind: files }
`,
  });
  const mirror = (...args: string[]) => server.rackready('mirror', ...args);
  const empty = await mirror('verify', 'm');
  assert.equal(empty.code, 1);
  assert.match(empty.stderr, /no snapshot yet\n.*rackready mirror sync m/);
  assert.equal((await mirror('sync', 'm')).code, 0);
  assert.deepEqual((await mirror('verify', 'm')).code, 0);
  damage(poolFile(join(server.data, 'mirrors'), sum('text')));
  const told = await mirror('verify', 'm');
  assert.equal(told.code, 1);
  assert.match(
    told.stdout.toString(),
    /^FILE .*\na file +damaged +20\d{6}T\d{6}-[0-9a-f]{6} +Type: rackready mirror sync m\n$/,
  );
  assert.match(told.stderr, /: 1 file is not what it should be; 1 was read/);
  const json = await mirror('verify', 'm', '--json');
  assert.equal(json.code, 1);
  const { error } = JSON.parse(json.stdout.toString()) as ErrorView;
  assert.deepEqual(
    error.findings?.map(({ path, problem }) => [path, problem]),
    [['a file', 'missing']],
  );
  assert.match((await mirror('status', 'm')).text, /damage +1 damaged file \(4 B\) of all mirrors in mirrors\/damaged/);
});
