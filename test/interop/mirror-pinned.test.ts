import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { MirrorJson } from '../../src/http/api/mirror-json.ts';
import { encodeTreePath } from '../../src/mirror/run/tree-path.ts';
import { needs } from '../needs.ts';
import { runUdhcpc } from '../support/dhcp-clients.ts';
import { openDnf } from '../support/dnf.ts';
import { run } from '../support/http.ts';
import { openMovingYum } from '../support/moving-upstream.ts';
import { makeKey } from '../support/openpgp.ts';
import { serveFolder } from '../support/planned-mirror.ts';
import { openSegment, runProgram } from '../support/segment.ts';
import { startServer } from '../support/server.ts';

/*
 * An installation that takes long, while its mirror goes on: all that it asks for comes from the state that it began with, also
 * when every other old state is forgotten and its content deleted.
 */

const BASE = 'http://172.22.10.2';
const SM1 = '00:25:90:96:c4:9a';
const DAY_S = 86_400;

/** What an installer is started from, other in each state. */
function writeInstaller(folder: string, state: number): void {
  const files = ['images/pxeboot/vmlinuz', 'images/pxeboot/initrd.img', 'images/install.img'];
  mkdirSync(join(folder, 'images/pxeboot'), { recursive: true });
  const sums = files.map((path) => {
    writeFileSync(join(folder, path), `${path} ${state}`);
    return `${path} = sha256:${createHash('sha256').update(`${path} ${state}`).digest('hex')}\n`;
  });
  const [kernel, initrd, stage] = files;
  writeFileSync(
    join(folder, '.treeinfo'),
    `[general]\nname = Test\nfamily = Test\narch = x86_64\nversion = 9\n[stage2]\nmainimage = ${stage}\n` +
      `[images-x86_64]\nkernel = ${kernel}\ninitrd = ${initrd}\n[checksums]\n${sums.join('')}`,
  );
}

test('an installation keeps to its state while others are published and pruned', async (t) => {
  if (!needs(t, 'ip', 'udhcpc', 'curl', 'dnf', 'rpmbuild', 'rpmsign', 'gpg', 'gpgv')) return;
  const key = makeKey(t, 'upstream');
  const upstream = await openMovingYum(key);
  const { url } = await serveFolder(t, upstream.folder);
  const rack = await openSegment(t);
  const server = await startServer(t, {
    yaml: `
networks:
  n: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: authoritative, conflictProbe: false } }
mirrors:
  m: { os: rocky-9, from: "${url}/", keys: [${key.armouredFile}], keep: { snapshots: 1, days: 0 } }
profiles:
  rocky-9: { os: rocky-9, source: mirror:m }
machines:
  sm1: { mac: "${SM1}", address: 172.22.10.55, profile: rocky-9 }
`,
  });
  const cli = async (...args: string[]) => {
    const ran = await server.rackready(...args);
    assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.stdout}${ran.stderr}`);
    return ran.stdout.toString();
  };
  const publish = async (state: number) => {
    await upstream.next();
    writeInstaller(upstream.folder, state);
    assert.match(await cli('mirror', 'sync', 'm'), /published/);
    const { current } = JSON.parse(await cli('mirror', 'status', 'm', '--json')) as MirrorJson;
    return current ?? assert.fail('nothing is served');
  };
  const client = await rack.addClient('sm1', { mac: SM1 });
  const get = async (at: string) => {
    const argv = [...client.prefix, 'curl', '-sS', '--max-time', '60', '-w', '\n%{http_code}', at];
    const { text } = await runProgram(argv);
    const end = text.lastIndexOf('\n');
    return { status: Number(text.slice(end + 1)), body: text.slice(0, end) };
  };
  const first = await publish(1);
  assert.match((await runUdhcpc(client)).text, /bound ip=172\.22\.10\.55 /);
  await cli('install', 'sm1');
  const { body: script } = await get(`${BASE}/ipxe/boot.ipxe`);
  const [, repo = ''] = /inst\.repo=(\S+)/.exec(script) ?? [];
  assert.equal(repo.replace(/\/$/, ''), `${BASE}/mirror/m@${first}`);
  const kernel = async () => (await get(`${BASE}/os/rocky-9/linux`)).body;
  assert.equal(await kernel(), 'images/pxeboot/vmlinuz 1');

  // Three states later, with all content so old that nothing but a name keeps it.
  const second = await publish(2);
  await publish(3);
  const last = await publish(4);
  const pool = join(server.data, 'mirrors/pool');
  const age = () => {
    for (const file of globSync('*/*', { cwd: pool })) utimesSync(join(pool, file), 1, Date.now() / 1000 - 2 * DAY_S);
  };
  age();
  await cli('mirror', 'prune', 'm');
  const states = await cli('mirror', 'snapshots', 'm');
  assert.ok(states.includes(first) && states.includes(last) && !states.includes(second), states);
  assert.equal((await get(`${BASE}/mirror/m@${second}/.treeinfo`)).status, 404);
  assert.equal((await get(`${BASE}/mirror/m/images/install.img`)).body, 'images/install.img 4');

  // What an installer asks for from its beginning to its end.
  assert.equal(await kernel(), 'images/pxeboot/vmlinuz 1');
  const [, kickstartUrl = ''] = /inst\.ks=(\S+)/.exec(script) ?? [];
  assert.ok((await get(kickstartUrl)).body.includes(`/mirror/m@${first}`));
  assert.equal((await get(`${repo}/images/install.img`)).body, 'images/install.img 1');
  assert.match((await get(`${repo}/.treeinfo`)).body, /mainimage = images\/install\.img/);
  const manifest = readFileSync(join(server.data, `mirrors/repos/m/snapshots/${first}.jsonl`), 'utf8');
  for (const line of manifest.trimEnd().split('\n')) {
    const { path, sha256 } = JSON.parse(line) as { path: string; sha256: string };
    const [program = '', ...words] = [...client.prefix, 'curl', '-sS', '--fail', `${repo}/${encodeTreePath(path)}`];
    const { stdout } = await run(program, words);
    assert.equal(createHash('sha256').update(stdout).digest('hex'), sha256, path);
  }
  const dnf = openDnf({ m: repo }, `file://${key.armouredFile}`, client.prefix);
  const installed = await dnf.run('install', 'moving', 'part3');
  assert.equal(installed.code, 0, installed.text);

  // When it is over, its state is an old one like any other.
  await cli('cancel', 'sm1');
  age();
  await cli('mirror', 'prune', 'm');
  assert.equal((await get(`${repo}/.treeinfo`)).status, 404);
  const sum = createHash('sha256').update('images/install.img 1').digest('hex');
  assert.ok(!existsSync(join(pool, sum.slice(0, 2), sum)));
});
