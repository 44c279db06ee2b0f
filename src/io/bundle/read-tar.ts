import { ProvisionError } from '../../net/provision-error.ts';
import { encodeTarHeader, tarSum } from '../loaders/tar.ts';

/** A regular file of an archive, as it comes by. */
export interface TarEntry {
  readonly name: string;
  readonly bytes: number;
  /** To be read to its end before the next entry is asked for; what is left is skipped. */
  readonly content: AsyncIterable<Uint8Array>;
}

const BLOCK = 512;
/** Tapes and other programs fill a record up; more than any record is no end but a way to keep us reading. */
const MOST_BEHIND = 1 << 20;

/**
 * Reads an archive as `encodeTarHeader` writes it: regular files only, without further kinds of headers. Anything else, one that
 * breaks off, and one with something behind its end rejects with ProvisionError `bundle-refused`.
 */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const input = openInput(source);
  for (;;) {
    const header = await input.exactly(BLOCK);
    if (isEmpty(header)) break;
    const { name, bytes } = parseHeader(header);
    let left = bytes;
    const content = (async function* () {
      while (left > 0) {
        const piece = await input.some(left);
        left -= piece.length;
        yield piece;
      }
    })();
    yield { name, bytes, content };
    while (left > 0) left -= (await input.some(left)).length;
    const padding = await input.exactly((BLOCK - (bytes % BLOCK)) % BLOCK);
    if (!isEmpty(padding)) throw refused(`something stands behind ${name} that does not belong there`);
  }
  const second = await input.exactly(BLOCK);
  if (!isEmpty(second)) throw refused('something stands behind its end');
  let behind = 0;
  for (let piece = await input.any(); piece !== undefined; piece = await input.any()) {
    behind += piece.length;
    if (!isEmpty(piece) || behind > MOST_BEHIND) throw refused('something stands behind its end');
  }
}

function isEmpty(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

export function refused(what: string): ProvisionError {
  return new ProvisionError('bundle-refused', `The archive is not taken: ${what}`);
}

function openInput(source: AsyncIterable<Uint8Array>) {
  const pieces = source[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array();
  const any = async (): Promise<Uint8Array | undefined> => {
    let piece = rest;
    rest = new Uint8Array();
    while (piece.length === 0) {
      const next = await pieces.next();
      if (next.done) return undefined;
      piece = next.value;
    }
    return piece;
  };
  const some = async (most: number): Promise<Uint8Array> => {
    const piece = await any();
    if (piece === undefined) throw refused('it breaks off');
    rest = piece.subarray(most);
    return piece.subarray(0, most);
  };
  return {
    any,
    some,
    exactly: async (bytes: number): Promise<Uint8Array> => {
      const whole = Buffer.alloc(bytes);
      for (let at = 0; at < bytes; ) {
        const piece = await some(bytes - at);
        whole.set(piece, at);
        at += piece.length;
      }
      return whole;
    },
  };
}

function parseHeader(header: Uint8Array): { readonly name: string; readonly bytes: number } {
  const bytes = Buffer.from(header);
  const field = (at: number, length: number) => bytes.toString('latin1', at, at + length).replace(/[\0 ].*$/s, '');
  const octal = (at: number, length: number) => Number.parseInt(field(at, length), 8);
  if (octal(148, 8) !== tarSum(bytes) || field(257, 6) !== 'ustar')
    throw refused('it is no tar archive, or was changed');
  const size = (bytes[124] ?? 0) & 0x80 ? Number(bytes.readBigUInt64BE(128)) : octal(124, 12);
  const name = bytes.toString('latin1', 0, 100).replace(/\0.*$/s, '');
  if (!Number.isSafeInteger(size) || size < 0) throw refused(`${JSON.stringify(name)} has no length`);
  if (!bytes.equals(encodeTarHeader(name, size))) throw refused(`${JSON.stringify(name)} is no plain file`);
  return { name, bytes: size };
}
