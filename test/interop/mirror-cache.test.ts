import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { forgetSnapshots } from '../../src/io/mirror/housekeeping.ts';
import { unlimited } from '../../src/io/mirror/limiter.ts';
import { publish } from '../../src/io/mirror/publish.ts';
import { createWantedFiles } from '../../src/io/mirror/wanted-files.ts';
import type { MirrorConfig } from '../../src/mirror/mirror-config.ts';
import { needs } from '../needs.ts';
import { cutAfter, sendFile, startUpstream } from '../support/hostile-upstream.ts';
import { run } from '../support/http.ts';
import { openTestMirror } from '../support/mirror-run.ts';
import { buildRpms, must } from '../support/rpms.ts';
import { openSegment } from '../support/segment.ts';
import { newFolder, startServer } from '../support/server.ts';

const BASE = 'http://172.22.10.2/mirror/c';
const APP = 'Packages/tiny-app-1.rpm';

/** A yum repository as a table of files. */
async function makeRepository(): Promise<Record<string, Buffer>> {
  const rpms = await buildRpms();
  const tree = newFolder('repo');
  mkdirSync(join(tree, 'Packages'));
  for (const name of ['tiny-base-1', 'tiny-shell-1', 'tiny-shell-2', 'tiny-app-1']) {
    copyFileSync(join(rpms, `${name}.rpm`), join(tree, 'Packages', `${name}.rpm`));
  }
  await must(['createrepo_c', '--quiet', tree]);
  const paths = ['Packages', 'repodata'].flatMap((folder) =>
    readdirSync(join(tree, folder)).map((name) => `${folder}/${name}`),
  );
  return Object.fromEntries(paths.map((path) => [path, readFileSync(join(tree, path))]));
}

test('a cache fetches a package once for all who ask, never keeps a wrong one, and does without its upstream', async (t) => {
  if (!needs(t, 'ip', 'curl', 'rpmbuild', 'createrepo_c')) return;
  const files = await makeRepository();
  const upstream = await startUpstream(t, files);
  await openSegment(t);
  const yaml = `
networks:
  n: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: authoritative, conflictProbe: false } }
mirrors:
  c: { from: "${upstream.url}", kind: yum, mode: cache }
`;
  const server = await startServer(t, { yaml });
  const mirror = (...args: string[]) => server.rackready('mirror', ...args);
  const filled = await mirror('sync', 'c');
  assert.equal(filled.code, 0, `${filled.stdout}${filled.stderr}`);
  assert.ok(!upstream.asked.some((one) => one.includes('Packages/')), upstream.asked.join('\n'));
  const live = join(server.data, 'mirrors/repos/c/live');
  assert.ok(existsSync(join(live, 'repodata/repomd.xml')) && !existsSync(join(live, APP)));

  const fetch = (path: string, ...more: string[]) =>
    run('curl', ['-sS', '--fail', '--max-time', '60', ...more, `${BASE}/${path}`]);
  const askedFor = (path: string) => upstream.asked.filter((one) => one.startsWith(`GET ${path}`)).length;

  // Twenty at once, while the upstream takes its time.
  const held = Promise.withResolvers<void>();
  upstream.faults.set(APP, (request, response, body) => {
    void held.promise.then(() => sendFile(request, response, body));
    return true;
  });
  const clients = Array.from({ length: 20 }, () => fetch(APP));
  while (askedFor(APP) === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  held.resolve();
  for (const { code, stdout, stderr } of await Promise.all(clients)) {
    assert.equal(code, 0, stderr);
    assert.ok(stdout.equals(files[APP] ?? Buffer.alloc(0)));
  }
  assert.equal(askedFor(APP), 1);
  assert.ok(readFileSync(join(live, APP)).equals(files[APP] ?? Buffer.alloc(0)));

  // Wrong content is refused to the client, and not kept.
  const base = 'Packages/tiny-base-1.rpm';
  upstream.faults.set(base, (request, response, body) => {
    sendFile(request, response, Buffer.alloc(body.length, '?'));
    return true;
  });
  const wrong = await run('curl', ['-sS', '-i', `${BASE}/${base}`]);
  assert.match(wrong.stdout.toString(), /^HTTP\/1\.1 503 [\s\S]*Retry-After: 10[\s\S]*checksum/);
  assert.ok(!existsSync(join(live, base)));
  upstream.faults.set(base, cutAfter(100, 1));
  assert.ok((await fetch(base)).stdout.equals(files[base] ?? Buffer.alloc(0)));
  const part = await fetch('Packages/tiny-shell-1.rpm', '-r', '0-3');
  assert.equal(part.stdout.toString('latin1'), '\xed\xab\xee\xdb');

  // What no metadata name is not asked for: no open proxy.
  const before = upstream.asked.length;
  for (const path of ['Packages/other.rpm', 'index.json', '..%2findex.json']) {
    assert.notEqual((await fetch(path)).code, 0);
  }
  assert.equal(upstream.asked.length, before);

  // What was asked for once is fetched ahead, where the mirror is to be sparse.
  assert.equal(readdirSync(join(live, 'Packages')).length, 3);

  // Without the upstream, what is here is served.
  for (const path of Object.keys(files)) upstream.faults.set(path, (_request, response) => Boolean(response.destroy()));
  assert.ok((await fetch(APP)).stdout.equals(files[APP] ?? Buffer.alloc(0)));
  const gone = await run('curl', ['-sS', '-i', `${BASE}/Packages/tiny-shell-2.rpm`]);
  assert.match(gone.stdout.toString(), /^HTTP\/1\.1 503 /);
});

test('the plain tree has what counts now, whatever older state a file is fetched for', async (t) => {
  const upstream = await startUpstream(t, { 'Packages/a.rpm': 'first', 'Packages/b.rpm': 'b' });
  const mirror = openTestMirror(upstream.url);
  const { files, pool, folder } = mirror;
  const isEager = ({ role }: { role: string }) => role !== 'package';
  assert.equal((await mirror.run({ isEager })).result, 'published');
  const ended = new AbortController();
  t.after(() => ended.abort());
  const config: Partial<MirrorConfig> = { from: [upstream.url] };
  const wanted = createWantedFiles({
    root: folder,
    files,
    pool,
    config: () => config as MirrorConfig,
    limiter: unlimited,
    signal: ended.signal,
    reserveBytes: 0,
  });
  const shaIn = (id: string, path: string) => files.readManifest(id).get(path)?.sha256 ?? assert.fail(path);
  const want = async (id: string, path: string) =>
    assert.equal((await wanted.want(path, shaIn(id, path))).kind, 'stored');
  const first = files.readState().current ?? '';
  await want(first, 'Packages/a.rpm');
  assert.equal(mirror.live().get('Packages/a.rpm'), 'first');

  // Another content under the same name: what the old state has there is not what the new metadata name.
  upstream.files.set('Packages/a.rpm', Buffer.from('second'));
  upstream.seal();
  assert.equal((await mirror.run({ isEager })).result, 'published');
  const second = files.readState().current ?? '';
  assert.equal(mirror.live().get('Packages/a.rpm'), undefined);
  await want(second, 'Packages/a.rpm');
  await want(first, 'Packages/a.rpm');
  assert.equal(mirror.live().get('Packages/a.rpm'), 'second');

  // A client of the old state makes it come back into the pool, and not into the tree.
  rmSync(pool.pathOf(shaIn(first, 'Packages/a.rpm')));
  upstream.files.set('Packages/a.rpm', Buffer.from('first'));
  await want(first, 'Packages/a.rpm');
  assert.equal(mirror.live().get('Packages/a.rpm'), 'second');

  // Back at the old state, it is the other way round.
  rmSync(pool.pathOf(shaIn(second, 'Packages/a.rpm')));
  upstream.files.set('Packages/a.rpm', Buffer.from('second'));
  await publish({ files, pool }, files.readState(), files.readState().snapshots[0] ?? assert.fail());
  assert.equal(mirror.live().get('Packages/a.rpm'), 'first');
  await want(second, 'Packages/a.rpm');
  assert.equal(mirror.live().get('Packages/a.rpm'), 'first');
});

test('a cache that becomes a whole mirror has everything in its plain tree, too', async (t) => {
  const tree = { 'Packages/a.rpm': 'a', 'Packages/b.rpm': 'b' };
  const upstream = await startUpstream(t, tree);
  const mirror = openTestMirror(upstream.url);
  assert.equal((await mirror.run({ isEager: ({ role }) => role !== 'package' })).result, 'published');
  assert.equal(mirror.live().has('Packages/a.rpm'), false);
  assert.equal((await mirror.run({ isForced: true })).result, 'published');
  for (const [path, content] of Object.entries(tree)) assert.equal(mirror.live().get(path), content, path);
});

test('when a state is forgotten, its names in the plain tree get what the one behind it has', async (t) => {
  const upstream = await startUpstream(t, { 'images/updates.img': 'first', 'Packages/a.rpm': 'a package' });
  const mirror = openTestMirror(upstream.url);
  const { files, pool } = mirror;
  const publishes = async () => assert.equal((await mirror.run()).result, 'published');
  await publishes();
  upstream.files.set('images/updates.img', Buffer.from('second'));
  upstream.seal();
  await publishes();
  upstream.files.delete('images/updates.img');
  upstream.seal();
  await publishes();
  assert.equal(mirror.live().get('images/updates.img'), 'second');
  const [first] = files.readState().snapshots;
  const later = Date.now() + 86_400_000;
  assert.equal(forgetSnapshots({ files, pool }, { snapshots: 1, days: 0 }, [first?.id ?? ''], later), 1);
  assert.equal(mirror.live().get('images/updates.img'), 'first');
  await publish({ files, pool }, files.readState(), first ?? assert.fail());
  assert.equal(mirror.live().get('images/updates.img'), 'first');
});
