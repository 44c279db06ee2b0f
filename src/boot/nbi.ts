import { type Mac, parseMac } from '../net/mac.ts';
import { type PlistDict, type PlistValue, parsePlist } from './plist.ts';

/** The file that makes a folder a NetBoot image. */
export const NBI_PLIST = 'NBImageInfo.plist';

/** What NBImageInfo.plist says of a NetBoot image, as far as it decides something. Paths are relative to the folder. */
export interface NbiInfo {
  readonly name?: string | undefined;
  readonly index?: number | undefined;
  /** 0 Mac OS 9, 1 Mac OS X, 2 Mac OS X Server, 3 diagnostics. */
  readonly appleKind: number;
  readonly isInstall: boolean;
  readonly isDefault: boolean;
  readonly isFilterOnly: boolean;
  /** The first program, in the folder of its processor: "i386/booter". */
  readonly booter: string;
  /** What the booter loads next, named by the image's com.apple.Boot.plist: "i386/x86_64/kernelcache". */
  readonly kernelCache: string;
  /** The disk image with the system: "NetInstall.dmg"; undefined for a booter that needs none. */
  readonly rootImage?: string | undefined;
  /** How Apple's server hands the disk image out. */
  readonly rootType: 'http' | 'nfs' | 'none';
  readonly models?: readonly string[] | undefined;
  readonly notModels: readonly string[];
  readonly macs?: readonly Mac[] | undefined;
  readonly notMacs: readonly Mac[];
}

export type ReadNbi =
  | { readonly kind: 'nbi'; readonly info: NbiInfo }
  /** Completes "NBImageInfo.plist …". */
  | { readonly kind: 'problem'; readonly problem: string };

/** Understands the text of NBImageInfo.plist. `bootPlist` is that of com.apple.Boot.plist beside the booter, where there is one. */
export function readNbi(text: string, bootPlist?: string): ReadNbi {
  const parsed = parsePlist(text);
  if (parsed.kind === 'problem') return parsed;
  const info = dictOf(parsed.value);
  if (info === undefined) return { kind: 'problem', problem: 'holds no <dict>' };
  const architectures = textsOf(info.Architectures);
  if (architectures !== undefined && !architectures.includes('i386')) {
    const has = architectures.join(', ') || 'none';
    return { kind: 'problem', problem: `names no image for Intel Macs (Architectures: ${has})` };
  }
  const bootFile = textOf(info.BootFile) || 'booter';
  const rootImage = textOf(info.RootPath) || undefined;
  const outside = [bootFile, rootImage].find((path) => path !== undefined && !isInside(path));
  if (outside !== undefined) return { kind: 'problem', problem: `names ${outside}, which is outside the folder` };
  return { kind: 'nbi', info: infoOf(info, { bootFile, rootImage, bootPlist }) };
}

interface Files {
  readonly bootFile: string;
  readonly rootImage: string | undefined;
  readonly bootPlist: string | undefined;
}

function infoOf(info: PlistDict, { bootFile, rootImage, bootPlist }: Files): NbiInfo {
  const appleKind = numberOf(info.Kind) ?? 1;
  const models = textsOf(info.EnabledSystemIdentifiers);
  const macs = textsOf(info.EnabledMACAddresses);
  return {
    name: textOf(info.Name) || undefined,
    index: numberOf(info.Index),
    appleKind,
    isInstall: info.IsInstall === true,
    isDefault: info.IsDefault === true,
    // Diagnostics are only for those who ask for them.
    isFilterOnly: typeof info.FilterOnly === 'boolean' ? info.FilterOnly : appleKind === 3,
    booter: `i386/${bootFile}`,
    kernelCache: `i386/${kernelCacheIn(bootPlist)}`,
    rootImage,
    rootType: rootImage === undefined ? 'none' : textOf(info.Type)?.toUpperCase() === 'NFS' ? 'nfs' : 'http',
    // An empty list of models allows nothing in Apple's tools' dialogs and everything in their server: it means no list.
    models: models?.length ? models : undefined,
    notModels: textsOf(info.DisabledSystemIdentifiers) ?? [],
    macs: macs?.length ? macs.flatMap((text) => parseMac(text) ?? []) : undefined,
    notMacs: (textsOf(info.DisabledMACAddresses) ?? []).flatMap((text) => parseMac(text) ?? []),
  };
}

const USUAL_CACHE = 'x86_64/kernelcache';

/** The booter itself reads the name from there; backslashes are its own. */
function kernelCacheIn(bootPlist: string | undefined): string {
  const parsed = bootPlist === undefined ? undefined : parsePlist(bootPlist);
  const named = parsed?.kind === 'value' ? textOf(dictOf(parsed.value)?.['Kernel Cache']) : undefined;
  const path = named?.replaceAll('\\', '/').replace(/^\/+/, '');
  return path && isInside(path) ? path : USUAL_CACHE;
}

function isInside(path: string): boolean {
  return !path.startsWith('/') && !path.split(/[/\\]/).includes('..');
}

function dictOf(value: PlistValue | undefined): PlistDict | undefined {
  return typeof value === 'object' && !Array.isArray(value) ? (value as PlistDict) : undefined;
}

function textOf(value: PlistValue | undefined): string | undefined {
  return typeof value === 'string' ? value.trim() : undefined;
}

function textsOf(value: PlistValue | undefined): string[] | undefined {
  return Array.isArray(value) ? value.flatMap((item) => textOf(item) || []) : undefined;
}

function numberOf(value: PlistValue | undefined): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined;
}
