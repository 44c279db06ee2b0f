import assert from 'node:assert/strict';
import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { MirrorJson } from '../../src/http/api/mirror-json.ts';
import { makeAptIndex } from '../../src/io/mirror/make-apt.ts';
import { type MadeIndex, makeYumMetadata } from '../../src/io/mirror/make-yum.ts';
import { needs } from '../needs.ts';
import { makeDeb, openAptRoot } from '../support/apt.ts';
import { openDnf } from '../support/dnf.ts';
import { run } from '../support/http.ts';
import { makeKey, type ThrowawayKey } from '../support/openpgp.ts';
import { serveFolder } from '../support/planned-mirror.ts';
import { openSegment, runProgram } from '../support/segment.ts';
import { newFolder, startServer, type TestServer } from '../support/server.ts';
import { must } from '../support/yum-upstream.ts';

/*
 * Clients that come while a mirror is published, again and again: each of them finds one whole state. Where the metadata are
 * copied in place or a link is switched, one in two of them fails.
 */

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname;
const BASE = 'http://172.22.10.2/mirror';
/** Enough packages that one that goes is no loss that a mirror would hold for. */
const PACKAGES = 24;
const STATES = Number(process.env.MIRROR_STATES ?? 8);

/** An upstream whose states follow each other: `next` brings it to another one, in place, as upstreams are. */
interface MovingUpstream {
  readonly folder: string;
  next(): Promise<void>;
}

function writeIndex(folder: string, { files }: MadeIndex): void {
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
}

async function openYum(key: ThrowawayKey): Promise<MovingUpstream> {
  const work = newFolder('rpms');
  const names = Array.from({ length: PACKAGES + 1 }, (_, index) => `part${index}`);
  const head = 'Version: 1\nRelease: 1\nSummary: x\nLicense: MIT\nBuildArch: noarch\n';
  const parts = names.map((name) => `%package -n ${name}\nSummary: x\n%description -n ${name}\n%files -n ${name}\n`);
  const spec = join(work, 'parts.spec');
  writeFileSync(spec, `Name: parts\n${head}%description\n${parts.join('')}`);
  await must(['rpmbuild', '--quiet', '--define', `_topdir ${work}`, '-bb', spec]);
  const folder = newFolder('yum-moving');
  const rpms = globSync(join(work, 'RPMS/noarch/part*.rpm')).toSorted();
  for (const rpm of rpms) copyFileSync(rpm, join(folder, basename(rpm)));
  let state = 0;
  return {
    folder,
    next: async () => {
      state += 1;
      const [first = '', second = ''] = rpms;
      const [gone, there] = state % 2 === 0 ? [first, second] : [second, first];
      rmSync(join(folder, basename(gone)), { force: true });
      copyFileSync(there, join(folder, basename(there)));
      rmSync(join(folder, 'repodata'), { recursive: true, force: true });
      writeIndex(folder, await makeYumMetadata(folder, 1_700_000_000 + state));
      const repomd = join(folder, 'repodata/repomd.xml');
      await must(['env', `GNUPGHOME=${key.home}`, 'gpg', '--batch', '-ab', repomd]);
    },
  };
}

async function openApt(key: ThrowawayKey): Promise<MovingUpstream> {
  const folder = newFolder('apt-moving');
  const pool = join(folder, 'pool');
  for (let index = 0; index < PACKAGES; index++) await makeDeb(pool, { name: `part${index}` });
  const debs = newFolder('debs');
  const versions = [
    await makeDeb(debs, { name: 'moving', version: '1' }),
    await makeDeb(debs, { name: 'moving', version: '2' }),
  ];
  const start = Date.now() - 3_600_000;
  let state = 0;
  return {
    folder,
    next: async () => {
      state += 1;
      for (const [index, deb] of versions.entries()) {
        if (index === state % 2) copyFileSync(deb, join(pool, basename(deb)));
        else rmSync(join(pool, basename(deb)), { force: true });
      }
      rmSync(join(folder, 'dists'), { recursive: true, force: true });
      const made = await makeAptIndex(folder, { suite: 'own', architectures: ['amd64'], now: start + state * 1_000 });
      writeIndex(folder, made);
      const release = Buffer.from(made.files.get('dists/own/Release') ?? '');
      writeFileSync(join(folder, 'dists/own/InRelease'), key.clearSigned(release));
      writeFileSync(join(folder, 'dists/own/Release.gpg'), key.detached(release));
    },
  };
}

async function sync(server: TestServer, name: string): Promise<void> {
  const ran = await run(process.execPath, [MAIN, 'mirror', 'sync', name], { RACKREADY_DATA: server.data });
  const text = `${ran.stdout}${ran.stderr}`;
  assert.equal(ran.code, 0, text);
  assert.match(text, /published/);
}

/** Runs a client over and over while `work` goes on; what did not end well is told. */
async function meanwhile(
  clients: readonly (() => Promise<{ readonly code: number; readonly text: string }>)[],
  work: () => Promise<void>,
) {
  let isOver = false;
  const failures: string[] = [];
  let runs = 0;
  const loops = clients.map(async (client) => {
    while (!isOver) {
      const { code, text } = await client();
      runs += 1;
      if (code !== 0) failures.push(text);
    }
  });
  try {
    await work();
  } finally {
    isOver = true;
    await Promise.all(loops);
  }
  return { runs, failures };
}

async function openRack(t: TestContext, mirrors: string) {
  const rack = await openSegment(t);
  const network =
    '  n: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: authoritative, conflictProbe: false } }';
  const server = await startServer(t, { yaml: `networks:\n${network}\nmirrors:\n${mirrors}` });
  const client = await rack.addClient('pc', { mac: '00:25:90:96:c4:79' });
  const ran = await runProgram([
    ...client.prefix,
    'ip',
    'address',
    'add',
    '172.22.10.92/24',
    'dev',
    client.interfaceName,
  ]);
  assert.equal(ran.code, 0, ran.text);
  return { server, prefix: client.prefix };
}

test('apt never fails while an archive is published over and over', async (t) => {
  if (!needs(t, 'ip', 'apt-get', 'dpkg-deb', 'gpg', 'gpgv')) return;
  const key = makeKey(t, 'archive');
  const upstream = await openApt(key);
  await upstream.next();
  const { url } = await serveFolder(t, upstream.folder);
  const { server, prefix } = await openRack(
    t,
    `  deb: { from: "${url}/", kind: apt, suites: [own], keys: [${key.armouredFile}] }\n`,
  );
  await sync(server, 'deb');
  const update = async () => {
    const apt = openAptRoot(`deb ${BASE}/deb own main\n`, { keyring: readFileSync(key.binaryFile), prefix });
    const updated = await apt.run('apt-get', '-o', 'APT::Update::Error-Mode=any', 'update');
    if (updated.code !== 0) return updated;
    return apt.run('apt-get', 'install', '-y', '--download-only', 'moving', 'part1');
  };
  const { runs, failures } = await meanwhile([update, update], async () => {
    for (let state = 1; state < STATES; state++) {
      await upstream.next();
      await sync(server, 'deb');
    }
  });
  t.diagnostic(`${runs} updates with downloads during ${STATES - 1} publications`);
  assert.ok(runs >= STATES / 2, `${runs} updates`);
  assert.deepEqual(failures, []);
});

test('dnf never fails while a repository is published over and over', async (t) => {
  if (!needs(t, 'ip', 'dnf', 'rpm', 'rpmbuild', 'gpg', 'gpgv')) return;
  const key = makeKey(t, 'upstream');
  const upstream = await openYum(key);
  await upstream.next();
  const { url } = await serveFolder(t, upstream.folder);
  const { server, prefix } = await openRack(t, `  el: { from: "${url}/", kind: yum, keys: [${key.armouredFile}] }\n`);
  await sync(server, 'el');
  const status = await run(process.execPath, [MAIN, 'mirror', 'status', 'el', '--json'], {
    RACKREADY_DATA: server.data,
  });
  const { current } = JSON.parse(String(status.stdout)) as MirrorJson;
  const queryOf = (path: string, signature: string | undefined) => () =>
    openDnf({ el: `${BASE}/${path}` }, signature, prefix).run('repoquery', '--requires', 'part3', 'part4');
  // repomd.xml and its signature are two files: who checks it has to keep to one state (librepo #311).
  const clients = [queryOf('el', undefined), queryOf(`el@${current}`, `file://${key.armouredFile}`)];
  const { runs, failures } = await meanwhile(clients, async () => {
    for (let state = 1; state < STATES; state++) {
      await upstream.next();
      await sync(server, 'el');
    }
  });
  t.diagnostic(`${runs} queries with fresh metadata during ${STATES - 1} publications`);
  assert.ok(runs >= STATES / 2, `${runs} queries`);
  assert.deepEqual(failures, []);
});
