import type { BootDecision } from '../../boot/decide.ts';
import type { EfiBits } from '../../boot/efi-program.ts';
import type { MacLoaders } from '../../boot/loaders.ts';
import { type MacImage, type MacSettings, whyNotEntitled } from '../../boot/mac-image.ts';
import { cpu32Reason, macModel } from '../../machine/mac-model.ts';
import type { Machine } from '../../machine/machine.ts';
import type { Mac } from '../../net/mac.ts';
import { encodeAttributes } from '../../wire/bsdp/image-id.ts';

/** What decides about images besides the Mac. */
export interface OfferPolicy {
  readonly settings: MacSettings;
  readonly images: readonly MacImage[];
  readonly loaders: MacLoaders;
}

/** Who asks. */
export interface AskingMac {
  readonly mac: Mac;
  readonly model: string;
  readonly arch: string;
  /** As the configuration names it; undefined: unknown. */
  readonly machine?: Machine | undefined;
  /** What GRUB would be told on this machine now. */
  readonly decision: BootDecision;
  /** Attributes that are wanted (sub-option 11). `any`: also what is only listed for a filter, as one that was chosen. */
  readonly filter?: readonly number[] | 'any' | undefined;
}

export interface OfferedImage {
  readonly image: MacImage;
  /** What the Mac shows. */
  readonly title: string;
  /** TFTP name of what its firmware is to load. */
  readonly bootFile: string;
}

/** What a Mac may boot by NetBoot. */
export type MacOffer =
  | {
      readonly kind: 'images';
      /** What is listed: at least one. */
      readonly images: readonly OfferedImage[];
      /** What a Mac takes that holds the N key. */
      readonly preferred: OfferedImage;
      /** Whether it is to be installed (or is held): then nothing that it chose before counts. */
      readonly isInstall: boolean;
    }
  | {
      readonly kind: 'none';
      /** `not-armed`: nothing is to be booted, which is normal. `cannot-boot`: it should and cannot. */
      readonly code: 'not-armed' | 'cannot-boot' | 'filtered' | 'unknown-machine';
      readonly reason: string;
    };

/** The folder, as TFTP and HTTP name it, below which an image's own files are: see resolveMacFile. */
export const IMAGE_FOLDER = 'netboot';
/** The `file` field of the header, without its NUL. */
const MOST_BOOT_FILE = 127;

/**
 * Which images a Mac is offered. The image of Linux only while the machine may be installed: without a grant a Mac that
 * holds the N key gets no answer, and boots from its disk. Pure, and the same for answers and previews.
 */
export function planMacOffer(asking: AskingMac, policy: OfferPolicy): MacOffer {
  const { machine, decision, filter } = asking;
  if (decision.kind === 'ignore') return none('unknown-machine', decision.reason);
  const judged = macModel(asking.model, asking.arch);
  if (judged.kind === 'unsupported') return none('cannot-boot', judged.reason);
  const firmware = machine?.mac?.firmware;
  const hardware: Hardware = {
    efiBits: firmware === undefined ? judged.efiBits : firmware === 'efi32' ? 32 : 64,
    cpuBits: machine?.mac?.cpuBits ?? judged.cpuBits,
  };
  const judgements = policy.images.map((image) => judgeImage(image, asking, hardware, policy));
  const offered = judgements.filter((one) => one.kind === 'offered');
  if (offered.length === 0) return whyNothing(judgements, decision);
  const wanted = offered.filter(({ image }) => isWanted(image, filter));
  const preferred = prefer(wanted.filter(({ image }) => !image.isFilterOnly)) ?? prefer(wanted);
  if (preferred === undefined) return none('filtered', 'it asks for other kinds of images than it may have');
  return {
    kind: 'images',
    images: wanted,
    preferred,
    isInstall: wanted.some(({ image }) => image.what.kind === 'linux'),
  };
}

/** What the Mac chose before, where it still may have it. While it is to be installed, only that counts. */
export function chosenBefore(offer: MacOffer, imageName: string | undefined): OfferedImage | undefined {
  if (offer.kind === 'none' || imageName === undefined) return undefined;
  const chosen = offer.images.find(({ image }) => image.name === imageName);
  return offer.isInstall && chosen?.image.what.kind !== 'linux' ? undefined : chosen;
}

interface Hardware {
  readonly efiBits: EfiBits;
  readonly cpuBits: 32 | 64;
}

type Judgement =
  | ({ readonly kind: 'offered' } & OfferedImage)
  /** It is for others, or nothing is to be booted. */
  | { readonly kind: 'not-for-it'; readonly image: MacImage; readonly reason: string }
  | { readonly kind: 'cannot'; readonly image: MacImage; readonly reason: string };

function judgeImage(image: MacImage, asking: AskingMac, hardware: Hardware, policy: OfferPolicy): Judgement {
  const notForIt = (reason: string): Judgement => ({ kind: 'not-for-it', image, reason });
  const excluded = whyNotEntitled(image.entitled, asking.mac, asking.model);
  if (excluded !== undefined) return notForIt(`image ${image.name}: ${excluded}`);
  if (asking.machine === undefined && !image.forUnknown) {
    return notForIt(`image ${image.name}: it is for machines of the configuration only`);
  }
  const found = findBootFile(image, asking, hardware, policy);
  if (found.kind !== 'file') return { ...found, image };
  if (found.bootFile.length > MOST_BOOT_FILE) {
    return { kind: 'cannot', image, reason: `the name of the boot file is too long: ${found.bootFile}` };
  }
  return { kind: 'offered', image, title: image.title ?? titleOf(image, asking.decision), bootFile: found.bootFile };
}

/** A Linux image without a name of its own says what will happen: its disk is erased. */
function titleOf(image: MacImage, decision: BootDecision): string {
  if (decision.kind === 'hold') return `${decision.profile} (held)`;
  return 'profile' in decision ? `Install ${decision.profile.name}` : image.name;
}

type BootFile =
  | { readonly kind: 'file'; readonly bootFile: string }
  | { readonly kind: 'not-for-it' | 'cannot'; readonly reason: string };

function findBootFile(image: MacImage, asking: AskingMac, hardware: Hardware, policy: OfferPolicy): BootFile {
  const { what } = image;
  switch (what.kind) {
    case 'linux': {
      const reason = whyNotInstalled(what.profile, asking, hardware);
      return reason ?? grubFile(hardware, policy);
    }
    case 'localboot':
      return grubFile(hardware, policy);
    case 'efi': {
      const { efiBits } = hardware;
      if (what.programs[efiBits] !== undefined) {
        return { kind: 'file', bootFile: `${IMAGE_FOLDER}/${image.name}/efi${efiBits}.efi` };
      }
      return { kind: 'not-for-it', reason: `image ${image.name}: there is no program for ${efiBits}-bit EFI in it` };
    }
    case 'nbi':
      return { kind: 'file', bootFile: `${IMAGE_FOLDER}/${image.name}/${what.nbi.booter}` };
  }
}

function whyNotInstalled(wanted: string | undefined, asking: AskingMac, hardware: Hardware): BootFile | undefined {
  const { decision } = asking;
  if (decision.kind === 'local' || decision.kind === 'ignore') return { kind: 'not-for-it', reason: decision.reason };
  const profile = decision.kind === 'hold' ? decision.profile : decision.profile.name;
  if (wanted !== undefined && wanted !== profile) {
    return { kind: 'not-for-it', reason: `the machine is to become ${profile}, and the image is for ${wanted}` };
  }
  const needsX64 = decision.kind !== 'hold' && decision.profile.needsX64 === true;
  if (needsX64 && hardware.cpuBits === 32) return { kind: 'cannot', reason: cpu32Reason(asking.model) };
  return undefined;
}

function grubFile({ efiBits }: Hardware, { settings, loaders }: OfferPolicy): BootFile {
  const loader = loaders[settings.bootFile === 'fat' ? 'fat' : efiBits === 32 ? 'efi32' : 'efi64'];
  if (loader.kind === 'file') return loader;
  const which = settings.bootFile === 'fat' ? 'image for both kinds of EFI' : `${efiBits}-bit EFI image`;
  const install = loader.install === undefined ? '' : `. Install it with: ${loader.install}`;
  return { kind: 'cannot', reason: `there is no GRUB for Macs here (${which}): ${loader.reason}${install}` };
}

/** An attribute filter names the upper halves of ids; images that are only for filters need one. */
function isWanted(image: MacImage, filter: AskingMac['filter']): boolean {
  if (filter === 'any') return true;
  return filter === undefined ? !image.isFilterOnly : filter.includes(encodeAttributes(image.id));
}

/**
 * A grant outweighs the configuration's default: it is newer, and somebody waits for it. Without either, booting from the
 * disk is the safe answer, and an installer the last.
 */
function prefer(offered: readonly OfferedImage[]): OfferedImage | undefined {
  const first = (fits: (image: MacImage) => boolean) => offered.find(({ image }) => fits(image));
  return (
    first(({ what }) => what.kind === 'linux') ??
    first(({ isDefault }) => isDefault) ??
    first(({ what }) => what.kind === 'localboot') ??
    first(({ id }) => !id.install) ??
    offered[0]
  );
}

/** The reason that helps: what cannot be although it should; else what the boot decision says; else the first image's. */
function whyNothing(judgements: readonly Judgement[], decision: BootDecision): MacOffer {
  const failed = judgements.find((one) => one.kind === 'cannot');
  if (failed?.kind === 'cannot') return none('cannot-boot', failed.reason);
  if (decision.kind === 'local') return none('not-armed', decision.reason);
  const [first] = judgements;
  return none('not-armed', first && first.kind !== 'offered' ? first.reason : 'there are no images');
}

function none(code: Extract<MacOffer, { kind: 'none' }>['code'], reason: string): MacOffer {
  return { kind: 'none', code, reason };
}
