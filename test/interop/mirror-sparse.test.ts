import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { startUpstream } from '../support/hostile-upstream.ts';
import { openTestEngine } from '../support/mirror-engine.ts';
import { newFolder } from '../support/server.ts';
import { tinyYum } from '../support/tiny-yum.ts';

const at = (name: string, version: number) => `Packages/${name}-${version}-1.noarch.rpm`;
/** Three packages, each in its version. */
const state = (versions: { readonly a: number; readonly b: number; readonly c: number }, revision: number) =>
  tinyYum(
    Object.fromEntries(
      Object.entries(versions).map(([name, version]) => [at(name, version), `${name} ${version} `.repeat(500)]),
    ),
    revision,
  );

test('what an installation fetched through a sparse mirror is ready in its new version after the next run', async (t) => {
  const upstream = await startUpstream(t, state({ a: 1, b: 1, c: 1 }, 1));
  const move = (versions: Parameters<typeof state>[0], revision: number) => {
    for (const path of [...upstream.files.keys()]) upstream.files.delete(path);
    for (const [path, body] of Object.entries(state(versions, revision))) upstream.files.set(path, body);
    upstream.asked.length = 0;
  };
  const packagesAsked = () => upstream.asked.filter((one) => one.includes('Packages/')).toSorted();
  const { engine, files, configure, sync } = openTestEngine(t, upstream.url);
  const want = async (path: string) => {
    const { sha256 = '' } = files.readManifest(files.readState().current ?? '').get(path) ?? {};
    return (await engine.command({ kind: 'want', name: 'm', path, sha256 })).kind;
  };
  const isReady = (path: string) => existsSync(join(files.live, path));

  await configure({ mode: 'sparse' });
  assert.equal((await sync()).event, 'mirror.published');
  assert.deepEqual(packagesAsked(), []);
  // The first installation.
  assert.equal(await want(at('a', 1)), 'done');
  assert.equal(await want(at('b', 1)), 'done');
  assert.deepEqual(packagesAsked(), [`GET ${at('a', 1)}`, `GET ${at('b', 1)}`]);

  // Of what it had, one has a new version; the other is here already.
  move({ a: 2, b: 1, c: 2 }, 2);
  assert.equal((await sync()).event, 'mirror.published');
  assert.deepEqual(packagesAsked(), [`GET ${at('a', 2)}`]);
  assert.deepEqual([at('a', 2), at('b', 1), at('c', 2)].map(isReady), [true, true, false]);

  // What was fetched ahead counts as known, without another installation.
  move({ a: 3, b: 2, c: 3 }, 3);
  assert.equal((await sync()).event, 'mirror.published');
  assert.deepEqual(packagesAsked(), [`GET ${at('a', 3)}`, `GET ${at('b', 2)}`]);
  assert.equal(readFileSync(join(files.live, at('a', 3)), 'utf8'), 'a 3 '.repeat(500));

  // A cache keeps what it has, and fetches nothing ahead.
  await configure({ mode: 'cache' });
  move({ a: 4, b: 2, c: 3 }, 4);
  assert.equal((await sync()).event, 'mirror.published');
  assert.deepEqual(packagesAsked(), []);
  assert.deepEqual([at('a', 4), at('b', 2)].map(isReady), [false, true]);
  assert.equal(await want(at('a', 4)), 'done');
  assert.equal(isReady(at('a', 4)), true);
});

test('a folder of this host: taken whole, while it is copied not at all, and nothing that lies outside of it', async (t) => {
  const folder = newFolder('folder');
  const put = (files: Readonly<Record<string, Buffer>>) => {
    for (const [path, body] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), body);
    }
  };
  put({ ...state({ a: 1, b: 1, c: 1 }, 1), 'RPM-GPG-KEY': Buffer.from('a key') });
  const { files, configure, sync } = openTestEngine(t, `file://${folder}`);
  const read = (path: string) => readFileSync(join(files.live, path), 'utf8');
  await configure({});
  assert.equal((await sync()).event, 'mirror.published');
  assert.equal(read(at('a', 1)), 'a 1 '.repeat(500));
  assert.equal(read('RPM-GPG-KEY'), 'a key');
  assert.equal((await sync()).event, 'mirror.unchanged');

  // Somebody is copying a new state into it: the metadata are there, a package is not yet, and one is a part of itself.
  const next = state({ a: 2, b: 2, c: 2 }, 2);
  const { [at('a', 2)]: a = Buffer.alloc(0), [at('b', 2)]: b = Buffer.alloc(0), ...others } = next;
  put({ ...others, [at('b', 2)]: b.subarray(0, 100) });
  const torn = await sync();
  assert.equal(torn.event, 'mirror.failed');
  assert.match(torn.reason, /the upstream has no Packages\/a-2.*, and 1 more/);
  assert.match(read('repodata/repomd.xml'), /<revision>1</);
  assert.ok(!existsSync(join(files.live, at('c', 2))));
  put({ [at('a', 2)]: a, [at('b', 2)]: b });
  assert.equal((await sync()).event, 'mirror.published');
  assert.match(read('repodata/repomd.xml'), /<revision>2</);

  const outside = join(newFolder('outside'), 'x.rpm');
  writeFileSync(outside, a);
  rmSync(join(folder, at('a', 2)));
  symlinkSync(outside, join(folder, at('a', 2)));
  assert.equal((await sync()).event, 'mirror.unchanged');
  put({ 'repodata/repomd.xml': Buffer.from('no metadata') });
  assert.equal((await sync()).event, 'mirror.failed');
});
