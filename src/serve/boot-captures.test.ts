import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createRack, requester } from '../../test/boot-rack.ts';
import { loaders, machine } from '../../test/boot-values.ts';
import { ipv4 } from '../net/ipv4.ts';
import { mac } from '../net/mac.ts';
import { parseUuid } from '../net/uuid.ts';
import type { BootResource } from './boot-resource.ts';

/** Eight boots as they were on the wire. TFTP packets are hex; HTTP requests are lines. */
interface Capture {
  readonly name: string;
  readonly tftp: readonly { readonly src: string; readonly hex: string }[];
  readonly http: readonly { readonly src: string; readonly method: string; readonly uri: string }[];
}

const file = new URL('../../test/fixtures/netboot-captures.json', import.meta.url);
const captures: readonly Capture[] = JSON.parse(readFileSync(file, 'utf8'));

/** Names in the order of the first request, with who asked. A read request is opcode 1, the name, NUL, … (RFC 1350). */
function requestsOf(name: string) {
  const capture = captures.find((entry) => entry.name === name);
  assert.ok(capture, `there is a capture ${name}`);
  const overTftp = capture.tftp
    .map(({ src, hex }) => ({ src, bytes: Buffer.from(hex, 'hex') }))
    .filter(({ bytes }) => bytes.readUInt16BE(0) === 1)
    .map(({ src, bytes }) => ({ src, name: bytes.toString('latin1', 2, bytes.indexOf(0, 2)), via: 'tftp' as const }));
  const overHttp = capture.http
    .filter(({ method }) => method !== '')
    .map(({ src, uri }) => ({ src, name: uri, via: 'http' as const }));
  const all = [...overTftp, ...overHttp];
  return all.filter((one, index) => all.findIndex((other) => other.name === one.name) === index);
}

const uuid = parseUuid('11223344-5566-7788-99aa-bbccddeeff00');
const macOf: Record<string, string> = {
  '172.22.10.30': '00:25:90:96:c4:9a',
  '172.22.10.5': '00:25:90:96:c4:9b',
  '172.22.10.6': '00:25:90:96:c4:9c',
  '172.22.10.8': '00:25:90:96:c4:9e',
  '172.22.10.7': '00:25:90:96:c4:9d',
  '172.22.10.11': '00:25:90:96:c4:9f',
};
const leases = Object.fromEntries(Object.entries(macOf).map(([address, text]) => [address, mac(text)]));
const machines = Object.entries(leases).map(([address, value], index) =>
  machine({
    name: `sm${index}`,
    macs: [value],
    address: ipv4(address),
    uuid: value === macOf['172.22.10.8'] ? uuid : undefined,
  }),
);

/** The captures' own files: GRUB's modules as our catalogue has them, the rest in the operator's folder. */
const modules = ['normal', 'extcmd', 'verifiers', 'crypto', 'gettext', 'terminal', 'gzio', 'gcry_crc', 'echo', 'linux'];
const more = ['relocator', 'mmap', 'video', 'vbe', 'video_fb'];
const catalog = {
  ...loaders,
  files: new Map([
    ...loaders.files,
    ...[...modules, ...more].map((name) => [`boot/grub/i386-pc/${name}.mod`, `/m/${name}.mod`] as const),
  ]),
};
const folder = Object.fromEntries(
  ['vmlinuz', 'initrd.gz', 'pxelinux.0', 'ldlinux.c32', 'shimx64.efi', 'grubhttp.efi', 'efi/deb/shimx64.efi'].map(
    (name) => [name, { kind: 'file', path: `/srv/boot/${name}` } as const],
  ),
);

function brief(resource: BootResource): string {
  if (resource.kind === 'missing') return resource.expected ? 'noise' : 'MISSING';
  if (resource.kind === 'text') return /installs/.test(resource.text) ? 'install' : 'text';
  return resource.kind;
}

function replay(name: string): string[] {
  const rack = createRack({ machines, leases, catalog, folder });
  for (const { name: owner } of machines) {
    rack.lives.step(owner, { kind: 'granted', token: owner, profile: 'debian-12', via: 'command' });
  }
  return requestsOf(name).map(
    (asked) => `${asked.name} ${brief(rack.files.resolve(asked.name, requester(asked.src, asked.via)))}`,
  );
}

const lists = (folderName: string) =>
  ['command', 'fs', 'crypto', 'terminal'].map((name) => `${folderName}/${name}.lst noise`);
const shimNoise = ['revocations_sku.efi noise', 'revocations_sbat.efi noise', 'shim_certificate_0.efi noise'];
const module = (name: string) => `/boot/grub/i386-pc/${name}.mod file`;

test('capture bios-grub: every name gets what a healthy boot needs', () => {
  assert.deepEqual(replay('bios-grub'), [
    'boot/grub/i386-pc/core.0 file',
    ...modules.slice(0, 8).map(module),
    '/boot/grub/grub.cfg-01-00-25-90-96-c4-9a install',
    '/boot/grub/grub.cfg-AC160A1E install',
    ...['AC160A1', 'AC160A', 'AC160', 'AC16', 'AC1', 'AC', 'A'].map((part) => `/boot/grub/grub.cfg-${part} noise`),
    ...lists('/boot/grub/i386-pc'),
    '/boot/grub/grub.cfg install',
    ...[...modules.slice(8), ...more].map(module),
    '/vmlinuz file',
    '/initrd.gz file',
  ]);
});

test('capture bios-pxelinux: UUID in wire order, MAC, address, default', () => {
  assert.deepEqual(replay('bios-pxelinux'), [
    'pxelinux.0 file',
    'ldlinux.c32 file',
    'pxelinux.cfg/44332211-6655-8877-99aa-bbccddeeff00 install',
    'pxelinux.cfg/01-00-25-90-96-c4-9e install',
    'pxelinux.cfg/AC160A08 install',
    ...['AC160A0', 'AC160A', 'AC160', 'AC16', 'AC1', 'AC', 'A'].map((part) => `pxelinux.cfg/${part} noise`),
    'pxelinux.cfg/default install',
  ]);
});

test('capture efi-shim2: shim’s probes are noise, and the signed GRUB finds its machine', () => {
  assert.deepEqual(replay('efi-shim2'), [
    'shimx64.efi file',
    ...shimNoise,
    'grubx64.efi file',
    ...lists('/grub/x86_64-efi'),
    '/grub/grub.cfg install',
    '/grub/machine/00:25:90:96:c4:9b.cfg install',
    '/vmlinuz file',
    '/initrd.gz file',
  ]);
});

test('capture efi-http: two slashes before grubx64.efi are no obstacle', () => {
  const noise = shimNoise.map((line) => `/${line}`);
  assert.deepEqual(replay('efi-http'), ['/shimx64.efi file', ...noise, '//grubx64.efi file']);
});

test('capture efi-grubhttp', () => {
  assert.deepEqual(replay('efi-grubhttp'), [
    '/grubhttp.efi file',
    ...lists('/grub/x86_64-efi'),
    '/grub/grub.cfg install',
    '/grub/machine/00:25:90:96:c4:9c.cfg install',
    '/vmlinuz file',
    '/initrd.gz file',
  ]);
});

test('capture t1-opt67: shim that lost its folder gets grubx64.efi from the root', () => {
  assert.deepEqual(replay('t1-opt67'), ['efi/deb/shimx64.efi file', ...shimNoise, 'grubx64.efi file']);
});
