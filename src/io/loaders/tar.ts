const BLOCK = 512;

/**
 * A tar archive (POSIX ustar) of one regular file, for GRUB's memory disk. Time and owner are zero, so that the same
 * text gives the same bytes. `name` has at most 100 characters.
 */
export function encodeTarFile(name: string, text: string): Buffer {
  const contents = Buffer.from(text, 'utf8');
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  header.write(name, 0, 100, 'latin1');
  header.write(octal(0o644, 7), 100, 'latin1');
  header.write(octal(0, 7), 108, 'latin1');
  header.write(octal(0, 7), 116, 'latin1');
  header.write(octal(contents.length, 11), 124, 'latin1');
  header.write(octal(0, 11), 136, 'latin1');
  // The sum is taken with its own field as blanks.
  header.write('        0', 148, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)} `, 148, 'latin1');
  const padding = Buffer.alloc((BLOCK - (contents.length % BLOCK)) % BLOCK);
  return Buffer.concat([header, contents, padding, Buffer.alloc(2 * BLOCK)]);
}
