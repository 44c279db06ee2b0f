import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventId } from '../../src/event/event.ts';
import { openMirrorFiles } from '../../src/io/mirror/mirror-files.ts';
import { openMirrors } from '../../src/io/mirror/open-mirrors.ts';
import { needs } from '../needs.ts';
import { engineConfig, openTestEngine } from '../support/mirror-engine.ts';
import { startRsyncd } from '../support/rsyncd.ts';
import { newFolder } from '../support/server.ts';

/*
 * An rsync that ends in the middle, for whatever reason: nothing of it is published, what had come whole is not fetched again, and
 * the next run completes it.
 */

const PORT = 18_874;
const FROM = `rsync://127.0.0.1:${PORT}/os/`;
const FILES = Array.from({ length: 12 }, (_, index) => `Packages/p${String(index).padStart(2, '0')}.rpm`);
const SLOW = { layout: { kind: 'files' }, bandwidth: { bytesPerSecond: 100_000, windows: [] } } as const;
const FAST = { layout: { kind: 'files' }, bandwidth: { windows: [] } } as const;

function makeTree(): string {
  const tree = newFolder('tree');
  mkdirSync(join(tree, 'Packages'));
  for (const path of FILES) writeFileSync(join(tree, path), randomBytes(200_000));
  return tree;
}

/** The children of a process whose command line has this word. */
function childrenOf(pid: number, word: string): number[] {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const all = tasks.flatMap((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' '));
  return all
    .filter((child) => child !== '')
    .map(Number)
    .filter((child) => existsSync(`/proc/${child}`) && readFileSync(`/proc/${child}/cmdline`, 'utf8').includes(word));
}

/** Inodes of the files that have come whole by now, once there are some, and before all are there. */
async function someOf(staging: string): Promise<Map<string, number>> {
  for (;;) {
    const whole = FILES.map(
      (path) => [path, statSync(join(staging, 'next', path), { throwIfNoEntry: false })] as const,
    );
    const here = whole.flatMap(([path, stat]) => (stat === undefined ? [] : [[path, stat.ino] as const]));
    assert.ok(here.length < FILES.length, 'it was faster than its limit');
    if (here.length >= 2) return new Map(here);
    await sleep(20);
  }
}

function checkWhole(tree: string, live: string, kept: ReadonlyMap<string, number>): void {
  for (const path of FILES) {
    assert.ok(readFileSync(join(live, path)).equals(readFileSync(join(tree, path))), path);
  }
  assert.deepEqual(readdirSync(join(live, 'Packages')).length, FILES.length);
  for (const [path, inode] of kept) assert.equal(statSync(join(live, path)).ino, inode, `${path} was fetched again`);
}

async function open(t: TestContext) {
  const tree = makeTree();
  const mirror = openTestEngine(t, FROM);
  return { tree, mirror, daemon: await startRsyncd(t, tree, PORT) };
}

test('an rsync that is killed', async (t) => {
  if (!needs(t, 'rsync')) return;
  const { tree, mirror } = await open(t);
  await mirror.configure(SLOW);
  const running = mirror.sync();
  const kept = await someOf(mirror.files.staging);
  for (const pid of childrenOf(process.pid, '--out-format')) process.kill(pid, 'SIGKILL');
  const { event, reason } = await running;
  assert.equal(event, 'mirror.failed', reason);
  assert.deepEqual(readdirSync(mirror.files.live), []);
  await mirror.configure(FAST);
  assert.equal((await mirror.sync()).event, 'mirror.published');
  checkWhole(tree, mirror.files.live, kept);
});

test('a connection that is lost', async (t) => {
  if (!needs(t, 'rsync')) return;
  const { tree, mirror, daemon } = await open(t);
  await mirror.configure(SLOW);
  const running = mirror.sync();
  const kept = await someOf(mirror.files.staging);
  const serving = childrenOf(daemon.child.pid ?? 0, 'rsync');
  const stopped = daemon.stop();
  // What serves a connection outlives the daemon.
  for (const pid of serving) process.kill(pid, 'SIGKILL');
  await stopped;
  const { event, reason } = await running;
  assert.equal(event, 'mirror.failed', reason);
  assert.deepEqual(readdirSync(mirror.files.live), []);
  await startRsyncd(t, tree, PORT);
  await mirror.configure(FAST);
  assert.equal((await mirror.sync()).event, 'mirror.published');
  checkWhole(tree, mirror.files.live, kept);
});

test('a run that an operator stops', async (t) => {
  if (!needs(t, 'rsync')) return;
  const { tree, mirror } = await open(t);
  await mirror.configure(SLOW);
  const running = mirror.sync();
  const kept = await someOf(mirror.files.staging);
  assert.equal((await mirror.engine.command({ kind: 'stop', name: 'm' })).kind, 'done');
  assert.equal((await running).event, 'mirror.stopped');
  assert.deepEqual(readdirSync(mirror.files.live), []);
  await mirror.configure(FAST);
  assert.equal((await mirror.sync()).event, 'mirror.published');
  checkWhole(tree, mirror.files.live, kept);
});

test('a mirror process that is killed', async (t) => {
  if (!needs(t, 'rsync')) return;
  const tree = makeTree();
  await startRsyncd(t, tree, PORT);
  const root = newFolder('mirrors');
  const told: EventId[] = [];
  const mirrors = openMirrors({ root, emit: (id) => void told.push(id) });
  t.after(() => mirrors.close());
  const begin = async () => {
    while ((await mirrors.command({ kind: 'sync', name: 'm', isForced: false })).kind !== 'done') await sleep(50);
  };
  mirrors.configure([engineConfig(FROM, SLOW)]);
  await begin();
  const kept = await someOf(join(root, 'repos/m/staging'));
  while ((mirrors.view('m')?.progress?.bytesDone ?? 0) === 0) await sleep(20);
  for (const pid of childrenOf(process.pid, 'io/mirror/process.ts')) process.kill(pid, 'SIGKILL');
  while (!told.includes('worker.died')) await sleep(20);
  const files = openMirrorFiles(join(root, 'repos/m'));
  assert.deepEqual(readdirSync(files.live), []);
  mirrors.configure([engineConfig(FROM, FAST)]);
  await begin();
  while (!told.includes('mirror.published')) {
    assert.ok(!told.includes('mirror.failed'));
    await sleep(20);
  }
  checkWhole(tree, files.live, kept);
});
