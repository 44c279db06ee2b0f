import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { macLoaders } from '../../test/boot-values.ts';
import { memoryMacs } from '../../test/support/macs.ts';
import type { LoaderCatalog } from '../boot/loaders.ts';
import { formatRender } from '../cli/render.ts';
import { loadSettings } from '../config/load.ts';
import type { RecordedEvent } from '../event/event.ts';
import { type FirmwareKind, firmwareKinds, type RenderView } from '../http/api/render-view.ts';
import { createLeaseBook } from '../lease/book.ts';
import type { Life } from '../machine/life.ts';
import { createLives } from '../machine/lives.ts';
import type { LifeEvent } from '../machine/step-life.ts';
import { prepareBootState } from './boot.ts';
import { createRender } from './render.ts';

const folder = fileURLToPath(new URL('../../test/fixtures/render/', import.meta.url));
const NOW = Date.parse('2026-11-23T02:39:00Z');
const HASH = '$6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g.';

const catalog: LoaderCatalog = {
  platforms: {
    'bios-x86': { grub: 'boot/grub/i386-pc/core.0', grubHasHttp: true },
    'uefi-x64': { grub: 'boot/grub/x86_64-efi/core.efi', grubHasHttp: true, ipxe: 'ipxe/ipxe.efi' },
    'uefi-ia32': { grubHasHttp: false },
    'uefi-arm64': { grubHasHttp: false },
  },
  missing: [
    { platform: 'uefi-ia32', loader: 'grub', reason: 'no modules', install: 'apt-get install grub-efi-ia32-bin' },
  ],
  mac: macLoaders,
  files: new Map(),
  offered: [],
  filesFrom: new Map(),
};

async function open(
  steps: readonly (readonly [string, LifeEvent])[] = [],
  events: readonly Partial<RecordedEvent>[] = [],
) {
  const loaded = await loadSettings({ path: `${folder}rack.yaml` });
  assert.equal(loaded.kind, 'settings', JSON.stringify(loaded));
  if (loaded.kind !== 'settings') throw new Error('unreachable');
  const { settings } = loaded;
  const book = createLeaseBook(settings.networks, []);
  const saved: Life[] = [];
  const told: string[] = [];
  const store = { loadLives: async () => [], saveLife: async (life: Life) => void saved.push(life) };
  const lives = createLives([], {
    store,
    now: () => NOW,
    tell: (machine, { id }) => void told.push(`${machine} ${id}`),
  });
  for (const [machine, event] of steps) await lives.step(machine, event).saved;
  const list = async () => events as RecordedEvent[];
  const state = prepareBootState(settings);
  const base = { book, lives, macs: memoryMacs(), now: () => NOW, store: { events: { list } } };
  const render = createRender(base as unknown as Parameters<typeof createRender>[0], {
    state: () => state,
    catalog: () => catalog,
    mirrors: { current: () => undefined, bootFile: () => undefined },
  });
  const before = JSON.stringify([[...lives.all()], [...book.leases()], saved.length, told.length]);
  const isUntouched = () =>
    JSON.stringify([[...lives.all()], [...book.leases()], saved.length, told.length]) === before;
  return { render, isUntouched };
}

const plain = { firmware: undefined, showSecrets: false } as const;
const granted: LifeEvent = { kind: 'granted', token: 'REAL-TOKEN-OF-A-GRANT', profile: 'debian', via: 'command' };

function golden(name: string, view: RenderView | undefined): void {
  assert.ok(view);
  // What else templates are given is theirs to test.
  const isOurs = ({ name }: { name: string }) => /^(machine|network|vars)\.|^(timezone|rootPasswordHash)$/.test(name);
  const { installation } = view;
  const answerFile = installation && {
    ...installation.answerFile,
    values: installation.answerFile.values.filter(isOurs),
  };
  const shown = { ...view, installation: installation && answerFile && { ...installation, answerFile } };
  // Before it is formatted: columns are as wide as what stands in them, and the project may lie anywhere.
  const text = formatRender(JSON.parse(JSON.stringify(shown).replaceAll(folder, '/fixtures/')) as RenderView);
  const file = `${folder}${name}.want.txt`;
  if (process.env.UPDATE_GOLDEN === '1') writeFileSync(file, text);
  assert.equal(text, readFileSync(file, 'utf8'));
}

for (const firmware of ['bios', 'uefi-x64', 'http', 'ipxe'] as const satisfies FirmwareKind[]) {
  test(`a granted machine with ${firmware} is told all that it would get, and nothing happens by it`, async () => {
    const { render, isUntouched } = await open([['sm1', granted]]);
    const view = await render('sm1', { ...plain, firmware });
    golden(`sm1-${firmware}`, view);
    assert.equal(JSON.stringify(view).includes('REAL-TOKEN'), false);
    assert.ok(isUntouched());
  });
}

test('a Mac under a grant: the list, the file, and what GRUB is told', async () => {
  const { render, isUntouched } = await open([['mini', granted]]);
  const view = await render('mini', plain);
  golden('mini-granted', view);
  assert.ok(isUntouched());
  assert.deepEqual(await render('mini', { ...plain, firmware: 'mac' }), view);
});

test('a Mac without a grant is told why it is offered nothing', async () => {
  const { render } = await open();
  const view = await render('mini', plain);
  assert.deepEqual(
    view?.boots.map(({ firmware, answer, reason, loader, config }) => [firmware, answer, reason, loader, config]),
    [['mac', 'none', 'no installation is granted', null, null]],
  );
});

test('a machine that was never heard is told for every firmware in short, with what would be after a grant', async () => {
  const { render, isUntouched } = await open();
  golden('sm1-all', await render('sm1', plain));
  assert.ok(isUntouched());
});

test('positions name the line where a value stands, also one that an anchor brings', async () => {
  const { render } = await open();
  const view = await render('sm1', plain);
  const origin = (name: string) => view?.facts.find((fact) => fact.name === name)?.origin;
  assert.equal(origin('address'), 'machines.sm1.address (rack.yaml:32:14)');
  assert.equal(origin('profile'), 'machines.sm1.profile (rack.yaml:28:52)');
  const values = new Map(view?.installation?.answerFile.values.map((value) => [value.name, value.origin]));
  assert.equal(values.get('timezone'), 'built-in default');
  assert.equal(values.get('network.dns'), 'defaults.dns (rack.yaml:4:8)');
  assert.equal(values.get('vars.raid'), 'machines.sm1.vars.raid (rack.yaml:33:46)');
});

test('secrets are shown only when they are asked for', async () => {
  const { render } = await open();
  const masked = JSON.stringify(await render('sm1', plain));
  assert.equal(masked.includes(HASH) || masked.includes('hunter2'), false);
  const shown = JSON.stringify(await render('sm1', { ...plain, showSecrets: true }));
  assert.ok(shown.includes(HASH) && shown.includes('hunter2-long'));
});

test('the firmware is the one of the newest DISCOVER that firmware sent', async () => {
  const discover = (client: string) => ({ id: 'dhcp.discover', data: { client, via: 'interface br0' } }) as const;
  const events = [discover('PXE firmware, bios-x86'), discover('PXE firmware, uefi-x64'), discover('installer, d-i')];
  const view = await (await open([], events)).render('sm1', plain);
  assert.equal(view?.lastSeen, 'uefi-x64');
  assert.deepEqual(
    view?.boots.map(({ firmware }) => firmware),
    firmwareKinds.filter((kind) => kind !== 'mac'),
  );
});

test('a held installation, a machine without a profile, a pool address, and a name that is not there', async () => {
  const started: LifeEvent = { kind: 'reported', report: 'started' };
  const held = await open([
    ['sm1', granted],
    ['sm1', { kind: 'boot-config-served', deadlineSeconds: 60 }],
    ['sm1', started],
  ]);
  const view = await held.render('sm1', plain);
  assert.equal(view?.decision.kind, 'hold');
  assert.ok(held.isUntouched());
  const local = await held.render('plain', plain);
  assert.deepEqual([local?.decision.kind, local?.installation], ['local', null]);
  assert.match(local?.facts.find(({ name }) => name === 'address')?.value ?? '', /^172\.22\.10\.([5-9]|[12][0-9]|30)$/);
  assert.equal(await held.render('nobody', plain), undefined);
});

test('an answer file that was handed over is shown all the same, with why it is not given again', async () => {
  const { render } = await open([
    ['sm1', granted],
    ['sm1', { kind: 'boot-config-served', deadlineSeconds: 60 }],
    ['sm1', { kind: 'answer-requested', address: '172.22.10.55', deadlineSeconds: 60 }],
    ['sm1', { kind: 'answer-sent', file: 'answer' }],
  ]);
  const answerFile = (await render('sm1', plain))?.installation?.answerFile;
  assert.match(answerFile?.text ?? '', /^host sm1\.lonimbus\.com at 172\.22\.10\.55\n/);
});

test('a firmware without a loader says why and what would help', async () => {
  const view = await (await open()).render('sm1', { ...plain, firmware: 'uefi-ia32' });
  assert.match(view?.boots[0]?.reason ?? '', /apt-get install grub-efi-ia32-bin/);
  assert.equal(view?.boots[0]?.config, null);
});
