import { execFile } from 'node:child_process';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Platform } from '../../boot/client.ts';
import type {
  BootPath,
  LoaderCatalog,
  MacFirmware,
  MacLoader,
  MissingLoader,
  OfferedLoader,
  PlatformLoaders,
} from '../../boot/loaders.ts';
import type { Emit } from '../../event/event.ts';
import { ProvisionError } from '../../net/provision-error.ts';
import { addImported } from './add-imported.ts';
import { embeddedConfig, type ImageKind } from './embedded.ts';
import { fatImage } from './fat-image.ts';
import { type EmbeddedConfig, type GrubMaker, openGrubMaker } from './grub-image.ts';
import { removeAbandonedBuilds } from './image-cache.ts';
import { FAT_PATH } from './loader-path.ts';
import { findIpxe, findShim, type Packaged } from './packaged.ts';
import { GRUB_PLATFORMS, type GrubPlatform } from './platforms.ts';

const run = promisify(execFile);

/** Where to look on the host; tests point it elsewhere. */
export interface LoaderTools {
  /** Names or paths of grub-mkimage, the first that answers is used. */
  readonly mkimage: readonly string[];
  /** Name or path of grub-glue-efi. */
  readonly glue: string;
  /** The host's root folder, below which packages put their files. */
  readonly root: string;
}

export interface LoaderOptions {
  /** Absolute; made when it is not there. */
  readonly cacheFolder: string;
  readonly emit: Emit;
  /**
   * Our own addresses, dotted, one for each network whose machines load from us. Each gets images of its own that know the
   * address; those of `files` know none.
   */
  readonly servers?: readonly string[] | undefined;
  /** The configuration inside the images; without it that of src/boot/grub-embedded.ts. */
  readonly embedded?: ((kind: ImageKind, server: string | undefined) => EmbeddedConfig) | undefined;
  readonly tools?: LoaderTools | undefined;
  /** Folder with loaders that came with archives: they stand in where the host has none of its own. */
  readonly imported?: string | undefined;
}

/** Debian calls it grub-mkimage, Fedora and SUSE grub2-mkimage. */
const hostTools: LoaderTools = { mkimage: ['grub-mkimage', 'grub2-mkimage'], glue: 'grub-glue-efi', root: '/' };

/** The module folders of Debian, Ubuntu, Fedora and Arch, and of SUSE. */
const grubFolders = ['usr/lib/grub', 'usr/share/grub2', 'usr/share/grub', 'usr/lib/grub2', 'usr/local/lib/grub'];

/** Before its turn. Every one of them has it. */
const notTried: MacLoader = { kind: 'not-built', reason: 'it was not tried' };

/** A catalogue that is being filled. */
export interface Draft {
  readonly platforms: Record<Platform, PlatformLoaders>;
  missing: MissingLoader[];
  readonly offered: OfferedLoader[];
  readonly mac: Record<MacFirmware, MacLoader>;
  readonly files: Map<BootPath, string>;
  readonly filesFrom: Map<string, Map<BootPath, string>>;
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
    offered: [],
    mac: { efi32: notTried, efi64: notTried, fat: notTried },
    files: new Map(),
    filesFrom: new Map((options.servers ?? []).map((server) => [server, new Map()])),
  };
  const mkimage = await findMkimage(tools.mkimage);
  for (const grub of GRUB_PLATFORMS) await addGrub(draft, grub, mkimage, options);
  await addFat(draft, tools.glue, options);
  for (const platform of ['uefi-x64', 'uefi-arm64'] as const)
    addPackaged(draft, platform, 'shim', await findShim(tools.root, platform));
  for (const { platform } of GRUB_PLATFORMS) addPackaged(draft, platform, 'ipxe', await findIpxe(tools.root, platform));
  if (options.imported !== undefined) await addImported(draft, options.imported, options.emit);
  for (const { platform, loader, reason, install } of draft.missing)
    if (loader === 'grub' || reason.includes('would refuse'))
      options.emit('loader.missing', {}, { platform, reason, install });
  return draft;
}

async function addGrub(draft: Draft, grub: GrubPlatform, mkimage: Mkimage | undefined, options: LoaderOptions) {
  const lacks = (reason: string, install: string): void => {
    const { platform } = grub;
    draft.missing.push({ platform, loader: 'grub', reason, install });
    if (grub.mac) draft.mac[grub.mac.efi] = { kind: 'not-built', reason, install };
  };
  const root = options.tools?.root ?? hostTools.root;
  const folder = await findGrubFolder(root, grub.folder);
  if (folder === undefined) {
    const looked = grubFolders.map((name) => join(root, name, grub.folder)).join(', ');
    return lacks(`moddep.lst and kernel.img are not in any of ${looked}`, installCommand(grub));
  }
  if (mkimage === undefined) return lacks('the program grub-mkimage is not there', 'apt-get install grub-common');
  const { cacheFolder } = options;
  const { path, version } = mkimage;
  const maker = await openGrubMaker({ grub, folder, mkimage: path, version, cacheFolder });
  const broken = (reason: string) => lacks(`its image cannot be made: ${reason}`, installCommand(grub, '--reinstall '));
  if (maker.kind === 'impossible') return broken(maker.reason);
  const bootFolder = `boot/grub/${grub.folder}`;
  const bootPath = `${bootFolder}/${grub.image}`;
  const images: Image[] = [{ kind: grub.firmware, bootPath, name: grub.folder }];
  if (grub.mac) images.push({ kind: 'mac', bootPath: grub.mac.bootPath, name: `mac-${grub.folder}` });
  for (const image of images) {
    const problem = await addImage(draft, { image, maker, platform: grub.platform }, options);
    if (problem !== undefined) return broken(problem);
  }
  draft.platforms[grub.platform] = { grub: bootPath, grubHasHttp: maker.hasHttp };
  draft.offered.push({ platform: grub.platform, loader: 'grub', from: 'host', packages: [] });
  if (grub.mac) draft.mac[grub.mac.efi] = { kind: 'file', bootFile: grub.mac.bootPath };
  for (const name of await readdir(folder))
    if (/\.(mod|lst)$/.test(name)) draft.files.set(`${bootFolder}/${name}`, join(folder, name));
}

interface Image {
  readonly kind: ImageKind;
  readonly bootPath: BootPath;
  /** In the cache. */
  readonly name: string;
}

interface Making {
  readonly image: Image;
  readonly maker: Extract<GrubMaker, { kind: 'ready' }>;
  readonly platform: Platform;
}

/** Makes an image that knows no server, and one for each of our addresses. Returns what went wrong, or undefined. */
async function addImage(draft: Draft, making: Making, options: LoaderOptions): Promise<string | undefined> {
  const { kind, bootPath, name } = making.image;
  const embedded = options.embedded ?? embeddedConfig;
  let wasBuilt = false;
  for (const [server, files] of [[undefined, draft.files] as const, ...draft.filesFrom]) {
    const made = await making.maker.make(name, embedded(kind, server));
    if (made.kind === 'impossible') return made.reason;
    files.set(bootPath, made.path);
    wasBuilt ||= made.wasBuilt;
  }
  if (wasBuilt) options.emit('loader.built', {}, { platform: making.platform, file: bootPath });
  return undefined;
}

async function addFat(draft: Draft, glue: string, { cacheFolder }: LoaderOptions): Promise<void> {
  const { efi32, efi64 } = draft.mac;
  if (efi32.kind !== 'file' || efi64.kind !== 'file') {
    const lacking = efi32.kind === 'file' ? efi64 : efi32;
    draft.mac.fat = lacking.kind === 'file' ? notTried : lacking;
    return;
  }
  for (const files of [draft.files, ...draft.filesFrom.values()]) {
    const parts = { efi32: files.get(efi32.bootFile) ?? '', efi64: files.get(efi64.bootFile) ?? '' };
    const made = await fatImage({ glue, ...parts, cacheFolder, name: 'mac-fat' });
    if ('reason' in made) {
      draft.mac.fat = { kind: 'not-built', reason: made.reason, install: 'apt-get install grub-common' };
      return;
    }
    files.set(FAT_PATH, made.path);
  }
  draft.mac.fat = { kind: 'file', bootFile: FAT_PATH };
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
  draft.offered.push({ platform, loader, from: 'host', packages: [] });
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
