import type { Platform } from '../../boot/client.ts';
import type { BootPath, LoaderCatalog, OfferedLoader } from '../../boot/loaders.ts';
import { GRUB_PLATFORMS } from './platforms.ts';

/** What a boot file is a part of. */
export type LoaderName = Pick<OfferedLoader, 'platform' | 'loader'>;

const SHIM_PLATFORMS: Readonly<Record<string, Platform>> = { x64: 'uefi-x64', aa64: 'uefi-arm64' };
const IPXE_PLATFORMS: Readonly<Record<BootPath, Platform>> = {
  'ipxe/undionly.kpxe': 'bios-x86',
  'ipxe/ipxe.efi': 'uefi-x64',
  'ipxe/ipxe-ia32.efi': 'uefi-ia32',
  'ipxe/ipxe-arm64.efi': 'uefi-arm64',
};

/** Both images for Macs in one file. */
export const FAT_PATH = 'mac/fat.efi';

/** The loader that a boot file belongs to, by its name; undefined: none of ours has such a file. */
export function loaderOfPath(path: BootPath): LoaderName | undefined {
  const [, folder, name = ''] = /^boot\/grub\/([a-z0-9_-]+)\/([A-Za-z0-9_.+-]+)$/.exec(path) ?? [];
  for (const grub of GRUB_PLATFORMS) {
    const isOwn = folder === grub.folder && (name === grub.image || /^[A-Za-z0-9_+-]+\.(mod|lst)$/.test(name));
    if (isOwn || path === grub.mac?.bootPath) return { platform: grub.platform, loader: 'grub' };
  }
  if (path === FAT_PATH) return { platform: 'uefi-x64', loader: 'grub' };
  const [, suffix = ''] = /^secure\/(?:shim|grub|mm)(x64|aa64)\.efi$/.exec(path) ?? [];
  const signed = SHIM_PLATFORMS[suffix];
  if (signed !== undefined) return { platform: signed, loader: 'shim' };
  const ipxe = Object.hasOwn(IPXE_PLATFORMS, path) ? IPXE_PLATFORMS[path] : undefined;
  return ipxe && { platform: ipxe, loader: 'ipxe' };
}

/** The files without which a loader is none; the first is what firmware is sent. */
export function neededPaths({ platform, loader }: LoaderName): readonly BootPath[] {
  if (loader === 'ipxe') return Object.keys(IPXE_PLATFORMS).filter((path) => IPXE_PLATFORMS[path] === platform);
  if (loader === 'shim') {
    const suffix = Object.keys(SHIM_PLATFORMS).find((one) => SHIM_PLATFORMS[one] === platform);
    return suffix === undefined ? [] : [`secure/shim${suffix}.efi`, `secure/grub${suffix}.efi`];
  }
  const grub = GRUB_PLATFORMS.find((one) => one.platform === platform);
  return grub === undefined ? [] : [`boot/grub/${grub.folder}/${grub.image}`];
}

/** Files of the host's packages that a loader consists of, or is made of: one is enough to know each package. */
export function sourceFiles({ files }: Pick<LoaderCatalog, 'files'>, { platform, loader }: LoaderName): string[] {
  const names =
    loader === 'grub'
      ? GRUB_PLATFORMS.filter((one) => one.platform === platform).map(({ folder }) => `boot/grub/${folder}/moddep.lst`)
      : neededPaths({ platform, loader });
  return names.flatMap((name) => files.get(name) ?? []);
}
