import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Page, Request } from 'playwright-core';
import { needs } from '../needs.ts';
import { CHROMIUM, faultsOf, openBrowser, openPage } from '../support/browser.ts';
import { openFakePage } from '../support/fake-page.ts';

/* What is typed while the server takes its time: none of it is lost, and the server is not asked more than it can answer. */

async function open(t: TestContext) {
  const fake = await openFakePage(t);
  const { page, faults } = await openPage(await openBrowser(t), fake.base);
  await page.clock.install();
  await page.goto(fake.link);
  await page.getByRole('navigation', { name: 'Views' }).waitFor();
  return { base: fake.base, page, faults };
}

type Answer = object | 'from the server' | 'none';
type Body = Readonly<Record<string, unknown>>;

/** Requests to a path of the API, each of which waits for its answer. */
async function hold(page: Page, pattern: string) {
  const bodies: Body[] = [];
  const waiting: ((answer: Answer) => void)[] = [];
  const arrivals: (() => void)[] = [];
  await page.route(`**/api/v1${pattern}`, async (route) => {
    const answered = new Promise<Answer>((resolve) => waiting.push(resolve));
    bodies.push(bodyOf(route.request()));
    for (const arrived of arrivals.splice(0)) arrived();
    const answer = await answered;
    if (answer === 'from the server') return route.continue();
    return answer === 'none' ? route.abort() : route.fulfill({ json: answer });
  });
  return {
    bodies,
    async until(count: number) {
      while (bodies.length < count) await new Promise<void>((resolve) => arrivals.push(resolve));
    },
    answer: (answer: Answer) => waiting.shift()?.(answer),
  };
}

function bodyOf(request: Request): Body {
  return (request.postDataJSON() ?? {}) as Body;
}

const checks = { errors: [], problems: [], elsewhere: [], broken: [], changes: [], machines: ['n0001'], preview: null };
const saved = { files: ['/etc/the-file'], server: { kind: 'refused', problems: ['line 3 is wrong'] } };

const editors = [
  {
    view: 'templates',
    api: '/templates',
    about: { template: { path: '/etc/rackready/my rack.ks.liquid' } },
    label: 'Text of the template',
  },
  {
    view: 'profiles',
    api: '/config/profiles',
    about: { profile: { name: 'rocky-9', file: '/etc/rackready.yaml', line: 4 } },
    label: 'Text of the profile',
  },
] as const;

for (const { view, api, about, label } of editors) {
  test(`${view}: nothing can be typed from Save until what is there then was read, and what came of it is said`, async (t) => {
    if (!needs(t, CHROMIUM)) return;
    const { page, base, faults } = await open(t);
    await page.route(`**/api/v1${api}/check`, (route) => route.fulfill({ json: { check: checks } }));
    const texts = await hold(page, `${api}/text?*`);
    const saves = await hold(page, `${api}/save`);
    await page.goto(`${base}/#/${view}`);
    await texts.until(1);
    texts.answer({ ...about, text: 'rocky-9: {}', version: 'v1' });
    const text = page.getByLabel(label);
    const isLocked = page.locator('textarea[readonly][aria-busy=true]');
    await text.fill('rocky-9: { a: 1 }');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await saves.until(1);
    await page.getByText('Saving …').waitFor();
    await isLocked.waitFor();
    assert.equal(await page.getByRole('button', { name: 'Take the edit back' }).isDisabled(), true);
    await text.press('x');
    saves.answer({ saved });
    await texts.until(2);
    await text.press('y');
    await page.getByText('Saving …').waitFor();
    assert.equal(await text.inputValue(), 'rocky-9: { a: 1 }');
    assert.deepEqual(await faultsOf(page), []);
    texts.answer({ ...about, text: 'rocky-9: { a: 1 }', version: 'v2' });
    await page.getByText('Written: /etc/the-file. The server refused it: line 3 is wrong').waitFor();
    await isLocked.waitFor({ state: 'detached' });

    await text.press('End');
    await text.press('z');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await saves.until(2);
    assert.deepEqual(
      saves.bodies.map(({ text: sent, version }) => [sent, version]),
      [
        ['rocky-9: { a: 1 }', 'v1'],
        ['rocky-9: { a: 1 }z', 'v2'],
      ],
    );
    // Saved, but what is there cannot be read: the text stays.
    saves.answer({ saved });
    await texts.until(3);
    texts.answer('none');
    await page.getByText('line 3 is wrong But it could not be read again: The server does not answer.').waitFor();
    await isLocked.waitFor({ state: 'detached' });
    assert.equal(await text.inputValue(), 'rocky-9: { a: 1 }z');
    assert.deepEqual(faults, []);
  });
}

test('notes: nothing can be typed while they are saved; what is refused can be typed on', async (t) => {
  if (!needs(t, CHROMIUM)) return;
  const { page, base, faults } = await open(t);
  const saves = await hold(page, '/machines/n0001/notes');
  await page.goto(`${base}/#/machines/n0001`);
  await page.getByRole('button', { name: 'Write notes…' }).click();
  const text = page.getByLabel('Notes of n0001');
  const isLocked = page.locator('textarea[readonly][aria-busy=true]');
  const save = page.getByRole('button', { name: 'Save notes' });
  await text.fill('locked\nout');
  await save.click();
  await saves.until(1);
  await page.getByText('Saving …').waitFor();
  await isLocked.waitFor();
  await text.press('x');
  assert.equal(await page.getByRole('button', { name: 'Leave them as they are' }).isDisabled(), true);
  assert.deepEqual(await faultsOf(page), []);
  saves.answer('from the server');
  await page.getByText('may not write /etc/rackready.yaml').waitFor();
  await isLocked.waitFor({ state: 'detached' });
  assert.equal(await text.inputValue(), 'locked\nout');

  await text.fill('loud');
  await save.click();
  await saves.until(2);
  const lists = await hold(page, '/machines');
  saves.answer('from the server');
  await lists.until(1);
  await isLocked.waitFor();
  await text.press('y');
  assert.equal(await text.inputValue(), 'loud');
  await page.unroute('**/api/v1/machines');
  lists.answer('from the server');
  await page.getByText('Written: /etc/rackready.yaml. It is in force.').waitFor();
  assert.deepEqual(saves.bodies.at(-1), { notes: 'loud', before: '' });
  assert.deepEqual(faults, []);
});

test('checks while typing: the next begins when the last has answered, and is of the newest text', async (t) => {
  if (!needs(t, CHROMIUM)) return;
  const { page, base, faults } = await open(t);
  const asked = await hold(page, '/templates/check');
  await page.goto(`${base}/#/templates`);
  await asked.until(1);
  const text = page.getByLabel('Text of the template');
  for (const typed of ['a', 'b', 'c']) {
    await text.fill(typed);
    await page.clock.runFor(5000);
  }
  assert.equal(asked.bodies.length, 1);
  asked.answer({ check: { ...checks, machines: [] } });
  await page.getByText('No machine uses it').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Save', exact: true }).isDisabled(), true);
  await asked.until(2);
  asked.answer({ check: checks });
  await page.getByText('Rendered for 1 machine: no problems.').waitFor();
  await page.locator('.check[aria-busy=false]').waitFor();
  assert.deepEqual(
    asked.bodies.map((body) => body.text),
    ['lang {{ defaults.locale }}\n', 'c'],
  );
  assert.deepEqual(faults, []);
});
