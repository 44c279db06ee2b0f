import assert from 'node:assert/strict';
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { takeLock } from '../../src/io/mirror/lock.ts';
import type { MirrorConfig, MirrorLayout } from '../../src/mirror/mirror-config.ts';
import { needs } from '../needs.ts';
import { makeAptUpstream } from '../support/apt-upstream.ts';
import { mirrorConfig } from '../support/mirror-config.ts';
import { makeKey } from '../support/openpgp.ts';
import { serveFolder } from '../support/planned-mirror.ts';
import { newFolder } from '../support/server.ts';
import { damage, fill, openToldEngine, poolFile, sum, until } from '../support/told-engine.ts';

/* Damage on the disk is found, told, never served, and mended; however often the process is started anew. */

const NEXT = 'A run fetches them again when the scrub is over; at once: rackready mirror sync m';
const FAST = { timezone: 'UTC', bytesPerSecond: 1e12 };

function configOf(from: string, layout: MirrorLayout, mode: MirrorConfig['mode'] = 'sync'): MirrorConfig {
  return mirrorConfig(from, { layout, mode });
}

test('a damaged file is told, put aside, and copied again from its folder', async (t) => {
  const source = newFolder('source');
  for (const name of ['a', 'b', 'c']) writeFileSync(join(source, name), `file ${name}`);
  const root = newFolder('mirrors');
  const { engine, told, event } = openToldEngine(t, root);
  await engine.configure([configOf(pathToFileURL(`${source}/`).href, { kind: 'files' })], FAST);
  await fill(engine);
  await event('mirror.published');
  engine.scrub.act('start');
  const clean = await event('mirror.scrubbed');
  assert.deepEqual(clean.data, { files: 3, bytes: 18, damaged: 0 });

  const file = poolFile(root, sum('file b'));
  damage(file);
  assert.notEqual(readFileSync(join(root, 'repos/m/live/b'), 'utf8'), 'file b', 'the plain tree is the same file');
  engine.scrub.act('start');
  const found = await event('mirror.damaged');
  assert.deepEqual(found.data, { mirror: 'm', files: 1, example: 'b', next: NEXT });
  assert.deepEqual((await event('mirror.scrubbed', 2)).data, { files: 3, bytes: 18, damaged: 1 });
  assert.ok(existsSync(join(root, 'damaged', sum('file b'))));
  await until(() => existsSync(file) && existsSync(join(root, 'repos/m/live/b')), JSON.stringify(told));
  assert.equal(readFileSync(file, 'utf8'), 'file b');
  assert.equal(readFileSync(join(root, 'repos/m/live/b'), 'utf8'), 'file b');
});

test('a damaged package is fetched again by HTTP, and a frozen mirror does not go on to what is new there', async (t) => {
  if (!needs(t, 'dpkg-deb', 'gpg')) return;
  const upstream = await makeAptUpstream(makeKey(t, 'archive'));
  const { url, asked } = await serveFolder(t, upstream);
  const root = newFolder('mirrors');
  const { engine, event } = openToldEngine(t, root);
  const suites = [{ archive: '', name: 'own', components: [] }];
  const options = { suites, architectures: ['amd64'], languages: ['en'], withInstaller: false };
  await engine.configure([configOf(`${url}/debian/`, { kind: 'apt', options }, 'frozen')], FAST);
  await fill(engine);
  await event('mirror.published');
  const path = 'pool/main/f/feature_1.0~rc1+b1_amd64.deb';
  const whole = readFileSync(join(upstream, 'debian', path));
  const file = poolFile(root, sum(whole));
  damage(file);
  const before = asked.length;
  engine.scrub.act('start');
  await event('mirror.scrubbed');
  assert.deepEqual(asked.slice(before), [`200 /debian/${path}`]);
  assert.ok(readFileSync(file).equals(whole));
  assert.ok(readFileSync(join(root, 'repos/m/live', path)).equals(whole));
  // Now the upstream has lost it, too.
  damage(file);
  writeFileSync(join(upstream, 'debian', path), 'something else');
  engine.scrub.act('start');
  await event('mirror.scrubbed', 2);
  assert.ok(!existsSync(file) && !existsSync(join(root, 'repos/m/live', path)), 'what is damaged is not served');
});

test('a content that is fetched again has all its names again, in every mirror that has it', async (t) => {
  if (!needs(t, 'dpkg-deb', 'gpg')) return;
  const upstream = await makeAptUpstream(makeKey(t, 'archive'));
  const { url, asked } = await serveFolder(t, upstream);
  const root = newFolder('mirrors');
  const { engine, event } = openToldEngine(t, root);
  const suites = [{ archive: '', name: 'own', components: [] }];
  const options = { suites, architectures: ['amd64'], languages: ['en'], withInstaller: false };
  const config = configOf(`${url}/debian/`, { kind: 'apt', options }, 'frozen');
  await engine.configure([config, { ...config, name: 'second' }], FAST);
  await fill(engine);
  await fill(engine, 'second');
  await event('mirror.published', 2);
  const namesOf = (file: string) => {
    const found = statSync(file).ino;
    const all = readdirSync(join(root, 'repos'), { recursive: true, encoding: 'utf8' });
    return all.filter((path) => path.includes('/live/') && statSync(join(root, 'repos', path)).ino === found).sort();
  };
  const listed = readdirSync(join(root, 'repos/m/live'), { recursive: true, encoding: 'utf8' });
  const byHash = listed.find((path) => /by-hash\/SHA256\/[0-9a-f]{64}$/.test(path)) ?? assert.fail(listed.join());
  const file = poolFile(root, byHash.slice(-64));
  const before = namesOf(file);
  assert.ok(before.length >= 4, before.join());
  damage(file);
  const askedBefore = asked.length;
  engine.scrub.act('start');
  await event('mirror.scrubbed');
  assert.deepEqual(namesOf(file), before);
  assert.equal(asked.length, askedBefore + 1);
});

test('what a scrub found before it was stopped is told and mended when it goes on, whatever ails another mirror', async (t) => {
  const source = newFolder('source');
  for (const name of ['a', 'b', 'c']) writeFileSync(join(source, name), `file ${name}`);
  const root = newFolder('mirrors');
  const config = configOf(pathToFileURL(`${source}/`).href, { kind: 'files' });
  const first = openToldEngine(t, root);
  await first.engine.configure([config], FAST);
  await fill(first.engine);
  await first.event('mirror.published');
  const live = join(root, 'repos/m/live/b');
  damage(live);
  const aside = join(root, 'damaged', sum('file b'));
  // Somebody is working on the mirror: the scrub has to wait with what it finds.
  const release = takeLock(join(root, 'repos/m/lock'));
  first.engine.scrub.act('start');
  await until(() => existsSync(aside), 'it is put aside');
  first.engine.scrub.act('pause');
  await first.engine.close();
  release();
  assert.ok(existsSync(live) && !first.told.some(({ id }) => id === 'mirror.damaged'));

  mkdirSync(join(root, 'repos/broken'));
  writeFileSync(join(root, 'repos/broken/state.json'), 'no state');
  const second = openToldEngine(t, root);
  await second.engine.configure([{ ...config, name: 'broken' }, config], FAST);
  second.engine.scrub.act('resume');
  assert.deepEqual((await second.event('mirror.damaged')).data, { mirror: 'm', files: 1, example: 'b', next: NEXT });
  assert.equal((await second.event('mirror.scrubbed')).data.damaged, 1);
  await until(() => existsSync(live) && readFileSync(live, 'utf8') === 'file b', JSON.stringify(second.told));
  assert.equal(readFileSync(poolFile(root, sum('file b')), 'utf8'), 'file b');

  // As a process leaves it that was killed between fetching a content and giving it its name.
  rmSync(live);
  second.engine.scrub.act('start');
  await second.event('mirror.scrubbed', 2);
  assert.equal(readFileSync(live, 'utf8'), 'file b');
  assert.equal(second.told.filter(({ id }) => id === 'mirror.damaged').length, 1);

  // Another mirror has fetched it meanwhile, and this one still has the damaged file, also where rsync would compare with it.
  const copy = join(root, 'repos/m/staging/last/b');
  mkdirSync(dirname(copy), { recursive: true });
  rmSync(live);
  for (const name of [live, copy]) linkSync(aside, name);
  second.engine.scrub.act('start');
  await second.event('mirror.scrubbed', 3);
  assert.equal(readFileSync(live, 'utf8'), 'file b');
  assert.ok(!existsSync(copy));
  assert.equal(second.told.filter(({ id }) => id === 'mirror.damaged').length, 2);
});

test('a scrub rests when it is told to, and goes on where it was after a restart', async (t) => {
  const source = newFolder('source');
  const names = Array.from({ length: 40 }, (_, index) => `file-${index}`);
  for (const name of names) writeFileSync(join(source, name), name.padEnd(1000, '.'));
  const root = newFolder('mirrors');
  const config = configOf(pathToFileURL(`${source}/`).href, { kind: 'files' });
  const first = openToldEngine(t, root);
  // At this rate it would take a day and more.
  await first.engine.configure([config], { timezone: 'UTC', bytesPerSecond: 1 });
  await fill(first.engine);
  await first.event('mirror.published');
  first.engine.scrub.act('start');
  const stateOf = (name: string) =>
    JSON.parse(readFileSync(join(root, name), 'utf8')) as { files: number; isPaused: boolean };
  first.engine.scrub.act('pause');
  await until(() => stateOf('scrub.json').isPaused, 'it rests');
  await first.engine.close();

  const second = openToldEngine(t, root);
  await second.engine.configure([config], FAST);
  assert.equal(second.engine.scrub.view().isPaused, true);
  assert.match(JSON.stringify(second.engine.scrub.act('resume')), /in progress/);
  assert.deepEqual((await second.event('mirror.scrubbed')).data, { files: 40, bytes: 40_000, damaged: 0 });
  await second.engine.close();

  // As a process that was killed after 25 contents has left it: those are not read again.
  const done = names.map((name) => sum(name.padEnd(1000, '.'))).sort()[24];
  const { endedAt: _over, ...inTheMiddle } = JSON.parse(readFileSync(join(root, 'scrub.json'), 'utf8'));
  writeFileSync(join(root, 'scrub.json'), JSON.stringify({ ...inTheMiddle, after: done, files: 25, bytes: 25_000 }));
  damage(poolFile(root, done ?? ''));
  const third = openToldEngine(t, root);
  await third.engine.configure([config], FAST);
  assert.deepEqual((await third.event('mirror.scrubbed')).data, { files: 40, bytes: 40_000, damaged: 0 });
});
