import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemPath } from '../../src/lab/enclose.ts';
import type { Scene } from './scene.ts';
import { sizeOf } from './scenes-kernel.ts';
import type { Stage } from './stage.ts';

/** Boot files that another server names, and loaders that stop. */

const UEFI = ['ovmf', 'qemu-system-x86', 'isc-dhcp-server'];
const SECURE = [...UEFI, 'shim-signed'];
const PXELINUX = '/usr/lib/debian-installer/images/12/amd64/text/pxelinux.0';
const SHIM = '/usr/lib/shim/shimx64.efi.signed';
const UNSIGNED_SHIM = '/usr/lib/shim/shimx64.efi';
const DISK_GRUB = '/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed';
const UNDIONLY = '/usr/lib/ipxe/undionly.kpxe';
const PROXY = { mode: 'proxy' } as const;
const BY_ISC =
  'of a boot file that ISC dhcpd names (option 60 “PXEClient”, option 43 without boot servers), from our TFTP';

/** What firmware follows before a proxyDHCP answer: it says of itself that it knows what to boot. */
function naming(file: string, nextServer = '172.22.10.2'): string {
  const isPxe = 'option vendor-class-identifier "PXEClient"; option vendor-encapsulated-options 06:01:08:ff;';
  return `${isPxe} filename "${file}"; next-server ${nextServer};`;
}

/** The same without the `file` field, and without a zero byte behind the name. */
function byOption67(file: string): string {
  return naming(file).replace('filename', 'option bootfile-name');
}

/** A GRUB of one's own. */
function makeGrub(path: string, format: string, prefix: string, modules: readonly string[]): void {
  mkdirSync(dirname(path), { recursive: true });
  const args = ['-O', format, '-o', path, '-p', prefix, ...modules];
  execFileSync('grub-mkimage', args, { env: { ...process.env, PATH: systemPath() } });
}

const NETWORK_GRUB = ['normal', 'net', 'tftp', 'configfile', 'echo'];

/** UEFI firmware asks, takes what ISC dhcpd names, and is left alone for a while. */
function follows(
  file: string,
  options: { readonly until: string; readonly ms: number; readonly firmware?: 'uefi-x64-secure' },
  prepare: (stage: Stage) => void = () => undefined,
): Scene['play'] {
  return async (stage) => {
    prepare(stage);
    await stage.otherServer(naming(file));
    await stage.powerOn({ firmware: options.firmware ?? 'uefi-x64' });
    await stage.event(options.until);
    await stage.sleep(options.ms);
  };
}

const fileScenes: readonly Scene[] = [
  {
    name: 'ia32-file-for-x64',
    case: 7,
    what: 'A 64-bit machine was given the 32-bit loader',
    how: `PXE of EDK2 for x64 ${BY_ISC}: GRUB for ia32`,
    with: [...UEFI, 'grub-efi-ia32-bin'],
    expect: ['wrong-architecture'],
    until: 60,
    setting: PROXY,
    conditions: { ...PROXY, runsOn: { 'old/bootia32.efi': 'ia32' } },
    play: follows('old/bootia32.efi', { until: 'tftp.done', ms: 9_000 }, ({ folder }) =>
      makeGrub(folder('old/bootia32.efi'), 'i386-efi', '/old', NETWORK_GRUB),
    ),
  },
  {
    name: 'bios-file-for-uefi',
    case: 7,
    what: 'UEFI firmware loads undionly.kpxe',
    how: `PXE of EDK2 for x64 ${BY_ISC}: undionly.kpxe`,
    with: [...UEFI, 'ipxe'],
    expect: ['wrong-architecture'],
    until: 60,
    setting: { ...PROXY, files: { 'old/undionly.kpxe': UNDIONLY } },
    conditions: PROXY,
    play: follows('old/undionly.kpxe', { until: 'tftp.done', ms: 9_000 }),
  },
  {
    name: 'url-for-pxe',
    case: 26,
    what: 'PXE firmware is given a URL',
    how: `PXE of EDK2 for x64 ${BY_ISC}: a URL of another host`,
    with: UEFI,
    expect: ['url-as-file-name'],
    until: 60,
    setting: PROXY,
    conditions: PROXY,
    play: follows('http://172.22.10.9/ipxe.efi', { until: 'dhcp.other-answer', ms: 24_000 }),
  },
  {
    name: 'our-url-for-pxe',
    case: 26,
    what: 'PXE firmware is given a URL of ours',
    how: `PXE of EDK2 for x64 ${BY_ISC}: a URL of rackready’s`,
    with: UEFI,
    expect: ['url-as-file-name'],
    until: 2,
    applied: true,
    setting: { ...PROXY, files: { 'old/undionly.kpxe': UNDIONLY } },
    conditions: PROXY,
    play: follows('http://172.22.10.2/old/undionly.kpxe', { until: 'dhcp.other-answer', ms: 20_000 }),
  },
  {
    name: 'our-url-gone',
    case: 26,
    what: 'PXE firmware is given a URL of ours, and nothing is there',
    how: `PXE of EDK2 for x64 ${BY_ISC}: a URL of rackready’s`,
    with: UEFI,
    expect: ['url-as-file-name'],
    until: 30,
    setting: PROXY,
    conditions: PROXY,
    play: follows('http://172.22.10.2/old/boot.efi', { until: 'tftp.not-found', ms: 8_000 }),
  },
  {
    name: 'boot-file-gone',
    case: 31,
    what: 'Another server names a file that is not here',
    how: `PXE of EDK2 for x64 ${BY_ISC}: a file that is not there`,
    with: UEFI,
    expect: ['boot-file-not-there'],
    until: 30,
    setting: PROXY,
    conditions: PROXY,
    play: follows('old/missing.efi', { until: 'tftp.not-found', ms: 8_000 }),
  },
  {
    name: 'empty-file',
    case: 31,
    what: 'The boot file has no bytes',
    how: `PXE of EDK2 for x64 ${BY_ISC}: an empty file`,
    with: UEFI,
    expect: ['empty-boot-file'],
    until: 60,
    setting: { ...PROXY, files: { 'old/boot.efi': 0 } },
    conditions: { ...PROXY, files: { 'old/boot.efi': 0 } },
    play: follows('old/boot.efi', { until: 'dhcp.other-answer', ms: 12_000 }),
  },
  {
    name: 'too-large-file',
    case: 31,
    what: 'The size is asked, and nothing follows',
    how: `PXE of EDK2 for x64 with 1 GB of memory ${BY_ISC}: a file of 3 GB`,
    with: UEFI,
    expect: ['empty-boot-file'],
    until: 60,
    setting: { ...PROXY, files: { 'old/live.iso.efi': 3_000_000_000 } },
    conditions: { ...PROXY, files: { 'old/live.iso.efi': 3_000_000_000 } },
    play: follows('old/live.iso.efi', { until: 'dhcp.other-answer', ms: 12_000 }),
  },
];

const stopped: readonly Scene[] = [
  {
    name: 'grub-for-disks',
    case: 16,
    what: 'shim, then the GRUB build for disks',
    how: `PXE of EDK2 for x64 ${BY_ISC}: shim, and beside it grubx64.efi.signed`,
    with: [...SECURE, 'grub-efi-amd64-signed'],
    expect: ['grub-without-network'],
    until: 60,
    setting: {
      ...PROXY,
      files: { 'old/shimx64.efi': SHIM, 'old/grubx64.efi': DISK_GRUB },
    },
    conditions: PROXY,
    play: follows('old/shimx64.efi', { until: 'tftp.done', ms: 12_000 }),
  },
  {
    name: 'unsigned-grub',
    case: 19,
    what: 'shim refuses GRUB',
    how: `PXE of EDK2 for x64 with Secure Boot ${BY_ISC}: shim, and beside it a GRUB without a signature`,
    with: [...SECURE, 'grub-efi-amd64-bin'],
    expect: ['secure-boot-rejected'],
    until: 60,
    setting: { ...PROXY, files: { 'old/shimx64.efi': SHIM } },
    conditions: { ...PROXY, unsigned: ['old/grubx64.efi'] },
    play: follows('old/shimx64.efi', { until: 'tftp.done', ms: 14_000, firmware: 'uefi-x64-secure' }, ({ folder }) =>
      makeGrub(folder('old/grubx64.efi'), 'x86_64-efi', '/old', NETWORK_GRUB),
    ),
  },
  {
    name: 'shim-refused',
    case: 19,
    what: 'The firmware refuses shim',
    how: `PXE of EDK2 for x64 with Secure Boot ${BY_ISC}: shim without a signature`,
    with: [...SECURE, 'shim-unsigned'],
    expect: ['secure-boot-rejected'],
    until: 60,
    setting: { ...PROXY, files: { 'old/shimx64.efi': UNSIGNED_SHIM } },
    conditions: { ...PROXY, unsigned: ['old/shimx64.efi'] },
    play: follows('old/shimx64.efi', { until: 'tftp.done', ms: 9_000, firmware: 'uefi-x64-secure' }),
  },
  {
    name: 'option-67-only',
    case: 18,
    what: 'shim without the file field, and we have the file',
    how: 'PXE of EDK2 for x64; ISC dhcpd names shim by option 67 alone, rackready serves it; our proxyDHCP answers are dropped, so that it takes it',
    with: [...SECURE, 'grub-efi-amd64-signed'],
    expect: ['shim-lost-folder'],
    until: 1,
    applied: true,
    setting: {
      ...PROXY,
      files: { 'efi/deb/shimx64.efi': SHIM, 'efi/deb/grubx64.efi': DISK_GRUB },
    },
    conditions: {
      ...PROXY,
      aliased: { 'grubx64.efi': 'efi/deb/grubx64.efi' },
      files: { 'efi/deb/grubx64.efi': sizeOf(DISK_GRUB) },
    },
    async play({ filter, otherServer, powerOn, event, sleep }) {
      await filter('chain out { type filter hook output priority 0; udp sport 67 drop; }');
      await otherServer(byOption67('efi/deb/shimx64.efi'));
      await powerOn({ firmware: 'uefi-x64' });
      await event('tftp.done');
      await sleep(6_000);
    },
  },
  {
    name: 'option-67-without-zero',
    case: 9,
    what: 'A boot file is left over in option 67 of the DHCP server, without a zero byte at its end',
    how: 'PXE of EDK2 for x64 in a proxy network, whose ISC dhcpd has an option bootfile-name, and nothing else about booting. Whose offer comes first does not matter, and with a zero byte at the end of the option it boots',
    with: UEFI,
    expect: ['offer-spoilt'],
    until: 30,
    setting: PROXY,
    conditions: PROXY,
    async play({ otherServer, powerOn, event, sleep }) {
      await otherServer('option bootfile-name "efi/deb/shimx64.efi";');
      await powerOn({ firmware: 'uefi-x64' });
      await event('dhcp.asks-proxy');
      await sleep(40_000);
    },
  },
  {
    name: 'no-ldlinux',
    case: 17,
    what: 'PXELINUX without its library',
    how: `SeaBIOS with the iPXE of QEMU’s virtio card ${BY_ISC}: pxelinux.0 alone; our proxyDHCP answers are dropped, so that it takes it`,
    with: ['ipxe-qemu', 'qemu-system-x86', 'isc-dhcp-server', 'debian-installer-12-netboot-amd64'],
    expect: ['ldlinux-missing'],
    until: 60,
    setting: { ...PROXY, files: { 'old/pxelinux.0': PXELINUX } },
    conditions: PROXY,
    async play({ filter, otherServer, powerOn, event, sleep }) {
      await filter('chain out { type filter hook output priority 0; udp sport 67 drop; }');
      await otherServer(naming('old/pxelinux.0'));
      await powerOn({ firmware: 'bios' });
      await event('tftp.not-found');
      await sleep(10_000);
    },
  },
  {
    name: 'other-prefix',
    case: 21,
    what: 'GRUB with another prefix',
    how: `PXE of EDK2 for x64 ${BY_ISC}: a GRUB made with the prefix /old`,
    with: [...UEFI, 'grub-efi-amd64-bin'],
    expect: ['grub-config-missing'],
    until: 60,
    setting: PROXY,
    conditions: PROXY,
    play: follows('old/grub.efi', { until: 'tftp.done', ms: 9_000 }, ({ folder }) =>
      makeGrub(folder('old/grub.efi'), 'x86_64-efi', '/old', [...NETWORK_GRUB, 'efinet']),
    ),
  },
  {
    name: 'other-server-boots-too',
    case: 13,
    what: 'On a proxy network the DHCP server names a boot file itself',
    how: 'PXE of EDK2 for x64; ISC dhcpd names a boot file on a third host (option 60 “PXEClient”)',
    with: UEFI,
    expect: ['tftp-elsewhere'],
    until: 60,
    setting: PROXY,
    conditions: PROXY,
    async play({ otherServer, powerOn, event, sleep }) {
      await otherServer(naming('pxelinux.0', '172.22.10.9'));
      await powerOn({ firmware: 'uefi-x64' });
      await event('dhcp.other-answer', { message: 'ACK' });
      await sleep(12_000);
    },
  },
];

export const loaderScenes: readonly Scene[] = [...fileScenes, ...stopped];
