import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { broken } from '../../mirror/failure.ts';
import { findInIso, type IsoIndex, indexIso } from '../../mirror/iso/index-iso.ts';
import type { UpstreamReader } from '../../mirror/plan.ts';
import { ProvisionError } from '../../net/provision-error.ts';
import { openedStream } from './decompress.ts';

/** An ISO that is read in place. */
export interface IsoFile {
  readonly path: string;
  readonly index: IsoIndex;
  /** For planners: the medium as an upstream. What `expect` promises is not checked but for the size: the medium is local. */
  readonly reader: UpstreamReader;
}

/** Indexes an ISO; it is not held open. Rejects with `upstream-failed`: it cannot be read, or is none. */
export async function openIso(path: string): Promise<IsoFile> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new ProvisionError('upstream-failed', `Cannot read the ISO ${path}`, {
      cause,
      hint: 'Name a file that is there, and that rackready may read.',
    });
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw broken(path, 'it is no file');
    const { size } = stat;
    const index = await indexIso(path, size, async ({ offset, bytes }) => {
      const buffer = Buffer.alloc(bytes);
      const { bytesRead } = await file.read(buffer, 0, bytes, offset);
      if (bytesRead < bytes) throw broken(path, 'it is not whole');
      return buffer;
    });
    return { path, index, reader: readerOf(path, index) };
  } finally {
    await file.close();
  }
}

function readerOf(iso: string, index: IsoIndex): UpstreamReader {
  const stream = (path: string): AsyncIterable<Uint8Array> | 'absent' => {
    const found = findInIso(index, path);
    if (found === undefined) return 'absent';
    if (found.bytes === 0) return emptyStream();
    return createReadStream(iso, { start: found.offset, end: found.offset + found.bytes - 1 });
  };
  const checkSize = (path: string, most: number, expected: number | undefined): void => {
    const bytes = findInIso(index, path)?.bytes ?? 0;
    if (bytes > most) throw broken(path, `it has ${bytes} bytes on the medium, more than ${most}`);
    if (expected !== undefined && expected !== bytes) throw broken(path, `it has ${bytes} bytes, not ${expected}`);
  };
  return {
    read: async (path, { maxBytes, expect }) => {
      const source = stream(path);
      if (source === 'absent') return source;
      checkSize(path, maxBytes, expect?.bytes);
      const pieces: Uint8Array[] = [];
      for await (const piece of source) pieces.push(piece);
      return Buffer.concat(pieces);
    },
    stream: async function* (path, { maxBytes, maxOpenBytes, expect }) {
      const source = stream(path);
      if (source === 'absent') throw broken(path, 'the medium does not have it');
      checkSize(path, maxBytes, expect.bytes);
      yield* openedStream(source, path, maxOpenBytes);
    },
  };
}

async function* emptyStream(): AsyncGenerator<Uint8Array> {}
