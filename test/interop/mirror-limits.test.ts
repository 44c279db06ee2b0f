import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { openMirrorEngine } from '../../src/io/mirror/engine.ts';
import { openMirrorFiles } from '../../src/io/mirror/mirror-files.ts';
import { openPool } from '../../src/io/mirror/pool.ts';
import { needs } from '../needs.ts';
import { makeAptUpstream } from '../support/apt-upstream.ts';
import { mountDisk } from '../support/disk.ts';
import { type Fault, startUpstream } from '../support/hostile-upstream.ts';
import { engineConfig, openTestEngine } from '../support/mirror-engine.ts';
import { openTestMirror } from '../support/mirror-run.ts';
import { makeKey } from '../support/openpgp.ts';
import { serveFolder } from '../support/planned-mirror.ts';
import { newFolder } from '../support/server.ts';
import { tinyYum } from '../support/tiny-yum.ts';

/* What this host has only so much of, and what an upstream may only ask so much of. */

const MB = 1_000_000;

const sum = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test('a file system without names to give: said before anything is fetched', async (t) => {
  const files = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`Packages/p${n}.rpm`, `package ${n}`]));
  const upstream = await startUpstream(t, files);
  const mirror = openTestMirror(upstream.url, await mountDisk(t, 'size=64m,nr_inodes=120'));
  const { result, reason } = await mirror.run();
  assert.equal(result, 'failed');
  assert.match(reason, /needs 200 files more, and the file system of .* has \d+ left/);
  assert.deepEqual(
    upstream.asked.filter((line) => line.includes('Packages')),
    [],
  );
});

test('somebody else fills the disk meanwhile: the run ends at the reserve, and goes on when there is room', async (t) => {
  const size = 100 * MB;
  const upstream = await startUpstream(t, { 'Packages/a.rpm': 'a', 'images/big.img': Buffer.alloc(size, 7) });
  const folder = await mountDisk(t, `size=${400 * MB}`);
  const filler = join(folder, 'of-somebody-else');
  const fill: Fault = () => {
    writeFileSync(filler, Buffer.alloc(230 * MB));
    return false;
  };
  const mirror = openTestMirror(upstream.url, folder);
  assert.ok(mirror.live().size === 0);
  upstream.faults.set('images/big.img', fill);
  const { result, reason } = await mirror.run({ reserveBytes: 120 * MB });
  assert.equal(result, 'failed');
  assert.match(reason, /free space of .* has reached the reserve/);
  assert.equal(mirror.live().size, 0);
  upstream.faults.clear();
  writeFileSync(filler, '');
  const again = await mirror.run({ reserveBytes: 120 * MB });
  assert.equal(again.result, 'published', again.reason);
  assert.equal(mirror.live().get('images/big.img')?.length, size);
});

test('two mirrors have a file together: it stays for the one when the other does not have it any more', async (t) => {
  const shared = { 'Packages/shared-1-1.rpm': 'shared' };
  const one = await startUpstream(t, tinyYum({ ...shared, 'Packages/own-1-1.rpm': 'own' }, 1));
  const other = await startUpstream(t, tinyYum(shared, 1));
  const root = newFolder('mirrors');
  const engine = openMirrorEngine({ root, emit: () => {}, now: Date.now, onChange: () => {}, reserveBytes: 0 });
  t.after(() => engine.close());
  const keep = { snapshots: 1, days: 0 };
  await engine.configure([
    { ...engineConfig(one.url, { keep }), name: 'one' },
    { ...engineConfig(other.url, { keep }), name: 'other' },
  ]);
  const idle = async () => {
    while (engine.isRunning()) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const sync = async (name: string) => {
    await engine.command({ kind: 'sync', name, isForced: true });
    await idle();
  };
  await sync('one');
  await sync('other');
  const pool = openPool(join(root, 'pool'));
  const [sharedSum, ownSum] = [sum(Buffer.from('shared')), sum(Buffer.from('own'))];
  assert.ok(existsSync(pool.pathOf(sharedSum)) && existsSync(pool.pathOf(ownSum)));
  for (const [path, body] of Object.entries(tinyYum({ 'Packages/next-2-1.rpm': 'next' }, 2))) one.files.set(path, body);
  await sync('one');
  const held = await engine.command({ kind: 'approve', name: 'one' });
  assert.equal(held.kind, 'done', JSON.stringify(held));
  // Only what has lain there for long is swept.
  for (const content of [sharedSum, ownSum]) utimesSync(pool.pathOf(content), 1, 1);
  const pruned = await engine.command({ kind: 'prune', name: 'one', leased: [] });
  assert.equal(pruned.kind, 'done', JSON.stringify(pruned));
  assert.ok(!existsSync(pool.pathOf(ownSum)), 'what nobody names is gone');
  assert.ok(existsSync(pool.pathOf(sharedSum)), 'what the other mirror names stays');
  assert.ok(existsSync(join(openMirrorFiles(join(root, 'repos/other')).live, 'Packages/shared-1-1.rpm')));
});

test('while the list of a state cannot be read, nothing of the pool is deleted', async (t) => {
  const upstream = await startUpstream(t, tinyYum({ 'Packages/a-1-1.rpm': 'a' }, 1));
  const root = newFolder('mirrors');
  const { engine, configure, sync, files } = openTestEngine(t, upstream.url, { root });
  await configure();
  assert.equal((await sync()).event, 'mirror.published');
  const list = join(files.folder, 'snapshots', `${files.readState().current}.jsonl`);
  const text = readFileSync(list);
  const content = openPool(join(root, 'pool')).pathOf(sum(Buffer.from('a')));
  utimesSync(content, 1, 1);
  const prune = async () => {
    while (engine.isRunning()) await new Promise(setImmediate);
    return engine.command({ kind: 'prune', name: 'm', leased: [] });
  };
  writeFileSync(list, text.subarray(0, 20));
  const refused = await prune();
  assert.match(JSON.stringify(refused), /refused.*\.jsonl is not there, or not whole/);
  assert.ok(existsSync(content));
  writeFileSync(list, text);
  assert.equal((await prune()).kind, 'done');
  assert.ok(existsSync(content));
});

test('what is left of downloads that nothing has come to since is deleted', async (t) => {
  const upstream = await startUpstream(t, tinyYum({ 'Packages/a-1-1.rpm': 'a' }, 1));
  const { engine, configure, files } = openTestEngine(t, upstream.url);
  await configure();
  for (const folder of [files.parts, files.wanted]) {
    for (const name of ['old.part', 'old.json', 'young.part', 'young.json', 'copy-1'])
      writeFileSync(join(folder, name), 'x');
    // The notes on a download are written when it begins.
    for (const name of ['old.part', 'old.json', 'young.json', 'copy-1']) utimesSync(join(folder, name), 1, 1);
  }
  const pruned = await engine.command({ kind: 'prune', name: 'm', leased: [] });
  assert.match(JSON.stringify(pruned), /6 files deleted \(6 B\)/);
  for (const folder of [files.parts, files.wanted])
    assert.deepEqual(readdirSync(folder).toSorted(), ['young.json', 'young.part']);
});

test('the password of an upstream is in no file that others may read', async (t) => {
  const upstream = await startUpstream(t, tinyYum({ 'Packages/a-1-1.rpm': 'a' }, 1));
  const root = newFolder('mirrors');
  const { configure, sync } = openTestEngine(t, upstream.url.replace('//', '//me:secret@'), { root });
  await configure();
  assert.equal((await sync()).event, 'mirror.published');
  const fails: Fault = (_request, response) => {
    response.writeHead(403).end();
    return true;
  };
  upstream.faults.set('repodata/repomd.xml', fails);
  assert.equal((await sync()).event, 'mirror.failed');
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  const texts = files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1'));
  assert.ok(texts.some((text) => text.includes('***@')));
  assert.ok(!texts.some((text) => text.includes('secret')));
});

test('a bomb in the place of metadata: refused at its cap, and nothing is published', async (t) => {
  const bomb = gzipSync(Buffer.alloc(200 * MB, 60));
  const href = `repodata/${sum(bomb).slice(0, 16)}-primary.xml.gz`;
  const repomd = `<repomd><revision>1</revision><data type="primary"><checksum type="sha256">${sum(bomb)}</checksum>
<open-checksum type="sha256">${sum(randomBytes(8))}</open-checksum><location href="${href}"/><size>${bomb.length}</size><open-size>4096</open-size></data></repomd>\n`;
  const upstream = await startUpstream(t, { [href]: bomb, 'repodata/repomd.xml': repomd });
  const { configure, sync, files } = openTestEngine(t, upstream.url);
  await configure();
  const { event, reason } = await sync();
  assert.equal(event, 'mirror.failed');
  assert.match(reason, /primary\.xml\.gz.*more than \d+ bytes are packed/);
  assert.deepEqual(files.readState().snapshots, []);
});

test('metadata that are not valid any more: held, and what is served stays', async (t) => {
  if (!needs(t, 'gpg', 'dpkg-deb')) return;
  const key = makeKey(t, 'upstream');
  const validUntil = new Date(Date.now() + 3_600_000);
  const { url } = await serveFolder(t, await makeAptUpstream(key, { validUntil }));
  let ahead = 0;
  const { configure, sync, files } = openTestEngine(t, url, { now: () => Date.now() + ahead });
  const suite = { archive: 'debian', name: 'own', components: [] };
  const options = { suites: [suite], architectures: ['amd64'], languages: ['en'], withInstaller: false };
  await configure({ layout: { kind: 'apt', options } });
  const first = await sync();
  assert.equal(first.event, 'mirror.published', first.reason);
  ahead = 7_200_000;
  // The upstream says that nothing is new, and that is what is the matter.
  const second = await sync();
  assert.equal(second.event, 'mirror.held');
  assert.match(second.reason, /valid until/);
  const { held, current, snapshots } = files.readState();
  assert.equal(snapshots.length, 1);
  assert.equal(current, snapshots[0]?.id);
  assert.match(held?.reasons.join() ?? '', /InRelease/);
});
