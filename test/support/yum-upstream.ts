import assert from 'node:assert/strict';
import { copyFileSync, globSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { hexOf } from './mirror-reader.ts';
import type { ThrowawayKey } from './openpgp.ts';
import { type Ended, runProgram } from './segment.ts';
import { newFolder } from './server.ts';

export async function must(argv: readonly string[]): Promise<Ended> {
  const ran = await runProgram(argv, 240_000);
  assert.equal(ran.code, 0, `${argv.join(' ')}\n${ran.text}`);
  return ran;
}

const spec = (name: string, requires: string) => `Name: ${name}
Version: 1
Release: 1
Summary: A package of a test
License: Apache-2.0
BuildArch: noarch
${requires === '' ? '' : `Requires: ${requires}`}
%description
One file.
%install
mkdir -p %{buildroot}/opt/tiny; echo ${name} >%{buildroot}/opt/tiny/${name}
%files
/opt/tiny/${name}
`;

const COMPS = `<?xml version="1.0"?>
<comps><group><id>core</id><name>Core</name><default>true</default><uservisible>true</uservisible>
<packagelist><packagereq type="mandatory">tiny-shell</packagereq></packagelist></group></comps>
`;

/** One module, which has a default stream: tiny-app belongs to it. */
const MODULES = `---
document: modulemd
version: 2
data:
  name: tiny
  stream: "1"
  version: 1
  context: deadbeef
  arch: x86_64
  summary: A module of a test
  description: One package.
  license: { module: [Apache-2.0] }
  dependencies: [{ requires: { platform: [] } }]
  profiles: { common: { rpms: [tiny-app] } }
  artifacts: { rpms: [tiny-app-0:1-1.noarch] }
...
---
document: modulemd-defaults
version: 1
data: { module: tiny, stream: "1", profiles: { "1": [common] } }
...
`;

/** Signed packages: BaseOS has tiny-base and tiny-shell, which requires it; AppStream tiny-app, which requires both. */
const PACKAGES = {
  BaseOS: { 'tiny-base': '', 'tiny-shell': 'tiny-base' },
  AppStream: { 'tiny-app': 'tiny-shell' },
} as const;

/**
 * A tree as Rocky has it, made with rpmbuild, rpmsign and createrepo_c: two repositories with signed repomd.xml, of which AppStream
 * has modules, and metadata that are packed by xz; an installer that `.treeinfo` describes, `key.asc`. Returns its folder.
 */
export async function makeYumUpstream(key: ThrowawayKey): Promise<string> {
  const tree = newFolder('yum-upstream');
  const work = newFolder('rpms');
  const comps = join(work, 'comps.xml');
  writeFileSync(comps, COMPS);
  const modules = join(work, 'modules.yaml');
  writeFileSync(modules, MODULES);
  for (const [repository, packages] of Object.entries(PACKAGES)) {
    const folder = join(tree, repository, 'x86_64/os');
    mkdirSync(join(folder, 'Packages'), { recursive: true });
    for (const [name, requires] of Object.entries(packages)) {
      const file = join(work, `${name}.spec`);
      writeFileSync(file, spec(name, requires));
      await must(['rpmbuild', '--quiet', '--define', `_topdir ${work}`, '-bb', file]);
      const [rpm = ''] = globSync(join(work, 'RPMS/noarch', `${name}-*.rpm`));
      copyFileSync(rpm, join(folder, 'Packages', basename(rpm)));
    }
    const rpms = globSync(join(folder, 'Packages/*.rpm'));
    const gpg = [
      '--define',
      '__gpg /usr/bin/gpg',
      '--define',
      `_gpg_name ${key.fingerprint}`,
      '--define',
      `_gpg_path ${key.home}`,
    ];
    await must(['rpmsign', ...gpg, '--addsign', ...rpms]);
    const isBase = repository === 'BaseOS';
    await must(['createrepo_c', '--quiet', ...(isBase ? ['-g', comps] : ['--general-compress-type=xz']), folder]);
    if (!isBase) await must(['modifyrepo_c', '--mdtype=modules', modules, join(folder, 'repodata')]);
    await must(['env', `GNUPGHOME=${key.home}`, 'gpg', '--batch', '-ab', join(folder, 'repodata/repomd.xml')]);
  }
  copyFileSync(key.armouredFile, join(tree, 'key.asc'));
  writeInstaller(join(tree, 'BaseOS/x86_64/os'));
  return tree;
}

function writeInstaller(folder: string): void {
  const files = ['images/pxeboot/vmlinuz', 'images/pxeboot/initrd.img', 'images/install.img', 'images/boot.iso'];
  mkdirSync(join(folder, 'images/pxeboot'), { recursive: true });
  for (const path of files) writeFileSync(join(folder, path), path);
  const sums = files.map((path) => `${path} = sha256:${hexOf('sha256', path)}\n`);
  writeFileSync(
    join(folder, '.treeinfo'),
    `[header]\ntype = productmd.treeinfo\nversion = 1.2\n\n[checksums]\n${sums.join('')}
[images-x86_64]\nboot.iso = images/boot.iso\ninitrd = images/pxeboot/initrd.img\nkernel = images/pxeboot/vmlinuz\n
[stage2]\nmainimage = images/install.img\n\n[tree]\narch = x86_64\nplatforms = x86_64\nvariants = AppStream,BaseOS,CRB\n
[variant-AppStream]\nid = AppStream\nrepository = ../../../AppStream/x86_64/os/\n
[variant-BaseOS]\nid = BaseOS\nrepository = .\n
[variant-CRB]\nid = CRB\nrepository = ../../../CRB/x86_64/os/\n`,
  );
}
