import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mac } from '../net/mac.ts';
import type { Uuid } from '../net/uuid.ts';
import { archInVendorClass, archOf, pickArch } from './arch.ts';
import { classifyClient } from './classify.ts';
import type { ClientFacts } from './client.ts';

const facts = (over: Partial<ClientFacts> = {}): ClientFacts => ({
  mac: mac('00:25:90:96:c4:9a'),
  userClasses: [],
  archs: [],
  isBare: false,
  ...over,
});
const PXE = 'PXEClient:Arch:00007:UNDI:003016';
const pi = mac('dc:a6:32:01:02:03');

const rows: readonly [string, Partial<ClientFacts>, string][] = [
  [
    'Apple NetBoot',
    { vendorClass: 'AAPLBSDPC/i386/iMac4,1', archs: [6], apple: { arch: 'i386', model: 'iMac4,1' } },
    'apple',
  ],
  ['a malformed Apple class', { vendorClass: 'AAPLBSDPC' }, 'system'],
  ['EDK2', { vendorClass: PXE, archs: [7] }, 'pxe uefi-x64'],
  ['BIOS ROM', { vendorClass: 'PXEClient:Arch:00000:UNDI:002001', archs: [0] }, 'pxe bios-x86'],
  ['32-bit UEFI', { vendorClass: PXE, archs: [6] }, 'pxe uefi-ia32'],
  ['EBC number', { vendorClass: PXE, archs: [9] }, 'pxe uefi-x64'],
  ['option 93 without 60', { archs: [11] }, 'pxe uefi-arm64'],
  ['option 60 without 93', { vendorClass: PXE }, 'pxe uefi-x64'],
  ['ROM older than RFC 4578', { vendorClass: 'PXEClient' }, 'pxe bios-x86'],
  ['HTTP number without 60', { archs: [16] }, 'http uefi-x64'],
  ['UEFI HTTP boot', { vendorClass: 'HTTPClient:Arch:00016:UNDI:003001', archs: [16] }, 'http uefi-x64'],
  ['HTTP boot that counts as PXE', { vendorClass: 'HTTPClient', archs: [7] }, 'http uefi-x64'],
  ['HTTP boot without a number', { vendorClass: 'HTTPClient' }, 'unsupported -1'],
  [
    'iPXE',
    { vendorClass: PXE, archs: [7], userClasses: ['iPXE'], ipxe: { features: [0x13, 0x15] } },
    'ipxe uefi-x64 http',
  ],
  [
    'iPXE without HTTP',
    { vendorClass: PXE, archs: [0], userClasses: ['iPXE'], ipxe: { features: [0x15] } },
    'ipxe bios-x86',
  ],
  ['iPXE by option 175', { archs: [0], ipxe: { features: [0x13] } }, 'ipxe bios-x86 http'],
  ['gPXE', { vendorClass: 'PXEClient', userClasses: ['gPXE'] }, 'ipxe bios-x86'],
  ['iPXE on RISC-V', { archs: [27], userClasses: ['iPXE'] }, 'unsupported 27'],
  ['somebody else’s user class', { vendorClass: PXE, archs: [7], userClasses: ['rack-7'] }, 'pxe uefi-x64'],
  ['Raspberry Pi ROM', { mac: pi, vendorClass: 'PXEClient:Arch:00000:UNDI:002001', archs: [0] }, 'unsupported 41'],
  [
    'Raspberry Pi ROM by UUID',
    { uuid: '34695052-1d0c-1b0b-0000-000000000000' as Uuid, vendorClass: 'PXEClient', archs: [0] },
    'unsupported 41',
  ],
  ['Raspberry Pi with UEFI', { mac: pi, vendorClass: PXE, archs: [11] }, 'pxe uefi-arm64'],
  ['Raspberry Pi running Linux', { mac: pi, vendorClass: 'dhcpcd-9.4.1' }, 'system'],
  ['several numbers', { vendorClass: PXE, archs: [25, 7] }, 'pxe uefi-x64'],
  ['POWER', { archs: [14] }, 'unsupported 14'],
  ['a number from nowhere', { vendorClass: 'PXEClient', archs: [999] }, 'unsupported 999'],
  ['U-Boot', { vendorClass: 'U-Boot.armv8' }, 'unsupported 22'],
  ['old U-Boot', { vendorClass: 'U-Boot', archs: [256] }, 'unsupported 256'],
  ['debian-installer', { vendorClass: 'd-i' }, 'installer'],
  ['anaconda', { vendorClass: 'anaconda-Linux 3.10.0 x86_64' }, 'installer'],
  ['udhcpc', { vendorClass: 'udhcp 1.36.1' }, 'system'],
  ['Windows', { vendorClass: 'MSFT 5.0' }, 'system'],
  ['GRUB', { isBare: true }, 'grub'],
  ['a system that says nothing of itself', {}, 'system'],
];

for (const [name, over, expected] of rows) {
  test(`classifyClient() ${name}`, () => {
    const client = classifyClient(facts(over));
    const detail = [
      client.kind,
      'platform' in client ? client.platform : '',
      client.kind === 'unsupported' ? client.arch : '',
      client.kind === 'ipxe' && client.hasHttp ? 'http' : '',
    ];
    assert.equal(detail.filter((part) => part !== '').join(' '), expected);
    if (client.kind === 'unsupported') assert.match(client.reason, /\w{4}/);
  });
}

test('archOf() has an answer or a reason for every number of the table', () => {
  for (const arch of [...Array.from({ length: 42 }, (_, index) => index), 256]) {
    const entry = archOf(arch);
    assert.notEqual(entry.name, 'unknown', `architecture ${arch}`);
    assert.ok('platform' in entry || entry.reason.length > 20, `architecture ${arch}`);
  }
  const served = Array.from({ length: 42 }, (_, index) => index).filter((arch) => 'platform' in archOf(arch));
  assert.deepEqual(served, [0, 6, 7, 9, 11, 15, 16, 17, 19]);
  assert.equal(archOf(4711).name, 'unknown');
});

test('pickArch() and archInVendorClass()', () => {
  assert.equal(pickArch([]), undefined);
  assert.equal(pickArch([25]), 25);
  assert.equal(archInVendorClass('PXEClient:Arch:00016:UNDI:003001'), 16);
  assert.equal(archInVendorClass('PXEClient'), undefined);
  assert.equal(archInVendorClass(undefined), undefined);
});
