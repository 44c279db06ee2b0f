import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loaders, machine } from '../../test/boot-values.ts';
import type { BootClient, Platform } from './client.ts';
import { planBootFile } from './plan.ts';

const HOST = '172.22.10.2';
const options = { machine: machine(), loaders, host: HOST, httpPort: 80, unknown: 'local' } as const;
const pxe = (platform: Platform): BootClient => ({ kind: 'pxe', platform, arch: 0 });
const http = (platform: Platform): BootClient => ({ kind: 'http', platform, arch: 16 });
const ipxe = (platform: Platform, hasHttp: boolean): BootClient => ({ kind: 'ipxe', platform, arch: 0, hasHttp });

test('planBootFile() hands BIOS firmware GRUB, with the vendor class that old ROMs want', () => {
  assert.deepEqual(planBootFile(pxe('bios-x86'), options), {
    kind: 'file',
    bootFile: 'boot/grub/i386-pc/core.0',
    via: 'tftp',
    loader: 'grub',
    vendorClass: 'PXEClient',
  });
});

test('planBootFile() hands UEFI firmware GRUB without a vendor class', () => {
  const plan = { kind: 'file', bootFile: 'boot/grub/x86_64-efi/core.efi', via: 'tftp', loader: 'grub' };
  assert.deepEqual(planBootFile(pxe('uefi-x64'), options), plan);
  assert.deepEqual(planBootFile(pxe('uefi-x64'), { ...options, machine: undefined }), plan);
});

test('planBootFile() hands shim to UEFI machines with secureBoot, and GRUB to the same machine’s BIOS', () => {
  const secure = { ...options, machine: machine({ secureBoot: true, loader: 'ipxe' }) };
  const plan = planBootFile(pxe('uefi-x64'), secure);
  assert.deepEqual(plan, { kind: 'file', bootFile: 'efi/x64/shimx64.efi', via: 'tftp', loader: 'shim' });
  assert.deepEqual(planBootFile(ipxe('uefi-x64', true), secure), plan);
  assert.deepEqual(planBootFile(pxe('uefi-ia32'), secure), {
    kind: 'unsupported',
    reason: 'no shim for uefi-ia32: this host has none',
    install: undefined,
  });
  const overHttp = planBootFile(http('uefi-x64'), secure);
  assert.ok(overHttp.kind === 'unsupported' && /use PXE for Secure Boot/.test(overHttp.reason));
  const bios = planBootFile(pxe('bios-x86'), { ...options, machine: machine({ secureBoot: true }) });
  assert.equal(bios.kind === 'file' && bios.loader, 'grub');
});

test('planBootFile() answers HTTP boot with a URL of an .efi and HTTPClient', () => {
  const url = 'http://172.22.10.2:8080/boot/grub/x86_64-efi/core.efi';
  assert.deepEqual(planBootFile(http('uefi-x64'), { ...options, httpPort: 8080 }), {
    kind: 'file',
    bootFile: url,
    url,
    via: 'http',
    loader: 'grub',
    vendorClass: 'HTTPClient',
  });
  const without = planBootFile(http('uefi-ia32'), options);
  assert.ok(without.kind === 'unsupported' && /has no HTTP/.test(without.reason));
});

test('planBootFile() never hands iPXE to iPXE', () => {
  for (const loader of ['auto', 'grub', 'ipxe'] as const) {
    for (const platform of ['bios-x86', 'uefi-x64'] as const) {
      for (const hasHttp of [true, false]) {
        const plan = planBootFile(ipxe(platform, hasHttp), { ...options, machine: machine({ loader }) });
        assert.ok(plan.kind === 'file');
        assert.doesNotMatch(plan.bootFile, /ipxe\.efi|undionly|snponly/);
        assert.equal(plan.loader, loader === 'grub' ? 'grub' : 'script');
        assert.equal(plan.vendorClass, undefined);
      }
    }
  }
});

test('planBootFile() gives iPXE its script by what it can load', () => {
  const script = (hasHttp: boolean) => {
    const plan = planBootFile(ipxe('bios-x86', hasHttp), options);
    return plan.kind === 'file' ? [plan.bootFile, plan.url, plan.via] : plan;
  };
  assert.deepEqual(script(true), ['http://172.22.10.2/ipxe/boot.ipxe', 'http://172.22.10.2/ipxe/boot.ipxe', 'http']);
  assert.deepEqual(script(false), ['tftp://172.22.10.2/ipxe/boot.ipxe', 'tftp://172.22.10.2/ipxe/boot.ipxe', 'tftp']);
});

test('planBootFile() gives PXE firmware iPXE where the machine says so', () => {
  const withIpxe = { ...options, machine: machine({ loader: 'ipxe' }) };
  const plan = planBootFile(pxe('bios-x86'), withIpxe);
  assert.equal(plan.kind === 'file' && plan.bootFile, 'ipxe/undionly.kpxe');
  assert.equal(planBootFile(pxe('uefi-ia32'), withIpxe).kind, 'unsupported');
});

test('planBootFile() says what is missing and how to get it', () => {
  assert.deepEqual(planBootFile(pxe('uefi-arm64'), options), {
    kind: 'unsupported',
    reason: 'no grub for uefi-arm64: grub-efi-arm64-bin is not installed',
    install: 'apt-get install grub-efi-arm64-bin',
  });
});

test('planBootFile() is silent to unknown firmware with `ignore` only', () => {
  const clients = [pxe('uefi-x64'), http('uefi-x64'), ipxe('bios-x86', true)];
  for (const client of clients) {
    assert.equal(planBootFile(client, { ...options, machine: undefined, unknown: 'ignore' }).kind, 'silent');
    assert.equal(planBootFile(client, { ...options, unknown: 'ignore' }).kind, 'file');
    assert.equal(planBootFile(client, { ...options, machine: undefined, unknown: 'install' }).kind, 'file');
  }
});

test('planBootFile() gives no boot file to those who want none', () => {
  const clients: BootClient[] = [
    { kind: 'apple', arch: 'i386', model: 'iMac4,1' },
    { kind: 'grub' },
    { kind: 'installer', vendorClass: 'd-i' },
    { kind: 'system' },
  ];
  for (const client of clients) assert.equal(planBootFile(client, options).kind, 'none');
  const power: BootClient = { kind: 'unsupported', arch: 14, reason: 'POWER' };
  assert.deepEqual(planBootFile(power, options), { kind: 'unsupported', reason: 'POWER' });
});

test('planBootFile() in proxy mode prefers iPXE, which takes the proxy’s word for the server', () => {
  const proxy = { ...options, isProxy: true };
  const loaderOf = (platform: Platform, loader: 'auto' | 'grub' = 'auto') => {
    const plan = planBootFile(pxe(platform), { ...proxy, machine: machine({ loader }) });
    return plan.kind === 'file' ? plan.loader : plan.kind;
  };
  assert.equal(loaderOf('bios-x86'), 'ipxe');
  assert.equal(loaderOf('bios-x86', 'grub'), 'grub');
  assert.equal(loaderOf('uefi-ia32'), 'grub');
});
