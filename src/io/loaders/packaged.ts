import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Platform } from '../../boot/client.ts';
import type { BootPath, MissingLoader } from '../../boot/loaders.ts';
import { DecodeError } from '../../wire/decode-error.ts';
import { decodePeImage, type PeImage } from './pe-image.ts';
import { PE_MACHINES } from './platforms.ts';
import { sbatLevelOf, sbatOf, whyRefused } from './sbat.ts';

/** A loader that comes ready from a package: the name it is served by first, and all its files. */
export type Packaged =
  | { readonly kind: 'found'; readonly bootPath: BootPath; readonly files: readonly (readonly [BootPath, string])[] }
  | ({ readonly kind: 'missing' } & MissingLoader);

/**
 * The distribution's signed shim and its network GRUB, which shim loads as grub<cpu>.efi from its own folder. It is a
 * matter of `missing` when shim would refuse that GRUB: with Secure Boot on, the machine would stop there.
 */
export async function findShim(root: string, platform: 'uefi-x64' | 'uefi-arm64'): Promise<Packaged> {
  const [suffix, deb, grubFolder] =
    platform === 'uefi-x64' ? ['x64', 'amd64', 'x86_64-efi'] : ['aa64', 'arm64', 'arm64-efi'];
  const machine = platform === 'uefi-x64' ? PE_MACHINES.x64 : PE_MACHINES.arm64;
  const missing = { kind: 'missing', platform, loader: 'shim' } as const;
  const shim = await readEfi(join(root, `usr/lib/shim/shim${suffix}.efi.signed`), machine);
  const shimPackage = platform === nativePlatform ? 'shim-signed' : `shim-signed:${deb}`;
  if (shim.kind === 'not-usable') return { ...missing, reason: shim.reason, install: `apt-get install ${shimPackage}` };
  const signed = join(root, `usr/lib/grub/${grubFolder}-signed/grubnet${suffix}.efi.signed`);
  const grub = await readEfi(signed, machine);
  const install = `apt-get install grub-efi-${deb}-signed`;
  if (grub.kind === 'not-usable') return { ...missing, reason: grub.reason, install };
  const refused = sbatProblem(shim.image, grub.image);
  if (refused !== undefined) {
    const reason = `with Secure Boot, ${shim.path} would refuse ${grub.path}: ${refused}`;
    return { ...missing, reason, install: `apt-get update && apt-get install shim-signed grub-efi-${deb}-signed` };
  }
  const bootPath = `secure/shim${suffix}.efi`;
  const files: [BootPath, string][] = [
    [bootPath, shim.path],
    [`secure/grub${suffix}.efi`, grub.path],
  ];
  const manager = await readEfi(join(root, `usr/lib/shim/mm${suffix}.efi.signed`), machine);
  if (manager.kind === 'efi') files.push([`secure/mm${suffix}.efi`, manager.path]);
  return { kind: 'found', bootPath, files };
}

const nativePlatform: Platform = process.arch === 'arm64' ? 'uefi-arm64' : 'uefi-x64';

/** Why a shim would refuse a GRUB under Secure Boot; undefined: it would not. */
export function sbatProblem(shim: PeImage, grub: PeImage): string | undefined {
  try {
    const level = sbatLevelOf(shim);
    return level && whyRefused(level, sbatOf(grub));
  } catch (error) {
    if (error instanceof DecodeError) return `its demands cannot be read: ${error.message}`;
    throw error;
  }
}

/** Where distributions put iPXE: Debian and Ubuntu, then Fedora. The header decides for whom a file is, not its name. */
const ipxeEfiNames = [
  ...[
    'usr/lib/ipxe/ipxe.efi',
    'usr/lib/ipxe/snponly.efi',
    'usr/lib/ipxe/ipxe-arm64.efi',
    'usr/lib/ipxe/snponly-arm64.efi',
  ],
  ...['usr/share/ipxe/ipxe-x86_64.efi', 'usr/share/ipxe/ipxe-snponly-x86_64.efi', 'usr/share/ipxe/ipxe-i386.efi'],
  ...['usr/share/ipxe/arm64-efi/ipxe.efi', 'usr/share/ipxe/arm64-efi/snponly.efi'],
];
const ipxeBiosNames = ['usr/lib/ipxe/undionly.kpxe', 'usr/share/ipxe/undionly.kpxe'];

const ipxeTargets = {
  'uefi-x64': { machine: PE_MACHINES.x64, bootPath: 'ipxe/ipxe.efi' },
  'uefi-ia32': { machine: PE_MACHINES.ia32, bootPath: 'ipxe/ipxe-ia32.efi' },
  'uefi-arm64': { machine: PE_MACHINES.arm64, bootPath: 'ipxe/ipxe-arm64.efi' },
} as const;

/** iPXE for one platform. An EFI file whose header names another CPU is never offered. */
export async function findIpxe(root: string, platform: Platform): Promise<Packaged> {
  const missing = { kind: 'missing', platform, loader: 'ipxe', install: 'apt-get install ipxe' } as const;
  if (platform === 'bios-x86') {
    for (const name of ipxeBiosNames) {
      const path = await realpath(join(root, name)).catch(() => undefined);
      if (path) return { kind: 'found', bootPath: 'ipxe/undionly.kpxe', files: [['ipxe/undionly.kpxe', path]] };
    }
    return { ...missing, reason: `${join(root, ipxeBiosNames[0] ?? '')} is not there` };
  }
  const target = ipxeTargets[platform];
  const reasons: string[] = [];
  for (const name of ipxeEfiNames) {
    const found = await readEfi(join(root, name), target.machine);
    if (found.kind === 'efi')
      return { kind: 'found', bootPath: target.bootPath, files: [[target.bootPath, found.path]] };
    if (found.isThere) reasons.push(found.reason);
  }
  const nothing = `no iPXE for this CPU in ${join(root, 'usr/lib/ipxe')} or ${join(root, 'usr/share/ipxe')}`;
  return { ...missing, reason: [nothing, ...reasons].join('; ') };
}

/** A file, looked at as firmware of one kind does. */
type EfiFile =
  | { readonly kind: 'efi'; readonly path: string; readonly image: PeImage }
  | { readonly kind: 'not-usable'; readonly isThere: boolean; readonly reason: string };

export async function readEfi(name: string, machine: number): Promise<EfiFile> {
  const path = await realpath(name).catch(() => undefined);
  const bytes = path && (await readFile(path).catch(() => undefined));
  if (!path || !bytes) return { kind: 'not-usable', isThere: false, reason: `${name} is not there` };
  try {
    const image = decodePeImage(bytes);
    if (image.machine === machine) return { kind: 'efi', path, image };
    const [is, wants] = [image.machine, machine].map((value) => `0x${value.toString(16)}`);
    return { kind: 'not-usable', isThere: true, reason: `${name} is for machine type ${is}, not ${wants}` };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { kind: 'not-usable', isThere: true, reason: `${name} is no EFI application: ${error.message}` };
  }
}
