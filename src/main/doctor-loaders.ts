import { join } from 'node:path';
import type { LoaderCatalog, MissingLoader, OfferedLoader } from '../boot/loaders.ts';
import type { Settings } from '../config/settings.ts';
import { IMPORTED_FOLDER, whyUnread } from '../io/loaders/imported-loaders.ts';
import { withLoaderCache } from '../io/loaders/loader-cache.ts';
import { sourceFiles } from '../io/loaders/loader-path.ts';
import { openLoaders } from '../io/loaders/open-loaders.ts';
import { packagesOf } from '../io/loaders/packages-of.ts';
import { type Finding, failure, ok, warning } from './finding.ts';

/** Which firmware can be booted from here, and the package that would add what cannot. */
export async function checkLoaders(settings: Settings, dataFolder: string): Promise<Finding[]> {
  return withLoaderCache(dataFolder, async (cacheFolder) => {
    const imported = join(dataFolder, IMPORTED_FOLDER);
    const catalog = await nameSources(await openLoaders({ cacheFolder, emit: () => {}, imported }));
    const unread = whyUnread(imported);
    const damage = unread === undefined ? [] : [warning('imported boot loaders', unread.message, unread.hint)];
    return [...damage, ...judgeLoaders(settings, catalog)];
  });
}

/** Says of the host's own loaders which packages they are from. */
async function nameSources(catalog: LoaderCatalog): Promise<LoaderCatalog> {
  const named = catalog.offered.map(async (one): Promise<OfferedLoader> => {
    if (one.from === 'archive') return one;
    const packages = await packagesOf(sourceFiles(catalog, one));
    return { ...one, packages: packages.map(({ name, version }) => `${name} ${version}`) };
  });
  return { ...catalog, offered: await Promise.all(named) };
}

export function judgeLoaders(settings: Settings, { platforms, mac, missing, offered }: LoaderCatalog): Finding[] {
  const there = Object.entries(platforms).filter(([, loaders]) => loaders.grub ?? loaders.ipxe ?? loaders.shim);
  const macs = Object.entries(mac).flatMap(([name, loader]) => (loader.kind === 'file' ? name : []));
  const found = [
    there.length === 0
      ? failure('boot loaders', 'there are none: nothing can be booted', 'sudo ./rackready setup')
      : ok(
          'boot loaders',
          [
            ...there.map(([name, loaders]) => `${name}: ${kinds(loaders, sourcesOf(offered, name))}`),
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

function kinds({ grub, shim, ipxe }: LoaderCatalog['platforms']['bios-x86'], sources: ReadonlyMap<string, string>) {
  return Object.entries({ grub, shim, ipxe })
    .flatMap(([name, path]) => (path === undefined ? [] : `${name}${sources.get(name) ?? ''}`))
    .join(', ');
}

/** By loader: " (grub-pc-bin 2.06-13)", or that an archive brought it. */
function sourcesOf(offered: LoaderCatalog['offered'], platform: string): ReadonlyMap<string, string> {
  const own = offered.filter((one) => one.platform === platform);
  return new Map(
    own.map(({ loader, from, packages }) => {
      const parts = [...(from === 'archive' ? ['imported'] : []), ...packages];
      return [loader, parts.length === 0 ? '' : ` (${parts.join(', ')})`];
    }),
  );
}
