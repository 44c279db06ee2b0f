const BLOCK = 512;

/** 11 octal digits; what is larger is written to base 256, as GNU tar and libarchive read it. */
const MOST_OCTAL = 8 ** 11 - 1;

/**
 * The header of one regular file (POSIX ustar). Time and owner are zero, so that the same file gives the same bytes. `name` has at
 * most 100 characters.
 */
export function encodeTarHeader(name: string, bytes: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  header.write(name, 0, 100, 'latin1');
  header.write(octal(0o644, 7), 100, 'latin1');
  header.write(octal(0, 7), 108, 'latin1');
  header.write(octal(0, 7), 116, 'latin1');
  if (bytes <= MOST_OCTAL) header.write(octal(bytes, 11), 124, 'latin1');
  else {
    header[124] = 0x80;
    header.writeBigUInt64BE(BigInt(bytes), 128);
  }
  header.write(octal(0, 11), 136, 'latin1');
  // The sum is taken with its own field as blanks.
  header.write('        0', 148, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  header.write(`${octal(tarSum(header), 6)} `, 148, 'latin1');
  return header;
}

/** The checksum of a header, as its own field says it. */
export function tarSum(header: Uint8Array): number {
  return header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
}

/** What follows a file's bytes up to the next header. */
export function tarPadding(bytes: number): Buffer {
  return Buffer.alloc((BLOCK - (bytes % BLOCK)) % BLOCK);
}

/** Ends an archive. */
export const tarEnd: Buffer = Buffer.alloc(2 * BLOCK);

/** A tar archive of one regular file, for GRUB's memory disk. */
export function encodeTarFile(name: string, text: string): Buffer {
  const contents = Buffer.from(text, 'utf8');
  return Buffer.concat([encodeTarHeader(name, contents.length), contents, tarPadding(contents.length), tarEnd]);
}
