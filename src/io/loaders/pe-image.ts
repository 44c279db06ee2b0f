import { DecodeError } from '../../wire/decode-error.ts';

/*
 * PE/COFF, as far as loaders need it (Microsoft PE specification, sections "MS-DOS Stub", "COFF File Header",
 * "Section Table"):
 *
 *   0    "MZ"                      60   u32 offset of the PE signature
 *   PE   "PE\0\0"  u16 machine  u16 sections  u32 time  u32 symbols at  u32 symbols  u16 optional header  u16 flags
 *        optional header, then per section 40 bytes: name[8] u32 virtual size, u32 address, u32 raw size, u32 raw at …
 *
 * Names longer than eight bytes ("/n") are in the string table behind the symbols: shim's .sbatlevel is one.
 */

export interface PeImage {
  /** 0x8664, 0x014c, 0xaa64 … */
  readonly machine: number;
  /** Contents by section name, copied, without the padding behind the virtual size. */
  readonly sections: ReadonlyMap<string, Uint8Array>;
}

const SYMBOL_BYTES = 18;
const SECTION_BYTES = 40;

/** Reads header and sections of an EFI application. Throws DecodeError for anything that is not one. */
export function decodePeImage(bytes: Uint8Array): PeImage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const need = (offset: number, length: number, what: string): number => {
    if (offset + length > bytes.length) throw new DecodeError(offset, what);
    return offset;
  };
  if (view.byteLength < 64 || view.getUint16(0, true) !== 0x5a4d) throw new DecodeError(0, 'an MZ header of 64 bytes');
  const header = need(view.getUint32(60, true), 24, 'a PE header of 24 bytes');
  if (view.getUint32(header, true) !== 0x4550) throw new DecodeError(header, 'the PE signature');
  const count = view.getUint16(header + 6, true);
  const strings = view.getUint32(header + 12, true) + view.getUint32(header + 16, true) * SYMBOL_BYTES;
  const table = need(
    header + 24 + view.getUint16(header + 20, true),
    count * SECTION_BYTES,
    `${count} section headers`,
  );
  const sections = new Map<string, Uint8Array>();
  for (let index = 0; index < count; index++) {
    const at = table + index * SECTION_BYTES;
    const size = Math.min(view.getUint32(at + 8, true) || view.getUint32(at + 16, true), view.getUint32(at + 16, true));
    const short = textAt(bytes, at, 8);
    const name = short.startsWith('/') ? textAt(bytes, strings + Number(short.slice(1)), 64) : short;
    // A section without raw data has no place in the file (.bss), and its offset may say anything.
    const start = size === 0 ? 0 : need(view.getUint32(at + 20, true), size, `${size} bytes of section "${name}"`);
    sections.set(name, bytes.slice(start, start + size));
  }
  return { machine: view.getUint16(header + 4, true), sections };
}

/** ASCII up to the first NUL, or `limit` bytes, or the end of the file. */
function textAt(bytes: Uint8Array, offset: number, limit: number): string {
  const field = bytes.subarray(offset, offset + limit);
  const end = field.indexOf(0);
  return String.fromCharCode(...(end < 0 ? field : field.subarray(0, end)));
}
