import { broken } from '../failure.ts';
import { latin1Text } from '../text.ts';

/** A member of a .deb, which is an ar archive (deb(5)). */
export interface ArMember {
  readonly name: string;
  /** Where its contents begin in the file. */
  readonly offset: number;
  readonly bytes: number;
}

export const arMagicBytes = 8;
export const arHeaderBytes = 60;

/** Whether a file begins as an ar archive. */
export function isAr(bytes: Uint8Array): boolean {
  return latin1Text(bytes.subarray(0, arMagicBytes)) === '!<arch>\n';
}

/** Reads the header of a member, which is at `at` in the file. Throws `upstream-failed` that names `file`. */
export function readArHeader(file: string, header: Uint8Array, at: number): ArMember {
  const text = latin1Text(header);
  const size = text.slice(48, 58).trim();
  if (text.length < arHeaderBytes || !text.endsWith('`\n') || !/^[0-9]{1,10}$/.test(size)) {
    throw broken(file, `byte ${at} begins no member of a .deb`);
  }
  return { name: text.slice(0, 16).trim().replace(/\/$/, ''), offset: at + arHeaderBytes, bytes: Number(size) };
}

/** Members begin at even bytes. */
export function nextArMember({ offset, bytes }: ArMember): number {
  return offset + bytes + (bytes % 2);
}

const BLOCK = 512;

/**
 * The contents of one file of a tar archive (POSIX ustar, GNU), by its name without `./`. Throws `upstream-failed` when it is not
 * there or the archive is broken.
 */
export function fileInTar(file: string, tar: Uint8Array, wanted: string): Uint8Array {
  for (let at = 0; at + BLOCK <= tar.length; ) {
    const header = tar.subarray(at, at + BLOCK);
    const name = latin1Text(header.subarray(0, 100)).replace(/\0.*$/s, '').replace(/^\.\//, '');
    if (name === '' && header.every((byte) => byte === 0)) break;
    const size = latin1Text(header.subarray(124, 136))
      .replace(/[\0 ]+$/g, '')
      .trim();
    if (!/^[0-7]{1,11}$/.test(size)) throw broken(file, 'its control archive cannot be read');
    const bytes = Number.parseInt(size, 8);
    const kind = header[156];
    const isPlain = kind === 0x30 || kind === 0;
    if (isPlain && name === wanted) {
      if (at + BLOCK + bytes > tar.length) break;
      return tar.subarray(at + BLOCK, at + BLOCK + bytes);
    }
    at += BLOCK + Math.ceil(bytes / BLOCK) * BLOCK;
  }
  throw broken(file, `its control archive has no whole file "${wanted}"`);
}
