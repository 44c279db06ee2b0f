import assert from 'node:assert/strict';
import { appendFileSync, cpSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { renderAnswer } from '../../src/boot/answer.ts';
import { createTemplates } from '../../src/boot/template.ts';
import { parseSettings } from '../../src/config/parse.ts';
import type { MirrorJson } from '../../src/http/api/mirror-json.ts';
import { defaults, machine, readShippedTemplate } from '../boot-values.ts';
import { needs } from '../needs.ts';
import { openAptRoot } from '../support/apt.ts';
import { makeAptUpstream } from '../support/apt-upstream.ts';
import { openDnf } from '../support/dnf.ts';
import { run } from '../support/http.ts';
import { makeKey } from '../support/openpgp.ts';
import { serveFolder } from '../support/planned-mirror.ts';
import { openSegment, runProgram } from '../support/segment.ts';
import { newFolder, startServer, type TestServer } from '../support/server.ts';
import { makeYumUpstream } from '../support/yum-upstream.ts';

/*
 * Signed distributions over HTTP into a running server, and out of it into real clients that check every signature: what
 * upstream signed is good at the end of the way. The upstreams are made here, by the tools that distributions use.
 */

const BASE = 'http://172.22.10.2/mirror';

async function openRack(t: TestContext, mirrors: string) {
  const rack = await openSegment(t);
  const yaml = `
networks:
  n: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: authoritative, conflictProbe: false } }
mirrors:
${mirrors}`;
  const server = await startServer(t, { yaml });
  const client = await rack.addClient('pc', { mac: '00:25:90:96:c4:78' });
  const ran = await runProgram([
    ...client.prefix,
    'ip',
    'address',
    'add',
    '172.22.10.91/24',
    'dev',
    client.interfaceName,
  ]);
  assert.equal(ran.code, 0, ran.text);
  return { server, prefix: client.prefix };
}

function mirror(server: TestServer, ...args: string[]) {
  return server.rackready('mirror', ...args);
}

async function currentOf(server: TestServer, name: string): Promise<string> {
  const { text } = await mirror(server, 'status', name, '--json');
  return (JSON.parse(text) as MirrorJson).current ?? assert.fail(text);
}

test('Enterprise Linux: two signed repositories and an installer, from which dnf installs live and pinned', async (t) => {
  if (!needs(t, 'ip', 'dnf', 'rpm', 'rpmbuild', 'rpmsign', 'createrepo_c', 'gpg', 'gpgv')) return;
  const key = makeKey(t, 'upstream');
  const upstream = await makeYumUpstream(key);
  const { url, asked } = await serveFolder(t, upstream);
  const { server, prefix } = await openRack(
    t,
    `  el: { from: "${url}/", kind: yum, repositories: [BaseOS/x86_64/os], keys: [${key.armouredFile}], fingerprints: [${key.fingerprint}] }\n`,
  );
  const filled = await mirror(server, 'sync', 'el');
  assert.equal(filled.code, 0, filled.text);
  const first = await currentOf(server, 'el');
  const repositories = (root: string) =>
    Object.fromEntries(['BaseOS', 'AppStream'].map((name) => [name, `${root}/${name}/x86_64/os`]));
  for (const root of [`${BASE}/el`, `${BASE}/el@${first}`]) {
    const dnf = openDnf(repositories(root), `file://${key.armouredFile}`, prefix);
    const installed = await dnf.run('install', '@core', 'tiny-app');
    assert.equal(installed.code, 0, installed.text);
    assert.equal(readFileSync(join(dnf.root, 'opt/tiny/tiny-app'), 'utf8'), 'tiny-app\n');
    const modules = await dnf.run('module', 'list', 'tiny');
    assert.match(modules.text, /^tiny +1 \[d\]/m);
  }
  const served = await run('curl', ['-sS', `${BASE}/el/BaseOS/x86_64/os/.treeinfo`]);
  assert.match(served.stdout.toString(), /variants = AppStream,BaseOS\n/);
  assert.ok(!asked.some((line) => line.includes('boot.iso')), 'what nobody needs is not fetched');

  // Somebody changes the metadata without the key: nothing of it is taken, and what was there is still served.
  appendFileSync(join(upstream, 'AppStream/x86_64/os/repodata/repomd.xml'), '\n');
  const refused = await mirror(server, 'sync', 'el');
  assert.equal(refused.code, 1, refused.text);
  await server.event('mirror.held', { mirror: 'el', reason: /signature/ });
  assert.equal(await currentOf(server, 'el'), first);
});

test('an ISO of Enterprise Linux: imported without being mounted, and installed from', async (t) => {
  if (!needs(t, 'ip', 'dnf', 'rpm', 'rpmbuild', 'rpmsign', 'createrepo_c', 'gpg', 'gpgv', 'xorriso')) return;
  const key = makeKey(t, 'upstream');
  const upstream = await makeYumUpstream(key);
  const iso = join(newFolder('medium'), 'el.iso');
  const make = ['xorriso', '-as', 'mkisofs', '-quiet', '-R', '-o', iso];
  const burnt = await runProgram([...make, upstream]);
  assert.equal(burnt.code, 0, burnt.text);
  const { server, prefix } = await openRack(
    t,
    `  el: { from: "file://${iso}", kind: yum, repositories: [BaseOS/x86_64/os], keys: [${key.armouredFile}] }\n`,
  );
  const filled = await mirror(server, 'sync', 'el');
  assert.equal(filled.code, 0, filled.text);
  const repositories = ['BaseOS', 'AppStream'].map((name) => [name, `${BASE}/el/${name}/x86_64/os`]);
  const dnf = openDnf(Object.fromEntries(repositories), `${BASE}/el/key.asc`, prefix);
  const installed = await dnf.run('install', '@core', 'tiny-app');
  assert.equal(installed.code, 0, installed.text);
  assert.equal(readFileSync(join(dnf.root, 'opt/tiny/tiny-app'), 'utf8'), 'tiny-app\n');

  // Half of it is not taken for a smaller one.
  const first = await currentOf(server, 'el');
  truncateSync(iso, 70_000);
  assert.equal((await mirror(server, 'sync', 'el')).code, 1);
  await server.event('mirror.failed', { mirror: 'el', reason: /not whole|cannot|no ISO/ });
  assert.equal(await currentOf(server, 'el'), first);
});

test('Debian: a signed archive, from which apt and debootstrap take live and pinned', async (t) => {
  if (!needs(t, 'ip', 'apt-get', 'dpkg-deb', 'debootstrap', 'gpg', 'gpgv')) return;
  const key = makeKey(t, 'archive');
  const upstream = await makeAptUpstream(key);
  const { url } = await serveFolder(t, upstream);
  const { server, prefix } = await openRack(
    t,
    `  deb: { from: "${url}/debian/", kind: apt, suites: [own], keys: [${key.armouredFile}] }\n`,
  );
  const filled = await mirror(server, 'sync', 'deb');
  assert.equal(filled.code, 0, filled.text);
  const first = await currentOf(server, 'deb');
  const keyring = readFileSync(key.binaryFile);
  const install = async (root: string, expected: string) => {
    const apt = openAptRoot(`deb ${root} own main\n`, { keyring, prefix });
    await apt.must('apt-get', 'update');
    await apt.must('apt-get', 'install', '-y', 'feature');
    assert.equal(readFileSync(join(apt.folder, 'opt/feature'), 'utf8'), expected);
  };
  for (const root of [`${BASE}/deb`, `${BASE}/deb@${first}`]) await install(root, 'feature\n');

  const target = join(newFolder('debootstrap'), 'root');
  const options = ['--download-only', '--variant=minbase', '--include=feature', '--no-merged-usr', '--arch=amd64'];
  const script = '/usr/share/debootstrap/scripts/sid';
  const where = [`--keyring=${key.binaryFile}`, 'own', target, `${BASE}/deb`, script];
  const strapped = await runProgram([...prefix, 'debootstrap', ...options, ...where], 120_000);
  assert.equal(strapped.code, 0, strapped.text);
  assert.match(strapped.text, /Valid Release signature/);

  // The next state of the archive; what an installation has begun with is served beside it, also by hash.
  const next = await makeAptUpstream(key, { contents: 'newer\n' });
  replaceTree(next, upstream);
  const again = await mirror(server, 'sync', 'deb');
  assert.equal(again.code, 0, again.text);
  assert.notEqual(await currentOf(server, 'deb'), first);
  await install(`${BASE}/deb`, 'newer\n');
  await install(`${BASE}/deb@${first}`, 'feature\n');

  // An archive that was signed by another key is not taken.
  replaceTree(await makeAptUpstream(makeKey(t, 'stranger')), upstream);
  assert.equal((await mirror(server, 'sync', 'deb')).code, 1);
  await server.event('mirror.held', { mirror: 'deb', reason: /does not trust/ });
  await install(`${BASE}/deb`, 'newer\n');
});

/** As an upstream that was synced itself: what is there becomes what `source` has. */
function replaceTree(source: string, target: string): void {
  rmSync(join(target, 'debian'), { recursive: true });
  cpSync(join(source, 'debian'), join(target, 'debian'), { recursive: true });
}

test('an installed Debian: its sources name the mirror as it is served, with security updates, and apt takes them', async (t) => {
  if (!needs(t, 'ip', 'apt-get', 'dpkg-deb', 'gpg', 'gpgv', 'busybox')) return;
  const key = makeKey(t, 'archive');
  const upstream = await makeAptUpstream(key, { suite: 'bookworm' });
  const security = { suite: 'bookworm-security', folder: 'debian-security', contents: 'secure\n', version: '2' };
  cpSync(await makeAptUpstream(key, security), upstream, { recursive: true });
  const { url } = await serveFolder(t, upstream);
  const suites = '[debian/bookworm, debian-security/bookworm-security]';
  const mirrors = `  deb: { from: "${url}/", kind: apt, suites: ${suites}, keys: [${key.armouredFile}] }\n`;
  const { server, prefix } = await openRack(t, mirrors);
  const filled = await mirror(server, 'sync', 'deb');
  assert.equal(filled.code, 0, filled.text);

  const config = `${readFileSync(server.config, 'utf8')}
profiles:
  debian-12: { os: debian-12, source: "mirror:deb" }
`;
  const parsed = parseSettings([{ name: 'r.yaml', folder: '/', text: config }], { productFolder: '/opt/rackready' });
  if (parsed.kind !== 'settings') assert.fail(JSON.stringify(parsed));
  const { networks, profiles } = parsed.settings;
  const rendered = renderAnswer(createTemplates(readShippedTemplate), {
    machine: machine(),
    profile: profiles.get('debian-12') ?? assert.fail(),
    network: networks[0] ?? assert.fail(),
    defaults,
    mac: machine().macs[0] ?? assert.fail(),
    httpPort: 80,
    token: 'T0KEN',
    snapshot: await currentOf(server, 'deb'),
  });
  if (rendered.kind !== 'text') assert.fail(JSON.stringify(rendered.problem));
  const apt = openAptRoot('deb http://172.22.10.2/gone gone main\n', { keyring: readFileSync(key.binaryFile), prefix });
  const late = rendered.text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .find((line) => line.includes('late_command string'));
  const lines =
    (late ?? '').match(/: >\/target\/etc\/apt\/sources\.list;.*?debian\.sources;/)?.[0] ?? assert.fail(late);
  const ran = await runProgram(['busybox', 'sh', '-c', `set -e; ${lines.replaceAll('/target', apt.folder)}`]);
  assert.equal(ran.code, 0, ran.text);
  await apt.must('apt-get', 'update');
  await apt.must('apt-get', 'install', '-y', 'feature');
  assert.equal(readFileSync(join(apt.folder, 'opt/feature'), 'utf8'), 'secure\n');
  assert.doesNotMatch(readFileSync(join(apt.folder, 'etc/apt/sources.list'), 'utf8'), /@/);
});
