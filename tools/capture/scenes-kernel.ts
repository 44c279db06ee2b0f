import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { findInstaller } from '../../src/lab/demo-config.ts';
import type { LabMachine } from '../../src/lab/machine.ts';
import type { ServerEvent } from '../../src/lab/milestones.ts';
import { mac } from '../../src/net/mac.ts';
import { cpio } from '../../test/support/cpio.ts';
import type { Scene } from './scene.ts';
import { SERVER, SM1_SECOND, type Stage } from './stage.ts';

/** From the loader's configuration to the installer's packages. */

const BIOS = ['ipxe-qemu', 'qemu-system-x86'];
const DI = [...BIOS, 'debian-installer-12-netboot-amd64'];
const CARD = 'SeaBIOS with the iPXE of QEMU’s virtio card';
const KERNEL_GONE = { kernel: 'gone/linux' };
const installer = findInstaller();
/** As the replay's server has them. */
export const kernelSizes = 'missing' in installer ? {} : sizes(installer.kernel, installer.initrd);
/** With the GRUB that shim loads without a word about sizes. */
export const secureSizes = {
  ...kernelSizes,
  'secure/grubx64.efi': sizeOf('/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed'),
};
const MINUTES = 60_000;

function sizes(kernel: string, initrd: string): Record<string, number> {
  return { linux: sizeOf(kernel), 'initrd.gz': sizeOf(initrd) };
}

/** 0 for a file that is not on this host. */
export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** An empty file in the place of the driver. */
function withoutDriver(): Uint8Array {
  if ('missing' in installer) return new Uint8Array();
  const ramdisk = gunzipSync(readFileSync(installer.initrd));
  const at = ramdisk.indexOf('/kernel/drivers/net/virtio_net.ko');
  const name = ramdisk.toString('latin1', ramdisk.lastIndexOf('lib/modules/', at), at);
  return cpio([{ name: `${name}/kernel/drivers/net/virtio_net.ko`, text: '', mode: 0o644 }]);
}

/** The card's iPXE with a grant: its script, kernel and initrd. */
async function loaded(stage: Stage, options: Partial<Parameters<Stage['powerOn']>[0]> = {}): Promise<LabMachine> {
  await stage.grant();
  const machine = await stage.powerOn({ firmware: 'bios', ...options });
  await stage.event('http.done', { path: /initrd$/ });
  return machine;
}

const loading: readonly Scene[] = [
  {
    name: 'menu-waits',
    case: 32,
    what: 'GRUB has its configuration and cannot have the kernel',
    how: `${CARD} and GRUB, which loads its configuration by TFTP and the kernel over HTTP; a rule of the bridge drops TCP to port 80`,
    with: [...BIOS, 'grub-pc-bin'],
    expect: ['config-no-kernel'],
    until: 120,
    isGranted: true,
    conditions: { machine: { loader: 'grub' } },
    setting: { machine: 'loader: grub' },
    async play({ grant, filter, powerOn, event, sleep }) {
      await grant();
      await filter('chain in { type filter hook input priority 0; tcp dport 80 drop; }');
      await powerOn({ firmware: 'bios' });
      await event('boot.config');
      await sleep(30_000);
    },
  },
  {
    name: 'kernel-gone',
    case: 35,
    what: 'The profile’s kernel is not there',
    how: `${CARD}; the kernel was taken away after the server’s start`,
    with: BIOS,
    expect: ['kernel-not-there'],
    until: 5,
    isGranted: true,
    conditions: { missingFiles: ['/srv/debian-12/linux'] },
    setting: KERNEL_GONE,
    async play({ grant, folder, powerOn, event, sleep }) {
      await grant();
      rmSync(folder('gone/linux'));
      await powerOn({ firmware: 'bios' });
      await event('http.refused');
      await sleep(3_000);
    },
  },
  {
    name: 'no-initrd',
    case: 34,
    what: 'A kernel without its initrd',
    how: `${CARD} in a proxy network, whose ISC dhcpd names a script of the operator’s folder with our kernel and no initrd; our proxyDHCP answers are dropped, so that it takes it`,
    with: [...DI, 'isc-dhcp-server'],
    expect: ['initrd-missing'],
    until: 120,
    setting: { mode: 'proxy', files: { 'own.ipxe': '' } },
    conditions: { mode: 'proxy', files: kernelSizes },
    async play({ folder, filter, otherServer, powerOn, event }) {
      const script = `#!ipxe\nkernel http://${SERVER}/os/debian-12/linux console=ttyS0 panic=0\nboot\n`;
      writeFileSync(folder('own.ipxe'), script);
      await filter('chain out { type filter hook output priority 0; udp sport 67 drop; }');
      await otherServer(`filename "own.ipxe"; next-server ${SERVER};`);
      const machine = await powerOn({ firmware: 'bios' });
      await event('http.done', { path: /linux$/ });
      await machine.console.waitFor(/Kernel panic/, AbortSignal.timeout(2 * MINUTES));
    },
  },
  {
    name: 'profile-gone',
    case: 35,
    what: 'A menu names a profile that does not exist',
    how: `${CARD} in a proxy network, whose ISC dhcpd names a script of the operator’s folder; our proxyDHCP answers are dropped, so that it takes it`,
    with: [...BIOS, 'isc-dhcp-server'],
    expect: ['kernel-not-there'],
    until: 5,
    setting: { mode: 'proxy', files: { 'own.ipxe': '' } },
    conditions: { mode: 'proxy' },
    async play({ folder, filter, otherServer, powerOn, event, sleep }) {
      writeFileSync(folder('own.ipxe'), `#!ipxe\nkernel http://${SERVER}/os/debian-13/linux\nboot\n`);
      await filter('chain out { type filter hook output priority 0; udp sport 67 drop; }');
      await otherServer(`filename "own.ipxe"; next-server ${SERVER};`);
      await powerOn({ firmware: 'bios' });
      await event('http.not-found');
      await sleep(5_000);
    },
  },
  {
    name: 'initrd-cut',
    case: 34,
    what: 'The machine’s memory is too small for the initrd',
    how: `${CARD} with 48 MB of memory`,
    with: DI,
    expect: ['initrd-missing'],
    until: 120,
    isGranted: true,
    conditions: { files: kernelSizes },
    async play({ grant, powerOn, event, sleep }) {
      await grant();
      await powerOn({ firmware: 'bios', memoryMb: 48 });
      await event('http.done', { path: /linux$/ });
      await sleep(16_000);
    },
  },
];

const installing: readonly Scene[] = [
  {
    name: 'no-driver',
    case: 35,
    what: 'An installer without a driver for the card',
    how: `${CARD} and debian-installer, whose virtio_net.ko is empty`,
    with: DI,
    expect: ['installer-silent'],
    until: 240,
    isGranted: true,
    conditions: { files: kernelSizes },
    setting: { moreInitrd: withoutDriver() },
    async play(stage) {
      const machine = await loaded(stage);
      await machine.console.waitFor(/network interfaces|network hardware/i, AbortSignal.timeout(5 * MINUTES));
    },
  },
  {
    name: 'other-card',
    case: 35,
    what: 'The installer asks with the second card',
    how: `${CARD} and debian-installer with the argument interface=ens4, as a profile for another model has it; the second card is an e1000`,
    with: DI,
    expect: ['installer-other-card'],
    until: 60,
    isGranted: true,
    conditions: { files: kernelSizes },
    setting: { profile: `    arguments: console=ttyS0 interface=ens4\n    source: http://${SERVER}/debian\n` },
    async play(stage) {
      const tap = await stage.rack.addTap();
      const second = ['-netdev', `tap,id=net1,ifname=${tap},script=no,downscript=no`];
      const card = ['-device', `e1000,netdev=net1,mac=${mac(SM1_SECOND)},romfile=`];
      await loaded(stage, { args: [...second, ...card] });
      await stage.event('dhcp.ack', { mac: SM1_SECOND }, 8 * MINUTES);
    },
  },
  {
    name: 'answer-not-asked',
    case: 35,
    what: 'The installer has an address and does not come',
    how: `${CARD} and debian-installer; from its lease on a rule of the bridge drops TCP to port 80`,
    with: DI,
    expect: ['answer-not-asked'],
    until: 90,
    isGranted: true,
    conditions: { files: kernelSizes },
    async play(stage) {
      await loaded(stage);
      await stage.event('dhcp.ack', { client: /^installer/ }, 8 * MINUTES);
      await stage.filter('chain in { type filter hook input priority 0; tcp dport 80 drop; }');
      await stage.sleep(20_000);
    },
  },
  {
    name: 'answer-refused',
    case: 35,
    what: 'The grant is taken back while the installer starts',
    how: `${CARD} and debian-installer; the grant is taken back before it asks`,
    with: DI,
    expect: ['answer-refused'],
    until: 20,
    isGranted: true,
    conditions: { files: kernelSizes },
    async play(stage) {
      await loaded(stage);
      await stage.event('dhcp.ack', { client: /^installer/ }, 8 * MINUTES);
      await stage.rackready('cancel', 'sm1');
      await stage.event('answer.refused');
      await stage.sleep(1_000);
    },
  },
  {
    name: 'install-loop',
    case: 36,
    what: 'Answer file taken, no report, and again',
    how: `${CARD} and debian-installer with a mirror that is not there, switched off and on again at its question`,
    with: DI,
    expect: ['install-loop'],
    until: 5,
    applied: true,
    isGranted: true,
    lastAttempt: (events) => events.filter(isPowerOn)[1],
    conditions: { files: kernelSizes },
    parts: [
      {
        name: 'no-release',
        case: 40,
        what: 'The mirror lacks its index',
        how: `${CARD} and debian-installer with a mirror on this host that is not there`,
        with: DI,
        expect: ['repository-incomplete'],
        until: 60,
        isGranted: true,
        before: (events) => events.filter(isPowerOn)[1],
      },
      {
        name: 'healthy-installer',
        case: 0,
        what: 'BIOS, debian-installer up to its answer file',
        how: `${CARD} and debian-installer`,
        with: DI,
        expect: [],
        until: 2,
        isGranted: true,
        before: (events) => events.find(({ id, data }) => id === 'http.not-found' && /dists/.test(String(data?.path))),
      },
    ],
    async play(stage) {
      const machine = await loaded(stage);
      await stage.event('http.not-found', { path: /dists/ }, 8 * MINUTES);
      await stage.sleep(8_000);
      await machine.stop();
      await stage.powerOn({ firmware: 'bios', name: 'again' });
      await stage.event('boot.held');
      await stage.sleep(1_000);
    },
  },
];

const isPowerOn = ({ id, data }: ServerEvent) => id === 'dhcp.discover' && /^iPXE/.test(String(data?.client));

const local: readonly Scene[] = [
  {
    name: 'local-boot-loop-other-way',
    case: 38,
    what: 'Back twice: it is sent to its disk in another way',
    how: `${CARD}, without a disk; SeaBIOS starts over when nothing boots`,
    with: BIOS,
    expect: ['local-boot-loop'],
    until: 2,
    applied: true,
    attemptFrom: 30,
    parts: [
      {
        name: 'local-boot-loop',
        case: 38,
        what: 'Sent to its disk, which is not there, and back at once, twice',
        how: `${CARD}, without a disk; SeaBIOS starts over when nothing boots`,
        with: BIOS,
        expect: ['local-boot-loop'],
        until: 2,
        attemptFrom: 30,
        before: (events) => events.filter(({ id }) => id === 'boot.config')[2],
      },
      {
        name: 'back-once',
        case: 38,
        what: 'Sent to its disk, and back once: somebody pressed the button',
        how: `${CARD}, without a disk; SeaBIOS starts over when nothing boots`,
        with: BIOS,
        expect: [],
        until: 2,
        attemptFrom: 30,
        before: (events) => events.filter(({ id }) => id === 'boot.config')[1],
      },
    ],
    async play({ powerOn, event, next, sleep }) {
      await powerOn({ firmware: 'bios', endsAtReboot: false, args: ['-boot', 'reboot-timeout=1000'] });
      await event('boot.local-way', {}, 8 * MINUTES);
      await next('dhcp.discover');
      await sleep(500);
    },
  },
];

export const kernelScenes: readonly Scene[] = [...loading, ...installing, ...local];
