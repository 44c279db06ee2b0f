import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { TestContext } from 'node:test';
import { sendFile } from '../../test/support/hostile-upstream.ts';
import { openSegment } from '../../test/support/segment.ts';
import { startServer, type TestServer } from '../../test/support/server.ts';
import { tinyYum } from '../../test/support/tiny-yum.ts';
import { furnish } from './play.ts';

/* Three mirrors: one has nothing to do, one fetches, and of one the upstream has lost nearly everything. */

const NAMES = [
  'acl',
  'audit',
  'bash',
  'bind',
  'chrony',
  'curl',
  'dbus',
  'dnf',
  'firewalld',
  'glibc',
  'grub2',
  'kernel',
];
const PARTS = ['', '-libs', '-devel', '-doc', '-common'];

/** So many packages of so many bytes each. */
function tree(count: number, bytes: number, revision: number): Record<string, Buffer> {
  const all = PARTS.flatMap((part) => NAMES.map((name) => `${name}${part}`)).slice(0, count);
  const packages = all.map((name) => [
    `Packages/${name[0]}/${name}-1.${revision}-1.x86_64.rpm`,
    `${name} ${revision}`.padEnd(bytes, '.'),
  ]);
  return tinyYum(Object.fromEntries(packages), revision);
}

/** Resolves when they are as the picture is to show them; the run takes a minute from then on. */
export async function keepMirrors(t: TestContext): Promise<TestServer> {
  furnish();
  appendFileSync('/etc/hosts', '127.0.0.1 mirror.example vault.example\n');
  const trees = new Map([
    ['/almalinux/9/', tree(60, 900_000, 4)],
    ['/rocky/9/', tree(12, 400_000, 3)],
    ['/centos/7/', tree(60, 700_000, 9)],
  ]);
  const upstream = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? '').replace(/\?.*/, ''));
    const [at = '', files = {}] = [...trees].find(([one]) => path.startsWith(one)) ?? [];
    const body = files[path.slice(at.length)];
    if (body === undefined) response.writeHead(404).end();
    else sendFile(request, response, body);
  });
  await openSegment(t);
  await new Promise<void>((resolve) => upstream.listen(80, '127.0.0.1', resolve));
  t.after(() => {
    upstream.closeAllConnections();
    upstream.close();
  });
  const server = await startServer(t, {
    yaml: `networks:
  lab: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: authoritative, conflictProbe: false } }
mirrors:
  alma-9: { os: alma-9, kind: yum, mode: cache, from: "http://mirror.example/almalinux/9/", trust: none, schedule: "50 3 * * *" }
  rocky-9: { os: rocky-9, kind: yum, from: "http://mirror.example/rocky/9/", trust: none, schedule: "30 3 * * *", bandwidth: 2MB/s }
  centos-7: { os: centos-7, kind: yum, from: "http://vault.example/centos/7/", trust: none, schedule: "11 1 * * *" }
`,
  });
  const sync = async (name: string, result: number, ...words: string[]) => {
    const { code, text } = await server.rackready('mirror', 'sync', name, ...words);
    assert.equal(code, result, text);
  };
  for (const name of ['alma-9', 'rocky-9', 'centos-7']) await sync(name, 0);
  trees.set('/centos/7/', tree(4, 700_000, 10));
  await sync('centos-7', 1);
  trees.set('/rocky/9/', tree(60, 2_500_000, 4));
  await sync('rocky-9', 0, '--no-wait');
  return server;
}
