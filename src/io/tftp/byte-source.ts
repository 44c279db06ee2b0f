import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { CHUNK_BYTES, type ChunkCache } from './chunk-cache.ts';

/** Where the bytes of a transfer come from. */
export interface ByteSource {
  readonly sizeBytes: number;
  /** Copies if the bytes are in memory; false: call prepare() first. */
  copyInto(target: Buffer, targetOffset: number, offset: number, length: number): boolean;
  /** Brings bytes into memory. Rejects with SourceError when they cannot be had any more. */
  prepare(offset: number, length: number): Promise<void>;
  /** Never rejects. */
  close(): Promise<void>;
}

/** The file cannot be served (any more); the message is for the person at the machine. */
export class SourceError extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'SourceError';
  }
}

/** Bytes that are in memory. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    sizeBytes: bytes.length,
    copyInto(target, targetOffset, offset, length) {
      target.set(bytes.subarray(offset, offset + length), targetOffset);
      return true;
    },
    prepare: async () => {},
    close: async () => {},
  };
}

/** Opens a regular file. Rejects with SourceError for everything else; never waits for the writer of a pipe. */
export async function openFileSource(path: string, cache: ChunkCache): Promise<ByteSource> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw new SourceError(`cannot open the file (${codeOf(error)})`, { cause: error });
  }
  try {
    const status = await file.stat();
    if (!status.isFile()) throw new SourceError('not a regular file');
    return new FileSource(file, cache, { path, sizeBytes: status.size, mtimeMs: status.mtimeMs });
  } catch (error) {
    await file.close();
    throw error;
  }
}

interface FileIdentity {
  readonly path: string;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
}

/** Holds the chunk in use, the one before it (for blocks sent again) and the one after it (read ahead). */
class FileSource implements ByteSource {
  readonly sizeBytes: number;
  readonly #file: FileHandle;
  readonly #cache: ChunkCache;
  readonly #identity: FileIdentity;
  readonly #ready = new Map<number, Buffer>();
  readonly #coming = new Map<number, Promise<void>>();
  #current = -1;
  #isClosed = false;

  constructor(file: FileHandle, cache: ChunkCache, identity: FileIdentity) {
    this.sizeBytes = identity.sizeBytes;
    this.#file = file;
    this.#cache = cache;
    this.#identity = identity;
  }

  copyInto(target: Buffer, targetOffset: number, offset: number, length: number): boolean {
    if (length === 0) return true;
    const index = Math.floor(offset / CHUNK_BYTES);
    const chunk = this.#ready.get(index);
    if (!chunk) return false;
    const start = offset - index * CHUNK_BYTES;
    if (index !== this.#current) this.#moveTo(index);
    if (start + length <= chunk.length) {
      chunk.copy(target, targetOffset, start, start + length);
      return true;
    }
    const here = chunk.length - start;
    if (!this.copyInto(target, targetOffset + here, offset + here, length - here)) return false;
    chunk.copy(target, targetOffset, start);
    return true;
  }

  async prepare(offset: number, length: number): Promise<void> {
    if (length === 0) return;
    const last = Math.floor((offset + length - 1) / CHUNK_BYTES);
    for (let index = Math.floor(offset / CHUNK_BYTES); index <= last; index++) await this.#fetch(index);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    // The file was only read: nothing is lost when closing it fails.
    await Promise.allSettled([...this.#coming.values()]);
    await Promise.allSettled([this.#file.close()]);
  }

  #moveTo(index: number): void {
    this.#current = index;
    for (const held of this.#ready.keys()) if (Math.abs(held - index) > 1) this.#ready.delete(held);
    // A failed read-ahead is told when the bytes are needed: prepare() waits for the same promise.
    if ((index + 1) * CHUNK_BYTES < this.sizeBytes) this.#fetch(index + 1).catch(() => {});
  }

  #fetch(index: number): Promise<void> {
    if (this.#ready.has(index)) return Promise.resolve();
    const coming = this.#coming.get(index);
    if (coming) return coming;
    const fetching = this.#load(index);
    this.#coming.set(index, fetching);
    return fetching;
  }

  async #load(index: number): Promise<void> {
    const { path, mtimeMs, sizeBytes } = this.#identity;
    const bytes = await this.#cache.get(`${mtimeMs}:${sizeBytes}:${index}:${path}`, () => this.#read(index));
    await this.#verify();
    this.#ready.set(index, bytes);
    this.#coming.delete(index);
  }

  async #read(index: number): Promise<Buffer> {
    const start = index * CHUNK_BYTES;
    const bytes = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, this.sizeBytes - start));
    let filled = 0;
    while (filled < bytes.length) {
      const { bytesRead } = await this.#file.read(bytes, filled, bytes.length - filled, start + filled);
      if (bytesRead === 0) throw new SourceError('the file became shorter while it was sent');
      filled += bytesRead;
    }
    return bytes;
  }

  /** Also for chunks out of the cache, so that a machine never gets a mixture of two files. */
  async #verify(): Promise<void> {
    if (this.#isClosed) return;
    const status = await this.#file.stat();
    if (status.nlink === 0) throw new SourceError('the file was removed or replaced while it was sent');
    if (status.size !== this.sizeBytes || status.mtimeMs !== this.#identity.mtimeMs) {
      throw new SourceError('the file changed while it was sent');
    }
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
