import assert from 'node:assert/strict';
import { copyFileSync, existsSync, globSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../needs.ts';
import { makeDeb, openAptRoot } from '../support/apt.ts';
import { openDnf } from '../support/dnf.ts';
import { run } from '../support/http.ts';
import { makeKey, type ThrowawayKey } from '../support/openpgp.ts';
import { newFolder } from '../support/server.ts';
import { makeYumUpstream } from '../support/yum-upstream.ts';

/* `mirror index`: a folder of own packages, signed, from which dnf and apt install with every check on. */

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname;

async function index(key: ThrowawayKey, ...args: string[]) {
  const ran = await run(process.execPath, [MAIN, 'mirror', 'index', ...args], { GNUPGHOME: key.home });
  return { code: ran.code, text: `${ran.stdout}${ran.stderr}` };
}

test('RPMs: signed metadata that dnf checks; the state before stays readable, older ones go', async (t) => {
  if (!needs(t, 'dnf', 'rpm', 'rpmbuild', 'rpmsign', 'createrepo_c', 'gpg')) return;
  const key = makeKey(t, 'own');
  const folder = newFolder('own');
  for (const rpm of globSync(join(await makeYumUpstream(key), '**/*.rpm')))
    copyFileSync(rpm, join(folder, basename(rpm)));
  const made = await index(key, folder, '--sign', key.fingerprint);
  assert.deepEqual([made.code, made.text], [0, '3 .rpm in repodata/repomd.xml\n']);
  const dnf = openDnf({ own: `file://${folder}` }, `file://${key.armouredFile}`);
  const installed = await dnf.run('install', 'tiny-app');
  assert.equal(installed.code, 0, installed.text);
  assert.ok(existsSync(join(dnf.root, 'opt/tiny/tiny-app')));

  const first = readdirSync(join(folder, 'repodata'));
  for (const rpm of ['tiny-app-1-1.noarch.rpm', 'tiny-shell-1-1.noarch.rpm']) {
    rmSync(join(folder, rpm));
    assert.equal((await index(key, folder, '--sign', key.fingerprint)).code, 0);
  }
  const after = readdirSync(join(folder, 'repodata'));
  assert.equal(after.length, 8, 'three files of two states each, repomd.xml and its signature');
  assert.equal(first.filter((name) => after.includes(name) && /^[0-9a-f]{64}/.test(name)).length, 0);

  const before = readFileSync(join(folder, 'repodata/repomd.xml'));
  writeFileSync(join(folder, 'broken.rpm'), 'no RPM');
  const refused = await index(key, folder);
  assert.equal(refused.code, 1);
  assert.match(refused.text, /broken\.rpm: /);
  assert.deepEqual(readFileSync(join(folder, 'repodata/repomd.xml')), before);
});

test('.debs: a signed archive that apt checks', async (t) => {
  if (!needs(t, 'apt-get', 'dpkg-deb', 'gpg')) return;
  const key = makeKey(t, 'own');
  const folder = newFolder('own');
  await makeDeb(folder, { name: 'feature' });
  const made = await index(key, folder, '--suite', 'mine', '--architecture', 'arm64', '--sign', key.fingerprint);
  assert.deepEqual([made.code, made.text], [0, '1 .deb in dists/mine/InRelease\n']);
  assert.ok(existsSync(join(folder, 'dists/mine/main/binary-arm64/Packages')));
  const apt = openAptRoot(`deb file://${folder} mine main\n`, { keyring: readFileSync(key.binaryFile) });
  await apt.must('apt-get', 'update');
  await apt.must('apt-get', 'install', '-y', 'feature');
  assert.ok(existsSync(join(apt.folder, 'opt/feature')));

  // What clients that began with the state before still ask for stays, older ones go.
  const hashes = () => readdirSync(join(folder, 'dists/mine/main/binary-amd64/by-hash/SHA256'));
  const first = hashes();
  for (const name of ['second', 'third']) {
    await makeDeb(folder, { name });
    assert.equal((await index(key, folder, '--suite', 'mine', '--sign', key.fingerprint)).code, 0);
  }
  assert.equal(hashes().length, 4, 'Packages and Packages.gz of two states');
  assert.deepEqual(
    hashes().filter((name) => first.includes(name)),
    [],
  );

  const unknown = await index(key, folder, '--sign', 'A'.repeat(40));
  assert.equal(unknown.code, 1);
  assert.match(unknown.text, /Cannot sign with the key A+: /);
  const empty = await index(key, newFolder('empty'));
  assert.equal(empty.code, 1);
  assert.match(empty.text, /There are no RPMs or \.debs/);
});
