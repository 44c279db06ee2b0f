import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loaders } from '../../test/boot-values.ts';
import { memoryMacs } from '../../test/support/macs.ts';
import { parseSettings } from '../config/parse.ts';
import type { RecordedEvent } from '../event/event.ts';
import { createLives } from '../machine/lives.ts';
import { withModel, withSelection } from '../machine/mac-record.ts';
import { mac } from '../net/mac.ts';
import { prepareBootState } from './boot.ts';
import { choseDisk, followTransfers, macSetup } from './macs.ts';

const MM1 = mac('a8:20:66:34:ff:e9');
const STRANGER = mac('02:00:00:00:00:99');

function stateOf(more = '') {
  const text = `
networks: {n: {interface: e0, subnet: 10.0.0.0/24, address: 10.0.0.1, dhcp: {mode: authoritative}}}
profiles: {d: {os: debian-12, install: once}, m: {os: debian-12}}
machines:
  mm1: {mac: "${MM1}", profile: d, kind: mac}
images: {disk: {kind: localboot}}
${more}`;
  const result = parseSettings([{ name: 'r.yaml', folder: '/', text }], { productFolder: '/product' });
  assert.ok(result.kind === 'settings', JSON.stringify(result));
  return prepareBootState(result.settings);
}

function lives() {
  const store = { loadLives: async () => [], saveLife: async () => {} };
  return createLives([], { store, now: () => 0, tell: () => {} });
}

test('macSetup() decides as GRUB will be told, and takes no step', () => {
  const state = stateOf();
  const all = lives();
  const setup = macSetup({ state, catalog: loaders, lives: all, now: () => 0 });
  const mm1 = state.machines.byMac(MM1);
  assert.equal(setup.decide(MM1, mm1).kind, 'may-grant');
  assert.deepEqual([...all.all()], []);
  assert.equal(setup.decide(STRANGER, undefined).kind, 'local');
  all.step('mm1', { kind: 'granted', token: 'T', profile: 'm', via: 'command' });
  const granted = setup.decide(MM1, mm1);
  assert.ok(granted.kind === 'install' && granted.profile.name === 'm', 'the grant’s profile, not the machine’s');
  assert.deepEqual(
    setup.policy.images.map(({ name }) => name),
    ['(automatic)', 'disk'],
  );
});

test('macSetup() installs unknown Macs where unknown machines are, once', () => {
  const state = stateOf('unknownMachines: install m\n');
  const all = lives();
  const setup = macSetup({ state, catalog: loaders, lives: all, now: () => 0 });
  assert.equal(setup.decide(STRANGER, undefined).kind, 'may-grant');
  all.step('m-02-00-00-00-00-99', { kind: 'granted', token: 'T', profile: 'm', via: 'file' });
  assert.equal(setup.decide(STRANGER, undefined).kind, 'install');
  all.step('m-02-00-00-00-00-99', { kind: 'cancelled' });
  assert.equal(setup.decide(STRANGER, undefined).kind, 'local');
  assert.equal(
    macSetup({ state: stateOf('unknownMachines: ignore\n'), catalog: loaders, lives: all, now: () => 0 }).decide(
      STRANGER,
      undefined,
    ).kind,
    'ignore',
  );
});

test('choseDisk() holds for ten minutes after localboot was chosen', () => {
  const state = stateOf();
  const record = withModel(undefined, MM1, { model: 'Macmini6,2', arch: 'i386' }, 0);
  const after = (image: string, ms: number) =>
    choseDisk(state, memoryMacs([withSelection(record, image, 1_000)]), MM1, 1_000 + ms);
  assert.equal(after('disk', 600_000), true);
  assert.equal(after('disk', 600_001), false);
  assert.equal(after('(automatic)', 1), false);
  assert.equal(after('gone', 1), false);
  assert.equal(choseDisk(state, memoryMacs(), MM1, 0), false);
});

test('followTransfers() notes what a Mac has loaded, and that GRUB asked', () => {
  const macs = memoryMacs();
  const event = (id: RecordedEvent['id'], data: object): RecordedEvent => ({
    seq: 1,
    time: 0,
    level: 'info',
    id,
    mac: MM1,
    data: { ...data },
    text: '',
  });
  macs.sent(MM1, 'mac/x86_64.efi');
  followTransfers(macs, event('tftp.done', { file: 'mac/x86_64.efi' }));
  assert.equal(macs.loaded(MM1), 'mac/x86_64.efi');
  followTransfers(macs, event('boot.config', { file: 'boot/grub/grub.cfg' }));
  assert.equal(macs.loaded(MM1), undefined);
});
