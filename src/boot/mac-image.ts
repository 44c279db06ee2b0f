import type { Mac } from '../net/mac.ts';
import type { EfiBits } from './efi-program.ts';

/** What a Mac can be offered by NetBoot. */
export interface MacImage {
  /** Its key in the configuration; `(automatic)` for the one that is made when no Linux image is configured. */
  readonly name: string;
  /** What the Mac shows; undefined for a Linux image that is named after what it installs. */
  readonly title?: string | undefined;
  /** Its number on the wire, see src/wire/bsdp/image-id.ts. */
  readonly id: { readonly install: boolean; readonly kind: number; readonly index: number };
  readonly isDefault: boolean;
  /** Listed only for a Mac that asks for its attributes. */
  readonly isFilterOnly: boolean;
  /** Whether Macs that the configuration does not name may have it. */
  readonly forUnknown: boolean;
  readonly entitled: Entitlement;
  readonly what: MacImageKind;
}

export type MacImageKind =
  /** GRUB, which then asks what to do like on every other machine. `profile`: only for machines that are to become this. */
  | { readonly kind: 'linux'; readonly profile?: string | undefined }
  /** GRUB, which then boots from the disk. */
  | { readonly kind: 'localboot' }
  /** Any EFI program, by the width of the firmware that runs it: absolute paths on this host. */
  | { readonly kind: 'efi'; readonly programs: Readonly<Partial<Record<EfiBits, string>>> }
  | { readonly kind: 'nbi'; readonly nbi: NbiImage };

/** A NetBoot image of Apple's kind, served as it stands. Paths are relative to the folder. */
export interface NbiImage {
  /** Absolute. */
  readonly folder: string;
  readonly booter: string;
  readonly kernelCache: string;
  /** Served over HTTP, unless `rootPath` says where it is. */
  readonly rootImage?: string | undefined;
  /** Option 17 as the operator wrote it, "nfs:10.0.0.5:/netboot:NetBoot.dmg". */
  readonly rootPath?: string | undefined;
}

/** What holds for all Macs. */
export interface MacSettings {
  /** `seed`: the offer of an address also names the image, as old dhcpd.conf recipes do. */
  readonly offerCompat: 'plain' | 'seed';
  /** `fat`: one GRUB image for firmware of both widths. */
  readonly bootFile: 'model' | 'fat';
  /** Sub-option 4: of several servers the one with the highest is taken. */
  readonly priority: number;
  /** Whether a Mac is answered that names its address in option 50 only, or not at all. */
  readonly clientAddress: 'lenient' | 'strict';
}

/** Who may have an image. A list that is undefined lets everybody in; an entry of a `not` list outweighs everything. */
export interface Entitlement {
  readonly models?: readonly string[] | undefined;
  readonly notModels: readonly string[];
  readonly macs?: readonly Mac[] | undefined;
  readonly notMacs: readonly Mac[];
}

/** Name and number of the image that stands for a machine's profile where the configuration names no Linux image. */
export const AUTOMATIC_IMAGE: MacImage = {
  name: '(automatic)',
  // The seed's own number, 0x81000089: install, Mac OS X, 137.
  id: { install: true, kind: 1, index: 137 },
  isDefault: false,
  isFilterOnly: false,
  forUnknown: true,
  entitled: { notModels: [], notMacs: [] },
  what: { kind: 'linux' },
};

/** Why a Mac may not have an image; undefined: it may. A model's suffix ("MacPro1,1,Quad") need not be in the lists. */
export function whyNotEntitled(entitled: Entitlement, mac: Mac, model: string): string | undefined {
  const names = [model, ...(/^[A-Za-z]+\d+,\d+/.exec(model) ?? [])];
  if (entitled.models && !names.some((name) => entitled.models?.includes(name))) {
    return `it is not for the model ${model}`;
  }
  if (names.some((name) => entitled.notModels.includes(name))) return `the model ${model} is excluded from it`;
  if (entitled.notMacs.includes(mac)) return 'this Mac is excluded from it';
  if (entitled.macs && !entitled.macs.includes(mac)) return 'it is not for this Mac';
  return undefined;
}
