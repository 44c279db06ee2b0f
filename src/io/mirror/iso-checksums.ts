import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { broken } from '../../mirror/failure.ts';
import { type ImplantedSum, readImplantedSum, withoutSum } from '../../mirror/iso/implanted-sum.ts';
import { SECTOR } from '../../mirror/iso/medium.ts';

/** What an ISO is, read from its first byte to its last. */
export interface IsoChecksums {
  readonly sha256: string;
  readonly sha512: string;
  /** `none`: nobody has implanted an MD5 (`implantisomd5`); `wrong`: it is not that of the medium, which was changed since. */
  readonly implanted: 'none' | 'right' | 'wrong';
}

const FIRST_DESCRIPTOR = 16;
const MOST_DESCRIPTORS = 64;

/** The MD5 that was implanted into a medium; undefined: none. Rejects as reading does. */
export async function findImplantedSum(iso: string): Promise<ImplantedSum | undefined> {
  const file = await open(iso, 'r');
  try {
    for (let index = FIRST_DESCRIPTOR; index < FIRST_DESCRIPTOR + MOST_DESCRIPTORS; index++) {
      const sector = Buffer.alloc(SECTOR);
      const { bytesRead } = await file.read(sector, 0, SECTOR, index * SECTOR);
      if (bytesRead < SECTOR || sector.toString('latin1', 1, 6) !== 'CD001' || sector[0] === 255) return undefined;
      if (sector[0] === 1) return readImplantedSum(sector, index * SECTOR);
    }
    return undefined;
  } finally {
    await file.close();
  }
}

/** Reads the whole medium once. Rejects as reading does, and when it is stopped. */
export async function readChecksums(iso: string, signal: AbortSignal): Promise<IsoChecksums> {
  const implanted = await findImplantedSum(iso);
  const sums = { sha256: createHash('sha256'), sha512: createHash('sha512'), md5: createHash('md5') };
  let offset = 0;
  for await (const chunk of createReadStream(iso, { highWaterMark: 1 << 20, signal })) {
    const piece = chunk as Buffer;
    sums.sha256.update(piece);
    sums.sha512.update(piece);
    if (implanted) sums.md5.update(withoutSum(implanted, piece, offset));
    offset += piece.length;
  }
  const md5 = sums.md5.digest('hex');
  const isWhole = implanted !== undefined && offset >= implanted.bytes;
  return {
    sha256: sums.sha256.digest('hex'),
    sha512: sums.sha512.digest('hex'),
    implanted: implanted === undefined ? 'none' : isWhole && md5 === implanted.md5 ? 'right' : 'wrong',
  };
}

/** `SHA256 (Rocky-9.4.iso) = 01ab…`, as BSD's tools and most CHECKSUM files have it. */
const BSD_LINE = /^SHA(?:256|512) \((.+)\) = ([0-9a-f]{64}|[0-9a-f]{128})$/i;
/** `01ab…  debian-12.iso`, as sha256sum(1) writes it. */
const GNU_LINE = /^([0-9a-f]{64}|[0-9a-f]{128}) [ *](?:\.\/)?(.+)$/i;

/** The checksum (SHA-256 or SHA-512, by its length) of a file in a list of checksums. Throws `upstream-failed`: it does not have one. */
export function sumInList(list: string, text: string, name: string): string {
  for (const line of text.split(/\r?\n/)) {
    const [, bsdName, bsdSum] = BSD_LINE.exec(line) ?? [];
    const [, gnuSum, gnuName] = GNU_LINE.exec(line) ?? [];
    const sum = bsdName === name ? bsdSum : gnuName === name ? gnuSum : undefined;
    if (sum !== undefined) return sum.toLowerCase();
  }
  throw broken(list, `it has no SHA-256 or SHA-512 of ${name}`);
}

/** A detached signature beside a file, by the names that distributions give it. */
export async function findSignature(file: string): Promise<Uint8Array | undefined> {
  for (const suffix of ['.gpg', '.asc', '.sig', '.sign']) {
    const found = await readFile(`${file}${suffix}`).catch(() => undefined);
    if (found) return found;
  }
  return undefined;
}
