import type { BootPath } from '../../boot/loaders.ts';
import type { Emit } from '../../event/event.ts';
import { type ImportedSet, objectPath, openImported, whyUnread } from './imported-loaders.ts';
import { FAT_PATH, neededPaths } from './loader-path.ts';
import { type LoaderSet, packageText } from './loader-set.ts';
import type { Draft } from './open-loaders.ts';
import { readEfi, sbatProblem } from './packaged.ts';
import { GRUB_PLATFORMS, PE_MACHINES } from './platforms.ts';

const MACHINES = { 'uefi-x64': PE_MACHINES.x64, 'uefi-ia32': PE_MACHINES.ia32, 'uefi-arm64': PE_MACHINES.arm64 };

/**
 * Lets loaders of imported archives stand in where the host has none. The host's own always win, whatever their versions: whoever
 * installs a package expects that it is used. What is judged of the host's own is judged of these.
 */
export async function addImported(draft: Draft, folder: string, emit: Emit): Promise<void> {
  const unread = whyUnread(folder);
  if (unread) {
    emit('loader.list-damaged', {}, { reason: unread.message, next: unread.hint });
    const doubt = 'whether an archive has brought one is not known, as their list cannot be read';
    draft.missing = draft.missing.map((one) => ({ ...one, reason: `${one.reason}; ${doubt}` }));
  }
  const imported = await openImported(folder);
  for (const { set, problem } of imported) {
    const { platform, loader } = set;
    if (draft.platforms[platform][loader] !== undefined) continue;
    const reason = problem ?? (await whyUnusable(folder, set));
    if (reason === undefined) addSet(draft, folder, set, emit);
    else emit('loader.damaged', {}, { platform, loader, reason });
  }
  addFat(draft, folder, imported);
}

/** An archive may have been changed on its way: no file is offered to firmware that it is not for. */
async function whyUnusable(folder: string, { platform, loader, files }: LoaderSet): Promise<string | undefined> {
  if (platform === 'bios-x86') return undefined;
  const images = files.filter(({ path }) => path.endsWith('.efi') && path !== FAT_PATH);
  for (const { path, sha256 } of images) {
    const found = await readEfi(objectPath(folder, sha256), MACHINES[platform]);
    if (found.kind === 'not-usable') return `${path} of an imported archive: ${found.reason}`;
  }
  if (loader !== 'shim') return undefined;
  const [shim, grub] = await Promise.all(
    neededPaths({ platform, loader }).map((path) => {
      const sha256 = files.find((file) => file.path === path)?.sha256 ?? '';
      return readEfi(objectPath(folder, sha256), MACHINES[platform]);
    }),
  );
  if (shim?.kind !== 'efi' || grub?.kind !== 'efi') return 'shim or its GRUB is missing';
  const refused = sbatProblem(shim.image, grub.image);
  return refused && `with Secure Boot, shim of the archive would refuse its GRUB: ${refused}`;
}

function addSet(draft: Draft, folder: string, set: LoaderSet, emit: Emit): void {
  const { platform, loader, files, hasHttp } = set;
  const [bootPath] = neededPaths(set);
  for (const { path, address, sha256 } of files) {
    if (path === FAT_PATH) continue;
    const known = address === undefined ? draft.files : draft.filesFrom.get(address);
    known?.set(path, objectPath(folder, sha256));
  }
  draft.platforms[platform] = {
    ...draft.platforms[platform],
    [loader]: bootPath,
    ...(loader === 'grub' && { grubHasHttp: hasHttp }),
  };
  const mac = GRUB_PLATFORMS.find((grub) => grub.platform === platform)?.mac;
  if (loader === 'grub' && mac && files.some(({ path }) => path === mac.bootPath))
    draft.mac[mac.efi] = { kind: 'file', bootFile: mac.bootPath };
  const isThis = (one: { platform: string; loader: string }) => one.platform === platform && one.loader === loader;
  const reason = draft.missing.find(isThis)?.reason ?? 'this host has none';
  draft.missing = draft.missing.filter((one) => !isThis(one));
  const packages = set.packages.map(packageText);
  draft.offered.push({ platform, loader, from: 'archive', packages });
  emit('loader.imported', {}, { platform, loader, reason, packages: packages.join(', ') || 'of unknown packages' });
}

/** The file for both kinds of Macs is that of the archive only where both of its parts are. */
function addFat(draft: Draft, folder: string, imported: readonly ImportedSet[]): void {
  const isOurs = (platform: string) =>
    draft.offered.some((one) => one.platform === platform && one.loader === 'grub' && one.from === 'archive');
  if (draft.mac.fat.kind === 'file' || !isOurs('uefi-x64') || !isOurs('uefi-ia32')) return;
  const fats: readonly (readonly [string | undefined, BootPath])[] = imported.flatMap(({ set }) =>
    set.files.flatMap(({ path, address, sha256 }) =>
      path === FAT_PATH ? [[address, objectPath(folder, sha256)] as const] : [],
    ),
  );
  if (!fats.some(([address]) => address === undefined)) return;
  for (const [address, path] of fats)
    (address === undefined ? draft.files : draft.filesFrom.get(address))?.set(FAT_PATH, path);
  draft.mac.fat = { kind: 'file', bootFile: FAT_PATH };
}
