import { writeBiosDisk, writeEfiFolder } from '../../test/e2e/disks.ts';
import type { Conditions } from '../../test/support/capture.ts';
import type { Scene } from './scene.ts';
import { kernelSizes, secureSizes } from './scenes-kernel.ts';
import type { Setting, Stage } from './stage.ts';

/** Boots that go well, with firmware of many kinds: the rules must stay silent, at every moment. */

const BIOS = ['ipxe-qemu', 'qemu-system-x86'];
const UEFI = ['ovmf', 'qemu-system-x86'];
const INSTALLER = 'debian-installer-12-netboot-amd64';
const MINUTES = 60_000;

interface Boot {
  readonly name: string;
  readonly what: string;
  readonly how: string;
  readonly with: readonly string[];
  readonly machine: Parameters<Stage['powerOn']>[0];
  readonly setting?: Setting;
  /** What is set for the machine. */
  readonly is?: Conditions['machine'];
  /** How far: it has the ramdisk, or is told to boot from its disk. */
  readonly to: 'initrd' | 'disk';
  readonly disk?: 'bios' | 'efi';
  readonly other?: string;
  /** The ramdisk comes over TFTP. */
  readonly overTftp?: boolean;
}

function healthy({ name, what, how, machine, setting = {}, is, to, disk, other, overTftp, ...rest }: Boot): Scene {
  return {
    name: `healthy-${name}`,
    case: 0,
    what,
    how,
    with: rest.with,
    expect: [],
    until: 2,
    isGranted: to !== 'disk',
    conditions: {
      files: is?.secureBoot ? secureSizes : kernelSizes,
      ...(is && { machine: is }),
      ...(setting.mode && { mode: setting.mode }),
    },
    setting: { ...setting, ...(is && { machine: JSON.stringify(is).slice(1, -1) }) },
    async play(stage) {
      if (to !== 'disk') await stage.grant();
      if (other !== undefined) await stage.otherServer(other);
      const disks = { bios: () => ({ image: writeBiosDisk() }), efi: () => ({ folder: writeEfiFolder() }) };
      await stage.powerOn({ ...machine, ...(disk && { disk: disks[disk]() }) });
      if (to === 'disk') await stage.event('boot.config', { decision: 'local' });
      else if (overTftp) await stage.event('tftp.done', { file: /initrd$/ }, 8 * MINUTES);
      else await stage.event('http.done', { path: /initrd$/ }, 8 * MINUTES);
      await stage.sleep(1_000);
    },
  };
}

export const healthyScenes: readonly Scene[] = [
  healthy({
    name: 'ia32-grub',
    what: '32-bit UEFI: GRUB to the ramdisk',
    how: 'PXE of EDK2 for ia32 and GRUB',
    with: ['ovmf-ia32', 'qemu-system-x86', 'grub-efi-ia32-bin', INSTALLER],
    machine: { firmware: 'uefi-ia32' },
    to: 'initrd',
  }),
  healthy({
    name: 'http-boot',
    what: 'UEFI HTTP boot: GRUB to the ramdisk',
    how: 'HTTP boot of EDK2 for x64 and GRUB',
    with: [...UEFI, 'grub-efi-amd64-bin', INSTALLER],
    machine: { firmware: 'uefi-x64', isHttpBootOnly: true },
    to: 'initrd',
  }),
  healthy({
    name: 'uefi-ipxe',
    what: 'UEFI: ipxe.efi to the ramdisk',
    how: 'PXE of EDK2 for x64 and ipxe.efi',
    with: [...UEFI, 'ipxe', INSTALLER],
    machine: { firmware: 'uefi-x64' },
    is: { loader: 'ipxe' },
    to: 'initrd',
  }),
  healthy({
    name: 'secure-boot',
    what: 'UEFI with Secure Boot: shim and the signed GRUB to the ramdisk, over TFTP',
    how: 'PXE of EDK2 for x64 with Secure Boot, shim and the signed GRUB',
    with: [...UEFI, 'shim-signed', 'grub-efi-amd64-signed', INSTALLER],
    machine: { firmware: 'uefi-x64-secure' },
    is: { secureBoot: true },
    to: 'initrd',
    overTftp: true,
  }),
  healthy({
    name: 'uefi-card-ipxe',
    what: 'UEFI with iPXE in the ROM of its card',
    how: 'EDK2 for x64 with the iPXE of QEMU’s e1000 card',
    with: [...UEFI, 'ipxe-qemu', INSTALLER],
    machine: { firmware: 'uefi-x64', nic: 'e1000', rom: 'card' },
    to: 'initrd',
  }),
  healthy({
    name: 'bios-local',
    what: 'BIOS, told to boot from its disk, which starts',
    how: 'SeaBIOS with the iPXE of QEMU’s virtio card and a disk',
    with: BIOS,
    machine: { firmware: 'bios' },
    disk: 'bios',
    to: 'disk',
  }),
  healthy({
    name: 'uefi-local',
    what: 'UEFI, told to boot from its disk, which starts',
    how: 'PXE of EDK2 for x64, GRUB, and a disk with Debian’s boot loader',
    with: [...UEFI, 'grub-efi-amd64-bin'],
    machine: { firmware: 'uefi-x64' },
    disk: 'efi',
    to: 'disk',
  }),
  healthy({
    name: 'proxy',
    what: 'Another server gives the addresses, we say what to boot',
    how: 'SeaBIOS with the iPXE of QEMU’s virtio card in a proxy network with ISC dhcpd',
    with: [...BIOS, 'isc-dhcp-server', INSTALLER],
    machine: { firmware: 'bios' },
    setting: { mode: 'proxy' },
    other: '',
    to: 'initrd',
  }),
];
