import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { BrowserContextOptions, Page } from 'playwright-core';
import type { Story } from '../../src/story/story.ts';
import { needs } from '../needs.ts';
import { CHROMIUM, faultsOf, openBrowser, openPage, slowDown } from '../support/browser.ts';
import { fakeStory, openFakePage, PAGE_TOKEN } from '../support/fake-page.ts';

/* The web page with a big rack behind it, on screens of every size, by keyboard, in light and dark. */

async function open(
  t: TestContext,
  options: { machines?: number; stories?: readonly Story[] } & BrowserContextOptions,
) {
  const { machines, stories, ...context } = options;
  const fake = await openFakePage(t, { machines: machines ?? 3, stories: stories ?? [] });
  const browser = await openBrowser(t);
  const { page, faults } = await openPage(browser, fake.base, context);
  await page.goto(fake.link);
  await page.getByRole('navigation', { name: 'Views' }).waitFor();
  return { ...fake, page, faults };
}

const focused = (page: Page) => page.locator('*:focus').innerText();
const isFocused = (page: Page, name: string) => page.locator('a:focus', { hasText: name }).waitFor();
const drawn = (page: Page) => page.locator('table.rack tbody tr:not(.spacer)').count();

test('a thousand machines: few are drawn, all are found, and a scroll through them drops no frame for long', async (t) => {
  if (!needs(t, CHROMIUM)) return;
  const stories = Array.from({ length: 1000 }, (_, index) => fakeStory(index, Date.now() - 3000));
  const { page, faults, tellStory } = await open(t, { machines: 1000, stories });
  await page.getByText('1000 booting or installing').waitFor();
  assert.ok((await drawn(page)) < 60, `${await drawn(page)} rows are drawn`);
  const box = page.getByRole('region', { name: 'Machines' });
  const scrolled = box.evaluate(
    (element: { scrollTop: number }) =>
      new Promise<number>((resolve) => {
        const { requestAnimationFrame, performance } = globalThis as unknown as {
          requestAnimationFrame(next: (at: number) => void): void;
          performance: { now(): number };
        };
        let longest = 0;
        let last = performance.now();
        let frames = 0;
        const step = (at: number) => {
          longest = Math.max(longest, at - last);
          last = at;
          element.scrollTop += 500;
          if (++frames === 120) resolve(longest);
          else requestAnimationFrame(step);
        };
        requestAnimationFrame(step);
      }),
  );
  for (let index = 0; index < 1000; index++) {
    tellStory(fakeStory(index, Date.now() - 3000, { standing: 'asks for its answer file' }));
  }
  t.diagnostic(`longest frame ${Math.round(await scrolled)} ms`);
  await page.getByRole('link', { name: 'n0995' }).waitFor();
  assert.ok((await drawn(page)) < 60);
  await page.getByText('asks for its answer file').first().waitFor();
  await page.getByLabel('Filter machines').fill('n0512 debian');
  await page.getByText('1 machine of 1000').waitFor();
  await page.getByRole('link', { name: 'n0512' }).waitFor();
  await page.getByLabel('Filter machines').fill('');
  await page.getByRole('button', { name: 'Machine', exact: true }).click();
  await box.evaluate((element: { scrollTop: number }) => {
    element.scrollTop = 0;
  });
  await page.getByRole('link', { name: 'n0999' }).waitFor();
  assert.deepEqual(faults, []);
});

test('the rack by keyboard: filter, move, select, open, and back', async (t) => {
  if (!needs(t, CHROMIUM)) return;
  const { page, faults } = await open(t, { machines: 200 });
  await page.getByRole('link', { name: 'n0000' }).waitFor();
  await page.keyboard.press('j');
  await isFocused(page, 'n0000');
  for (const _ of Array(60)) await page.keyboard.press('j');
  await isFocused(page, 'n0060');
  await page.keyboard.press('k');
  await isFocused(page, 'n0059');
  await page.keyboard.press('End');
  await isFocused(page, 'n0199');
  await page.keyboard.press('Home');
  await isFocused(page, 'n0000');
  await page.keyboard.press('x');
  await page.getByText('1 selected').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('n0123');
  await page.getByText('1 machine of 200').waitFor();
  await page.keyboard.press('Enter');
  await isFocused(page, 'n0123');
  assert.equal(await focused(page), 'n0123');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'n0123' }).waitFor();
  await page.locator('main:focus').waitFor();
  assert.equal(await page.title(), 'n0123 · rackready');
  await page.goBack();
  await page.getByText('1 machine of 200').waitFor();
  assert.deepEqual(faults, []);
});

test('keys that come faster than a slow phone draws are all heeded, each where the one before it led', async (t) => {
  if (!needs(t, CHROMIUM)) return;
  const { page, faults } = await open(t, { machines: 1000 });
  await page.getByRole('link', { name: 'n0000' }).waitFor();
  await slowDown(page, 20);
  // None waits for the page to have done what the one before it asked for.
  const press = (...keys: string[]) => Promise.all(keys.map((key) => page.keyboard.press(key)));
  await press('End', 'Enter');
  await page.getByRole('heading', { name: 'n0999' }).waitFor();
  await page.goBack();
  await page.getByRole('link', { name: 'n0000' }).waitFor();
  await press(...Array(40).fill('j'), 'x', 'End', '/', 'n', '0', '1', '2', '3', 'ArrowDown', 'Enter');
  await page.getByRole('heading', { name: 'n0123' }).waitFor();
  await page.goBack();
  await page.getByText('1 machine of 1000').waitFor();
  assert.equal(await page.getByLabel('Filter machines').inputValue(), 'n0123');
  await slowDown(page, 1);
  await page.getByLabel('Filter machines').fill('');
  const box = page.getByRole('region', { name: 'Machines' });
  await press('ArrowDown', 'End');
  await isFocused(page, 'n0999');
  // What is filtered out from under a list that is scrolled far leaves no empty list behind.
  await press('/', 'n', '0', '0', '0', '5', 'Enter');
  await isFocused(page, 'n0005');
  assert.equal(await box.evaluate((element: { scrollTop: number }) => element.scrollTop), 0);
  assert.deepEqual(faults, []);
});

test('a bulk installation names each machine and what it loses, and tells what was refused', async (t) => {
  if (!needs(t, CHROMIUM)) return;
  const { page, faults, calls } = await open(t, { machines: 3 });
  const install = page.getByRole('button', { name: 'Install…' });
  assert.equal(await install.isDisabled(), true);
  await page.getByLabel('Select all that are shown').check();
  await install.click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('n0002 (debian-12): its only internal disk').waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.deepEqual(
    calls.filter((call) => call.startsWith('install')),
    [],
  );
  await install.click();
  await dialog.getByLabel('Profile').selectOption('rocky-9');
  await dialog.getByText('n0001 (rocky-9)').waitFor();
  await dialog.getByRole('button', { name: 'Erase and install 3 machines' }).click();
  // The fake server knows none of these names.
  await dialog.getByText('3 of 3 machines refused:').waitFor();
  await dialog.getByText('there is no machine "n0001" in the configuration').waitFor();
  const asked = ['n0000', 'n0001', 'n0002'].map((name) => `install ${name} rocky-9`);
  assert.deepEqual(
    calls.filter((call) => call.startsWith('install')),
    asked,
  );
  assert.deepEqual(await faultsOf(page), []);
  assert.deepEqual(faults, []);
});

test('a bulk action that is stopped in its middle begins no other machine', async (t) => {
  if (!needs(t, CHROMIUM)) return;
  const { page, faults, calls } = await open(t, { machines: 3 });
  const gate = Promise.withResolvers<void>();
  const asked: string[] = [];
  await page.route('**/wake', async (route) => {
    asked.push(route.request().url());
    await gate.promise;
    await route.continue();
  });
  await page.getByLabel('Select all that are shown').check();
  await page.getByRole('button', { name: 'Wake…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Wake 3 machines' }).click();
  await dialog.getByRole('button', { name: '0 of 3 machines done' }).waitFor();
  const answered = page.waitForResponse(/\/wake$/);
  await dialog.getByRole('button', { name: 'Stop after this one' }).click();
  await dialog.waitFor({ state: 'detached' });
  gate.resolve();
  await (await answered).finished();
  // What the page does next it has done when it has asked for something else.
  await page.getByRole('link', { name: 'Networks' }).click();
  await page.getByRole('heading', { name: 'Networks' }).waitFor();
  assert.equal(asked.length, 1);
  assert.deepEqual(
    calls.filter((call) => call.startsWith('wake')),
    ['wake n0000'],
  );
  assert.deepEqual(
    faults.filter((fault) => !fault.includes('404')),
    [],
  );
});

test('where the server may not write, the command is shown to copy', async (t) => {
  if (!needs(t, CHROMIUM)) return;
  const { page, faults } = await open(t, {});
  await page.getByRole('button', { name: 'Add machine…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('locked');
  await dialog.getByLabel('MAC address').fill('02:00:00:00:00:77');
  await dialog.getByRole('button', { name: 'Write it' }).click();
  await dialog.getByText('may not write /etc/rackready.yaml').waitFor();
  await dialog.getByText('sudo ./rackready machines add locked --mac 02:00:00:00:00:77', { exact: true }).waitFor();
  assert.deepEqual(await faultsOf(page), []);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  const back = await focused(page);
  assert.equal(back, 'Add machine…');
  assert.deepEqual(faults, []);
});

const looks: readonly (readonly [string, BrowserContextOptions])[] = [
  ['a phone', { viewport: { width: 360, height: 740 } }],
  ['a phone in the dark', { viewport: { width: 360, height: 740 }, colorScheme: 'dark' }],
  ['a large screen', { viewport: { width: 1600, height: 1000 } }],
  ['a large screen in the dark', { viewport: { width: 1600, height: 1000 }, colorScheme: 'dark' }],
];
const diagnosis = {
  rule: 'no-boot-file',
  section: 'docs/symptoms/pxe-e53.md#no-boot-file',
  confidence: 0.9,
  cause: 'Nobody told it what to load.',
  remedy: 'Name a boot file.',
  evidence: [1],
};

for (const [name, context] of looks) {
  test(`every view on ${name} has names, contrast, and its own width`, async (t) => {
    if (!needs(t, CHROMIUM)) return;
    const at = Date.now() - 5000;
    const stories = [fakeStory(0, at), fakeStory(1, at, { outcome: 'failed', diagnoses: [diagnosis] })];
    const { page, faults, base, feed } = await open(t, { stories, ...context });
    feed.tell('interface.gone', { network: 'lab' }, { name: 'eth0' });
    feed.tell('dhcp.stranger', { network: 'lab' }, { server: '10.0.0.9', mode: 'authoritative' });
    for (const hash of ['rack', 'machines/n0001', 'networks', 'profiles', 'templates', 'mirrors', 'events']) {
      await page.goto(`${base}/#/${hash}`);
      await page.getByRole('heading', { level: 1, name: new RegExp(`^${hash.split('/').at(-1)}$`, 'i') }).waitFor();
      await page.waitForLoadState('networkidle', { timeout: 1000 }).catch(() => undefined);
      assert.deepEqual(await faultsOf(page), [], hash);
    }
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Admin token').waitFor();
    assert.deepEqual(await faultsOf(page), []);
    assert.deepEqual(faults, []);
  });
}

test('the colours are the system’s until one is chosen, which stays', async (t) => {
  if (!needs(t, CHROMIUM)) return;
  const { page, base } = await open(t, { colorScheme: 'dark' });
  const background = () => page.evaluate('getComputedStyle(document.body).backgroundColor') as Promise<string>;
  const dark = await background();
  await page.getByLabel('Colours').selectOption('light');
  const light = await background();
  assert.notEqual(light, dark);
  await page.goto(base);
  await page.getByRole('heading', { name: 'Rack' }).waitFor();
  assert.equal(await background(), light);
});

test('without the token there are exactly the files of the page, with their headers', async (t) => {
  const { base } = await openFakePage(t);
  const index = await fetch(base);
  const policy = index.headers.get('content-security-policy') ?? '';
  for (const rule of [
    "default-src 'none'",
    "script-src 'self'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ]) {
    assert.ok(policy.split('; ').includes(rule), rule);
  }
  assert.doesNotMatch(policy, /unsafe|data:|https?:/);
  assert.equal(index.headers.get('cache-control'), 'no-cache');
  const etag = index.headers.get('etag') ?? '';
  assert.equal((await fetch(base, { headers: { 'If-None-Match': etag } })).status, 304);
  const assets = [...(await index.text()).matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path = '']) => path);
  assert.equal(assets.length, 3);
  for (const path of assets) {
    const { status, headers } = await fetch(base + path);
    assert.equal(status, 200, path);
    assert.match(headers.get('content-type') ?? '', /^(text\/(javascript|css)|image\/svg)/);
    if (path.startsWith('/assets/')) assert.match(headers.get('cache-control') ?? '', /immutable/);
  }
  for (const path of [
    '/index.html',
    '/assets/',
    '/assets/../../package.json',
    '/src/main.tsx',
    '/api/v1/status',
    '/api/v1/stories',
  ]) {
    assert.equal((await fetch(base + path)).status, 401, path);
  }
  assert.equal(
    (await fetch(`${base}/api/v1/status`, { headers: { Authorization: `Bearer ${PAGE_TOKEN}` } })).status,
    200,
  );
});
