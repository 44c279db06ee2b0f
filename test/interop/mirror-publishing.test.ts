import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createClient } from '../../src/cli/client.ts';
import { needs } from '../needs.ts';
import { openAptRoot } from '../support/apt.ts';
import { openDnf } from '../support/dnf.ts';
import { type MovingUpstream, openMovingApt, openMovingYum } from '../support/moving-upstream.ts';
import { makeKey } from '../support/openpgp.ts';
import { serveFolder } from '../support/planned-mirror.ts';
import { type Ended, openSegment, runProgram } from '../support/segment.ts';
import { newFolder, startServer, type TestServer } from '../support/server.ts';
import { must } from '../support/yum-upstream.ts';

/*
 * Clients that come while a mirror is published, again and again, check every signature, and find one whole state each. Where
 * metadata are copied in place or a link is switched, one in two of them fails.
 *
 *     PUBLICATIONS=1000 TEST_MINUTES=90 npm test -- test/interop/mirror-publishing.test.ts
 */

const BASE = 'http://172.22.10.2/mirror';
const PUBLICATIONS = Number(process.env.PUBLICATIONS ?? 50);
/** Unless it is told how many, it ends earlier on a machine that is slow, and busy with other tests: */
const FEWEST = process.env.PUBLICATIONS === undefined ? 10 : PUBLICATIONS;
const LONG_ENOUGH_MS = 120_000;
/** What a client began with stays for longer than a client takes; older states are pruned meanwhile. */
const KEEP = '{ snapshots: 40, days: 0 }';
/** A machine may be slow, and busy. */
const PUBLISHED_MS = 120_000;

/** A server with one mirror, its first state, which is called `prod`, and a client's namespace. */
async function openRack(t: TestContext, upstream: MovingUpstream, mirror: string) {
  await upstream.next();
  const { url } = await serveFolder(t, upstream.folder);
  const rack = await openSegment(t);
  const network =
    '  n: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: authoritative, conflictProbe: false } }';
  const server = await startServer(t, {
    yaml: `networks:\n${network}\nmirrors:\n  m: { from: "${url}/", keep: ${KEEP}, ${mirror} }\n`,
  });
  const addClient = async (name: string, last: number) => {
    const { prefix, interfaceName } = await rack.addClient(name, { mac: `00:25:90:96:c4:${last}` });
    await must([...prefix, 'ip', 'address', 'add', `172.22.10.${last}/24`, 'dev', interfaceName]);
    return prefix;
  };
  const prefix = await addClient('pc', 92);
  const snapshot = await publish(server);
  await createClient({ data: server.data }).send('POST', '/mirrors/m/tag', { tag: 'prod', snapshot });
  return { server, prefix, addClient };
}

/** Returns the id of the new state. */
async function publish(server: TestServer): Promise<string> {
  const published = server.nextEvent('mirror.published', { mirror: 'm' }, PUBLISHED_MS);
  await createClient({ data: server.data }).send('POST', '/mirrors/m/sync', {});
  return String((await published).data?.snapshot);
}

/** Runs clients over and over while the upstream moves on and is published. What did not end well is told, the first words of it. */
async function publishAmong(
  t: TestContext,
  { server, upstream }: { readonly server: TestServer; readonly upstream: MovingUpstream },
  clients: Readonly<Record<string, () => Promise<Ended>>>,
): Promise<void> {
  let isOver = false;
  const failures: string[] = [];
  const counts = new Map<string, number>();
  const loops = Object.entries(clients).map(async ([name, client]) => {
    while (!isOver) {
      const { code, text } = await client();
      counts.set(name, (counts.get(name) ?? 0) + 1);
      if (code !== 0) failures.push(`${name}: ${text.slice(0, 4000)}`);
    }
  });
  const startedAt = Date.now();
  let done = 0;
  try {
    while (done < PUBLICATIONS && (done < FEWEST || Date.now() - startedAt < LONG_ENOUGH_MS)) {
      await upstream.next();
      await publish(server);
      done += 1;
    }
  } finally {
    isOver = true;
    await Promise.all(loops);
  }
  const told = [...counts].map(([name, count]) => `${name} ${count}`).join(', ');
  t.diagnostic(`${done} publications; runs of clients: ${told}; failures: ${failures.length}`);
  assert.deepEqual(failures, []);
  // A client that never ran has shown nothing.
  assert.equal(counts.size, Object.keys(clients).length, told);
}

test('apt never fails while an archive is published over and over', async (t) => {
  if (!needs(t, 'ip', 'apt-get', 'dpkg-deb', 'gpg', 'gpgv')) return;
  const key = makeKey(t, 'archive');
  const upstream = await openMovingApt(key);
  const { server, prefix } = await openRack(t, upstream, `kind: apt, suites: [own], keys: [${key.armouredFile}]`);
  const downloads = (tree: string) => async () => {
    const apt = openAptRoot(`deb ${BASE}/${tree} own main\n`, { keyring: readFileSync(key.binaryFile), prefix });
    const updated = await apt.run('apt-get', '-o', 'APT::Update::Error-Mode=any', 'update');
    const ended =
      updated.code === 0 ? await apt.run('apt-get', 'install', '-y', '--download-only', 'moving', 'part1') : updated;
    rmSync(apt.folder, { recursive: true });
    return ended;
  };
  const clients = { 'live, first': downloads('m'), 'live, second': downloads('m'), pinned: downloads('m@prod') };
  await publishAmong(t, { server, upstream }, clients);
});

test('dnf never fails while a repository is published over and over', async (t) => {
  if (!needs(t, 'ip', 'curl', 'dnf', 'rpm', 'rpmbuild', 'rpmsign', 'gpg', 'gpgv')) return;
  const key = makeKey(t, 'upstream');
  const upstream = await openMovingYum(key);
  const { server, prefix, addClient } = await openRack(t, upstream, `kind: yum, keys: [${key.armouredFile}]`);
  const installs = (tree: string) => async () => {
    const dnf = openDnf({ m: `${BASE}/${tree}` }, `file://${key.armouredFile}`, prefix);
    const ended = await dnf.run('install', 'moving', 'part3');
    rmSync(dirname(dnf.root), { recursive: true });
    return ended;
  };
  // repomd.xml and its signature are two files, which is where others fail (librepo #311): the same two requests as often as can be.
  const other = await addClient('other', 93);
  const files = ['repomd.xml', 'repomd.xml.asc'].map((name) => ({ name, path: join(newFolder('pair'), name) }));
  const pair = async () => {
    for (const { name, path } of files) {
      const got = await runProgram([...other, 'curl', '-sS', '--fail', '-o', path, `${BASE}/m/repodata/${name}`]);
      if (got.code !== 0) return got;
    }
    const [signed = '', signature = ''] = files.map(({ path }) => path);
    return runProgram(['gpgv', '--keyring', key.binaryFile, signature, signed]);
  };
  const clients = { live: installs('m'), pinned: installs('m@prod'), 'repomd.xml and its signature': pair };
  await publishAmong(t, { server, upstream }, clients);
});
