import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { FromMirrorProcess, ToMirrorProcess } from '../../src/io/mirror/process-protocol.ts';
import type { MirrorConfig } from '../../src/mirror/mirror-config.ts';
import { mirrorConfig } from '../support/mirror-config.ts';
import { newFolder } from '../support/server.ts';
import { damage, fill, openToldEngine, poolFile, sum, type Told, until } from '../support/told-engine.ts';

/* What a scrub found to be damaged is fetched again when the line is free for it, by one run a mirror. */

const PROCESS = new URL('../../src/io/mirror/process.ts', import.meta.url).pathname;
const FAST = { timezone: 'UTC', bytesPerSecond: 1e12 };
const NAMES = ['a', 'b', 'c'];
const OFFICE = [{ from: 8 * 60, to: 18 * 60 }];

/** A mirror of a folder, whose files are not those of another mirror. */
function folderMirror(name: string, change: Partial<MirrorConfig> = {}): MirrorConfig {
  const source = newFolder('source');
  for (const file of NAMES) writeFileSync(join(source, file), `${file} of ${name}`);
  return mirrorConfig(pathToFileURL(`${source}/`).href, { name, ...change });
}

function damageAll(root: string, mirror: string): void {
  for (const file of NAMES) damage(poolFile(root, sum(`${file} of ${mirror}`)));
}

function isWhole(root: string, mirror: string): boolean {
  try {
    return NAMES.every(
      (file) => readFileSync(join(root, 'repos', mirror, 'live', file), 'utf8') === `${file} of ${mirror}`,
    );
  } catch {
    return false;
  }
}

const refetches = (told: readonly Told[]) =>
  told.filter(({ id, data }) => id === 'mirror.started' && data.why === 'to fetch what was damaged');

/** Long enough for the engine to have looked at the clock again and again. */
function countLooks(clock: () => number) {
  let looks = 0;
  return {
    now: () => {
      looks += 1;
      return clock();
    },
    looked: () => {
      const before = looks;
      return until(() => looks > before + 50, 'the engine looks at its clock');
    },
  };
}

test('one scrub gives one run a mirror, when it is over, and one after the other', async (t) => {
  const root = newFolder('mirrors');
  const { engine, told, event } = openToldEngine(t, root);
  await engine.configure([folderMirror('m'), folderMirror('n')], FAST);
  await fill(engine, 'm');
  await fill(engine, 'n');
  await event('mirror.published', 2);
  damageAll(root, 'm');
  damageAll(root, 'n');
  engine.scrub.act('start');
  await event('mirror.scrubbed');
  assert.equal(told.filter(({ id }) => id === 'mirror.damaged').length, 6);
  await until(() => isWhole(root, 'm') && isWhole(root, 'n'), JSON.stringify(told));
  await until(() => engine.scrub.view().waiting?.length === 0, 'nothing is left to do');
  assert.equal(refetches(told).length, 2, JSON.stringify(told));
  const order = told.slice(told.findIndex(({ id }) => id === 'mirror.scrubbed')).map(({ id }) => id);
  assert.deepEqual(
    order.filter((id) => id !== 'mirror.progress'),
    ['mirror.scrubbed', 'mirror.started', 'mirror.unchanged', 'mirror.started', 'mirror.unchanged'],
  );
});

test('no such run begins in a blackout, also after a restart, and it is said until when it waits', async (t) => {
  const root = newFolder('mirrors');
  let clock = Date.parse('2026-11-26T07:00:00Z');
  const { now, looked } = countLooks(() => clock);
  const config = folderMirror('m', { blackout: OFFICE });
  const first = openToldEngine(t, root, now);
  await first.engine.configure([config], FAST);
  await fill(first.engine);
  await first.event('mirror.published');
  clock = Date.parse('2026-11-26T10:00:00Z');
  damageAll(root, 'm');
  first.engine.scrub.act('start');
  const { data } = await first.event('mirror.damaged');
  assert.match(String(data.next), /waits until 18:00.*rackready mirror sync m/);
  await first.event('mirror.scrubbed');
  await looked();
  const until18 = { mirror: 'm', reason: 'blackout', until: Date.parse('2026-11-26T18:00:00Z') };
  assert.deepEqual(first.engine.scrub.view().waiting, [until18]);
  assert.equal(refetches(first.told).length, 0);
  await first.engine.close();

  const second = openToldEngine(t, root, now);
  await second.engine.configure([config], FAST);
  await looked();
  assert.deepEqual(second.engine.scrub.view().waiting, [until18]);
  clock = Date.parse('2026-11-26T18:00:00Z');
  await until(() => isWhole(root, 'm'), JSON.stringify(second.told));
  await looked();
  assert.equal(refetches(second.told).length, 1);
  assert.deepEqual(second.engine.scrub.view().waiting, []);
});

test('a mirror that an operator froze waits for him, and a run of his own is as good', async (t) => {
  const root = newFolder('mirrors');
  const { engine, told, event } = openToldEngine(t, root);
  await engine.configure([folderMirror('m')], FAST);
  await fill(engine);
  await event('mirror.published');
  await engine.command({ kind: 'freeze', name: 'm', isFrozen: true });
  damageAll(root, 'm');
  engine.scrub.act('start');
  assert.match(String((await event('mirror.damaged')).data.next), /frozen.*rackready mirror freeze m --off/);
  await event('mirror.scrubbed');
  await until(() => engine.scrub.view().waiting?.[0]?.reason === 'frozen', 'it waits');
  engine.scrub.act('pause');
  assert.equal(engine.scrub.view().waiting?.[0]?.reason, 'paused');
  await engine.command({ kind: 'freeze', name: 'm', isFrozen: false });
  await fill(engine);
  await until(() => isWhole(root, 'm'), JSON.stringify(told));
  engine.scrub.act('resume');
  await until(() => engine.scrub.view().waiting?.length === 0, 'it is settled');
  assert.equal(refetches(told).length, 0);
});

test('for what only older states have, no run is owed: it could not fetch that', async (t) => {
  const root = newFolder('mirrors');
  const { now, looked } = countLooks(Date.now);
  const { engine, told, event } = openToldEngine(t, root, now);
  const config = folderMirror('m');
  await engine.configure([config], FAST);
  await fill(engine);
  await event('mirror.published');
  writeFileSync(new URL('a', config.from[0]), 'a new one');
  await fill(engine);
  await event('mirror.published', 2);
  damage(poolFile(root, sum('a of m')));
  engine.scrub.act('start');
  const { data } = await event('mirror.damaged');
  assert.match(String(data.next), /^Only older states have it, .*rackready mirror prune m\b/);
  await event('mirror.scrubbed');
  await looked();
  assert.equal(refetches(told).length, 0);
  assert.deepEqual(engine.scrub.view().waiting, []);
});

/** The mirror process, and all that it says. */
function startProcess(t: TestContext, root: string) {
  const said: FromMirrorProcess[] = [];
  const child = fork(PROCESS, [root], { serialization: 'advanced' });
  child.on('message', (message: FromMirrorProcess) => void said.push(message));
  t.after(() => void child.kill('SIGKILL'));
  return { said, post: (message: ToMirrorProcess) => void child.send(message) };
}

test('while a scrub goes on, only how far it is is told, and the mirrors when something of them has changed', async (t) => {
  const root = newFolder('mirrors');
  const source = newFolder('source');
  for (let n = 0; n < 200; n++) writeFileSync(join(source, `f${n}`), `${n}`.padEnd(100, '.'));
  const { said, post } = startProcess(t, root);
  const mirrors = [mirrorConfig(pathToFileURL(`${source}/`).href)];
  // 200 files of 100 bytes: it takes a while longer than is looked at here.
  post({ kind: 'configure', mirrors, scrub: { timezone: 'UTC', bytesPerSecond: 100 } });
  post({ kind: 'command', id: 1, command: { kind: 'sync', name: 'm', isForced: false } });
  await until(() => said.some((one) => one.kind === 'event' && one.id === 'mirror.published'), 'it is filled');
  post({ kind: 'scrub', id: 2, action: 'start' });
  const counts = () => new Set(said.flatMap((one) => (one.kind === 'progress' && one.scrub ? [one.scrub.files] : [])));
  await until(() => counts().size >= 4, 'the scrub goes on');
  const views = said.flatMap((one) => (one.kind === 'views' ? [JSON.stringify(one.views)] : []));
  const again = views.filter((text, index) => text === views[index - 1]);
  assert.deepEqual(again, [], 'what has not changed was told again');
});
