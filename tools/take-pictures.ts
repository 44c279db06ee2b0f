/**
 * tools/run.sh tools/take-pictures.ts
 * tools/run.sh tools/take-pictures.ts mirrors
 *
 * Takes the pictures of the web page that the documents show: docs/images/*.png. A server runs on a virtual rack in namespaces of
 * its own, machines boot on it as far as their traffic goes, and Debian's Chromium looks at it. Look at each before it is
 * committed. Needs what the end-to-end tests of the page need, and some minutes; with a name only those of that part are taken.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isEnclosed, probeEnclosure, runEnclosed } from '../src/lab/enclose.ts';
import { BASE, LARGE, openCamera, PHONE, TALL, take } from './pictures/camera.ts';
import { keepMirrors } from './pictures/mirrors.ts';
import { furnish, listen, play } from './pictures/play.ts';

async function takeRack(t: TestContext): Promise<void> {
  furnish();
  const server = await play(t);
  const token = readFileSync(join(server.data, 'admin.token'), 'utf8').trim();
  const page = await openCamera(t, token, LARGE);
  await page.getByText(/[1-9]\d* booting or installing/).waitFor();
  await page.getByRole('button', { name: 'Now' }).click();
  await page.getByRole('link', { name: 'store2' }).waitFor();
  await take(page, 'rack');
  await page.goto(`${BASE}/#/machines/store2`);
  await page.getByRole('region', { name: 'Likely cause' }).waitFor();
  await take(page, 'machine');
  await page.goto(`${BASE}/#/networks`);
  await page.getByText('We are authoritative there').first().waitFor();
  await page
    .getByRole('button', { name: /^Add 3c/ })
    .first()
    .waitFor();
  await take(page, 'networks');
  await page.goto(`${BASE}/#/templates?path=/etc/rackready/storage.ks.liquid`);
  const text = page.getByLabel('Text of the template');
  await text.fill((await text.inputValue()).replace('locale |', 'lcale |'));
  await page.getByText(/It would break/).waitFor();
  await page.getByRole('button', { name: /^line 8/ }).click();
  await take(page, 'templates');
  await page.goto(`${BASE}/#/profiles?name=rocky-9`);
  const profile = page.getByLabel('Text of the profile');
  await profile.fill(`${(await profile.inputValue()).trimEnd()}\n  arguments: console=tty0 console=ttyS1,115200\n`);
  await page.getByText(/It would change/).waitFor();
  await page.getByLabel('Preview for').selectOption('db1');
  await page.getByText(/^inst\.ks=/).waitFor();
  await profile.blur();
  await take(page, 'profiles');
  const phone = await openCamera(t, token, PHONE);
  await phone.getByText(/[1-9]\d* in trouble/).waitFor();
  await phone.getByLabel('Sort').selectOption('doing false');
  await phone.getByRole('link', { name: 'store2' }).waitFor();
  await take(phone, 'phone');
}

async function takeFirstSteps(t: TestContext): Promise<void> {
  const data = await listen(t);
  const page = await openCamera(t, readFileSync(join(data, 'admin.token'), 'utf8').trim(), LARGE);
  await page.getByRole('heading', { name: 'First steps' }).waitFor();
  await page.getByLabel(/^br0/).check();
  await page.getByText('it gives out the addresses').waitFor({ timeout: 120_000 });
  await page
    .getByRole('button', { name: /^Add 3c/ })
    .first()
    .waitFor();
  await take(page, 'first-steps');
}

async function takeMirrors(t: TestContext): Promise<void> {
  const { data } = await keepMirrors(t);
  const page = await openCamera(t, readFileSync(join(data, 'admin.token'), 'utf8').trim(), TALL);
  await page.goto(`${BASE}/#/mirrors`);
  await page.getByText(/ [1-9]\d* of 60 files · .* left/).waitFor();
  await page.getByRole('heading', { name: 'Find damage' }).waitFor();
  await take(page, 'mirrors');
}

const PARTS: Readonly<Record<string, (t: TestContext) => Promise<void>>> = {
  'first-steps': takeFirstSteps,
  mirrors: takeMirrors,
  rack: takeRack,
};
const [, , only] = process.argv;
const parts = Object.keys(PARTS).filter((part) => part === (only ?? part));
if (parts.length === 0) throw new Error(`there is no part ${only}: ${Object.keys(PARTS).join(', ')}`);

if (isEnclosed()) {
  for (const part of parts) test(part, PARTS[part]);
} else {
  const enclosure = probeEnclosure();
  if (enclosure.kind === 'impossible') throw new Error(enclosure.reason);
  const program = [process.execPath, import.meta.filename];
  // Each with namespaces of its own.
  for (const part of parts) {
    const end = await runEnclosed(enclosure, [...program, part]);
    if (end !== 0) process.exitCode = end;
  }
}
