import { existsSync } from 'node:fs';
import { debianPackageOf, findProgram } from './programs.ts';

/** What a virtual machine starts with. */
const firmwareKinds = ['bios', 'uefi-x64', 'uefi-x64-secure', 'uefi-ia32', 'uefi-arm64'] as const;
export type FirmwareKind = (typeof firmwareKinds)[number];

/** QEMU and the firmware images for one kind of machine, as found on this host. */
export type Firmware =
  | {
      readonly kind: 'found';
      /** Absolute path of the QEMU binary. */
      readonly qemu: string;
      /** Value of `-machine`, without the accelerator. */
      readonly machine: string;
      /** More arguments that this firmware needs. */
      readonly args: readonly string[];
      /** Read-only flash image with the code; undefined: SeaBIOS, which QEMU finds by itself. */
      readonly code?: string;
      /** Template of the flash image with the variables; each machine gets a copy. */
      readonly variables?: string;
      /** Whether the host's own KVM could run it. */
      readonly isHostArch: boolean;
    }
  | { readonly kind: 'missing'; readonly what: string; readonly debianPackage: string };

interface Recipe {
  readonly qemu: string;
  readonly arch: NodeJS.Architecture;
  readonly machine: string;
  readonly args?: readonly string[];
  /** Pairs of code and variables, the preferred one first (Debian 12 and 13 name them differently). */
  readonly flash?: readonly (readonly [code: string, variables: string])[];
}

/** The firmware builds that contain SMM want the flash guarded by it. */
const SECURE_FLASH = ['-global', 'driver=cfi.pflash01,property=secure,value=on'];

const RECIPES: Readonly<Record<FirmwareKind, Recipe>> = {
  bios: { qemu: 'qemu-system-x86_64', arch: 'x64', machine: 'pc,graphics=off' },
  'uefi-x64': {
    qemu: 'qemu-system-x86_64',
    arch: 'x64',
    machine: 'q35',
    flash: [
      ['/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF_VARS_4M.fd'],
      ['/usr/share/OVMF/OVMF_CODE.fd', '/usr/share/OVMF/OVMF_VARS.fd'],
    ],
  },
  'uefi-x64-secure': {
    qemu: 'qemu-system-x86_64',
    arch: 'x64',
    machine: 'q35,smm=on',
    args: SECURE_FLASH,
    flash: [['/usr/share/OVMF/OVMF_CODE_4M.secboot.fd', '/usr/share/OVMF/OVMF_VARS_4M.ms.fd']],
  },
  'uefi-ia32': {
    qemu: 'qemu-system-x86_64',
    arch: 'x64',
    machine: 'q35,smm=on',
    args: SECURE_FLASH,
    flash: [
      ['/usr/share/OVMF/OVMF32_CODE_4M.fd', '/usr/share/OVMF/OVMF32_VARS_4M.fd'],
      ['/usr/share/OVMF/OVMF32_CODE_4M.secboot.fd', '/usr/share/OVMF/OVMF32_VARS_4M.fd'],
    ],
  },
  'uefi-arm64': {
    qemu: 'qemu-system-aarch64',
    arch: 'arm64',
    machine: 'virt',
    flash: [
      ['/usr/share/AAVMF/AAVMF_CODE.fd', '/usr/share/AAVMF/AAVMF_VARS.fd'],
      ['/usr/share/AAVMF/AAVMF_CODE.no-secboot.fd', '/usr/share/AAVMF/AAVMF_VARS.fd'],
    ],
  },
};

/** Looks for QEMU and the firmware images of one kind of machine, and names the package when one is missing. */
export function findFirmware(kind: FirmwareKind): Firmware {
  const recipe = RECIPES[kind];
  const qemu = findProgram(recipe.qemu);
  if (!qemu) return missing(recipe.qemu);
  const found = { kind: 'found', qemu, machine: recipe.machine, args: recipe.args ?? [] } as const;
  const isHostArch = process.arch === recipe.arch;
  if (!recipe.flash) return { ...found, isHostArch };
  const pair = recipe.flash.find((files) => files.every((file) => existsSync(file)));
  if (!pair) return missing(recipe.flash[0]?.[0] ?? kind);
  return { ...found, isHostArch, code: pair[0], variables: pair[1] };
}

function missing(what: string): Firmware {
  return { kind: 'missing', what, debianPackage: debianPackageOf(what) ?? 'not known' };
}
