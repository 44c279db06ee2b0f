import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import xz from 'xz-decompress';
import { broken } from '../../mirror/failure.ts';
import { ProvisionError } from '../../net/provision-error.ts';

/**
 * What is in a file, by the suffix of its name: `.gz`, `.xz`, `.zst`, or the file as it stands. Ends with `upstream-failed` when it
 * cannot be decompressed, ends too early, or has more than `maxOpenBytes` in it. What the source rejects with goes through.
 */
export async function* openedStream(
  source: AsyncIterable<Uint8Array>,
  path: string,
  maxOpenBytes: number,
): AsyncGenerator<Uint8Array> {
  let open = 0;
  for await (const piece of decompressed(source, path)) {
    open += piece.length;
    if (open > maxOpenBytes) throw broken(path, `more than ${maxOpenBytes} bytes are packed in it`);
    yield piece;
  }
}

async function* decompressed(source: AsyncIterable<Uint8Array>, path: string): AsyncIterable<Uint8Array> {
  const suffix = /\.(gz|xz|zst)$/.exec(path)?.[1];
  if (suffix === undefined) return yield* source;
  const upstream: { failure?: unknown } = {};
  const guarded = rememberFailure(source, upstream);
  try {
    if (suffix === 'xz') yield* unxz(guarded);
    else yield* throughZlib(guarded, suffix === 'gz' ? createGunzip() : createZstdDecompress());
  } catch (error) {
    if (upstream.failure !== undefined) throw upstream.failure;
    if (error instanceof ProvisionError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw broken(path, `it cannot be decompressed (${reason})`);
  }
}

/** The decompressors wrap or replace what their source fails with; the caller wants that, not their view of it. */
async function* rememberFailure(
  source: AsyncIterable<Uint8Array>,
  memory: { failure?: unknown },
): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch (error) {
    memory.failure = error;
    throw error;
  }
}

async function* throughZlib(
  source: AsyncIterable<Uint8Array>,
  zlib: ReturnType<typeof createGunzip | typeof createZstdDecompress>,
): AsyncGenerator<Uint8Array> {
  const readable = Readable.from(source);
  readable.on('error', (error) => zlib.destroy(error));
  try {
    yield* readable.pipe(zlib) as AsyncIterable<Buffer>;
  } finally {
    readable.destroy();
    zlib.destroy();
  }
}

async function* unxz(source: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  const input = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { value, done } = await source.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
  try {
    // It gives the same memory again with every piece.
    for await (const piece of new xz.XzReadableStream(input)) yield piece.slice();
  } finally {
    await source.return(undefined);
  }
}
