import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../needs.ts';
import { buildRpms, must } from '../support/rpms.ts';
import { openSegment } from '../support/segment.ts';
import { newFolder, startServer } from '../support/server.ts';

/*
 * A profile's folder as a DVD of EL 9 has it (BaseOS, AppStream, a group), made with rpmbuild and createrepo_c, served by
 * our boot HTTP, and read by dnf: the same libraries that Anaconda's second stage reads it with.
 */

async function makeTree(): Promise<string> {
  const tree = newFolder('dvd');
  chmodSync(tree, 0o755);
  const rpms = await buildRpms();
  const repositories = { BaseOS: ['tiny-base-1', 'tiny-shell-1', 'tiny-shell-2'], AppStream: ['tiny-app-1'] };
  const comps = join(rpms, 'comps.xml');
  for (const [name, packages] of Object.entries(repositories)) {
    const folder = join(tree, name);
    mkdirSync(join(folder, 'Packages'), { recursive: true, mode: 0o755 });
    for (const one of packages) copyFileSync(join(rpms, `${one}.rpm`), join(folder, 'Packages', `${one}.rpm`));
    await must(['createrepo_c', '--quiet', ...(name === 'BaseOS' ? ['-g', comps] : []), folder]);
  }
  mkdirSync(join(tree, 'images/pxeboot'), { recursive: true });
  for (const name of ['vmlinuz', 'initrd.img']) writeFileSync(join(tree, 'images/pxeboot', name), name);
  return tree;
}

test('dnf reads the folder of a profile over our HTTP, resolves across its repositories, and installs from it', async (t) => {
  if (!needs(t, 'ip', 'curl', 'dnf', 'rpm', 'rpmbuild', 'createrepo_c')) return;
  const rack = await openSegment(t);
  const yaml = `
networks:
  n: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: authoritative, conflictProbe: false } }
profiles:
  rocky-9: { os: rocky-9, source: ${await makeTree()} }
`;
  const server = await startServer(t, { yaml });
  const client = await rack.addClient('sm1', { mac: '00:25:90:96:c4:9a' });
  await must([...client.prefix, 'ip', 'address', 'add', '172.22.10.55/24', 'dev', client.interfaceName]);
  const url = 'http://172.22.10.2/tree/rocky-9';
  const folder = newFolder('dnf');
  const config = join(folder, 'dnf.conf');
  const repository = (name: string) => `[${name}]\nname=${name}\nbaseurl=${url}/${name}\ngpgcheck=0\n`;
  const main = `[main]\ncachedir=${folder}/cache\nlogdir=${folder}\nreposdir=/none\nplugins=0\nzchunk=0\n`;
  writeFileSync(config, `${main}${repository('BaseOS')}${repository('AppStream')}`);
  const root = join(folder, 'root');
  const dnf = (...args: string[]) =>
    must([...client.prefix, 'dnf', '-q', '-y', '-c', config, '--releasever=9', `--installroot=${root}`, ...args]);

  const all = await dnf('repoquery', '--queryformat', '%{name}-%{version} %{repoid}');
  assert.deepEqual(all.text.trim().split('\n').toSorted(), [
    'tiny-app-1 AppStream',
    'tiny-base-1 BaseOS',
    'tiny-shell-1 BaseOS',
    'tiny-shell-2 BaseOS',
  ]);
  const needed = await dnf('repoquery', '--requires', '--resolve', '--queryformat', '%{name}-%{version}', 'tiny-app');
  assert.equal(needed.text.trim(), 'tiny-shell-2');
  assert.match((await dnf('group', 'info', 'core')).text, /tiny-base\n.*tiny-shell/);

  await dnf('install', '@core', 'tiny-app');
  assert.equal(readFileSync(join(root, 'opt/tiny/tiny-shell'), 'utf8'), '2\n');
  assert.ok(existsSync(join(root, 'opt/tiny/tiny-app')));
  const installed = await must(['rpm', '--root', root, '-qa', '--queryformat', '%{name}-%{version}\\n']);
  assert.deepEqual(installed.text.trim().split('\n').toSorted(), ['tiny-app-1', 'tiny-base-1', 'tiny-shell-2']);

  const asked = server.events.filter(({ id }) => id === 'http.done' || id === 'http.not-found');
  const paths = asked.map(({ data }) => String(data?.path));
  for (const wanted of [
    /BaseOS\/repodata\/repomd\.xml$/,
    /AppStream\/repodata\/.*primary\.xml/,
    /Packages\/tiny-app-1\.rpm$/,
  ]) {
    assert.ok(
      paths.some((path) => wanted.test(path)),
      `${wanted} in ${paths.join('\n')}`,
    );
  }
  assert.ok(
    asked.some(({ data }) => /libdnf/.test(String(data?.userAgent))),
    'by the library that Anaconda has, too',
  );
  assert.deepEqual(
    asked.filter(({ id }) => id === 'http.not-found'),
    [],
  );
});
