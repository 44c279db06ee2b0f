/**
 * A NetBoot image, 32 bits in network order:
 *
 *   I | kind (7) | reserved (8) | index (16)
 *
 * The upper half are the attributes, which a filter (sub-option 11) names. All 32 bits together tell images apart.
 */
export interface ImageId {
  /** An installer, not a system to work with. */
  readonly install: boolean;
  /** See ImageKind; 4 and up are reserved. */
  readonly kind: number;
  /** 1-4095: of this server alone; 4096-65535: the same image on several servers. */
  readonly index: number;
  /** Bits that nobody may interpret; absent when they are zero. */
  readonly reserved?: number | undefined;
}

export const ImageKind = { macOs9: 0, macOsX: 1, macOsXServer: 2, diagnostics: 3 } as const;

/** Throws RangeError for values that do not fit, and for the null image, which is never sent. */
export function encodeImageId(id: ImageId): number {
  const value = encodeAttributes(id) * 0x10000 + fitted(id.index, 16);
  if (value === 0) throw new RangeError('Cannot encode image 0: it means that there is none');
  return value;
}

export function decodeImageId(value: number): ImageId {
  const reserved = (value >>> 16) & 255;
  return {
    install: value >>> 31 === 1,
    kind: (value >>> 24) & 127,
    index: value & 0xffff,
    ...(reserved !== 0 && { reserved }),
  };
}

/** The upper sixteen bits. */
export function encodeAttributes(id: ImageId): number {
  return (id.install ? 0x8000 : 0) + (fitted(id.kind, 7) << 8) + fitted(id.reserved ?? 0, 8);
}

export function isSameImage(a: ImageId, b: ImageId): boolean {
  return a.install === b.install && a.kind === b.kind && a.index === b.index && (a.reserved ?? 0) === (b.reserved ?? 0);
}

/** "0x81000089", as Apple's tools print it. */
export function formatImageId(id: ImageId): string {
  return `0x${(encodeAttributes(id) * 0x10000 + id.index).toString(16).padStart(8, '0')}`;
}

function fitted(value: number, bits: number): number {
  if (Number.isInteger(value) && value >= 0 && value < 2 ** bits) return value;
  throw new RangeError(`Cannot encode image: ${value} does not fit into ${bits} bits`);
}
