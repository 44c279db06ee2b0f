import { execFile } from 'node:child_process';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Platform } from '../../boot/client.ts';
import {
  EMBEDDED_SCRIPT_NAME,
  GRUB_PREFIX,
  renderEarlyConfig,
  renderEmbeddedScript,
} from '../../boot/grub-embedded.ts';
import type {
  BootPath,
  LoaderCatalog,
  MacLoader,
  MacLoaders,
  MissingLoader,
  PlatformLoaders,
} from '../../boot/loaders.ts';
import type { Emit } from '../../event/event.ts';
import { ProvisionError } from '../../net/provision-error.ts';
import { type EmbeddedConfig, grubImage } from './grub-image.ts';
import { removeAbandonedBuilds } from './image-cache.ts';
import { findIpxe, findShim, type Packaged } from './packaged.ts';
import { GRUB_PLATFORMS, type GrubPlatform } from './platforms.ts';

const run = promisify(execFile);

/** Where to look on the host; tests point it elsewhere. */
export interface LoaderTools {
  /** Names or paths of grub-mkimage, the first that answers is used. */
  readonly mkimage: readonly string[];
  /** The host's root folder, below which packages put their files. */
  readonly root: string;
}

export interface LoaderOptions {
  /** Absolute; made when it is not there. */
  readonly cacheFolder: string;
  readonly emit: Emit;
  /** The configuration inside the images, by firmware; without it that of src/boot/grub-embedded.ts, three tries. */
  readonly embedded?: ((firmware: 'bios' | 'uefi') => EmbeddedConfig) | undefined;
  readonly tools?: LoaderTools | undefined;
}

/** Debian calls it grub-mkimage, Fedora and SUSE grub2-mkimage. */
const hostTools: LoaderTools = { mkimage: ['grub-mkimage', 'grub2-mkimage'], root: '/' };

/** The module folders of Debian, Ubuntu, Fedora and Arch, and of SUSE. */
const grubFolders = ['usr/lib/grub', 'usr/share/grub2', 'usr/share/grub', 'usr/lib/grub2', 'usr/local/lib/grub'];

const noMacImage: MacLoader = { kind: 'not-built', reason: 'images for Macs are not made yet' };

/** A catalogue that is being filled. */
interface Draft {
  readonly platforms: Record<Platform, PlatformLoaders>;
  readonly missing: MissingLoader[];
  readonly mac: MacLoaders;
  readonly files: Map<BootPath, string>;
}

/**
 * Makes the GRUB images that this host can make, finds signed and iPXE loaders, and names what is missing. It does not
 * reject for a host without loaders; it rejects with ProvisionError `store-failed` when the cache cannot be written.
 *
 * `loader.missing` is told for a missing GRUB (nothing boots on that platform) and for a shim that would refuse its GRUB;
 * other absences are only listed in the result.
 */
export async function openLoaders(options: LoaderOptions): Promise<LoaderCatalog> {
  try {
    return await fillCatalog(options);
  } catch (cause) {
    if (!(cause as NodeJS.ErrnoException).code) throw cause;
    const message = `Cannot write the boot loader cache "${options.cacheFolder}": ${(cause as Error).message}`;
    throw new ProvisionError('store-failed', message, { cause });
  }
}

async function fillCatalog(options: LoaderOptions): Promise<LoaderCatalog> {
  const tools = options.tools ?? hostTools;
  await mkdir(options.cacheFolder, { recursive: true });
  await removeAbandonedBuilds(options.cacheFolder, Date.now());
  const none: PlatformLoaders = { grubHasHttp: false };
  const draft: Draft = {
    platforms: { 'bios-x86': none, 'uefi-x64': none, 'uefi-ia32': none, 'uefi-arm64': none },
    missing: [],
    mac: { efi32: noMacImage, efi64: noMacImage, fat: noMacImage },
    files: new Map(),
  };
  const mkimage = await findMkimage(tools.mkimage);
  for (const grub of GRUB_PLATFORMS) await addGrub(draft, grub, mkimage, options);
  for (const platform of ['uefi-x64', 'uefi-arm64'] as const)
    addPackaged(draft, platform, 'shim', await findShim(tools.root, platform));
  for (const { platform } of GRUB_PLATFORMS) addPackaged(draft, platform, 'ipxe', await findIpxe(tools.root, platform));
  for (const { platform, loader, reason, install } of draft.missing)
    if (loader === 'grub' || reason.includes('would refuse'))
      options.emit('loader.missing', {}, { platform, reason, install });
  return draft;
}

async function addGrub(draft: Draft, grub: GrubPlatform, mkimage: Mkimage | undefined, options: LoaderOptions) {
  const root = options.tools?.root ?? hostTools.root;
  const lacks = (reason: string, install: string): void => {
    draft.missing.push({ platform: grub.platform, loader: 'grub', reason, install });
  };
  const folder = await findGrubFolder(root, grub.folder);
  if (folder === undefined) {
    const looked = grubFolders.map((name) => join(root, name, grub.folder)).join(', ');
    return lacks(`moddep.lst and kernel.img are not in any of ${looked}`, installCommand(grub));
  }
  if (mkimage === undefined) return lacks('the program grub-mkimage is not there', 'apt-get install grub-common');
  const { cacheFolder } = options;
  const embedded = (options.embedded ?? usualConfig)(grub.firmware);
  const image = await grubImage({
    grub,
    folder,
    mkimage: mkimage.path,
    version: mkimage.version,
    cacheFolder,
    embedded,
  });
  if (image.kind === 'impossible')
    return lacks(`its image cannot be made: ${image.reason}`, installCommand(grub, '--reinstall '));
  const bootFolder = `boot/grub/${grub.folder}`;
  const bootPath = `${bootFolder}/${grub.image}`;
  draft.files.set(bootPath, image.path);
  for (const name of await readdir(folder))
    if (/\.(mod|lst)$/.test(name)) draft.files.set(`${bootFolder}/${name}`, join(folder, name));
  draft.platforms[grub.platform] = { grub: bootPath, grubHasHttp: image.hasHttp };
  if (image.wasBuilt) options.emit('loader.built', {}, { platform: grub.platform, file: bootPath });
}

function usualConfig(firmware: 'bios' | 'uefi'): EmbeddedConfig {
  const script = renderEmbeddedScript({ firmware, tries: 3, waitSeconds: 10 });
  return { early: renderEarlyConfig(), scriptName: EMBEDDED_SCRIPT_NAME, script, prefix: GRUB_PREFIX };
}

/** Debian has the arm64 package for arm64 only; its modules are data, and any machine can link them. */
function installCommand(grub: GrubPlatform, option = ''): string {
  const isForeign = grub.platform === 'uefi-arm64' && process.arch !== 'arm64';
  if (!isForeign) return `apt-get install ${option}${grub.package}`;
  return `dpkg --add-architecture arm64 && apt-get update && apt-get install ${option}${grub.package}:arm64`;
}

function addPackaged(draft: Draft, platform: Platform, loader: 'shim' | 'ipxe', found: Packaged): void {
  if (found.kind === 'missing') {
    const { reason, install } = found;
    draft.missing.push({ platform, loader, reason, install });
    return;
  }
  for (const [bootPath, path] of found.files) draft.files.set(bootPath, path);
  draft.platforms[platform] = { ...draft.platforms[platform], [loader]: found.bootPath };
}

async function findGrubFolder(root: string, name: string): Promise<string | undefined> {
  for (const parent of grubFolders) {
    const folder = join(root, parent, name);
    const files = await Promise.all(
      ['moddep.lst', 'kernel.img'].map((file) => stat(join(folder, file)).catch(() => undefined)),
    );
    if (files.every((file) => file?.isFile())) return folder;
  }
  return undefined;
}

interface Mkimage {
  readonly path: string;
  readonly version: string;
}

async function findMkimage(candidates: readonly string[]): Promise<Mkimage | undefined> {
  for (const path of candidates) {
    const said = await run(path, ['--version'], { timeout: 20_000 }).catch(() => undefined);
    if (said) return { path, version: said.stdout.trim() };
  }
  return undefined;
}
