import { createHash } from 'node:crypto';
import { openedStream } from '../../src/io/mirror/decompress.ts';
import { broken } from '../../src/mirror/failure.ts';
import type {
  Digest,
  HashName,
  PlannedFile,
  SignatureCheck,
  SignatureChecker,
  UpstreamReader,
} from '../../src/mirror/plan.ts';

/** An upstream that is a table of files, which checks like a real one. `pieceSize`: how streams are cut. */
export interface TableReader extends UpstreamReader {
  /** Everything that was asked for, in order. */
  readonly asked: readonly string[];
}

export function readerOf(files: ReadonlyMap<string, Uint8Array>, pieceSize = 65_536): TableReader {
  const asked: string[] = [];
  return {
    asked,
    read: async (path, { maxBytes, expect }) => {
      asked.push(path);
      const bytes = files.get(path);
      if (bytes === undefined) return 'absent';
      if (bytes.length > maxBytes) throw broken(path, `more than ${maxBytes} bytes`);
      if (expect !== undefined) checkExpected(path, bytes, expect);
      return bytes;
    },
    stream: async function* (path, { maxBytes, maxOpenBytes, expect }) {
      asked.push(path);
      const bytes = files.get(path);
      if (bytes === undefined) throw broken(path, 'upstream does not have it');
      if (bytes.length > maxBytes) throw broken(path, `more than ${maxBytes} bytes`);
      yield* openedStream(inPieces(bytes, pieceSize), path, maxOpenBytes);
      checkExpected(path, bytes, expect);
    },
  };
}

/** Throws when bytes are not what metadata say of them. */
export function checkExpected(path: string, bytes: Uint8Array, expect: PlannedFile): void {
  if (expect.bytes !== undefined && expect.bytes !== bytes.length) {
    throw broken(path, `${bytes.length} bytes instead of ${expect.bytes}`);
  }
  for (const digest of expect.digests) {
    if (hexOf(digest.algorithm, bytes) !== digest.hex) throw broken(path, `its ${digest.algorithm} is another`);
  }
}

export async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export function hexOf(algorithm: HashName, bytes: Uint8Array | string): string {
  return createHash(algorithm).update(bytes).digest('hex');
}

export function sha256Of(bytes: Uint8Array | string): Digest {
  return { algorithm: 'sha256', hex: hexOf('sha256', bytes) };
}

/** Says the same of everything. */
export function checkerSaying(check: SignatureCheck): SignatureChecker {
  return { verify: async () => check };
}

export const trusting: SignatureChecker = checkerSaying({ kind: 'good', fingerprints: ['A'.repeat(40)] });

/** All that a stream gives. */
export async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source) pieces.push(piece);
  return Buffer.concat(pieces);
}

export async function all<Item>(source: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of source) items.push(item);
  return items;
}
