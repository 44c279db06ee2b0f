import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { MirrorJson } from '../../src/http/api/mirror-json.ts';
import { needs } from '../needs.ts';
import { runUdhcpc } from '../support/dhcp-clients.ts';
import { run } from '../support/http.ts';
import { makeKey } from '../support/openpgp.ts';
import { serveFolder } from '../support/planned-mirror.ts';
import { openSegment, runProgram } from '../support/segment.ts';
import { newFolder, startServer } from '../support/server.ts';

/*
 * Ubuntu's live server from a mirror of its ISO: kernel and initrd come out of the ISO, and the ISO is what they load, all of one
 * state. The medium is made here, laid out as Ubuntu's.
 */

const BASE = 'http://172.22.10.2';
const SM1 = '00:25:90:96:c4:9a';
const sum = (bytes: Buffer | string, algorithm = 'sha256') => createHash(algorithm).update(bytes).digest('hex');

async function makeMedium(point: string): Promise<string> {
  const tree = newFolder('ubuntu');
  const files: Record<string, string> = {
    '.disk/info': `Ubuntu-Server ${point} LTS "Noble Numbat" - Release amd64 (20260101)`,
    'casper/vmlinuz': `kernel of ${point}`,
    'casper/initrd': `initrd of ${point}`,
    'casper/ubuntu-server-minimal.squashfs': 'squashfs'.repeat(1000),
    'dists/noble/Release': 'Architectures: amd64\nSuite: noble\n',
  };
  const sums = Object.entries(files).map(([path, text]) => `${sum(text, 'md5')}  ./${path}\n`);
  for (const [path, text] of Object.entries({ ...files, 'md5sum.txt': sums.join('') })) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  const iso = join(newFolder('iso'), 'medium.iso');
  const burnt = await runProgram(['xorriso', '-as', 'mkisofs', '-quiet', '-R', '-V', 'Ubuntu', '-o', iso, tree]);
  assert.equal(burnt.code, 0, burnt.text);
  return iso;
}

async function openRack(t: TestContext, more: string) {
  const rack = await openSegment(t);
  const server = await startServer(t, {
    yaml: `
networks:
  n: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: authoritative, conflictProbe: false } }
${more}
machines:
  sm1: { mac: "${SM1}", address: 172.22.10.55 }
`,
  });
  const client = await rack.addClient('sm1', { mac: SM1 });
  const cli = async (...args: string[]) => {
    const ran = await server.rackready(...args);
    assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.stdout}${ran.stderr}`);
    return ran.stdout.toString();
  };
  const [program = '', ...prefix] = client.prefix;
  const get = async (at: string) => {
    const { stdout, code, stderr } = await run(program, [...prefix, 'curl', '-sS', '--fail', '--max-time', '60', at]);
    assert.equal(code, 0, `${at}: ${stderr}`);
    return stdout;
  };
  const current = async (name: string) => {
    const { current: id } = JSON.parse(await cli('mirror', 'status', name, '--json')) as MirrorJson;
    return id ?? assert.fail('nothing is served');
  };
  return { server, client, cli, get, current };
}

type Rack = Awaited<ReturnType<typeof openRack>>;

/** What a machine under a grant gets: the URL of the ISO, and that kernel, initrd and ISO are those of this point release. */
async function boots({ client, cli, get }: Rack, profile: string, point: string, iso: string): Promise<string> {
  await cli('machines', 'set', 'sm1', `profile=${profile}`);
  assert.match((await runUdhcpc(client)).text, /bound ip=172\.22\.10\.55 /);
  await cli('install', 'sm1');
  const script = (await get(`${BASE}/ipxe/boot.ipxe`)).toString();
  const [, url = ''] = / url=(\S+)/.exec(script) ?? assert.fail(script);
  assert.equal((await get(`${BASE}/os/${profile}/linux`)).toString(), `kernel of ${point}`);
  assert.equal((await get(`${BASE}/os/${profile}/initrd`)).toString(), `initrd of ${point}`);
  assert.equal(sum(await get(url)), sum(readFileSync(iso)));
  return url;
}

test('Ubuntu by its preset: a machine boots from the ISO that the mirror has, and goes on with it when a newer one is out', async (t) => {
  if (!needs(t, 'ip', 'udhcpc', 'curl', 'xorriso', 'gpg', 'gpgv')) return;
  const key = makeKey(t, 'cdimage');
  const upstream = newFolder('releases');
  mkdirSync(join(upstream, '24.04'));
  const release = async (...points: string[]) => {
    const isos = await Promise.all(points.map(makeMedium));
    const lines = points.map((point, index) => {
      const name = `ubuntu-${point}-live-server-amd64.iso`;
      copyFileSync(isos[index] ?? '', join(upstream, '24.04', name));
      return `${sum(readFileSync(isos[index] ?? ''))} *${name}\n`;
    });
    writeFileSync(join(upstream, '24.04/SHA256SUMS'), lines.join(''));
    writeFileSync(join(upstream, '24.04/SHA256SUMS.gpg'), key.detached(lines.join('')));
    return isos;
  };
  const { url } = await serveFolder(t, upstream);
  const keys = `keys: [${key.armouredFile}], fingerprints: [${key.fingerprint}]`;
  const rack = await openRack(
    t,
    `mirrors: { noble: { preset: ubuntu-24.04, from: "${url}", ${keys} } }
profiles: { noble: { os: ubuntu-24.04, source: "mirror:noble" } }`,
  );
  const [first = ''] = await release('24.04.3');
  assert.match(await rack.cli('mirror', 'sync', 'noble'), /published/);
  const pinned = await boots(rack, 'noble', '24.04.3', first);
  assert.equal(pinned, `${BASE}/mirror/noble@${await rack.current('noble')}/24.04/live-server.iso`);

  // The next point release, listed beside the old one: who has begun stays, the next machine takes the newer.
  const isos = await release('24.04.9', '24.04.10');
  assert.match(await rack.cli('mirror', 'sync', 'noble'), /published/);
  assert.equal((await rack.get(`${BASE}/os/noble/initrd`)).toString(), 'initrd of 24.04.3');
  assert.equal(sum(await rack.get(pinned)), sum(readFileSync(first)));
  await rack.cli('cancel', 'sm1');
  await boots(rack, 'noble', '24.04.10', isos[1] ?? '');
});

test('Ubuntu by an imported ISO: it is known for what it is, and boots', async (t) => {
  if (!needs(t, 'ip', 'udhcpc', 'curl', 'xorriso')) return;
  const iso = await makeMedium('24.04.3');
  const rack = await openRack(t, 'profiles: { d: { os: debian-12 } }');
  assert.match(await rack.cli('mirror', 'import', 'noble', iso), /published/);
  const written = readFileSync(rack.server.config, 'utf8');
  assert.match(written, /os: ubuntu-24\.04/);
  assert.match(written, /kind: files/);
  writeFileSync(
    rack.server.config,
    written.replace('profiles: {', 'profiles: { noble: { os: ubuntu-24.04, source: "mirror:noble" },'),
  );
  await rack.cli('check', rack.server.config);
  const url = await boots(rack, 'noble', '24.04.3', iso);
  assert.equal(url, `${BASE}/mirror/noble@${await rack.current('noble')}/live-server.iso`);
});
