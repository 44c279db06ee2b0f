import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { MirrorJson } from '../../src/http/api/mirror-json.ts';
import { openIso } from '../../src/io/mirror/iso-file.ts';
import { findInIso } from '../../src/mirror/iso/index-iso.ts';
import { needs } from '../needs.ts';
import { openAptRoot } from '../support/apt.ts';
import { makeAptUpstream } from '../support/apt-upstream.ts';
import { openDnf } from '../support/dnf.ts';
import { run } from '../support/http.ts';
import { hexOf } from '../support/mirror-reader.ts';
import { makeKey } from '../support/openpgp.ts';
import { openSegment, runProgram } from '../support/segment.ts';
import { newFolder, startServer, type TestServer, writeConfig } from '../support/server.ts';
import { makeYumUpstream } from '../support/yum-upstream.ts';

/* One command from an ISO to a mirror that real clients install from; media that are damaged leave nothing. */

const BASE = 'http://172.22.10.2/mirror';
const NETWORK =
  'networks:\n  n: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: authoritative, conflictProbe: false } }\n';

async function openRack(t: TestContext) {
  const rack = await openSegment(t);
  const server = await startServer(t, { config: writeConfig(NETWORK) });
  const client = await rack.addClient('pc', { mac: '00:25:90:96:c4:7a' });
  const address = ['ip', 'address', 'add', '172.22.10.93/24', 'dev', client.interfaceName];
  assert.equal((await runProgram([...client.prefix, ...address])).code, 0);
  return { server, prefix: client.prefix };
}

function mirror(server: TestServer, ...args: string[]) {
  return server.rackready('mirror', ...args);
}

async function show(server: TestServer, name: string): Promise<MirrorJson> {
  const { text } = await mirror(server, 'status', name, '--json');
  return JSON.parse(text) as MirrorJson;
}

async function burn(tree: string): Promise<string> {
  const iso = join(newFolder('medium'), 'medium.iso');
  const burnt = await runProgram(['xorriso', '-as', 'mkisofs', '-quiet', '-R', '-o', iso, tree]);
  assert.equal(burnt.code, 0, burnt.text);
  return iso;
}

/** Changes a byte of a file on a medium. */
async function damage(iso: string, path: string): Promise<void> {
  const { index } = await openIso(iso);
  const { offset = 0 } = findInIso(index, path) ?? assert.fail(`no ${path}`);
  const bytes = readFileSync(iso);
  bytes[offset] = (bytes[offset] ?? 0) ^ 1;
  writeFileSync(iso, bytes);
}

/** As a DVD of Rocky 9: the installer in the root, repositories in BaseOS and AppStream. */
async function makeDvdTree(t: TestContext): Promise<{ tree: string; key: string }> {
  const key = makeKey(t, 'upstream');
  const upstream = await makeYumUpstream(key);
  const tree = newFolder('dvd');
  for (const name of ['BaseOS', 'AppStream'])
    cpSync(join(upstream, name, 'x86_64/os'), join(tree, name), { recursive: true });
  renameSync(join(tree, 'BaseOS/images'), join(tree, 'images'));
  rmSync(join(tree, 'BaseOS/.treeinfo'));
  rmSync(join(tree, 'images/boot.iso'));
  writeTreeinfo(tree);
  writeFileSync(join(tree, 'EULA'), 'first');
  return { tree, key: key.armouredFile };
}

function writeTreeinfo(tree: string): void {
  const images = ['images/pxeboot/vmlinuz', 'images/pxeboot/initrd.img', 'images/install.img'];
  const sums = images.map((path) => `${path} = sha256:${hexOf('sha256', readFileSync(join(tree, path)))}\n`);
  writeFileSync(
    join(tree, '.treeinfo'),
    `[header]\ntype = productmd.treeinfo\nversion = 1.2\n[release]\nname = Rocky Linux\nshort = Rocky\nversion = 9.4\n
[general]\nfamily = Rocky Linux\nversion = 9.4\narch = x86_64\n[checksums]\n${sums.join('')}
[images-x86_64]\ninitrd = images/pxeboot/initrd.img\nkernel = images/pxeboot/vmlinuz\n
[stage2]\nmainimage = images/install.img\n[tree]\narch = x86_64\nplatforms = x86_64\nvariants = AppStream,BaseOS\n
[variant-AppStream]\nid = AppStream\nuid = AppStream\npackages = AppStream/Packages\nrepository = AppStream\n
[variant-BaseOS]\nid = BaseOS\nuid = BaseOS\npackages = BaseOS/Packages\nrepository = BaseOS\n`,
  );
}

test('a DVD of Enterprise Linux: imported, installed from, updated, and refused when it is damaged', async (t) => {
  if (!needs(t, 'ip', 'curl', 'dnf', 'rpm', 'rpmbuild', 'rpmsign', 'createrepo_c', 'gpg', 'gpgv', 'xorriso')) return;
  const { tree, key } = await makeDvdTree(t);
  const iso = await burn(tree);
  const { server, prefix } = await openRack(t);
  const wrong = await mirror(server, 'import', 'el', iso, '--sha256', '0'.repeat(64));
  assert.equal(wrong.code, 1, wrong.text);
  assert.match(wrong.text, /has the sha256 [0-9a-f]{64}/);
  assert.equal(readFileSync(server.config, 'utf8'), NETWORK);

  const sum = hexOf('sha256', readFileSync(iso));
  const imported = await mirror(server, 'import', 'el', iso, '--sha256', sum, '--key', key);
  assert.equal(imported.code, 0, imported.text);
  assert.match(imported.text, /el: published: /);
  assert.match(readFileSync(server.config, 'utf8'), /el: \{ os: rocky-9, from: "file:.*\.iso", kind: yum, keys: /);
  const first = await show(server, 'el');
  assert.equal(first.os, 'rocky-9');
  const served = await run('curl', ['-sSf', `${BASE}/el/images/pxeboot/vmlinuz`]);
  assert.ok(served.stdout.equals(readFileSync(join(tree, 'images/pxeboot/vmlinuz'))));
  // It is not needed any more.
  renameSync(iso, `${iso}.away`);
  const repositories = ['BaseOS', 'AppStream'].map((name) => [name, `${BASE}/el/${name}`]);
  const dnf = openDnf(Object.fromEntries(repositories), `file://${key}`, prefix);
  const installed = await dnf.run('install', '@core', 'tiny-app');
  assert.equal(installed.code, 0, installed.text);
  assert.equal(readFileSync(join(dnf.root, 'opt/tiny/tiny-app'), 'utf8'), 'tiny-app\n');

  writeFileSync(join(tree, 'EULA'), 'second');
  const second = await burn(tree);
  const updated = await mirror(server, 'import', 'el', second);
  assert.equal(updated.code, 0, updated.text);
  assert.equal((await run('curl', ['-sSf', `${BASE}/el/EULA`])).stdout.toString(), 'second');
  assert.equal((await run('curl', ['-sSf', `${BASE}/el@${first.current}/EULA`])).stdout.toString(), 'first');

  // A damaged one changes nothing of what is there, and makes nothing new.
  const before = readFileSync(server.config, 'utf8');
  writeFileSync(join(tree, 'images/install.img'), 'another second stage');
  writeTreeinfo(tree);
  const third = await burn(tree);
  await damage(third, 'images/install.img');
  for (const name of ['el', 'other']) {
    const refused = await mirror(server, 'import', name, third);
    assert.equal(refused.code, 1, refused.text);
    assert.match(refused.text, /images\/install\.img does not have the sha256 checksum .*is not imported/s);
    assert.equal(readFileSync(server.config, 'utf8'), before);
  }
  assert.equal((await run('curl', ['-sSf', `${BASE}/el/EULA`])).stdout.toString(), 'second');
  assert.equal((await mirror(server, 'status', 'other')).code, 1);
  await waitFor(() => !existsSync(join(server.data, 'mirrors/repos/other')));
  assert.deepEqual(readdirSync(join(server.data, 'mirrors/repos/el/parts')), []);
  const notIso = await mirror(server, 'import', 'el', server.config);
  assert.equal(notIso.code, 1);
  assert.match(notIso.text, /not whole|no ISO/);
  assert.match(notIso.text, /\nNothing was changed\. Name an ISO that is whole/);
  assert.match((await mirror(server, 'import', 'el', server.data)).text, /it is no file\nNothing was changed/);
});

test('a medium of Debian: its md5sum.txt is compared, and apt installs from it', async (t) => {
  if (!needs(t, 'ip', 'apt-get', 'dpkg-deb', 'gpg', 'gpgv', 'xorriso')) return;
  const key = makeKey(t, 'archive');
  const tree = join(await makeAptUpstream(key), 'debian');
  writeFileSync(join(tree, 'README.html'), 'read me');
  // As the official media have it: links in circles, a further name of the suite, a Release in each folder of an index.
  symlinkSync('.', join(tree, 'debian'));
  symlinkSync('own', join(tree, 'dists/stable'));
  writeFileSync(join(tree, 'dists/own/main/binary-amd64/Release'), 'Archive: own\nComponent: main\n');
  const list = ['README.html', 'dists/own/Release'].map(
    (path) => `${hexOf('md5', readFileSync(join(tree, path)))}  ./${path}\n`,
  );
  writeFileSync(join(tree, 'md5sum.txt'), list.join(''));
  const iso = await burn(tree);
  const { server, prefix } = await openRack(t);
  const imported = await mirror(server, 'import', 'dvd', iso, '--key', key.armouredFile);
  assert.equal(imported.code, 0, imported.text);
  const apt = openAptRoot(`deb ${BASE}/dvd own main\n`, { keyring: readFileSync(key.binaryFile), prefix });
  await apt.must('apt-get', 'update');
  await apt.must('apt-get', 'install', '-y', 'feature');
  assert.equal(readFileSync(join(apt.folder, 'opt/feature'), 'utf8'), 'feature\n');

  const before = readFileSync(server.config, 'utf8');
  await damage(iso, 'README.html');
  const refused = await mirror(server, 'import', 'bad', iso);
  assert.match(refused.text, /README\.html does not have the md5 checksum/);
  writeFileSync(join(tree, 'md5sum.txt'), `${list.join('')}${'0'.repeat(32)}  ./gone\n`);
  const lacking = await mirror(server, 'import', 'bad', await burn(tree));
  assert.match(lacking.text, /md5sum\.txt names gone, which the medium does not have/);
  assert.equal(readFileSync(server.config, 'utf8'), before);

  const other = await mirror(server, 'import', 'dvd', iso);
  assert.match(other.text, /README\.html does not have/, 'an update that fails');
  assert.equal(readFileSync(server.config, 'utf8'), before);
});

async function waitFor(isDone: () => boolean): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (isDone()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail('it did not come about');
}
