import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Page } from 'playwright-core';
import { needs } from '../needs.ts';
import { CHROMIUM, faultsOf, openBrowser, openPage } from '../support/browser.ts';
import { runUdhcpc } from '../support/dhcp-clients.ts';
import { fakePc } from '../support/fake-pc.ts';
import { ip, openSegment, startProgram } from '../support/segment.ts';
import { newFolder, startServer } from '../support/server.ts';

/* The web page, in Debian's Chromium, against a running server whose machines boot while it is looked at. */

const SERVER = '172.22.10.2';
const BASE = 'http://127.0.0.1:8067';
const BOX = '02:00:00:00:00:0a';
const STRANGER = '02:00:00:00:00:0b';
const TOOLS = ['ip', 'udhcpc', 'curl', CHROMIUM];
const TEMPLATE = 'd-i debian-installer/locale string {{ locale }}\n# of {{ machine.name }}\n';

function setup() {
  const folder = newFolder('boot');
  writeFileSync(join(folder, 'linux'), Buffer.alloc(300_000, 1));
  writeFileSync(join(folder, 'initrd'), Buffer.alloc(900_000, 2));
  const template = join(folder, 'own.preseed.liquid');
  writeFileSync(template, TEMPLATE);
  const yaml = `# My rack.
networks:
  lab:
    interface: br0
    subnet: 172.22.10.0/24
    address: ${SERVER}
    dhcp: { mode: authoritative, conflictProbe: false, pools: [{ range: 172.22.10.5-172.22.10.30 }] }
profiles:
  debian: { os: debian-12, kernel: ${folder}/linux, initrd: ${folder}/initrd }
  own: { os: debian-12, kernel: ${folder}/linux, initrd: ${folder}/initrd, answerFile: ${template} }
machines:
  box: { mac: "${BOX}", address: 172.22.10.61, profile: debian, vars: { disk: { minSize: 100G } } }
  other: { mac: "02:00:00:00:00:0c", address: 172.22.10.62, profile: own }
`;
  return { yaml, template };
}

/** A server, a browser that is signed in by the link, and a rack for clients. */
async function open(t: TestContext, hash = '#/rack') {
  const { yaml, template } = setup();
  const segment = await openSegment(t);
  const server = await startServer(t, { yaml });
  const browser = await openBrowser(t);
  const token = readFileSync(join(server.data, 'admin.token'), 'utf8').trim();
  const { page, faults } = await openPage(browser, BASE);
  await page.goto(`${BASE}/#token=${token}`);
  await page.getByRole('navigation', { name: 'Views' }).waitFor();
  const address = page.url();
  await page.goto(`${BASE}/${hash}`);
  return { segment, server, browser, token, page, faults, template, address };
}

const bar = (page: Page, states: string) => page.getByRole('img', { name: states, exact: true });

test('the link signs in and its token is gone at once; a wrong token gets nothing but the page', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const { browser, token, address, faults, server } = await open(t);
  assert.equal(address, `${BASE}/`);
  assert.deepEqual(faults, []);

  const { page, faults: others } = await openPage(browser, BASE);
  const answers: string[] = [];
  page.on('response', (response) => answers.push(`${response.status()} ${new URL(response.url()).pathname}`));
  await page.goto(BASE);
  await page.getByLabel('Admin token').fill(`${token}x`);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText('the token is missing or wrong').waitFor();
  assert.equal(answers.filter((answer) => answer.startsWith('200 /api/')).length, 0, answers.join('\n'));
  await server.event('admin.refused');
  await page.getByLabel('Admin token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Rack' }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Admin token').waitFor();
  // The link in a tab that has the page open already: nothing is loaded again.
  await page.goto(`${BASE}/#token=${token}`);
  await page.getByRole('heading', { name: 'Rack' }).waitFor();
  assert.equal(page.url(), `${BASE}/`);
  assert.deepEqual(others, []);
  const told = [...server.events.map((event) => JSON.stringify(event)), ...server.otherLines].join('\n');
  assert.doesNotMatch(told, new RegExp(token), 'no log has the token');
});

test('a machine is installed from the page and boots while it is looked at: its stages appear by themselves', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const { segment, page, faults } = await open(t);
  const pc = fakePc(await segment.addClient('box', { mac: BOX }), SERVER);
  await page.getByRole('link', { name: 'box' }).click();
  await page.getByRole('heading', { name: 'box', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Install…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('its only internal disk of at least 100 GB').waitFor();
  await dialog.getByRole('button', { name: 'Erase and install box' }).click();
  await dialog.getByText('Done for box.').waitFor();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await page.getByText('granted', { exact: true }).waitFor();

  await pc.dhcp('bios');
  await pc.tftp('boot/grub/i386-pc/core.0');
  const boots = page.getByRole('navigation', { name: 'Boots of this machine' });
  await boots.getByRole('img', { name: /^firmware done, loader running/ }).waitFor();
  const config = (await pc.tftp(`boot/grub/grub.cfg-01-${BOX.replaceAll(':', '-')}`)) ?? '';
  const [, token = ''] = /answer\/([^/]+)\//.exec(config) ?? [];
  await pc.tftp('os/debian/linux');
  await pc.tftp('os/debian/initrd');
  await pc.dhcp('d-i');
  await pc.get(`/answer/${token}/preseed.cfg`);
  await pc.get(`/report/${token}/started`);
  const story = page.getByRole('region', { name: 'Boot', exact: true });
  await story.getByText('os/debian/initrd', { exact: true }).waitFor({ state: 'attached' });
  await boots.getByRole('img', { name: /installer running$/ }).waitFor();
  await page.getByText('installing', { exact: true }).waitFor();

  await page.goto(`${BASE}/#/rack`);
  await bar(page, 'firmware done, loader done, kernel done, installer running').waitFor();
  assert.equal(await pc.get(`/report/${token}/done`), 'noted\n');
  await page.getByRole('row', { name: /box/ }).getByText('succeeded').waitFor();
  assert.deepEqual(faults, []);
});

test('a machine that is woken from the page is waited for there, and its boot begins with that', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const { segment, page, faults, server } = await open(t);
  const pc = fakePc(await segment.addClient('box', { mac: BOX }), SERVER);
  await page.getByRole('link', { name: 'box' }).click();
  await page.getByRole('button', { name: 'Wake…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Wake box' }).click();
  await dialog.getByText('Done for box.').waitFor();
  await server.event('power.wake.sent', { machine: 'box', mac: BOX, interface: 'br0' });
  await dialog.getByRole('button', { name: 'Close' }).click();
  const story = page.getByRole('region', { name: 'Boot', exact: true });
  await story.getByText('is woken: 3 magic packets by br0').waitFor();
  const woken = story.getByRole('listitem').filter({ hasText: /^woken by Wake-on-LAN/ });
  await woken.waitFor();
  assert.deepEqual(await faultsOf(page), []);

  await pc.dhcp('bios');
  await page
    .getByRole('navigation', { name: 'Boots of this machine' })
    .getByRole('img', { name: /^firmware running/ })
    .waitFor();
  await woken.waitFor();
  await page.goto(`${BASE}/#/rack`);
  await page.getByLabel('Select all that are shown').check();
  await page.getByRole('button', { name: 'Wake…' }).click();
  await dialog.getByRole('button', { name: 'Wake 2 machines' }).click();
  await dialog.getByText('Done for 2 machines.').waitFor();
  await server.event('power.wake.sent', { machine: 'other' });
  assert.deepEqual(faults, []);
});

test('what a machine says of itself is text, whatever it says; with one click it is in the configuration', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const { segment, page, faults, server } = await open(t, '#/networks');
  const evil = '<svg/onload=alert(1)>';
  const client = await segment.addClient('evil', { mac: STRANGER });
  await runUdhcpc(client, '-V', 'PXEClient:Arch:00007:UNDI:003016', '-x', '93:0007', '-x', `hostname:${evil}`);
  const pc = fakePc(client, SERVER);
  await pc.tftp(`${encodeURIComponent(evil)}.efi`);
  await page.getByRole('link', { name: STRANGER }).first().waitFor();
  await page.getByText(`“${evil}”`).waitFor();
  await page.getByText('in use (1)').waitFor();
  assert.equal(await page.locator('svg').count(), 0);
  assert.deepEqual(await faultsOf(page), []);

  await page.getByRole('button', { name: `Add ${STRANGER}` }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('fresh');
  await dialog.getByLabel('Address', { exact: true }).fill('172.22.10.7');
  await dialog.getByRole('button', { name: 'Write it' }).click();
  await dialog.getByText('172.22.10.7 is in the pool').waitFor();
  await dialog.getByLabel('Address', { exact: true }).fill('172.22.10.77');
  await dialog.getByLabel('Profile').selectOption('debian');
  await dialog.getByRole('button', { name: 'Write it' }).click();
  await dialog.getByText('It is in force.').waitFor();
  const line = `  fresh: { mac: "${STRANGER}", address: 172.22.10.77, profile: debian }\n`;
  assert.equal(readFileSync(server.config, 'utf8').endsWith(line), true);
  assert.match(readFileSync(server.config, 'utf8'), /^# My rack\./);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: `Add ${STRANGER}` }).waitFor({ state: 'detached' });

  await page.goto(`${BASE}/#/events`);
  await page.getByText(`${evil}.efi`).first().waitFor();
  await page.goto(`${BASE}/#/machines/${encodeURIComponent(evil)}`);
  await page.getByRole('heading', { name: evil }).waitFor();
  assert.equal(await page.locator('svg').count(), 0);
  assert.deepEqual(faults, []);
});

test('another DHCP server is shown; events come by themselves and can be filtered', async (t) => {
  if (!needs(t, ...TOOLS, 'dnsmasq')) return;
  const { segment, page, faults, server } = await open(t, '#/events');
  const foreign = await segment.addClient('foreign', { mac: '02:00:00:00:00:01' });
  ip(`-n ${foreign.namespace} address add 172.22.10.3/24 dev ${foreign.interfaceName}`);
  const range = '--dhcp-range=172.22.10.100,172.22.10.120,1h';
  const leases = `--dhcp-leasefile=${join(newFolder('dnsmasq'), 'leases')}`;
  const argv = ['dnsmasq', '-d', '-C', '/dev/null', '-p', '0', '--user=root', range, leases];
  // Its sockets are open by then: it is to hear the first question.
  await startProgram(t, [...foreign.prefix, ...argv]).printed(/DHCP, IP range/, 60_000);
  const client = await segment.addClient('any', { mac: STRANGER });
  // On a busy machine it may come too late to answer the first question.
  const isTold = () => server.events.some(({ id }) => id === 'dhcp.stranger');
  for (let tries = 0; tries < 20 && !isTold(); tries++) await runUdhcpc(client);
  await server.event('dhcp.stranger', { server: '172.22.10.3' }, 60_000);
  await page.getByText('another DHCP server answers here: 172.22.10.3').first().waitFor();
  await page.getByLabel('Filter events').fill('no such words');
  await page.getByText('No event fits the filter.').waitFor();
  await page.getByLabel('Filter events').fill('');
  await page.getByLabel('Least level').selectOption('warning');
  await page.getByText('another DHCP server answers here').first().waitFor();
  await page.getByText('dhcp.discover', { exact: true }).first().waitFor({ state: 'detached' });
  assert.deepEqual(await faultsOf(page), []);
  await page.goto(`${BASE}/#/networks`);
  await page.getByText('We are authoritative there: turn that server off').waitFor();
  assert.deepEqual(faults, []);
});

test('a template is edited: what it would break is said at its line, and only a right one is saved', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const { page, faults, template } = await open(t, '#/templates');
  await page.getByRole('link', { name: /own\.preseed/ }).click();
  await page.getByText('Rendered for 1 machine: no problems.').waitFor();
  const text = page.getByLabel('Text of the template');
  const save = page.getByRole('button', { name: 'Save' });
  await text.fill(`${TEMPLATE}{{ machine.nmae }}\n`);
  await page.getByText('It would break 1 of 1 machine.').waitFor();
  await page.getByText(/line 3, column 4/).waitFor();
  await page.getByText(/undefined variable/).waitFor();
  assert.equal(await save.isDisabled(), true);
  await page.getByLabel('Preview for').selectOption('other');
  await text.fill(`${TEMPLATE}# written from the page\n`);
  await page.getByText('Rendered for 1 machine: no problems.').waitFor();
  await page.locator('.preview pre').getByText('# of other').waitFor();
  assert.deepEqual(await faultsOf(page), []);
  await save.click();
  await page.getByText(`Written: ${template}. It is in force.`).waitFor();
  assert.equal(readFileSync(template, 'utf8'), `${TEMPLATE}# written from the page\n`);
  await page.goto(`${BASE}/#/machines/other`);
  await page.getByText('What it would get now').click();
  await page.getByText('# written from the page').waitFor();
  assert.deepEqual(faults, []);
});

test('a profile is edited, copied and added: who breaks and who changes is said before it is saved', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const { page, faults, server, template } = await open(t, '#/profiles?name=own');
  const text = page.getByLabel('Text of the profile');
  const save = page.getByRole('button', { name: 'Save', exact: true });
  await page.getByText('Rendered for 1 machine: no problems, and nothing changes.').waitFor();
  const before = await text.inputValue();
  assert.match(before, /^own: \{ os: debian-12, .*answerFile: .*\}$/);
  await text.fill(`${before.replace(' }', ', argumnts: quiet }')}\n`);
  await page.getByRole('button', { name: /^line 1, column \d+/ }).waitFor();
  await page.getByText('unknown key: did you mean arguments').waitFor();
  assert.equal(await save.isDisabled(), true);
  assert.deepEqual(await faultsOf(page), []);
  writeFileSync(template, `${TEMPLATE}{{ vars.role }}\n`);
  const quiet = before.replace(' }', ', arguments: quiet }');
  await text.fill(`${quiet}   # of late\n`);
  await page.getByText('It would break 1 machine:').waitFor();
  await page.getByText('undefined variable: vars.role').waitFor();
  assert.equal(await save.isDisabled(), true);
  writeFileSync(template, TEMPLATE);
  await text.fill(quiet);
  await page.getByText('It would change 1 machine:').waitFor();
  await page.getByText(/^kernel line/).waitFor();
  await page.getByLabel('Preview for').selectOption('box');
  await page
    .locator('.preview pre')
    .getByText(/hostname=box.* quiet/)
    .waitFor();
  await page.locator('.preview pre').getByText('# of box').waitFor();
  assert.deepEqual(await faultsOf(page), []);

  // Somebody else is quicker.
  const theirs = readFileSync(server.config, 'utf8').replace('own: { os', 'own: { install: once, os');
  writeFileSync(server.config, theirs);
  await save.click();
  await page.getByText('profiles.own was changed by somebody else').waitFor();
  await page.locator('.box.warn pre').getByText('install: once').waitFor();
  assert.equal(await text.inputValue(), quiet);
  assert.equal(readFileSync(server.config, 'utf8'), theirs);
  assert.deepEqual(await faultsOf(page), []);
  await page.getByText('installed only when asked, kernel line').waitFor();
  await save.click();
  await page.getByText('It is in force.').waitFor();
  assert.equal(readFileSync(server.config, 'utf8'), theirs.replace(/own: \{ install: once.*\}/, quiet));

  await page.getByRole('button', { name: 'Copy it…' }).click();
  await page.getByRole('region', { name: 'New profile' }).waitFor();
  assert.equal(await text.inputValue(), quiet.replace('own:', 'own-copy:'));
  await text.fill(quiet.replace('own:', 'web:'));
  await page.getByText('No machine uses it').waitFor();
  await save.click();
  await page.getByText('web: Written').waitFor();
  await page.getByRole('region', { name: 'Profile web' }).waitFor();
  assert.match(readFileSync(server.config, 'utf8'), /quiet \}\n {2}web: \{ os: debian-12, .* quiet \}\nmachines:/);
  await page.getByRole('link', { name: 'New profile…' }).click();
  await page.getByRole('region', { name: 'New profile' }).waitFor();
  await text.fill('web: { os: debian-12 }');
  await page.getByText('there is a profile "web" already').waitFor();
  assert.deepEqual(await faultsOf(page), []);
  assert.deepEqual(
    faults.filter((fault) => !fault.startsWith('dialog:')),
    [],
  );
});

test('notes of a machine are for people: of two who write them nobody loses a word, and no machine is sent them', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const { page, faults, server, browser, segment, token } = await open(t, '#/machines/box');
  const notes = page.getByRole('region', { name: 'Notes' });
  await notes.getByRole('button', { name: 'Write notes…' }).click();
  await page.locator('textarea:focus').fill('PSU replaced\nfan 3 is loud');
  const { page: other, faults: others } = await openPage(browser, BASE);
  await other.goto(`${BASE}/#token=${token}`);
  await other.getByRole('navigation', { name: 'Views' }).waitFor();
  await other.goto(`${BASE}/#/machines/box`);
  const theirs = other.getByRole('region', { name: 'Notes' });
  await theirs.getByRole('button', { name: 'Write notes…' }).click();
  await theirs.getByLabel('Notes of box').fill('the other one');
  await notes.getByRole('button', { name: 'Save notes' }).click();
  await notes.getByText('It is in force.').waitFor();
  await notes.getByText('fan 3 is loud').waitFor();
  assert.match(readFileSync(server.config, 'utf8'), /vars: .* notes: "PSU replaced\\nfan 3 is loud" \}\n/);
  assert.deepEqual(await faultsOf(page), []);

  await theirs.getByRole('button', { name: 'Save notes' }).click();
  await theirs.getByText('machines.box.notes was changed by somebody else').waitFor();
  await theirs.locator('pre').getByText('fan 3 is loud').waitFor();
  assert.equal(await theirs.getByLabel('Notes of box').inputValue(), 'the other one');
  assert.deepEqual(await faultsOf(other), []);
  await theirs.getByRole('button', { name: 'I have seen it' }).click();
  await theirs.getByLabel('Notes of box').fill('bell \u0007');
  await theirs.getByRole('button', { name: 'Save notes' }).click();
  await theirs.getByText(/rackready\.yaml:\d+:\d+: machines\.box\.notes: has the control character/).waitFor();
  await theirs.getByLabel('Notes of box').fill('PSU replaced\nfan 3 is loud\nZEBRA');
  await theirs.getByRole('button', { name: 'Save notes' }).click();
  await theirs.getByText('It is in force.').waitFor();
  await page.getByRole('region', { name: 'Notes' }).getByText('ZEBRA').waitFor();
  await page.goto(`${BASE}/#/rack`);
  await page.getByLabel('Filter machines').fill('zebra');
  await page.getByText('1 machine of 2').waitFor();

  const pc = fakePc(await segment.addClient('box', { mac: BOX }), SERVER);
  await page.getByRole('link', { name: 'box' }).click();
  await page.getByRole('button', { name: 'Install…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Erase and install box' }).click();
  await page.getByRole('dialog').getByText('Done for box.').waitFor();
  await pc.dhcp('bios');
  const config = (await pc.tftp(`boot/grub/grub.cfg-01-${BOX.replaceAll(':', '-')}`)) ?? '';
  const [, secret = ''] = /answer\/([^/]+)\//.exec(config) ?? [];
  const answer = await pc.get(`/answer/${secret}/preseed.cfg`);
  assert.match(answer ?? '', /d-i /);
  assert.doesNotMatch(`${config}${answer}`, /ZEBRA|PSU/);
  assert.deepEqual([...faults, ...others], []);
});

test('a server without a configuration explains itself, and says how to go on', async (t) => {
  if (!needs(t, ...TOOLS)) return;
  const segment = await openSegment(t);
  const [folder, data] = [newFolder('empty'), newFolder('data')];
  const up = `cd ${folder} && exec ${join(import.meta.dirname, '..', '..', 'rackready')} up --data ${data}`;
  const server = startProgram(t, ['sh', '-c', up]);
  await server.printed(/is up \(configuration none/, 60_000);
  await server.printed(
    /the web page: http:\/\/127\.0\.0\.1:8067\/ \(its link with the token: rackready status --link\)/,
  );
  assert.match(server.text(), /br0 +172\.22\.10\.2 +172\.22\.10\.0\/24/);
  assert.match(server.text(), /\.\/rackready init writes a commented rackready\.yaml/);
  const token = readFileSync(join(data, 'admin.token'), 'utf8').trim();
  assert.equal(server.text().includes(token), false, 'no log has the token');

  const { page, faults } = await openPage(await openBrowser(t), BASE);
  await page.goto(`${BASE}/#token=${token}`);
  await page.getByRole('heading', { name: 'First steps' }).waitFor();
  await page.getByLabel('br0: 172.22.10.2/24').check();
  await page.getByText('./rackready init --interface br0', { exact: true }).waitFor();
  await page.getByText('subnet: 172.22.10.0/24').waitFor();
  assert.deepEqual(await faultsOf(page), []);
  const waiting = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download' }).click();
  const file = await (await waiting).path();
  assert.match(readFileSync(file, 'utf8'), /^# The configuration of rackready[\s\S]* interface: br0\n/);
  await runUdhcpc(
    await segment.addClient('any', { mac: STRANGER }),
    '-V',
    'PXEClient:Arch:00007:UNDI:003016',
    '-x',
    '93:0007',
  );
  await page.getByRole('link', { name: STRANGER }).waitFor();
  await page.getByText('only observed', { exact: true }).first().waitFor();
  await page.getByRole('button', { name: `Add ${STRANGER}` }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('first');
  await dialog.getByRole('button', { name: 'Write it' }).click();
  await dialog.getByText('the server runs without a configuration').waitFor();
  assert.deepEqual(faults, []);
});
