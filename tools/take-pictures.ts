/**
 * tools/run.sh tools/take-pictures.ts
 *
 * Takes the pictures of the web page that the documents show: docs/images/*.png. A server runs on a virtual rack in namespaces of
 * its own, machines boot on it as far as their traffic goes, and Debian's Chromium looks at it. Look at each before it is
 * committed. The pictures of mirrors and profiles are not taken here. Needs what the end-to-end tests of the page need, and some minutes.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isEnclosed, probeEnclosure, runEnclosed } from '../src/lab/enclose.ts';
import { BASE, LARGE, openCamera, PHONE, take } from './pictures/camera.ts';
import { furnish, play } from './pictures/play.ts';

async function takeAll(t: TestContext): Promise<void> {
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
  const phone = await openCamera(t, token, PHONE);
  await phone.getByText(/[1-9]\d* in trouble/).waitFor();
  await phone.getByLabel('Sort').selectOption('doing false');
  await phone.getByRole('link', { name: 'store2' }).waitFor();
  await take(phone, 'phone');
}

if (isEnclosed()) {
  test('pictures', takeAll);
} else {
  const enclosure = probeEnclosure();
  if (enclosure.kind === 'impossible') throw new Error(enclosure.reason);
  process.exitCode = await runEnclosed(enclosure, [process.execPath, import.meta.filename]);
}
