import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { MirrorJson } from '../../src/http/api/mirror-json.ts';
import { type MirrorEngine, openMirrorEngine } from '../../src/io/mirror/engine.ts';
import { openMirrorFiles } from '../../src/io/mirror/mirror-files.ts';
import type { MirrorCommand } from '../../src/mirror/mirror-view.ts';
import { needs } from '../needs.ts';
import { startUpstream } from '../support/hostile-upstream.ts';
import { mirrorConfig } from '../support/mirror-config.ts';
import { openTestEngine } from '../support/mirror-engine.ts';
import { openSegment } from '../support/segment.ts';
import { newFolder, startServer, writeConfig } from '../support/server.ts';
import { tinyYum } from '../support/tiny-yum.ts';
import { poolFile, sum } from '../support/told-engine.ts';

/* Commands about mirrors against a running server, and after a stop at a bad moment. */

const NETWORK =
  'networks:\n  n: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: authoritative, conflictProbe: false } }\n';

test('mirror add: a running server has the mirror at once; a mistake changes nothing', async (t) => {
  if (!needs(t, 'ip')) return;
  await openSegment(t);
  const server = await startServer(t, { config: writeConfig(NETWORK) });
  const add = (...args: string[]) => server.rackready('mirror', 'add', ...args);
  const wrong = await add('rocky-9', '--schedule', '61 25 * * *');
  assert.equal(wrong.code, 1, wrong.text);
  assert.match(wrong.text, /schedule/);
  const withoutKeys = await add('fedora-42');
  assert.match(withoutKeys.text, /needs keys.*fedora\.gpg.*B0F4950458F69E1150C6C5EDC8AC4916105EF944/);
  const alma = new URL('../../keys/alma-9.asc', import.meta.url).pathname;
  const otherKey = await add('rocky-9', '--key', alma);
  assert.equal(otherKey.code, 1, otherKey.text);
  assert.match(otherKey.text, /alma-9\.asc has the keys BF18[0-9A-F]{36}, and rocky-9 is signed by 21CB[0-9A-F]{36}\n/);
  assert.match((await add('rocky-9', '--key', '/nowhere')).text, /Cannot read the keys \/nowhere/);
  assert.equal(readFileSync(server.config, 'utf8'), NETWORK);

  const from = 'http://somebody:hunter2@127.0.0.1:9/rocky/';
  const added = await add('rocky-9', '--name', 'el', '--from', from, '--trust', 'none', '--mode', 'cache');
  assert.equal(added.code, 0, added.text);
  assert.match(added.text, /the mirror el is added.*the server has read it/s);
  const mirrors = JSON.parse((await server.rackready('mirror', '--json')).text) as MirrorJson[];
  assert.deepEqual(
    mirrors.map(({ name, mode, state, from: places }) => [name, mode, state, places]),
    [['el', 'cache', 'empty', ['http://***@127.0.0.1:9/rocky/']]],
  );
  const inOneCommand = await add('rocky-9');
  assert.equal(inOneCommand.code, 0, inOneCommand.text);
  const withFile = ['--key', alma.replace('alma', 'rocky'), '--packages', 'listed'];
  assert.equal((await add('rocky-9', '--name', 'own', ...withFile)).code, 0);
  const listed = JSON.parse((await server.rackready('mirror', '--json')).text) as MirrorJson[];
  assert.deepEqual(
    listed.map(({ name, trust, packages }) => [name, trust, packages]),
    [
      ['el', 'none', 'listed'],
      ['rocky-9', 'if-present', 'signed'],
      ['own', 'if-present', 'listed'],
    ],
  );
  const twice = await add('rocky-9', '--name', 'el', '--trust', 'none');
  assert.equal(twice.code, 1);
  assert.match(twice.text, /there is a mirror "el" already/);

  // Nobody is there: the reason names the address, and nothing names the password.
  await server.rackready('mirror', 'sync', 'el', '--no-wait');
  await server.event('mirror.started', { mirror: 'el' });
  await server.rackready('mirror', 'stop', 'el');
  const said = [
    await server.rackready('mirror', 'status', 'el'),
    await server.rackready('mirror', 'status', 'el', '--json'),
    await server.rackready('events', '--json'),
  ];
  for (const { code, text } of said) {
    assert.equal(code, 0, text);
    assert.ok(!text.includes('hunter2'), text);
  }
  // The server saw each edit by itself, and was asked about it: that is told once, after what was told at its start.
  assert.equal(server.events.filter(({ id }) => id === 'config.loaded').length, 1 + listed.length);
});

/** What is told of a run's end comes before its lock is free. */
async function isIdle(engine: MirrorEngine): Promise<void> {
  for (let tries = 0; engine.isRunning() && tries < 1200; tries++)
    await new Promise((resolve) => setTimeout(resolve, 50));
}

/** A mirror of a folder with the file `x`, published once for each text. */
async function openMirror(t: TestContext, texts: readonly string[]) {
  const source = newFolder('source');
  const root = newFolder('mirrors');
  const engine = openMirrorEngine({ root, emit: () => {}, now: Date.now, onChange: () => {}, reserveBytes: 0 });
  t.after(() => engine.close());
  await engine.configure([mirrorConfig(pathToFileURL(`${source}/`).href)]);
  const files = openMirrorFiles(join(root, 'repos/m'));
  const command = (order: MirrorCommand) => engine.command(order);
  for (const [index, text] of texts.entries()) {
    writeFileSync(join(source, 'x'), text);
    await command({ kind: 'sync', name: 'm', isForced: true });
    await isIdle(engine);
    assert.equal(files.readState().snapshots.length, index + 1);
  }
  return { root, files, command, live: () => readFileSync(join(files.live, 'x'), 'utf8') };
}

test('a rollback after a publication that was killed leaves nothing of it in the plain tree', async (t) => {
  const { files, command, live } = await openMirror(t, ['first', 'second']);
  const done = files.readState();
  const [first, second] = done.snapshots;
  assert.ok(first && second);
  // As SIGKILL leaves it between the plain tree and the state.
  files.writeIntent(second);
  files.writeState({ ...done, current: first.id, snapshots: [first] });
  assert.equal(live(), 'second');
  const reply = await command({ kind: 'rollback', name: 'm', to: first.id });
  assert.equal(reply.kind, 'done', JSON.stringify(reply));
  assert.equal(live(), 'first');
  assert.equal(files.readState().current, first.id);
  assert.ok(!existsSync(join(files.folder, 'publish.json')));
});

test('where what was killed in its middle is not whole any more, all names are those of the state before', async (t) => {
  const { files, command, live, root } = await openMirror(t, ['first', 'second']);
  const done = files.readState();
  const [first, second] = done.snapshots;
  assert.ok(first && second);
  files.writeIntent(second);
  files.writeState({ ...done, current: first.id, snapshots: [first] });
  rmSync(poolFile(root, sum('second')));
  assert.equal(live(), 'second');
  assert.equal((await command({ kind: 'rollback', name: 'm', to: first.id })).kind, 'done');
  assert.equal(live(), 'first');
});

test('an approval that was killed in its middle is finished by the next one', async (t) => {
  const { files, command, live } = await openMirror(t, ['first', 'second']);
  const done = files.readState();
  const [first, second] = done.snapshots;
  assert.ok(first && second);
  files.writeIntent(second);
  const held = { at: 1, reasons: ['much is gone'], snapshot: second };
  files.writeState({ ...done, current: first.id, snapshots: [first], held });
  rmSync(join(files.live, 'x'));
  const reply = await command({ kind: 'approve', name: 'm' });
  assert.deepEqual(reply, { kind: 'done', text: `${second.id} is served` });
  assert.equal(live(), 'second');
  assert.equal(files.readState().held, undefined);
  const again = await command({ kind: 'approve', name: 'm' });
  assert.equal(again.kind, 'refused');
});

test('after a rollback and its end the next run goes forward, although the upstream has nothing new', async (t) => {
  const upstream = await startUpstream(t, tinyYum({ 'Packages/a-1-1.noarch.rpm': 'first' }, 1));
  const { engine, files, configure, sync } = openTestEngine(t, upstream.url);
  await configure();
  assert.equal((await sync()).event, 'mirror.published');
  for (const [path, body] of Object.entries(
    tinyYum({ 'Packages/a-1-1.noarch.rpm': 'first', 'Packages/b-1-1.noarch.rpm': 'b' }, 2),
  )) {
    upstream.files.set(path, body);
  }
  assert.equal((await sync()).event, 'mirror.published');
  await isIdle(engine);
  const [first, second] = files.readState().snapshots;
  assert.ok(first && second);
  for (const order of [
    { kind: 'rollback', name: 'm', to: first.id },
    { kind: 'freeze', name: 'm', isFrozen: false },
  ] as const) {
    const reply = await engine.command(order);
    assert.equal(reply.kind, 'done', JSON.stringify(reply));
  }
  assert.equal((await sync()).event, 'mirror.published');
  const sizeNow = () => {
    const { current, snapshots } = files.readState();
    return snapshots.find(({ id }) => id === current)?.size;
  };
  assert.deepEqual(sizeNow(), second.size);

  // As SIGKILL leaves a rollback in its middle.
  await isIdle(engine);
  files.writeIntent(first);
  assert.equal((await sync()).event, 'mirror.published');
  assert.deepEqual(sizeNow(), second.size);
});
