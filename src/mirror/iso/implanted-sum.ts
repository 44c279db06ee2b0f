import { latin1Text } from '../text.ts';
import type { Extent } from './medium.ts';
import { SECTOR } from './medium.ts';

/** The MD5 that `implantisomd5` (isomd5sum) has written into a medium, as media of Fedora, Rocky, Alma and CentOS have it. */
export interface ImplantedSum {
  readonly md5: string;
  /** Bytes of the medium that it is of, from its beginning. */
  readonly bytes: number;
  /** Where it stands itself: blanks were there when it was made. */
  readonly field: Extent;
}

/** "Application Use" of a volume descriptor (ECMA-119 section 8.4.32). */
const FIELD = { offset: 883, bytes: 512 } as const;
/** "Volume Space Size" in the order of big-endian machines (section 8.4.8). */
const SIZE_AT = 84;

/** Looks for it in the primary volume descriptor, which lies at `offset`. undefined: nobody has implanted one. */
export function readImplantedSum(descriptor: Uint8Array, offset: number): ImplantedSum | undefined {
  const text = latin1Text(descriptor.subarray(FIELD.offset, FIELD.offset + FIELD.bytes));
  const [, md5] = /ISO MD5SUM = ([0-9a-f]{32});/i.exec(text) ?? [];
  const [, skipped] = /SKIPSECTORS = (\d{1,9});/.exec(text) ?? [];
  if (md5 === undefined || skipped === undefined) return undefined;
  const sectors = new DataView(descriptor.buffer, descriptor.byteOffset).getUint32(SIZE_AT);
  const bytes = (sectors - Number(skipped)) * SECTOR;
  if (bytes <= 0) return undefined;
  return { md5: md5.toLowerCase(), bytes, field: { offset: offset + FIELD.offset, bytes: FIELD.bytes } };
}

/** A piece of the medium that begins at `offset`, with blanks where the sum stands. */
export function withoutSum({ field, bytes }: ImplantedSum, piece: Uint8Array, offset: number): Uint8Array {
  const own = piece.subarray(0, Math.max(0, bytes - offset));
  const from = Math.max(0, field.offset - offset);
  const to = Math.min(own.length, field.offset + field.bytes - offset);
  if (from >= to) return own;
  const blanked = own.slice();
  blanked.fill(0x20, from, to);
  return blanked;
}
