import { access, constants, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoaderCatalog, MissingLoader } from '../boot/loaders.ts';
import type { Settings } from '../config/settings.ts';
import { openLoaders } from '../io/loaders/open-loaders.ts';
import { type Finding, failure, ok, warning } from './finding.ts';

/** Which firmware can be booted from here, and the package that would add what cannot. */
export async function checkLoaders(settings: Settings, dataFolder: string): Promise<Finding[]> {
  const known = join(dataFolder, 'loaders');
  const isUsable = await access(known, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  // The images that the server has made already need not be made again.
  const cacheFolder = isUsable ? known : await mkdtemp(join(tmpdir(), 'rackready-doctor-'));
  try {
    return judgeLoaders(settings, await openLoaders({ cacheFolder, emit: () => {} }));
  } finally {
    if (!isUsable) await rm(cacheFolder, { recursive: true, force: true });
  }
}

export function judgeLoaders(settings: Settings, { platforms, mac, missing }: LoaderCatalog): Finding[] {
  const there = Object.entries(platforms).filter(([, loaders]) => loaders.grub ?? loaders.ipxe ?? loaders.shim);
  const macs = Object.entries(mac).flatMap(([name, loader]) => (loader.kind === 'file' ? name : []));
  const found = [
    there.length === 0
      ? failure('boot loaders', 'there are none: nothing can be booted', 'sudo ./rackready setup')
      : ok(
          'boot loaders',
          [
            ...there.map(([name, loaders]) => `${name}: ${kinds(loaders)}`),
            ...(macs.length > 0 ? [`Macs: ${macs.join(', ')}`] : []),
          ].join('; '),
        ),
  ];
  const wantsShim = [...settings.machines.values()].some(({ secureBoot }) => secureBoot);
  const hasProxy = settings.networks.some(({ dhcp }) => dhcp.mode === 'proxy');
  const matters = ({ platform, loader, reason }: MissingLoader) => {
    if (reason.includes('would refuse')) return true;
    if (loader === 'shim') return wantsShim && platform === 'uefi-x64';
    // In proxy mode UEFI machines are sent iPXE; GRUB would ask the other server.
    if (loader === 'ipxe') return hasProxy && (platform === 'uefi-x64' || platform === 'bios-x86');
    return platform === 'uefi-x64' || platform === 'bios-x86';
  };
  for (const one of missing.filter(matters)) {
    const judge = one.loader === 'shim' && wantsShim ? failure : warning;
    found.push(judge(`${one.loader} for ${one.platform}`, one.reason, one.install));
  }
  return [...found, ...judgeMacs(settings, mac)];
}

/** The one for both is an option: its absence is told where it is asked for. */
function judgeMacs({ machines }: Settings, { efi64, efi32 }: LoaderCatalog['mac']): Finding[] {
  if (![...machines.values()].some(({ kind }) => kind === 'mac')) return [];
  return Object.entries({ efi64, efi32 }).flatMap(([name, loader]) =>
    loader.kind === 'file' ? [] : [warning(`grub for Macs with ${name}`, loader.reason, loader.install)],
  );
}

function kinds({ grub, shim, ipxe }: LoaderCatalog['platforms']['bios-x86']): string {
  return [grub && 'grub', shim && 'shim', ipxe && 'ipxe'].filter(Boolean).join(', ');
}
