import assert from 'node:assert/strict';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { openGpgvChecker } from '../../src/io/mirror/gpgv.ts';
import { type AptOptions, planApt } from '../../src/mirror/apt/plan-apt.ts';
import type { SignatureChecker } from '../../src/mirror/plan.ts';
import { planYum, type YumOptions } from '../../src/mirror/yum/plan-yum.ts';
import { parseTreeinfo } from '../../src/mirror/yum/treeinfo.ts';
import { needs } from '../needs.ts';
import { openAptRoot } from '../support/apt.ts';
import { makeAptUpstream } from '../support/apt-upstream.ts';
import { openDnf } from '../support/dnf.ts';
import { makeKey, type ThrowawayKey } from '../support/openpgp.ts';
import { folderReader, serveFolder, takePlanned } from '../support/planned-mirror.ts';
import { runProgram } from '../support/segment.ts';
import { newFolder } from '../support/server.ts';
import { makeYumUpstream, must } from '../support/yum-upstream.ts';

/*
 * What is planned is enough, and upstream's signatures stay good: exactly the planned files are taken from an upstream that real
 * tools made and signed, served, and installed from by real clients that check every signature.
 */

async function trustIn(t: TestContext, key: ThrowawayKey): Promise<SignatureChecker> {
  const checker = await openGpgvChecker([{ file: key.armouredFile, fingerprints: [key.fingerprint] }]);
  t.after(() => checker.close());
  return checker;
}

const YUM: YumOptions = {
  repositories: ['BaseOS/x86_64/os'],
  architectures: ['x86_64', 'noarch'],
  trust: 'required',
  withIso: false,
  withVariants: true,
  optionalFiles: ['key.asc'],
};
const YUM_TOOLS = ['dnf', 'rpm', 'rpmbuild', 'rpmsign', 'createrepo_c', 'gpg', 'gpgv'] as const;

const dnfOn = (url: string, repositories: readonly string[]) =>
  openDnf(Object.fromEntries(repositories.map((name) => [name, `${url}/${name}/x86_64/os`])), `${url}/key.asc`);

describe('dnf, from what is planned of a yum tree', () => {
  test('installs a group and a package across repositories, with gpgcheck and repo_gpgcheck', async (t) => {
    if (!needs(t, ...YUM_TOOLS)) return;
    const key = makeKey(t, 'upstream');
    const upstream = await makeYumUpstream(key);
    const plan = await planYum(folderReader(upstream), await trustIn(t, key), YUM);
    const mirror = await takePlanned(upstream, plan);
    assert.ok(!existsSync(join(mirror, 'BaseOS/x86_64/os/images/boot.iso')), 'nothing that was not planned');
    const { url, asked } = await serveFolder(t, mirror);

    const dnf = dnfOn(url, ['BaseOS', 'AppStream']);
    const query = await dnf.run('repoquery', '--queryformat', '%{name} %{repoid}');
    assert.deepEqual(
      query.text
        .trim()
        .split('\n')
        .filter((line) => line.startsWith('tiny'))
        .toSorted(),
      ['tiny-app AppStream', 'tiny-base BaseOS', 'tiny-shell BaseOS'],
    );
    const installed = await dnf.run('install', '@core', 'tiny-app');
    assert.equal(installed.code, 0, installed.text);
    for (const name of ['tiny-base', 'tiny-shell', 'tiny-app']) {
      assert.equal(readFileSync(join(dnf.root, 'opt/tiny', name), 'utf8'), `${name}\n`);
    }
    assert.ok(asked.includes('200 /BaseOS/x86_64/os/repodata/repomd.xml.asc'), 'the signature is asked for');
    assert.deepEqual(
      asked.filter((line) => line.startsWith('404')),
      [],
    );
  });

  test('refuses it when a byte of the metadata or of a package is another, as does the plan', async (t) => {
    if (!needs(t, ...YUM_TOOLS)) return;
    const key = makeKey(t, 'upstream');
    const upstream = await makeYumUpstream(key);
    const checker = await trustIn(t, key);
    const repomd = join(upstream, 'BaseOS/x86_64/os/repodata/repomd.xml');
    const good = readFileSync(repomd);
    appendFileSync(repomd, ' ');
    await assert.rejects(planYum(folderReader(upstream), checker, YUM), { code: 'signature-refused' });
    const { url } = await serveFolder(t, upstream);
    const dnf = dnfOn(url, ['BaseOS']);
    assert.notEqual((await dnf.run('install', 'tiny-base')).code, 0);
    writeFileSync(repomd, good);
    const stranger = await trustIn(t, makeKey(t, 'stranger'));
    await assert.rejects(planYum(folderReader(upstream), stranger, YUM), { code: 'signature-refused' });
  });

  test('reposync copies every package of it', async (t) => {
    const plugins = '/usr/lib/python3/dist-packages/dnf-plugins/reposync.py';
    if (!needs(t, ...YUM_TOOLS, plugins)) return;
    const key = makeKey(t, 'upstream');
    const upstream = await makeYumUpstream(key);
    const plan = await planYum(folderReader(upstream), await trustIn(t, key), YUM);
    const { url } = await serveFolder(t, await takePlanned(upstream, plan));
    const dnf = dnfOn(url, ['BaseOS', 'AppStream']);
    const target = newFolder('reposync');
    const ran = await dnf.run('reposync', '--download-metadata', '-p', target);
    assert.equal(ran.code, 0, ran.text);
    for (const name of ['BaseOS', 'AppStream']) {
      const source = join(upstream, name, 'x86_64/os/Packages');
      await must(['diff', '-r', source, join(target, name, 'Packages')]);
    }
  });

  test('an installer finds in .treeinfo what is there, and nothing that is not', async (t) => {
    if (!needs(t, ...YUM_TOOLS)) return;
    const key = makeKey(t, 'upstream');
    const upstream = await makeYumUpstream(key);
    const plan = await planYum(folderReader(upstream), await trustIn(t, key), YUM);
    const mirror = await takePlanned(upstream, plan);
    const base = join(mirror, 'BaseOS/x86_64/os');
    const info = parseTreeinfo('.treeinfo', readFileSync(join(base, '.treeinfo')));
    assert.deepEqual(
      info.variants.map(({ uid }) => uid),
      ['AppStream', 'BaseOS'],
    );
    for (const { repository = '' } of info.variants)
      assert.ok(existsSync(join(base, repository, 'repodata/repomd.xml')));
    for (const path of [...info.stage2, 'images/pxeboot/vmlinuz', 'images/pxeboot/initrd.img']) {
      assert.equal(readFileSync(join(base, path), 'utf8'), path);
    }
    assert.match(plan.remarks.join(), /without CRB/);
  });
});

const APT: AptOptions = {
  suites: [{ archive: 'debian', name: 'own', components: [] }],
  architectures: ['amd64'],
  languages: ['en'],
  trust: 'required',
  withInstaller: false,
  now: Date.now(),
};
const APT_TOOLS = ['dpkg-deb', 'apt-get', 'gpg', 'gpgv'] as const;

describe('apt, from what is planned of an archive', () => {
  test('updates by hash and installs, with the signature checked', async (t) => {
    if (!needs(t, ...APT_TOOLS)) return;
    const key = makeKey(t, 'archive');
    const upstream = await makeAptUpstream(key);
    const plan = await planApt(folderReader(upstream), await trustIn(t, key), APT);
    const { url, asked } = await serveFolder(t, await takePlanned(upstream, plan));
    const root = openAptRoot(`deb ${url}/debian own main\n`, { keyring: readFileSync(key.binaryFile) });
    await root.must('apt-get', 'update');
    await root.must('apt-get', 'install', '-y', 'feature');
    assert.equal(readFileSync(join(root.folder, 'opt/feature'), 'utf8'), 'feature\n');
    assert.ok(
      asked.some((line) => /^200 .*\/by-hash\/SHA256\//.test(line)),
      asked.join('\n'),
    );
    assert.deepEqual(
      asked.filter((line) => line.startsWith('404')),
      [],
    );
  });

  test('refuses it with another key, as does the plan; and one that is not valid any more', async (t) => {
    if (!needs(t, ...APT_TOOLS)) return;
    const key = makeKey(t, 'archive');
    const stranger = makeKey(t, 'stranger');
    const upstream = await makeAptUpstream(key);
    const made = planApt(folderReader(upstream), await trustIn(t, stranger), APT);
    await assert.rejects(made, { code: 'signature-refused' });
    const { url } = await serveFolder(t, upstream);
    const root = openAptRoot(`deb ${url}/debian own main\n`, { keyring: readFileSync(stranger.binaryFile) });
    assert.notEqual((await root.run('apt-get', 'update')).code, 0);
    const old = await makeAptUpstream(key, { validUntil: new Date(Date.now() - 86_400_000) });
    await assert.rejects(planApt(folderReader(old), await trustIn(t, key), APT), { code: 'signature-refused' });
    // As the sources of what was installed from a mirror say that stays as it is.
    const { url: oldUrl } = await serveFolder(t, old);
    const keyring = readFileSync(key.binaryFile);
    assert.notEqual(
      (await openAptRoot(`deb ${oldUrl}/debian own main\n`, { keyring }).run('apt-get', 'update')).code,
      0,
    );
    await openAptRoot(`deb [check-valid-until=no] ${oldUrl}/debian own main\n`, { keyring }).must('apt-get', 'update');
  });

  test('an index that is not the one of Release is refused', async (t) => {
    if (!needs(t, ...APT_TOOLS)) return;
    const key = makeKey(t, 'archive');
    const upstream = await makeAptUpstream(key);
    writeFileSync(join(upstream, 'debian/dists/own/main/binary-amd64/Packages.gz'), gzipSync('Package: evil\n'));
    const made = planApt(folderReader(upstream), await trustIn(t, key), APT);
    await assert.rejects(made, { code: 'upstream-failed' });
  });

  test('debootstrap takes a system from it, with the signature checked', async (t) => {
    if (!needs(t, ...APT_TOOLS, 'debootstrap')) return;
    const key = makeKey(t, 'archive');
    const upstream = await makeAptUpstream(key);
    const plan = await planApt(folderReader(upstream), await trustIn(t, key), APT);
    const { url, asked } = await serveFolder(t, await takePlanned(upstream, plan));
    const target = join(newFolder('debootstrap'), 'root');
    const script = '/usr/share/debootstrap/scripts/sid';
    const options = ['--download-only', '--variant=minbase', '--include=feature', '--no-merged-usr', '--arch=amd64'];
    const argv = (keyring: string) => [
      'debootstrap',
      ...options,
      `--keyring=${keyring}`,
      'own',
      target,
      `${url}/debian`,
      script,
    ];
    const ran = await runProgram(argv(key.binaryFile), 120_000);
    assert.equal(ran.code, 0, `${ran.text}\n${asked.join('\n')}`);
    assert.match(ran.text, /Valid Release signature/);
    for (const name of ['feature_1.0~rc1+b1_amd64', 'feature-data_1_all', 'dpkg_1_amd64']) {
      const archives = join(target, 'var/cache/apt/archives');
      assert.ok(existsSync(join(archives, `${name}.deb`)), `${name}: ${ran.text}`);
    }
    assert.deepEqual(
      asked.filter((line) => line.startsWith('404')),
      [],
    );
    const refused = await runProgram(argv(makeKey(t, 'stranger').binaryFile), 120_000);
    assert.notEqual(refused.code, 0);
    assert.match(refused.text, /signed by unknown key|Invalid Release signature/);
  });
});
