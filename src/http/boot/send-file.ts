import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { contentTypeOf } from './content-type.ts';
import { type Exchange, refuse, tellAborted, tellDone } from './exchange.ts';
import {
  type ByteRange,
  decideFilePart,
  etagOf,
  type FilePart,
  type FileVersion,
  lastModifiedOf,
} from './file-condition.ts';
import type { BootHttpAnswer } from './protocol.ts';

/** Read and written at a time: with more, less processor time goes into each byte, but one slow machine holds more memory. */
const CHUNK_BYTES = 256 * 1024;
/** From here on the beginning of a transfer is worth an event. */
const TOLD_FROM_BYTES = 1024 * 1024;
/** How often is told how far a transfer is. */
const PROGRESS_EVERY_MS = 1_000;

type FileAnswer = Extract<BootHttpAnswer, { kind: 'file' }>;

/** Sends a file, or the part of it that was asked for. Resolves when the exchange is over, however it ended. */
export async function sendFile(exchange: Exchange, answer: FileAnswer): Promise<void> {
  let file: FileHandle;
  try {
    // Opening a pipe without O_NONBLOCK would wait for its other end for ever.
    file = await open(answer.path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return refuse(exchange, { status: 404, reason: `${answer.name} cannot be opened (${codeOf(error)})` });
  }
  try {
    const stat = await file.stat();
    if (!stat.isFile()) return refuse(exchange, { status: 404, reason: `${answer.name} is not a regular file` });
    const version: FileVersion = { sizeBytes: stat.size, modifiedMs: stat.mtimeMs, etag: answer.etag };
    const part = decideFilePart(exchange.method, exchange.request.headers, version);
    const body = bodyOf(part, version, answer);
    writeHead(exchange, part, version, answer, body);
    if (body === undefined || exchange.method === 'HEAD') {
      exchange.response.end();
      return tellDone(exchange, part.status, 0);
    }
    const ofBytes = lengthOf(body);
    if (ofBytes >= TOLD_FROM_BYTES) {
      const { method, shownPath: path, userAgent, subject } = exchange;
      exchange.emit('http.start', subject, { method, path, userAgent, bytes: ofBytes });
    }
    await stream(exchange, file, body).then(
      ({ bytes, isComplete }) => {
        if (isComplete) tellDone(exchange, part.status, bytes);
        else tellAborted(exchange, bytes, ofBytes);
      },
      (error: unknown) => cutOff(exchange, error, ofBytes),
    );
  } finally {
    await file.close();
  }
}

/** GRUB compares header names by case and wants exactly "Content-Length: "; Node keeps what it is given. */
function writeHead(
  { response }: Exchange,
  part: FilePart,
  version: FileVersion,
  answer: FileAnswer,
  body: readonly Segment[] | undefined,
): void {
  const shared = {
    'Accept-Ranges': 'bytes',
    ETag: etagOf(version),
    'Last-Modified': lastModifiedOf(version),
    ...(answer.cacheControl !== undefined && { 'Cache-Control': answer.cacheControl }),
  };
  if (part.status === 304) {
    response.writeHead(304, shared);
    return;
  }
  if (body === undefined) {
    const range = part.status === 416 && { 'Content-Range': `bytes */${version.sizeBytes}` };
    response.writeHead(part.status, { ...shared, ...range, 'Content-Length': 0 });
    return;
  }
  const isWhole = part.status === 206 && 'start' in part;
  response.writeHead(part.status, {
    'Content-Type': 'ranges' in part ? `multipart/byteranges; boundary=${BOUNDARY}` : typeOf(answer),
    'Content-Length': lengthOf(body),
    ...(isWhole && { 'Content-Range': `bytes ${part.start}-${part.end}/${version.sizeBytes}` }),
    ...shared,
  });
}

function typeOf(answer: FileAnswer): string {
  return answer.contentType ?? contentTypeOf(answer.name);
}

/** Text of ours, or a part of the file. */
type Segment = Buffer | ByteRange;

/** Anything that no file holds by accident. */
const BOUNDARY = 'rackready-3d6b6a416f9b5c02';

/** What goes out after the head; undefined: nothing. Several ranges go as RFC 9110 section 14.6 says. */
function bodyOf(part: FilePart, version: FileVersion, answer: FileAnswer): readonly Segment[] | undefined {
  if ('start' in part) return [{ start: part.start, end: part.end }];
  if (!('ranges' in part)) return undefined;
  const head = ({ start, end }: ByteRange) =>
    Buffer.from(
      `\r\n--${BOUNDARY}\r\nContent-Type: ${typeOf(answer)}\r\nContent-Range: bytes ${start}-${end}/${version.sizeBytes}\r\n\r\n`,
    );
  return [...part.ranges.flatMap((range) => [head(range), range]), Buffer.from(`\r\n--${BOUNDARY}--\r\n`)];
}

function lengthOf(body: readonly Segment[]): number {
  return body.reduce((sum, one) => sum + (Buffer.isBuffer(one) ? one.length : one.end - one.start + 1), 0);
}

/** The file ended before the length that was promised. */
class FileShrank extends Error {
  readonly bytes: number;
  constructor(bytes: number) {
    super('the file became shorter while it was sent');
    this.bytes = bytes;
  }
}

/**
 * Reads and writes in turns, so that memory is bounded by one chunk and what the socket holds. `isComplete`: everything
 * was handed to the kernel. UEFI firmware resets its connection as soon as it has the last byte, so a connection that
 * ends with nothing left to write has succeeded too.
 */
async function stream(
  exchange: Exchange,
  file: FileHandle,
  body: readonly Segment[],
): Promise<{ bytes: number; isComplete: boolean }> {
  const { response } = exchange;
  const progress = tellProgress(exchange, lengthOf(body));
  let bytes = 0;
  for await (const piece of read(file, body)) {
    // While the file was read, the client may have gone: nobody would tell of a drain then.
    if (response.destroyed) break;
    bytes += piece.length;
    if (!response.write(piece)) await drained(response);
    progress.reach(bytes - (response.socket?.writableLength ?? 0));
    if (response.destroyed) break;
  }
  const unsent = response.socket?.writableLength ?? 0;
  const isWhole = bytes === lengthOf(body);
  if (response.destroyed) return { bytes: bytes - unsent, isComplete: isWhole && unsent === 0 };
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const { socket } = response;
  response.once('finish', () => resolve(true));
  response.once('close', () => resolve(response.writableFinished || (socket?.writableLength ?? 1) === 0));
  response.end();
  const isComplete = await promise;
  return { bytes: bytes - (isComplete ? 0 : (socket?.writableLength ?? 0)), isComplete };
}

async function* read(file: FileHandle, body: readonly Segment[]): AsyncIterable<Buffer> {
  let bytes = 0;
  for (const one of body) {
    if (Buffer.isBuffer(one)) {
      yield one;
      bytes += one.length;
      continue;
    }
    for (let position = one.start; position <= one.end; ) {
      const wanted = Math.min(CHUNK_BYTES, one.end - position + 1);
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, position);
      if (bytesRead === 0) throw new FileShrank(bytes);
      position += bytesRead;
      bytes += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }
}

/** Tells now and then how much has been taken. */
function tellProgress({ emit, subject, shownPath: path, startedMs }: Exchange, ofBytes: number) {
  let toldMs = startedMs;
  return {
    reach: (bytes: number) => {
      const nowMs = performance.now();
      if (nowMs - toldMs < PROGRESS_EVERY_MS) return;
      toldMs = nowMs;
      emit('http.progress', subject, { path, bytes, ofBytes });
    },
  };
}

/** Resolves when the client has taken what was written, or is gone. */
function drained(response: Exchange['response']): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = () => {
    response.off('drain', done);
    response.off('close', done);
    resolve();
  };
  response.once('drain', done);
  response.once('close', done);
  return promise;
}

/** The length was promised already: only a cut connection says that the file is not complete. */
function cutOff({ response, shownPath: path, subject, emit }: Exchange, error: unknown, ofBytes: number): void {
  response.destroy();
  const bytes = error instanceof FileShrank ? error.bytes : 0;
  const reason = error instanceof FileShrank ? error.message : `it cannot be read (${codeOf(error)})`;
  emit('http.failed', subject, { path, bytes, ofBytes, reason });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
