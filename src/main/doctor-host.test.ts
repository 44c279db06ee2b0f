import assert from 'node:assert/strict';
import { test } from 'node:test';
import { macLoaders, network as rack } from '../../test/boot-values.ts';
import type { LoaderCatalog } from '../boot/loaders.ts';
import type { Settings } from '../config/settings.ts';
import { checkKernelSettings, fileSystemAt } from './doctor-host.ts';
import { judgeLoaders } from './doctor-loaders.ts';

const MOUNTS = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:26 / /run rw - tmpfs tmpfs rw
31 22 8:2 / /srv/data rw - xfs /dev/sdb rw
32 22 0:50 / /srv/with\\040space rw - nfs4 host:/x rw
`;

for (const [path, want] of [
  ['/var/lib/rackready', 'ext4'],
  ['/run/x', 'tmpfs'],
  ['/runner', 'ext4'],
  ['/srv/data/deep/er', 'xfs'],
  ['/srv/with space/rack', 'nfs4'],
] as const) {
  test(`fileSystemAt() of ${path} is ${want}`, () => assert.equal(fileSystemAt(MOUNTS, path), want));
}

function settings(networks: readonly object[], machines: readonly object[] = []): Settings {
  return {
    networks: networks.map((more) => ({ ...rack, ...more })),
    machines: new Map(machines.map((machine, index) => [`m${index}`, machine])),
  } as unknown as Settings;
}

test('ip_forward matters only where this host is the router', () => {
  const read = (name: string) => (name === 'net/ipv4/ip_forward' ? '0' : '0');
  assert.deepEqual(checkKernelSettings(settings([{}]), read), []);
  const [found] = checkKernelSettings(settings([{ router: rack.address }]), read);
  assert.deepEqual([found?.level, found?.what], ['warning', 'ip_forward']);
  assert.deepEqual(
    checkKernelSettings(settings([{ router: rack.address }]), () => '1'),
    [],
  );
});

test('rp_filter matters only where a network is reached through relays', () => {
  const strict = (name: string) => (name.endsWith('rp_filter') ? '1' : '');
  assert.deepEqual(checkKernelSettings(settings([{}]), strict), []);
  const [found] = checkKernelSettings(settings([{}, { name: 'far', interface: undefined }]), strict);
  assert.match(found?.text ?? '', /strict on all, .* network far /);
});

const none = { grubHasHttp: false };
const grub = { grub: 'core', grubHasHttp: true };
const catalog = (more: Partial<LoaderCatalog>): LoaderCatalog => ({
  platforms: { 'bios-x86': grub, 'uefi-x64': grub, 'uefi-ia32': none, 'uefi-arm64': none },
  missing: [],
  mac: macLoaders,
  files: new Map(),
  offered: [],
  filesFrom: new Map(),
  ...more,
});
const shim = {
  platform: 'uefi-x64',
  loader: 'shim',
  reason: 'not there',
  install: 'apt-get install shim-signed',
} as const;
const arm = { platform: 'uefi-arm64', loader: 'grub', reason: 'not there', install: 'apt-get install x' } as const;
const bios = {
  platform: 'bios-x86',
  loader: 'grub',
  reason: 'not there',
  install: 'apt-get install grub-pc-bin',
} as const;

test('judgeLoaders() warns of what matters to this configuration, with the apt line', () => {
  const levels = (config: Settings, missing: LoaderCatalog['missing']) =>
    judgeLoaders(config, catalog({ missing })).map(({ level, what, next }) => [level, what, next]);
  const fine = ['ok', 'boot loaders', undefined];
  assert.deepEqual(levels(settings([{}]), [shim, arm]), [fine]);
  assert.deepEqual(levels(settings([{}], [{ secureBoot: true }]), [shim]), [
    fine,
    ['error', 'shim for uefi-x64', 'apt-get install shim-signed'],
  ]);
  assert.deepEqual(levels(settings([{}]), [bios]), [
    fine,
    ['warning', 'grub for bios-x86', 'apt-get install grub-pc-bin'],
  ]);
  const grubless = { kind: 'not-built', reason: 'no modules', install: 'apt-get install grub-efi-ia32-bin' } as const;
  const ofMacs = (machines: Parameters<typeof settings>[1]) =>
    judgeLoaders(settings([{}], machines), catalog({ mac: { ...macLoaders, efi32: grubless } })).map(
      ({ what }) => what,
    );
  assert.deepEqual(ofMacs([]), ['boot loaders']);
  assert.deepEqual(ofMacs([{ kind: 'mac' }]), ['boot loaders', 'grub for Macs with efi32']);
  const platforms = { 'bios-x86': none, 'uefi-x64': none, 'uefi-ia32': none, 'uefi-arm64': none };
  assert.equal(judgeLoaders(settings([{}]), catalog({ platforms }))[0]?.level, 'error');
});
