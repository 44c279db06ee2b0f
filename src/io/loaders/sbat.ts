import { DecodeError } from '../../wire/decode-error.ts';
import type { PeImage } from './pe-image.ts';

/*
 * SBAT (rhboot/shim, SBAT.md): each signed image carries, in its section .sbat, CSV lines "component,generation,vendor,…".
 * shim carries in .sbatlevel the generations that it demands, and keeps the newest it has seen in a firmware variable:
 *
 *   u32 version (0)   u32 offset of the "automatic" text   u32 offset of the "latest" text   both texts end with NUL
 *
 * The offsets count from behind the version (seen in Debian's shim 16.1: 8 and 0x29, with the first text at byte 12).
 * shim applies the automatic text by itself; the latest one only when an operator asks for it (mokutil).
 */

/** Generation by component name: "grub" -> 5. */
export type SbatGenerations = ReadonlyMap<string, number>;

/** Reads the lines of a .sbat section or of a level text. Lines that are not "name,number,…" are skipped, as shim does with empty ones. */
export function parseSbat(text: string): SbatGenerations {
  const generations = new Map<string, number>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^([^,]+),(\d+)(?:,|$)/.exec(line);
    if (match) generations.set(match[1] ?? '', Number(match[2]));
  }
  return generations;
}

/** What an image says of itself. Undefined without a .sbat section: a shim that knows SBAT refuses such an image. */
export function sbatOf(image: PeImage): SbatGenerations | undefined {
  const section = image.sections.get('.sbat');
  return section && parseSbat(textUpToNul(section));
}

/** What a shim demands by itself. Undefined for a shim from before 15.7, which has no .sbatlevel section. */
export function sbatLevelOf(shim: PeImage): SbatGenerations | undefined {
  const section = shim.sections.get('.sbatlevel');
  if (section === undefined) return undefined;
  if (section.length < 12) throw new DecodeError(0, '12 bytes of .sbatlevel header');
  const start = 4 + new DataView(section.buffer, section.byteOffset).getUint32(4, true);
  if (start >= section.length) throw new DecodeError(4, `an offset below ${section.length - 4}`);
  return parseSbat(textUpToNul(section.subarray(start)));
}

/**
 * Why a shim refuses an image under Secure Boot, or undefined when it does not: each component that the image has and
 * the level names must be of that generation at least. Components that the image does not have do not matter.
 */
export function whyRefused(level: SbatGenerations, image: SbatGenerations | undefined): string | undefined {
  if (image === undefined) return 'the image has no .sbat section';
  for (const [component, generation] of image) {
    const wanted = level.get(component);
    if (wanted !== undefined && generation < wanted)
      return `the image has ${component} generation ${generation}, shim demands ${wanted}`;
  }
  return undefined;
}

function textUpToNul(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder('latin1').decode(end < 0 ? bytes : bytes.subarray(0, end));
}
