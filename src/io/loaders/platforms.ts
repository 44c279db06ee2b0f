import type { Platform } from '../../boot/client.ts';
import type { BootPath } from '../../boot/loaders.ts';

/** PE/COFF machine types of the CPUs that we serve (PE specification, "Machine Types"). */
export const PE_MACHINES = { x64: 0x8664, ia32: 0x014c, arm64: 0xaa64 } as const;

/** How GRUB calls a platform, what its image needs, and which package has it. */
export interface GrubPlatform {
  readonly platform: Platform;
  /** The folder below /usr/lib/grub. */
  readonly folder: string;
  /** grub-mkimage -O */
  readonly format: string;
  /** Name of the image below boot/grub/<folder>. */
  readonly image: string;
  readonly firmware: 'bios' | 'uefi';
  /** Undefined for BIOS, whose images have no PE header. */
  readonly peMachine?: number | undefined;
  readonly package: string;
  /** Modules of this platform alone. Each is left out where the host's GRUB does not have it, except `net`. */
  readonly modules: readonly string[];
  /** The module that drives the network card: without it there is no image. */
  readonly net: string;
  /** The image for Macs with this processor's EFI, and its name. */
  readonly mac?: { readonly efi: 'efi32' | 'efi64'; readonly bootPath: BootPath } | undefined;
}

// Macs before 2009 draw by UGA and have no GOP.
const efiModules = ['efi_gop', 'efi_uga', 'all_video', 'cpuid', 'smbios', 'fdt', 'fwsetup'];

export const GRUB_PLATFORMS: readonly GrubPlatform[] = [
  {
    platform: 'bios-x86',
    folder: 'i386-pc',
    format: 'i386-pc-pxe',
    image: 'core.0',
    firmware: 'bios',
    package: 'grub-pc-bin',
    net: 'pxe',
    modules: ['biosdisk', 'linux16', 'at_keyboard', 'cpuid', 'smbios', 'all_video'],
  },
  {
    platform: 'uefi-x64',
    folder: 'x86_64-efi',
    format: 'x86_64-efi',
    image: 'core.efi',
    firmware: 'uefi',
    peMachine: PE_MACHINES.x64,
    package: 'grub-efi-amd64-bin',
    net: 'efinet',
    modules: efiModules,
    mac: { efi: 'efi64', bootPath: 'mac/x86_64.efi' },
  },
  {
    platform: 'uefi-ia32',
    folder: 'i386-efi',
    format: 'i386-efi',
    image: 'core.efi',
    firmware: 'uefi',
    peMachine: PE_MACHINES.ia32,
    package: 'grub-efi-ia32-bin',
    net: 'efinet',
    modules: efiModules,
    mac: { efi: 'efi32', bootPath: 'mac/i386.efi' },
  },
  {
    platform: 'uefi-arm64',
    folder: 'arm64-efi',
    format: 'arm64-efi',
    image: 'core.efi',
    firmware: 'uefi',
    peMachine: PE_MACHINES.arm64,
    package: 'grub-efi-arm64-bin',
    net: 'efinet',
    modules: efiModules,
  },
];

/** What the embedded script itself uses: an image without one of these would not find its configuration. */
export const REQUIRED_MODULES: readonly string[] = [
  ...['memdisk', 'tar', 'normal', 'configfile', 'eval', 'regexp', 'test', 'true', 'echo', 'sleep', 'minicmd'],
  ...['net', 'tftp', 'boot', 'linux'],
];

/** What configurations use (ours and most of an operator's); compiled in where the host's GRUB has it. */
export const COMMON_MODULES: readonly string[] = [
  ...['http', 'chain', 'gzio', 'xzio', 'reboot', 'halt', 'read', 'ls', 'cat', 'keystatus', 'date', 'progress'],
  ...['search', 'search_label', 'search_fs_uuid', 'search_fs_file', 'part_gpt', 'part_msdos'],
  ...['fat', 'ext2', 'xfs', 'iso9660', 'serial', 'terminal', 'terminfo'],
];
