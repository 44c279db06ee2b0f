import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ended, runProgram } from './segment.ts';
import { newFolder } from './server.ts';

/** Packages without architecture that hold one file; `%package -n` makes several of one build. */
const SPECS: readonly string[] = [
  `Name: tiny-base
Version: 1
Release: 1
Summary: A package of a test
License: Apache-2.0
BuildArch: noarch
%description
One file.
%package -n tiny-shell
Summary: A package of a test
Requires: tiny-base
%description -n tiny-shell
One file.
%package -n tiny-app
Summary: A package of a test
Requires: tiny-shell >= 2
%description -n tiny-app
One file.
%install
mkdir -p %{buildroot}/opt/tiny
for name in tiny-base tiny-shell tiny-app; do echo 1 >%{buildroot}/opt/tiny/$name; done
%files
/opt/tiny/tiny-base
%files -n tiny-shell
/opt/tiny/tiny-shell
%files -n tiny-app
/opt/tiny/tiny-app
`,
  `Name: tiny-shell
Version: 2
Release: 1
Summary: A package of a test
License: Apache-2.0
BuildArch: noarch
Requires: tiny-base
%description
One file.
%install
mkdir -p %{buildroot}/opt/tiny; echo 2 >%{buildroot}/opt/tiny/tiny-shell
%files
/opt/tiny/tiny-shell
`,
];

const COMPS = `<?xml version="1.0"?>
<!DOCTYPE comps PUBLIC "-//Red Hat, Inc.//DTD Comps info//EN" "comps.dtd">
<comps><group><id>core</id><name>Core</name><default>true</default><uservisible>true</uservisible>
<packagelist><packagereq type="mandatory">tiny-base</packagereq><packagereq type="mandatory">tiny-shell</packagereq></packagelist>
</group></comps>
`;

/** Runs a program that has to succeed. */
export async function must(argv: readonly string[]): Promise<Ended> {
  const ran = await runProgram(argv, 240_000);
  assert.equal(ran.code, 0, `${argv.join(' ')}\n${ran.text}`);
  return ran;
}

/** Builds the packages; in the folder are NAME-VERSION.rpm and comps.xml, whose group core has tiny-base and tiny-shell. */
export async function buildRpms(): Promise<string> {
  const work = newFolder('rpm');
  for (const [index, spec] of SPECS.entries()) {
    const file = join(work, `${index}.spec`);
    writeFileSync(file, spec);
    const defines = ['--define', `_topdir ${work}`, '--define', `_rpmfilename %%{NAME}-%%{VERSION}.rpm`];
    await must(['rpmbuild', '--quiet', ...defines, '-bb', file]);
  }
  const rpms = join(work, 'RPMS');
  writeFileSync(join(rpms, 'comps.xml'), COMPS);
  return rpms;
}
