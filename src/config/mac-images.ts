import { EFI_HEADER_BYTES, type EfiBits, efiBitsOf } from '../boot/efi-program.ts';
import { AUTOMATIC_IMAGE, type Entitlement, type MacImage, type MacImageKind } from '../boot/mac-image.ts';
import { NBI_PLIST, type NbiInfo, readNbi } from '../boot/nbi.ts';
import { hashText } from '../net/hash.ts';
import { type Mac, parseMac } from '../net/mac.ts';
import { entryOf } from './facts.ts';
import { type Finding, type Path, warningAt } from './problem.ts';
import { resolvePath } from './resolve-path.ts';
import type { Config, ImageConfig } from './schema.ts';

/** Reads the beginning of a file; undefined when it cannot be read. */
export type ReadHead = (path: string, mostBytes: number) => Uint8Array | undefined;

export interface ImageFolders {
  /** Folder that relative paths at a place of the configuration start from. */
  folderOf(path: Path): string;
  /** Absent: nothing is read, programs count as 64-bit ones, and NetBoot folders as unreadable. */
  readonly readHead?: ReadHead | undefined;
}

/** The images, and what their files say that the operator should know. */
export interface BuiltImages {
  readonly images: readonly MacImage[];
  readonly findings: readonly Finding[];
}

const APPLE_KINDS = { macos9: 0, macosx: 1, 'macosx-server': 2, diagnostics: 3 } as const;
/** Property lists of images are a few KB. */
const MOST_PLIST_BYTES = 256 * 1024;
/** Numbers below 4096 are this server's own. */
const OWN_INDEXES = 4095;

/**
 * Makes the images of the configuration, with what their files say. One whose files cannot be read is left out, with a
 * warning: a disk that is not mounted must not stop the rest. Without an image for Linux there is an automatic one.
 */
export function buildImages(config: Config, folders: ImageFolders): BuiltImages {
  const building: Building = { config, folders, findings: [] };
  const drafts = Object.entries(config.images).flatMap(([name, image]) => buildImage(name, image, building) ?? []);
  const isLinux = drafts.some(({ what }) => what.kind === 'linux');
  const images = withIndexes(isLinux ? drafts : [AUTOMATIC_IMAGE, ...drafts], building);
  return { images, findings: building.findings };
}

/** An image whose number may still be missing. */
type Draft = Omit<MacImage, 'id'> & { readonly id: Omit<MacImage['id'], 'index'> & { readonly index?: number } };

interface Building {
  readonly config: Config;
  readonly folders: ImageFolders;
  readonly findings: Finding[];
}

function buildImage(name: string, image: ImageConfig, building: Building): Draft | undefined {
  if (image.kind === 'nbi') return buildNbi(name, image, building);
  const what = kindOf(name, image, building);
  if (what === undefined) return undefined;
  const title = image.name ?? { linux: undefined, localboot: 'Boot from disk', efi: name }[image.kind];
  return draftOf(name, image, building, { what, title });
}

function kindOf(name: string, image: ImageConfig, building: Building): MacImageKind | undefined {
  switch (image.kind) {
    case 'linux':
      return { kind: 'linux', profile: image.profile };
    case 'localboot':
      return { kind: 'localboot' };
    case 'efi': {
      const programs = programsOf(name, image, building);
      return Object.keys(programs).length === 0 ? undefined : { kind: 'efi', programs };
    }
    case 'nbi':
      return undefined;
  }
}

interface Known {
  readonly what: MacImageKind;
  readonly title: string | undefined;
  /** What the image says of itself; the configuration outweighs it. */
  readonly info?: NbiInfo;
}

function draftOf(name: string, image: ImageConfig, { config }: Building, { what, title, info }: Known): Draft {
  const install = image.install ?? info?.isInstall ?? image.kind === 'linux';
  const kind = image.appleKind === undefined ? (info?.appleKind ?? APPLE_KINDS.macosx) : APPLE_KINDS[image.appleKind];
  const index = image.index ?? info?.index;
  return {
    name,
    title,
    id: { install, kind, ...(index !== undefined && { index }) },
    isDefault: image.default ?? false,
    isFilterOnly: image.filterOnly ?? info?.isFilterOnly ?? kind === APPLE_KINDS.diagnostics,
    forUnknown: image.unknownMachines ?? (image.kind === 'linux' || image.kind === 'localboot'),
    entitled: entitlement(image, config, info),
    what,
  };
}

function entitlement(image: ImageConfig, config: Config, info: NbiInfo | undefined): Entitlement {
  return {
    models: image.models ?? info?.models,
    notModels: [...(image.notModels ?? []), ...(info?.notModels ?? [])],
    macs: image.machines?.flatMap((name) => macsOf(name, config)) ?? info?.macs,
    notMacs: [...(image.notMachines ?? []).flatMap((name) => macsOf(name, config)), ...(info?.notMacs ?? [])],
  };
}

function macsOf(name: string, config: Config): readonly Mac[] {
  const machine = entryOf(config.machines, name);
  if (machine) return machine.macs ?? (machine.mac === undefined ? [] : [machine.mac]);
  const mac = parseMac(name);
  return mac === undefined ? [] : [mac];
}

/** `file` serves the firmware that it is made for; what cannot be looked at counts as made for 64-bit firmware. */
function programsOf(name: string, image: ImageConfig, building: Building): Partial<Record<EfiBits, string>> {
  const { folders, findings } = building;
  const programs: Partial<Record<EfiBits, string>> = {};
  for (const [key, expected] of [
    ['file', 64],
    ['file32', 32],
  ] as const) {
    const given = image[key];
    if (given === undefined) continue;
    const path = resolvePath(folders.folderOf(['images', name]), given);
    const at = ['images', name, key];
    const head = folders.readHead?.(path, EFI_HEADER_BYTES);
    if (head === undefined && folders.readHead)
      findings.push(warningAt(at, `${path} does not exist, or cannot be read`));
    const bits = head === undefined ? [expected] : efiBitsOf(head);
    if (bits.length === 0) findings.push(warningAt(at, `${path} is no EFI program for Intel: no Mac is offered it`));
    if (key === 'file32' && bits.length > 0 && !bits.includes(32)) {
      findings.push(warningAt(at, `${path} is for 64-bit EFI: no Mac with 32-bit EFI is offered it`));
      continue;
    }
    for (const one of bits) if (key === 'file32' ? one === 32 : programs[one] === undefined) programs[one] = path;
  }
  return programs;
}

function buildNbi(name: string, image: ImageConfig, building: Building): Draft | undefined {
  const { folders, findings } = building;
  const { file, rootPath } = image;
  if (file === undefined) return undefined;
  const folder = resolvePath(folders.folderOf(['images', name]), file);
  const at = ['images', name, 'file'];
  const info = readInfo(folder, at, building);
  if (info === undefined) return undefined;
  if (info.rootType === 'nfs' && rootPath === undefined) {
    const message = `${info.rootImage} is made for NFS and is served over HTTP: give rootPath where an NFS server has it`;
    findings.push(warningAt(at, message));
  }
  const { booter, kernelCache, rootImage } = info;
  for (const path of [booter, kernelCache, ...(rootPath === undefined && rootImage !== undefined ? [rootImage] : [])]) {
    if (folders.readHead?.(`${folder}/${path}`, 1) === undefined) {
      findings.push(warningAt(at, `${folder}/${path} does not exist, or cannot be read`));
    }
  }
  const nbi = { folder, booter, kernelCache, rootImage, rootPath };
  return draftOf(name, image, building, { what: { kind: 'nbi', nbi }, title: image.name ?? info.name ?? name, info });
}

function readInfo(folder: string, at: Path, { folders, findings }: Building): NbiInfo | undefined {
  const text = readText(folders, `${folder}/${NBI_PLIST}`);
  if (text === undefined) {
    const message = `${folder}/${NBI_PLIST} does not exist, or cannot be read: the image is left out`;
    if (folders.readHead) findings.push(warningAt(at, message));
    return undefined;
  }
  const read = readNbi(text, readText(folders, `${folder}/i386/com.apple.Boot.plist`));
  if (read.kind === 'nbi') return read.info;
  findings.push(warningAt(at, `${folder}/${NBI_PLIST} ${read.problem}: the image is left out`));
  return undefined;
}

function readText({ readHead }: ImageFolders, path: string): string | undefined {
  const bytes = readHead?.(path, MOST_PLIST_BYTES);
  return bytes && new TextDecoder().decode(bytes);
}

/**
 * Numbers that the configuration gives stay; a NetBoot folder's own counts when it is free. The others follow from the
 * name, so that they stay when images come and go.
 */
function withIndexes(drafts: readonly Draft[], { config, findings }: Building): MacImage[] {
  const fixed = (name: string) => entryOf(config.images, name)?.index;
  const taken = new Set(drafts.flatMap(({ name }) => fixed(name) ?? []));
  return drafts.map(({ id, ...image }) => {
    const own = fixed(image.name);
    const isFree = id.index !== undefined && !taken.has(id.index);
    const index = own ?? (isFree ? id.index : freeIndex(image.name, taken));
    if (id.index !== undefined && index !== id.index && image.name !== AUTOMATIC_IMAGE.name) {
      const message = `the folder’s index ${id.index} is that of another image: it gets ${index}`;
      findings.push(warningAt(['images', image.name, 'index'], message));
    }
    taken.add(index);
    return { ...image, id: { install: id.install, kind: id.kind, index } };
  });
}

function freeIndex(name: string, taken: ReadonlySet<number>): number {
  let index = hashText(name) % OWN_INDEXES;
  for (let tries = 0; tries < OWN_INDEXES && taken.has(index + 1); tries++) index = (index + 1) % OWN_INDEXES;
  return index + 1;
}
