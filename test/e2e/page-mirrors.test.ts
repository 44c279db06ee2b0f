import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { MirrorJson } from '../../src/http/api/mirror-json.ts';
import { needs } from '../needs.ts';
import { CHROMIUM, faultsOf, openBrowser, openPage } from '../support/browser.ts';
import { buildRpms, must } from '../support/rpms.ts';
import { openSegment, runProgram } from '../support/segment.ts';
import { newFolder, startServer } from '../support/server.ts';

/* The page's mirrors, while a running server fetches one from an upstream of this test: progress, result, held, approved, taken back, failed. */

const BASE = 'http://127.0.0.1:8067';
const SERVED = 'http://172.22.10.2/mirror/tiny/repodata/repomd.xml';
/** The file whose second half comes when the test lets it. */
const LARGE = 'images/large.img';
const LARGE_BYTES = 3_000_000;

async function makeTree(): Promise<string> {
  const tree = newFolder('tiny');
  const rpms = await buildRpms();
  mkdirSync(join(tree, 'Packages'));
  for (const one of ['tiny-base-1', 'tiny-shell-1', 'tiny-shell-2', 'tiny-app-1']) {
    copyFileSync(join(rpms, `${one}.rpm`), join(tree, 'Packages', `${one}.rpm`));
  }
  await must(['createrepo_c', '--quiet', tree]);
  mkdirSync(join(tree, 'images'));
  writeFileSync(join(tree, LARGE), Buffer.alloc(LARGE_BYTES, 'x'));
  const sum = (await must(['sha256sum', join(tree, LARGE)])).text.slice(0, 64);
  writeFileSync(
    join(tree, '.treeinfo'),
    `[general]\nname = Tiny-9\nfamily = Tiny\narch = x86_64\nversion = 9\n[images-x86_64]\nkernel = ${LARGE}\n[checksums]\n${LARGE} = sha256:${sum}\n`,
  );
  return tree;
}

/** An upstream that stops in the middle of the large file until it is told to go on. */
async function startUpstream(t: TestContext, tree: string) {
  const gate = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    const file = join(tree, decodeURIComponent((request.url ?? '/').replace(/\?.*/, '')));
    if (!existsSync(file) || !statSync(file).isFile()) return void response.writeHead(404).end();
    const bytes = readFileSync(file);
    response.writeHead(200, { 'content-length': bytes.length });
    if (!file.endsWith(LARGE)) return void response.end(bytes);
    response.write(bytes.subarray(0, LARGE_BYTES / 2));
    void gate.promise.then(() => response.end(bytes.subarray(LARGE_BYTES / 2)));
  });
  const close = () => {
    gate.resolve();
    server.closeAllConnections();
    server.close();
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(close);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, goOn: () => gate.resolve(), close };
}

async function open(t: TestContext) {
  await openSegment(t);
  const tree = await makeTree();
  const upstream = await startUpstream(t, tree);
  const server = await startServer(t, {
    yaml: `networks:
  lab: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: authoritative, conflictProbe: false } }
mirrors:
  tiny: { os: rocky-9, kind: yum, from: "${upstream.url}", trust: none }
`,
  });
  const token = readFileSync(join(server.data, 'admin.token'), 'utf8').trim();
  const { page, faults } = await openPage(await openBrowser(t), BASE);
  await page.goto(`${BASE}/#token=${token}`);
  await page.getByRole('navigation', { name: 'Views' }).waitFor();
  await page.goto(`${BASE}/#/mirrors`);
  return { tree, upstream, server, page, faults };
}

const curl = async () => (await runProgram(['curl', '-sS', SERVED])).text;

test('a mirror is filled while it is looked at, held when it shrinks, published by hand, taken back, and says why it failed', async (t) => {
  if (!needs(t, 'ip', 'curl', 'rpmbuild', 'createrepo_c', CHROMIUM)) return;
  const { tree, upstream, server, page, faults } = await open(t);
  const show = async () =>
    JSON.parse((await server.rackready('mirror', 'status', 'tiny', '--json')).text) as MirrorJson;
  const sync = page.getByRole('button', { name: 'Sync now: tiny' });
  await page.getByText('It never ran.').waitFor();
  await page.getByText('by hand: it has no schedule').waitFor();
  await page.getByText('empty', { exact: true }).waitFor();
  assert.deepEqual(await faultsOf(page), []);

  await sync.click();
  const bar = page.getByRole('progressbar', { name: 'Progress of tiny' });
  await bar.waitFor();
  // As far as it can come: all others are there, and half of the large one, whose size nobody has announced.
  await page.getByText(/^fetching · 15 of 16 files · 1\.5 MB · .* · began \d/).waitFor();
  assert.equal(await bar.getAttribute('value'), String(15 / 16));
  await page.getByRole('button', { name: 'Stop tiny' }).waitFor();
  assert.deepEqual(await faultsOf(page), []);
  upstream.goOn();
  await page.getByText(/: published: \d+ files, 3\.0 MB/).waitFor();
  await page.getByText('serving', { exact: true }).waitFor();
  await page.getByText('Snapshots (1)').click();
  await page
    .getByRole('row', { name: /served/ })
    .getByText('3.0 MB')
    .waitFor();
  assert.equal(await curl(), readFileSync(join(tree, 'repodata/repomd.xml'), 'utf8'));
  assert.deepEqual(await faultsOf(page), []);

  const before = await curl();
  const first = await show();
  await must(['createrepo_c', '--quiet', '-x', '*.rpm', tree]);
  await sync.click();
  await page.getByText('none of its 4 packages would be left').waitFor();
  await page.getByText('held', { exact: true }).waitFor();
  const { held } = await show();
  assert.ok(held);
  await page.getByText(`${held.id} has waited since`).waitFor();
  await page.getByText(`${held.removed} files: ${held.removedExamples.join(', ')}`).waitFor();
  assert.equal(held.removedExamples[0], 'Packages/tiny-app-1.rpm');
  await server.event('mirror.held', { mirror: 'tiny' });
  assert.equal(await curl(), before);
  assert.deepEqual(await faultsOf(page), []);
  await page.getByRole('button', { name: 'Publish it all the same: tiny…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('none of its 4 packages would be left').waitFor();
  assert.deepEqual(await faultsOf(page), []);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await curl(), before);

  // The upstream changes once more while somebody reads what the first change would do.
  await page.getByRole('button', { name: 'Publish it all the same: tiny…' }).click();
  await dialog.getByRole('button', { name: `Publish ${held.id}` }).waitFor();
  await must(['createrepo_c', '--quiet', '-x', '*.rpm', '--revision', '7', tree]);
  assert.equal((await server.rackready('mirror', 'sync', 'tiny')).code, 1);
  const newer = (await show()).held?.id ?? '';
  assert.notEqual(newer, held.id);
  await dialog.getByText('Meanwhile another state is held.').waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Publish it all the same: tiny…' }).click();
  await dialog.getByRole('button', { name: `Publish ${newer}` }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByText('serving', { exact: true }).waitFor();
  await page.getByText('Snapshots (2)').waitFor();
  assert.equal((await show()).current, newer);
  assert.equal(await curl(), readFileSync(join(tree, 'repodata/repomd.xml'), 'utf8'));

  await page.getByRole('button', { name: `Go back to ${first.current}…` }).click();
  await dialog.getByRole('button', { name: `Serve ${first.current}` }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByText('frozen', { exact: true }).waitFor();
  assert.equal(await curl(), before);
  await page.getByRole('button', { name: 'Follow the upstream again: tiny' }).click();
  await sync.waitFor();

  await page.getByRole('button', { name: 'Begin now' }).click();
  await page.getByText(/^Last time: \d+ files \(3\.\d MB\), 0 damaged, ended /).waitFor();
  assert.deepEqual(await faultsOf(page), []);

  rmSync(tree, { recursive: true });
  upstream.close();
  await sync.click();
  await page.getByText(/: failed: /).waitFor();
  await page.getByText('What to do').waitFor();
  await page.getByText('serving', { exact: true }).waitFor();
  assert.deepEqual(await faultsOf(page), []);
  assert.deepEqual(faults, []);
});
