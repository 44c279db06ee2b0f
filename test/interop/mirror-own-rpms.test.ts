import assert from 'node:assert/strict';
import { copyFileSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { makeYumMetadata } from '../../src/io/mirror/make-yum.ts';
import { readRpmHead } from '../../src/mirror/rpm/header.ts';
import { readRpmPackage } from '../../src/mirror/rpm/package.ts';
import { compareRpmVersions } from '../../src/mirror/rpm/version.ts';
import { parseXml, type XmlElement } from '../../src/mirror/yum/xml.ts';
import { needs } from '../needs.ts';
import { runProgram } from '../support/segment.ts';
import { newFolder } from '../support/server.ts';

/*
 * Metadata of the operator's own packages, against createrepo_c on the same RPMs, and read by dnf. The packages have one of
 * everything that metadata tell: all kinds of dependencies, file types, changes on one day, letters that XML has to escape.
 */

const SPEC = `Name: feature
Epoch: 3
Version: 1.2~rc1
Release: 4.el9
Summary: Sum <&> "quoted" naïve
License: Apache-2.0
URL: https://example.org/?a=1&b=2
Group: Development/Tools
Vendor: The Vendor
Packager: Some One <some@example.org>
Provides: virtual = 2:1.0-3, /usr/bin/alias
Requires: /bin/sh, foo >= 1.0, foo <= 2, bar = 1:2-3, (rich or poor), virtual, virtual = 2:1.0-3, feature-data
Requires(pre): shadow
Requires(post): ldconfig
Requires: libc.so.6()(64bit), libc.so.6(GLIBC_2.4)(64bit), libc.so.6(GLIBC_2.34)(64bit)
Requires: libc.so.6(GLIBC_2.3.4)(64bit) zlast
Requires: /usr/bin/tool /opt/data
Conflicts: old < 1
Obsoletes: older < 2-1
Recommends: rec
Suggests: sug >= 1
Supplements: sup
Enhances: enh
%description
First line with <tags> & naïve text
second line

last
%package data
Summary: Bare
License: MIT
BuildArch: noarch
%description data
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/etc/feature %{buildroot}/opt/data %{buildroot}/usr/lib
echo x >%{buildroot}/usr/bin/tool; echo y >%{buildroot}/etc/feature/conf; ln -s ../bin/tool %{buildroot}/usr/lib/sendmail
touch "%{buildroot}/opt/data/a file with <&> in it"
%post
true
%files
/usr/bin/tool
%dir /etc/feature
%config(noreplace) /etc/feature/conf
%ghost /etc/feature/ghost
/usr/lib/sendmail
/opt/data
%files data
%changelog
* Thu Jan 04 2024 Some One <some@example.org> - 1.2-4
- third <fix>
- more
* Thu Jan 04 2024 Other <o@example.org> - 1.2-3
- second
* Thu Jan 04 2024 Other <o@example.org> - 1.2-2
- same day
${Array.from({ length: 12 }, (_, index) => `* Mon Jan 01 20${String(22 - index).padStart(2, '0')} A <a@example.org> - 1.1\n- old ${index}\n`).join('')}`;

let made: Promise<string> | undefined;

/** A folder of RPMs: all payload compressions, a source package, one below a folder of its own. */
async function packages(): Promise<string> {
  const work = newFolder('rpms');
  const folder = newFolder('own');
  for (const [index, compression] of ['w9.gzdio', 'w2.xzdio', 'w3.zstdio'].entries()) {
    const top = join(work, String(index));
    const spec = join(work, `${index}.spec`);
    writeFileSync(spec, SPEC.replace('4.el9', `4.el${7 + index}`));
    const defines = {
      _topdir: top,
      _binary_payload: compression,
      _source_payload: compression,
      _changelog_trimage: '0',
    };
    const args = Object.entries(defines).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
    const ran = await runProgram(['rpmbuild', '--quiet', ...args, '-ba', spec], 240_000);
    assert.equal(ran.code, 0, ran.text);
    for (const file of globSync(join(top, '{RPMS,SRPMS}', '**', '*.rpm'))) {
      const target = join(folder, index === 1 ? 'below/it' : 'Packages', basename(file));
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(file, target);
    }
  }
  return folder;
}

const sharedPackages = (): Promise<string> => {
  made ??= packages();
  return made;
};

const TOOLS = ['rpmbuild', 'createrepo_c'] as const;

/** All that an element says, without the order of attributes and the white space between elements. */
function plain(element: XmlElement): unknown {
  const text = element.children.length > 0 ? '' : element.text;
  return [element.name, Object.fromEntries(element.attributes), text, element.children.map(plain)];
}

function packagesOf(file: string, xml: Buffer): Map<string, unknown> {
  const root = parseXml(file, xml.toString());
  return new Map(
    root.children.map((element) => {
      const checksum = element.children.find(({ name }) => name === 'checksum')?.text;
      return [checksum ?? element.attributes.get('pkgid') ?? '', plain(element)];
    }),
  );
}

async function writeMetadata(folder: string): Promise<void> {
  const { files } = await makeYumMetadata(folder, 1_700_000_000);
  mkdirSync(join(folder, 'repodata'), { recursive: true });
  for (const [path, bytes] of files) writeFileSync(join(folder, path), bytes);
}

async function createrepo(folder: string): Promise<string> {
  const output = newFolder('createrepo');
  const ran = await runProgram([
    'createrepo_c',
    '--quiet',
    '--no-database',
    '--compress-type',
    'gz',
    '-o',
    output,
    folder,
  ]);
  assert.equal(ran.code, 0, ran.text);
  return output;
}

describe("metadata of the operator's own RPMs", () => {
  for (const type of ['primary', 'filelists', 'other']) {
    test(`${type}.xml says what createrepo_c says`, async (t) => {
      if (!needs(t, ...TOOLS)) return;
      const folder = await sharedPackages();
      const { files } = await makeYumMetadata(folder, 1_700_000_000);
      const [path = ''] = [...files.keys()].filter((name) => name.endsWith(`${type}.xml.gz`));
      const [reference = ''] = globSync(join(await createrepo(folder), 'repodata', `*${type}.xml.gz`));
      const ours = packagesOf('ours', gunzipSync(files.get(path) ?? ''));
      const theirs = packagesOf('theirs', gunzipSync(readFileSync(reference)));
      assert.ok(theirs.size >= 6);
      assert.deepEqual(new Set(ours.keys()), new Set(theirs.keys()));
      for (const [id, element] of theirs) assert.deepEqual(ours.get(id), element);
    });
  }

  test('dnf resolves by them as by those of createrepo_c', async (t) => {
    if (!needs(t, ...TOOLS, 'dnf')) return;
    const folder = await sharedPackages();
    await writeMetadata(folder);
    const answers = await Promise.all(
      [folder, await createrepo(folder)].map(async (root) => {
        const work = newFolder('dnf');
        const config = join(work, 'dnf.conf');
        const main = `[main]\ncachedir=${work}\nlogdir=${work}\nreposdir=/none\nplugins=0\ngpgcheck=0\n`;
        writeFileSync(config, `${main}[a]\nname=a\nbaseurl=file://${root}\n`);
        const dnf = ['dnf', '-q', '-c', config, '--releasever=9', `--installroot=${work}/root`, 'repoquery'];
        const texts: string[] = [];
        for (const what of ['--requires', '--provides', '--recommends', '--list', '--changelogs', '--conflicts']) {
          const ran = await runProgram([...dnf, what, 'feature', 'feature-data'], 120_000);
          assert.equal(ran.code, 0, ran.text);
          // Packages come in an order of dnf's own making.
          texts.push(ran.text.split('\n').toSorted().join('\n'));
        }
        return texts;
      }),
    );
    assert.ok(answers[0]?.every((text) => text.trim() !== ''));
    assert.deepEqual(answers[0], answers[1]);
  });

  test('groups come along', async (t) => {
    if (!needs(t, ...TOOLS)) return;
    const folder = newFolder('groups');
    writeFileSync(join(folder, 'comps.xml'), '<comps/>');
    const { files, entries } = await makeYumMetadata(folder, 1);
    assert.match(Buffer.from(files.get('repodata/repomd.xml') ?? '').toString(), /type="group"/);
    assert.deepEqual(entries, ['repodata/repomd.xml']);
  });

  test('a header with any byte changed is read or refused, and nothing else happens', async (t) => {
    if (!needs(t, ...TOOLS)) return;
    const [rpm = ''] = globSync(join(await sharedPackages(), '**', 'feature-1*.x86_64.rpm'));
    const whole = readFileSync(rpm);
    const read = readRpmHead('x.rpm', whole);
    assert.ok(read.kind === 'whole');
    let refused = 0;
    for (let at = 0; at < read.end; at += 3) {
      const changed = Buffer.from(whole.subarray(0, read.end));
      changed[at] = (at * 31) & 0xff;
      try {
        const again = readRpmHead('x.rpm', changed);
        if (again.kind === 'whole') readRpmPackage(again);
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'upstream-failed', `byte ${at}: ${error}`);
        refused += 1;
      }
    }
    assert.notEqual(refused, 0);
  });

  test('a broken package and two that claim to be one are refused by name', async (t) => {
    if (!needs(t, ...TOOLS)) return;
    const [rpm = ''] = globSync(join(await sharedPackages(), '**', 'feature-data*.rpm'));
    const whole = readFileSync(rpm);
    const folder = newFolder('broken');
    const file = join(folder, 'x.rpm');
    for (const length of [0, 50, 100, 200, 4_000]) {
      writeFileSync(file, whole.subarray(0, length));
      await assert.rejects(
        makeYumMetadata(folder, 1),
        { code: 'upstream-failed', message: /x\.rpm: / },
        `${length} bytes`,
      );
    }
    writeFileSync(file, whole);
    writeFileSync(join(folder, 'y.rpm'), Buffer.concat([whole, Buffer.of(0)]));
    await assert.rejects(makeYumMetadata(folder, 1), { code: 'upstream-failed', message: /as x\.rpm does/ });
  });
});

test('versions are compared as rpm compares them', async (t) => {
  if (!needs(t, 'rpm')) return;
  const versions =
    '1 1.0 1.0.1 01 1.10 1.9 1a 1.a 1b a A 1~rc1 1~~ 1~ 1^ 1^git1 1^~ 1.^ 2_0 2.0 ~ ^ 10xyz xyz10 0'.split(' ');
  const pairs = versions.flatMap((one) => versions.map((other) => [one, other] as const));
  const lua = pairs.map(([one, other]) => `print(rpm.vercmp("${one}","${other}").." ")`).join('');
  const ran = await runProgram(['rpm', '--eval', `%{lua:${lua}}`]);
  assert.equal(ran.code, 0, ran.text);
  const expected = ran.text.trim().split(/\s+/).map(Number);
  assert.equal(expected.length, pairs.length);
  const wrong = pairs.filter(([one, other], index) => Math.sign(compareRpmVersions(one, other)) !== expected[index]);
  assert.deepEqual(wrong, []);
});
