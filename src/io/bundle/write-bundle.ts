import { createHash } from 'node:crypto';
import { createWriteStream, openSync, renameSync, rmSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress } from 'node:zlib';
import { ProvisionError } from '../../net/provision-error.ts';
import { encodeTarHeader, tarEnd, tarPadding } from '../loaders/tar.ts';
import { contentName, HEAD_NAME, HEAD_SUM_NAME, headSum } from './bundle-head.ts';
import { type HeldContent, openContent } from './copy-content.ts';

/** A content that goes into an archive. */
export type PackedContent = HeldContent;

export interface Packing {
  readonly head: string;
  /** In the order in which they are written; each sha256 once. */
  readonly contents: readonly PackedContent[];
}

export interface PackOptions {
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
  readonly onFile: () => void;
}

export interface Packed {
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Writes an archive piece by piece; with a name that ends with `.zst` it is compressed. The file has its name only when it is whole
 * and on disk. Every content is compared with its checksum as it goes by: rejects with ProvisionError `store-failed` when one is not
 * what it should be, and leaves nothing behind.
 */
export async function writeBundle(packing: Packing, file: string, options: PackOptions): Promise<Packed> {
  const part = `${file}.part`;
  try {
    // An answer file of the operator's may hold the hash of a password.
    rmSync(part, { force: true });
    const handle = openSync(part, 'wx', 0o600);
    const packed = await packInto(createWriteStream(part, { fd: handle, flush: true }), packing, options, {
      isCompressed: file.endsWith('.zst'),
    });
    renameSync(part, file);
    return packed;
  } catch (error) {
    rmSync(part, { force: true });
    throw unwritable(file, error) ?? error;
  }
}

/** undefined: the medium is not the matter. */
function unwritable(file: string, error: unknown): ProvisionError | undefined {
  const { code = '', message = '' } = error as NodeJS.ErrnoException;
  const isFull = 'Make room there, or take a larger medium. Nothing was written.';
  const hints: Readonly<Record<string, string>> = {
    ENOSPC: isFull,
    EDQUOT: isFull,
    EFBIG: 'This file system has no room for so long a file, as FAT32 from 4 GiB: format the medium as exFAT or ext4.',
  };
  const hint = hints[code];
  return hint === undefined
    ? undefined
    : new ProvisionError('disk-full', `${file} cannot be written: ${message}`, { cause: error, hint });
}

/** The same into a stream. */
export async function packInto(
  out: Writable,
  packing: Packing,
  options: PackOptions,
  { isCompressed }: { readonly isCompressed: boolean },
): Promise<Packed> {
  const sum = createHash('sha256');
  let bytes = 0;
  const watch = async function* (source: AsyncIterable<Uint8Array>) {
    for await (const piece of source) {
      sum.update(piece);
      bytes += piece.length;
      yield piece;
    }
  };
  const { signal } = options;
  const pieces = archivePieces(packing, options);
  if (isCompressed) await pipeline(pieces, createZstdCompress(), watch, out, { signal });
  else await pipeline(pieces, watch, out, { signal });
  return { bytes, sha256: sum.digest('hex') };
}

async function* archivePieces({ head, contents }: Packing, options: PackOptions): AsyncGenerator<Uint8Array> {
  const text = Buffer.from(head);
  for (const [name, bytes] of [
    [HEAD_NAME, text],
    [HEAD_SUM_NAME, Buffer.from(headSum(text))],
  ] as const) {
    yield encodeTarHeader(name, bytes.length);
    yield bytes;
    yield tarPadding(bytes.length);
  }
  for (const content of contents) {
    yield encodeTarHeader(contentName(content.sha256), content.bytes);
    yield* checkedPieces(content, options);
    yield tarPadding(content.bytes);
    options.onFile();
  }
  yield tarEnd;
}

async function* checkedPieces(content: PackedContent, { onBytes }: PackOptions) {
  const { path, sha256 } = content;
  const sum = createHash('sha256');
  const file = await openContent(content).catch((cause: Error) => {
    throw damaged(cause.message, cause);
  });
  for await (const chunk of file.createReadStream({ highWaterMark: 1 << 20 })) {
    sum.update(chunk as Buffer);
    onBytes((chunk as Buffer).length);
    yield chunk as Buffer;
  }
  if (sum.digest('hex') !== sha256) throw damaged(`${path} does not have its checksum`);
}

function damaged(what: string, cause?: unknown): ProvisionError {
  return new ProvisionError('store-failed', `${what}, so no archive is made`, {
    cause,
    hint: 'If it belongs to a mirror: rackready mirror verify NAME, then rackready mirror sync NAME. Else make the archive once more.',
  });
}
