import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { MirrorJson } from '../../src/http/api/mirror-json.ts';
import { MIRROR_FLAGS } from '../../src/io/mirror/open-mirrors.ts';
import { nodeFlags } from '../../src/io/node-flags.ts';
import { needs } from '../needs.ts';
import { run } from '../support/http.ts';
import { buildRpms, must } from '../support/rpms.ts';
import { startRsyncd } from '../support/rsyncd.ts';
import { openSegment } from '../support/segment.ts';
import { newFolder, startServer, type TestServer } from '../support/server.ts';

/*
 * The mirror of the seed's configuration, as it stands but for its address, which is an rsync daemon of this test: filled by
 * command, read by dnf, installed from, emptied by its upstream, killed.
 */

const SEED = new URL('../fixtures/config/seed-rack.yaml', import.meta.url).pathname;
const PORT = 18_873;
const BASE = 'http://172.22.10.2/mirror/centos-7';

async function makeTree(): Promise<string> {
  const tree = newFolder('centos');
  const rpms = await buildRpms();
  mkdirSync(join(tree, 'Packages'));
  for (const one of ['tiny-base-1', 'tiny-shell-1', 'tiny-shell-2', 'tiny-app-1']) {
    copyFileSync(join(rpms, `${one}.rpm`), join(tree, 'Packages', `${one}.rpm`));
  }
  await must(['createrepo_c', '--quiet', '-g', join(rpms, 'comps.xml'), tree]);
  mkdirSync(join(tree, 'images/pxeboot'), { recursive: true });
  mkdirSync(join(tree, 'LiveOS'));
  for (const name of ['images/pxeboot/vmlinuz', 'images/pxeboot/initrd.img', 'LiveOS/squashfs.img']) {
    writeFileSync(join(tree, name), `content of ${name} `.repeat(1000));
  }
  const sum = async (name: string) => (await must(['sha256sum', join(tree, name)])).text.slice(0, 64);
  const sums = ['images/pxeboot/vmlinuz', 'images/pxeboot/initrd.img', 'LiveOS/squashfs.img'].map(
    async (name) => `${name} = sha256:${await sum(name)}\n`,
  );
  writeFileSync(
    join(tree, '.treeinfo'),
    `[general]\nname = CentOS-7\nfamily = CentOS\narch = x86_64\nversion = 7\n[stage2]\nmainimage = LiveOS/squashfs.img\n` +
      `[images-x86_64]\nkernel = images/pxeboot/vmlinuz\ninitrd = images/pxeboot/initrd.img\n[checksums]\n${(await Promise.all(sums)).join('')}`,
  );
  writeFileSync(join(tree, 'RPM-GPG-KEY-test'), 'no key');
  return tree;
}

function mirror(server: TestServer, ...args: string[]) {
  return server.rackready('mirror', ...args);
}

async function show(server: TestServer): Promise<MirrorJson> {
  const { text } = await mirror(server, 'status', 'centos-7', '--json');
  return JSON.parse(text) as MirrorJson;
}

const curl = async (...args: string[]) => (await run('curl', ['-sS', '--path-as-is', ...args])).stdout.toString();

/** The seed's rack with its mirror filled. */
async function openRack(t: TestContext) {
  const rack = await openSegment(t);
  const tree = await makeTree();
  await startRsyncd(t, tree, PORT);
  const yaml = readFileSync(SEED, 'utf8').replace(/rsync:\/\/\S+/, `rsync://127.0.0.1:${PORT}/os/`);
  const server = await startServer(t, { yaml });
  return { rack, tree, server };
}

test('the seed’s mirror: filled, read, emptied by its upstream, and put back', async (t) => {
  if (!needs(t, 'ip', 'curl', 'rsync', 'dnf', 'rpmbuild', 'createrepo_c')) return;
  const { rack, tree, server } = await openRack(t);

  const before = await mirror(server, 'list');
  assert.match(before.text, /centos-7 +empty .*never +in .*rsync:/);
  assert.match(await curl(`${BASE}/repodata/repomd.xml`), /has nothing yet/);

  const filled = await mirror(server, 'sync', 'centos-7');
  assert.equal(filled.code, 0, filled.text);
  assert.match(filled.text, /centos-7: published: /);
  const first = (await show(server)).current ?? assert.fail('nothing is served');
  const own = readFileSync(join(tree, 'repodata/repomd.xml'), 'utf8');
  assert.equal(await curl(`${BASE}/repodata/repomd.xml`), own);
  assert.equal(readFileSync(join(server.data, 'mirrors/repos/centos-7/live/repodata/repomd.xml'), 'utf8'), own);
  assert.equal(await curl(`${BASE}/RPM-GPG-KEY-test`), 'no key');

  await checkHttp(first);
  await checkDnf(rack, first);

  const again = await mirror(server, 'sync', 'centos-7');
  assert.match(again.text, /unchanged/);

  // On 2024-07-01 the modules of CentOS 7 became empty.
  const copy = newFolder('copy');
  cpSync(tree, copy, { recursive: true });
  for (const name of ['repodata', 'Packages', 'images', 'LiveOS', '.treeinfo', 'RPM-GPG-KEY-test']) {
    rmSync(join(tree, name), { recursive: true });
  }
  const emptied = await mirror(server, 'sync', 'centos-7');
  assert.equal(emptied.code, 1);
  await server.event('mirror.held', { mirror: 'centos-7', reason: /empty/ });
  assert.equal(await curl(`${BASE}/repodata/repomd.xml`), own);
  assert.equal((await show(server)).current, first);

  cpSync(copy, tree, { recursive: true });
  await must(['createrepo_c', '--quiet', '-x', '*tiny-app*', tree]);
  const changed = await mirror(server, 'sync', 'centos-7');
  assert.match(changed.text, /published/);
  const second = (await show(server)).current ?? '';
  assert.notEqual(second, first);
  assert.equal(await curl(`${BASE}@${first}/repodata/repomd.xml`), own);
  assert.notEqual(await curl(`${BASE}/repodata/repomd.xml`), own);

  assert.match((await mirror(server, 'tag', 'centos-7', 'prod', first)).text, /called prod/);
  assert.equal(await curl(`${BASE}@prod/repodata/repomd.xml`), own);
  await mirror(server, 'tag', 'centos-7', 'prod', second);
  assert.notEqual(await curl(`${BASE}@prod/repodata/repomd.xml`), own, 'a tag that is moved counts at once');
  await mirror(server, 'tag', 'centos-7', 'prod', first);
  assert.equal(await curl(`${BASE}@prod/repodata/repomd.xml`), own);
  assert.match((await mirror(server, 'rollback', 'centos-7', 'prod')).text, /frozen there/);
  assert.equal(await curl(`${BASE}/repodata/repomd.xml`), own);
  assert.match((await mirror(server, 'sync', 'centos-7')).text, /frozen/);
  assert.match((await mirror(server, 'freeze', 'centos-7', '--off')).text, /follows/);
  assert.match((await mirror(server, 'snapshots', 'centos-7')).text, new RegExp(`${first} +served +prod`));
  assert.match((await mirror(server, 'verify', 'centos-7')).text, /are what they should be/);
  assert.match((await mirror(server, 'prune', 'centos-7')).text, /0 snapshots forgotten/);
});

async function checkHttp(snapshot: string): Promise<void> {
  const pinned = `${BASE}@${snapshot}`;
  const vmlinuz = 'content of images/pxeboot/vmlinuz '.repeat(1000);
  const head = await curl('--head', `${BASE}/images/pxeboot/vmlinuz`);
  assert.match(head, /^HTTP\/1\.1 200 OK/);
  assert.match(head, new RegExp(`\r\nContent-Length: ${vmlinuz.length}\r\n`));
  assert.match(head, /\r\nCache-Control: no-cache\r\n/);
  const etag = /\r\nETag: ("[0-9a-f]{64}")\r\n/.exec(head)?.[1] ?? assert.fail(head);
  assert.match(
    await curl('--head', `${pinned}/images/pxeboot/vmlinuz`),
    /\r\nCache-Control: public, max-age=31536000, immutable\r\n/,
  );
  assert.match(await curl('-i', '-H', `If-None-Match: ${etag}`, `${BASE}/images/pxeboot/vmlinuz`), /^HTTP\/1\.1 304 /);
  assert.equal(await curl('-r', '11-16', `${BASE}/images/pxeboot/vmlinuz`), 'images');
  assert.equal(await curl(`${BASE}/images%2Fpxeboot/vmlinu%7a`), vmlinuz);
  const several = await curl('-i', '-r', '0-6,11-16', `${pinned}/images/pxeboot/vmlinuz`);
  assert.match(several, /^HTTP\/1\.1 206 .*\r\nContent-Type: multipart\/byteranges; boundary=/s);
  assert.match(
    several,
    /\r\nContent-Range: bytes 0-6\/34000\r\n\r\ncontent\r\n--.*\r\nContent-Range: bytes 11-16\/34000\r\n\r\nimages\r\n--[^\r]*--\r\n$/s,
  );
  for (const path of [
    '/../../state.json',
    '/%2e%2e/state.json',
    '@nothing/.treeinfo',
    '/nothing',
    '-other/x',
    '@/.treeinfo',
  ]) {
    assert.match(await curl('-i', `${BASE}${path}`), /^HTTP\/1\.1 40[04] /, path);
  }
  assert.match(await curl('-i', 'http://172.22.10.2/mirror/http://127.0.0.1:8067/'), /^HTTP\/1\.1 404 /);
  assert.equal(etag, `"${createHash('sha256').update(vmlinuz).digest('hex')}"`, 'the tag is the checksum');
  await checkConditions(`${BASE}/images/pxeboot/vmlinuz`, etag);
  await checkCaching(snapshot);
  await checkNoProxy();
}

/** What a client that has something already asks with. */
async function checkConditions(url: string, etag: string): Promise<void> {
  const modified = /\r\nLast-Modified: ([^\r]+)\r\n/.exec(await curl('--head', url))?.[1] ?? assert.fail('no date');
  const long = 'Thu, 01 Jan 1970 00:00:00 GMT';
  for (const [status, ...headers] of [
    [304, `If-Modified-Since: ${modified}`],
    [304, `If-None-Match: "other", W/${etag}`],
    [200, 'If-None-Match: "other"', `If-Modified-Since: ${modified}`],
    [200, `If-Modified-Since: ${long}`],
    [206, 'Range: bytes=5-9', `If-Range: ${etag}`],
    [206, 'Range: bytes=5-9', `If-Range: ${modified}`],
    [200, 'Range: bytes=5-9', 'If-Range: "other"'],
    [206, 'Range: bytes=5-9', `If-Match: ${etag}`],
    [412, 'If-Match: "other"'],
    [412, `If-Unmodified-Since: ${long}`],
    [416, 'Range: bytes=34000-'],
    [206, 'Range: bytes=33999-'],
    [206, 'Range: bytes=-1'],
    [200, 'Range: bytes=9-5'],
    [200, 'Range: lines=1-2'],
  ] as const) {
    const given = await curl('-i', ...headers.flatMap((header) => ['-H', header]), url);
    assert.match(given, new RegExp(`^HTTP/1\\.1 ${status} `), headers.join(', '));
    assert.ok(given.includes(`\r\nETag: ${etag}\r\n`), headers.join(', '));
  }
  const head = await curl('--head', '-r', '5-9', url);
  assert.match(head, /^HTTP\/1\.1 200 [\s\S]*\r\nAccept-Ranges: bytes\r\n/);
}

/** What may be kept, and for how long; nothing is packed or unpacked on the way. */
async function checkCaching(snapshot: string): Promise<void> {
  const cached = async (url: string) => /\r\nCache-Control: ([^\r]+)\r\n/.exec(await curl('--head', url))?.[1];
  const forEver = 'public, max-age=31536000, immutable';
  const [, primary = ''] =
    /href="(repodata\/[0-9a-f]+-primary\.xml\.gz)"/.exec(await curl(`${BASE}/repodata/repomd.xml`)) ?? [];
  assert.equal(await cached(`${BASE}/repodata/repomd.xml`), 'no-cache');
  assert.equal(await cached(`${BASE}/.treeinfo`), 'no-cache');
  assert.equal(await cached(`${BASE}/${primary}`), forEver);
  assert.equal(await cached(`${BASE}@${snapshot}/repodata/repomd.xml`), forEver);
  // The beginning of an id may be that of another state tomorrow.
  assert.equal(await cached(`${BASE}@${snapshot.slice(0, -1)}/repodata/repomd.xml`), 'no-cache');
  assert.doesNotMatch(await curl('--head', '-H', 'Accept-Encoding: gzip', `${BASE}/${primary}`), /Content-Encoding/i);
}

/** Whoever takes it for a proxy gets nothing from elsewhere. */
async function checkNoProxy(): Promise<void> {
  const proxy = ['-x', 'http://172.22.10.2:80'];
  assert.match(await curl('-i', ...proxy, `http://127.0.0.1:${PORT}/os/.treeinfo`), /^HTTP\/1\.1 404 /);
  const own = await curl(...proxy, 'http://elsewhere.example/mirror/centos-7/RPM-GPG-KEY-test');
  assert.equal(own, 'no key', 'the path alone counts');
  const tunnel = await run('curl', ['-sS', '-p', ...proxy, `http://127.0.0.1:${PORT}/`]);
  assert.notEqual(tunnel.code, 0, 'no CONNECT');
}

async function checkDnf(rack: Awaited<ReturnType<typeof openSegment>>, snapshot: string): Promise<void> {
  const client = await rack.addClient('pc', { mac: '00:25:90:96:c4:77' });
  await must([...client.prefix, 'ip', 'address', 'add', '172.22.10.90/24', 'dev', client.interfaceName]);
  const folder = newFolder('dnf');
  const main = `[main]\ncachedir=${folder}/cache\nlogdir=${folder}\nreposdir=/none\nplugins=0\nzchunk=0\n`;
  for (const [name, url] of [
    ['live', BASE],
    ['pinned', `${BASE}@${snapshot}`],
  ] as const) {
    const config = join(folder, `${name}.conf`);
    writeFileSync(config, `${main}[${name}]\nname=${name}\nbaseurl=${url}\ngpgcheck=0\n`);
    const root = join(folder, name);
    await must([
      ...client.prefix,
      'dnf',
      '-q',
      '-y',
      '-c',
      config,
      '--releasever=7',
      `--installroot=${root}`,
      'install',
      '@core',
      'tiny-app',
    ]);
    assert.equal(readFileSync(join(root, 'opt/tiny/tiny-shell'), 'utf8'), '2\n');
    assert.ok(existsSync(join(root, 'opt/tiny/tiny-app')));
  }
}

test('a mirror process that dies is started again, and what was served is served', async (t) => {
  if (!needs(t, 'ip', 'curl', 'rsync', 'rpmbuild', 'createrepo_c')) return;
  const { tree, server } = await openRack(t);
  assert.equal((await mirror(server, 'sync', 'centos-7')).code, 0);
  const first = (await show(server)).current ?? assert.fail();
  writeFileSync(join(tree, 'images/pxeboot/vmlinuz'), 'another kernel');
  rmSync(join(tree, '.treeinfo'));
  const { pid } = await mirrorProcess(server);
  // Each has its own flags of Node, and none of them twice.
  assert.deepEqual([flagsOf(server.pid), flagsOf(pid)], [nodeFlags(50), MIRROR_FLAGS]);
  process.kill(pid, 'SIGKILL');
  await server.event('worker.died', { name: 'the mirror process' });
  await waitFor(async () => (await mirror(server, 'sync', 'centos-7')).code === 0);
  assert.notEqual((await show(server)).current, first);
  assert.equal(
    await curl(`${BASE}@${first}/images/pxeboot/vmlinuz`),
    'content of images/pxeboot/vmlinuz '.repeat(1000),
  );
});

function flagsOf(pid: number): readonly string[] {
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(1);
  return words.slice(
    0,
    words.findIndex((word) => !word.startsWith('-')),
  );
}

async function mirrorProcess({ pid }: TestServer): Promise<{ pid: number }> {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
  const found = children.find((child) =>
    readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('io/mirror/process.ts'),
  );
  return { pid: found ?? assert.fail(`no mirror process among ${children}`) };
}

async function waitFor(isDone: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 50; tries++) {
    if (await isDone()) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.fail('it did not come about');
}
