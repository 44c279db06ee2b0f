import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { BrowserContextOptions } from 'playwright-core';
import type { HeldJson, MirrorJson, ScrubJson } from '../../src/http/api/mirror-json.ts';
import { needs } from '../needs.ts';
import { CHROMIUM, faultsOf, openBrowser, openPage } from '../support/browser.ts';
import { openFakePage } from '../support/fake-page.ts';

/* The page's mirrors in every state that the API tells, on small and large screens, in light and dark. */

const AT = '2026-11-25T03:00:00Z';
const snapshot = {
  id: '20261124T011100-0a1b2c',
  at: AT,
  revision: '1764000000',
  files: 9612,
  bytes: 38.2e9,
  packages: 9007,
  unverified: 3,
  isCurrent: true,
  tags: ['good'],
  remarks: ['the upstream has no images/updates.img'],
};
const mirror: MirrorJson = {
  name: 'rocky-9',
  os: 'rocky-9',
  kind: 'yum',
  mode: 'sync',
  from: ['https://mirror.example/rocky/9'],
  state: 'serving',
  isFrozen: false,
  trust: 'required',
  packages: 'listed',
  current: snapshot.id,
  snapshots: [snapshot, { ...snapshot, id: '20261117T011100-aabbcc', isCurrent: false, tags: [], remarks: [] }],
  held: null,
  heldReasons: [],
  canApprove: false,
  lastRun: { startedAt: AT, endedAt: AT, result: 'published', reason: '9612 files, 38.2 GB', next: null },
  lastSuccessAt: AT,
  nextRunAt: null,
  progress: null,
};
const held: HeldJson = {
  id: '20261125T011131-3d4e5f',
  at: AT,
  revision: '1764100000',
  files: 23,
  bytes: 1.2e6,
  packages: 2,
  added: 2,
  removed: 9591,
  changed: 1,
  addedExamples: ['Packages/a/another-1-1.el9.noarch.rpm', 'Packages/a/other-1-1.el9.noarch.rpm'],
  removedExamples: ['Packages/a/acl-2.3.1-4.el9.x86_64.rpm', 'Packages/a/acpica-tools-20220331-4.el9.x86_64.rpm'],
  summary: '23 files, 1.2 MB: 2 added, 9591 removed, 1 changed',
};
const waiting: MirrorJson = {
  ...mirror,
  state: 'held',
  held,
  heldReasons: ['9589 of 9612 files would be gone', '38.2 GB of 38.2 GB would be gone'],
  canApprove: true,
  lastRun: { startedAt: AT, endedAt: AT, result: 'held', reason: '9589 of 9612 files would be gone', next: null },
};
const progress = {
  phase: 'fetching',
  startedAt: AT,
  filesDone: 3,
  filesTotal: 12,
  bytesDone: 5e8,
  bytesTotal: 2e9,
  bytesPerSecond: 1e7,
  secondsLeft: 150,
  retries: 0,
  current: ['Packages/a/acl-2.3.1-4.el9.x86_64.rpm'],
};
const scrub: ScrubJson = {
  isRunning: false,
  isPaused: false,
  startedAt: AT,
  endedAt: AT,
  nextAt: AT,
  files: 9612,
  bytes: 38.2e9,
  damaged: 0,
  aside: { files: 0, bytes: 0 },
  waiting: [],
};

/** The page with mirrors that the test decides on; `asked` is what was asked of them. */
async function open(t: TestContext, first: readonly MirrorJson[], context: BrowserContextOptions = {}) {
  const { base, link } = await openFakePage(t);
  const { page, faults } = await openPage(await openBrowser(t), base, context);
  const told = { mirrors: first, scrub, answer: { status: 200, json: { text: 'done' } as object } };
  const asked: (readonly [string, unknown])[] = [];
  await page.route('**/api/v1/mirrors', (route) => route.fulfill({ json: { mirrors: told.mirrors } }));
  await page.route('**/api/v1/scrub', (route) => {
    if (route.request().method() === 'GET') return route.fulfill({ json: { scrub: told.scrub } });
    asked.push(['scrub', route.request().postDataJSON()]);
    return route.fulfill({ json: { text: 'done' } });
  });
  await page.route('**/api/v1/mirrors/*/*', (route) => {
    const path = new URL(route.request().url()).pathname;
    asked.push([path.replace('/api/v1/mirrors/', ''), route.request().postDataJSON()]);
    return route.fulfill(told.answer);
  });
  await page.goto(link);
  await page.getByRole('navigation', { name: 'Views' }).waitFor();
  await page.goto(`${base}/#/mirrors`);
  return { page, faults, told, asked };
}

test('without mirrors it says how to have one', async (t) => {
  if (!needs(t, CHROMIUM)) return;
  const { page } = await open(t, []);
  await page.getByText('No mirrors are configured.').waitFor();
  await page.getByText('sudo ./rackready mirror add debian-12').waitFor();
  assert.equal(await page.getByRole('heading', { name: 'Find damage' }).count(), 0);
  assert.deepEqual(await faultsOf(page), []);
});

const looks: readonly (readonly [string, BrowserContextOptions])[] = [
  ['a phone', { viewport: { width: 360, height: 740 } }],
  ['a phone in the dark', { viewport: { width: 360, height: 740 }, colorScheme: 'dark' }],
  ['a large screen', { viewport: { width: 1600, height: 1000 } }],
  ['a large screen in the dark', { viewport: { width: 1600, height: 1000 }, colorScheme: 'dark' }],
];
for (const [look, context] of looks) {
  test(`what is held is named with what it would change, and nothing else is published: on ${look}`, async (t) => {
    if (!needs(t, CHROMIUM)) return;
    const { page, faults, told, asked } = await open(t, [waiting], context);
    await page.getByText(`${held.id} has waited since`).waitFor();
    await page.getByText('23 files, 1.2 MB, 2 packages among them').waitFor();
    await page.getByText('9612 files, 38 GB, 9007 packages among them').waitFor();
    await page.getByText(/^9591 files: Packages\/a\/acl-2.*\.rpm and 9589 more$/).waitFor();
    await page.getByText(/^2 files: Packages\/a\/another.*other-1-1\.el9\.noarch\.rpm$/).waitFor();
    assert.deepEqual(await faultsOf(page), []);
    const publish = page.getByRole('button', { name: 'Publish it all the same: rocky-9…' });
    await publish.click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('9589 of 9612 files would be gone').waitFor();
    await dialog.getByText(/^9591 files: /).waitFor();
    await dialog.getByText(`The state before it, ${snapshot.id}, stays`).waitFor();
    assert.deepEqual(await faultsOf(page), []);

    // A run by its schedule brings another one while somebody reads.
    const other = { ...held, id: '20261125T021131-777777', removed: 9592 };
    told.mirrors = [{ ...waiting, held: other }];
    await dialog.getByText('Meanwhile another state is held.').waitFor();
    assert.equal(await dialog.getByRole('button', { name: `Publish ${held.id}` }).isDisabled(), true);
    assert.deepEqual(await faultsOf(page), []);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await publish.click();
    await dialog.getByText(/^9592 files: /).waitFor();
    await dialog.getByRole('button', { name: `Publish ${other.id}` }).click();
    await dialog.waitFor({ state: 'detached' });
    assert.deepEqual(asked, [['rocky-9/approve', { snapshot: other.id }]]);
    told.mirrors = [mirror];
    await page.getByText(`${held.id} has waited since`).waitFor({ state: 'detached' });
    assert.deepEqual(faults, []);
  });

  test(`everything else that a mirror can be: on ${look}`, async (t) => {
    if (!needs(t, CHROMIUM)) return;
    const failed = { startedAt: AT, endedAt: AT, result: 'failed', reason: 'no room', next: 'Type `mirror prune`.' };
    const { page, faults, told } = await open(
      t,
      [
        { ...mirror, lastRun: failed },
        { ...mirror, name: 'fresh', state: 'empty', current: null, snapshots: [], lastRun: null, trust: 'none' },
        { ...mirror, name: 'runs', progress },
        { ...mirror, name: 'begins', progress: { ...progress, phase: 'planning', filesTotal: 0, bytesTotal: 0 } },
        { ...mirror, name: 'stuck', progress: { ...progress, bytesPerSecond: 0, secondsLeft: null, retries: 2 } },
        { ...mirror, name: 'stays', isFrozen: true },
        { ...mirror, name: 'imported', mode: 'frozen' },
      ],
      context,
    );
    const card = (name: string) => page.getByRole('listitem').filter({ has: page.getByRole('heading', { name }) });
    await card('rocky-9').getByText(': failed: no room').waitFor();
    await card('rocky-9').getByText('Type mirror prune.').waitFor();
    await card('fresh').getByText('nothing yet').waitFor();
    await card('fresh').getByText('by hand: it has no schedule').waitFor();
    await card('fresh').getByText('signatures are not looked at').waitFor();
    await card('runs')
      .getByText(/^fetching · 3 of 12 files · 500 MB of 2\.0 GB · 10 MB\/s · 2 min 30 s left · began \d/)
      .waitFor();
    await card('begins')
      .getByText(/^planning · 500 MB · 10 MB\/s · began \d/)
      .waitFor();
    assert.equal(await card('begins').getByRole('progressbar').getAttribute('value'), null);
    await card('stuck')
      .getByText(/ · 0 B\/s · began .* · 2 repetitions$/)
      .waitFor();
    await card('stuck').getByText('it waits for Packages/a/acl-2.3.1-4.el9.x86_64.rpm').waitFor();
    await card('stays').getByText('never: it is frozen').waitFor();
    await card('imported').getByText('never (mode: frozen)').waitFor();
    assert.equal(await card('imported').getByRole('button', { name: 'Sync now' }).count(), 0);
    await page.getByText('Last time: 9612 files (38 GB), 0 damaged, ended').waitFor();
    assert.deepEqual(await faultsOf(page), []);
    told.scrub = {
      ...scrub,
      isRunning: true,
      endedAt: null,
      damaged: 2,
      aside: { files: 2, bytes: 5e6 },
      waiting: [{ mirror: 'stays', reason: 'frozen', until: null }],
    };
    await page.getByText('stays: what was damaged is to be fetched again').waitFor();
    await page.getByText('2 damaged files (5.0 MB) of all mirrors').waitFor();
    await page.getByText('In progress since').waitFor();
    assert.deepEqual(await faultsOf(page), []);
    assert.deepEqual(faults, []);
  });
}

test('what is settled while somebody reads it cannot be published any more', async (t) => {
  if (!needs(t, CHROMIUM)) return;
  const { page, faults, told, asked } = await open(t, [waiting]);
  await page.getByRole('button', { name: 'Publish it all the same: rocky-9…' }).click();
  const dialog = page.getByRole('dialog');
  told.mirrors = [mirror];
  await dialog.getByText('Meanwhile it is not held any more.').waitFor();
  assert.equal(await dialog.getByRole('button', { name: `Publish ${held.id}` }).isDisabled(), true);
  await dialog.getByRole('button', { name: 'Do nothing' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await page.getByText('has waited since').count(), 0);
  assert.deepEqual(asked, []);
  assert.deepEqual(faults, []);
});

test('the buttons ask for what they say, and a refusal is told where it was asked', async (t) => {
  if (!needs(t, CHROMIUM)) return;
  const refused = { ...waiting, held: null, canApprove: false, heldReasons: ['the signature is of an unknown key'] };
  const { page, faults, told, asked } = await open(t, [refused]);
  await page.getByText('the signature is of an unknown key').waitFor();
  await page.getByText('It cannot be published as it is').waitFor();
  await page.getByRole('button', { name: 'Sync now: rocky-9' }).click();
  told.mirrors = [{ ...mirror, progress }];
  await page.getByRole('button', { name: 'Stop rocky-9' }).click();
  told.mirrors = [{ ...mirror, isFrozen: true }];
  await page.getByRole('button', { name: 'Follow the upstream again: rocky-9' }).click();
  told.mirrors = [mirror];
  await page.getByRole('button', { name: 'Sync now: rocky-9' }).waitFor();
  await page.getByText('Snapshots (2)').click();
  await page.getByRole('button', { name: 'Go back to 20261117T011100-aabbcc…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(`in the place of ${snapshot.id}`).waitFor();
  assert.deepEqual(await faultsOf(page), []);
  const hint = 'Type: rackready mirror sync rocky-9';
  told.answer = { status: 409, json: { error: { code: 'refused', message: 'rocky-9: files are missing', hint } } };
  await dialog.getByRole('button', { name: 'Serve 20261117T011100-aabbcc' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('alert').getByText('rocky-9: files are missing').waitFor();
  await page.getByRole('alert').getByText(hint).waitFor();
  assert.deepEqual(await faultsOf(page), []);
  await page.getByRole('button', { name: 'Begin now' }).click();
  told.scrub = { ...scrub, isRunning: true, endedAt: null };
  await page.getByRole('button', { name: 'Let it rest' }).click();
  told.scrub = { ...scrub, isPaused: true, endedAt: null };
  await page.getByText('It rests at 9612 files').waitFor();
  await page.getByRole('button', { name: 'Go on' }).click();
  told.scrub = scrub;
  await page.getByRole('button', { name: 'Begin now' }).waitFor();
  assert.deepEqual(asked, [
    ['rocky-9/sync', {}],
    ['rocky-9/stop', {}],
    ['rocky-9/freeze', { frozen: false }],
    ['rocky-9/rollback', { to: '20261117T011100-aabbcc' }],
    ['scrub', { action: 'start' }],
    ['scrub', { action: 'pause' }],
    ['scrub', { action: 'resume' }],
  ]);
  assert.deepEqual(faults, []);
});
