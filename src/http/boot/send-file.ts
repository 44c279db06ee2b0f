import { constants, fstatSync } from 'node:fs';
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
import { NotHad, readRange } from './read-range.ts';

/** From here on the beginning of a transfer is worth an event. */
const TOLD_FROM_BYTES = 1024 * 1024;
/** How often is told how far a transfer is. */
const PROGRESS_EVERY_MS = 1_000;

type FileAnswer = Extract<BootHttpAnswer, { kind: 'file' }>;

/** What can be sent, whole or in parts. */
export interface Content extends Pick<FileAnswer, 'name' | 'contentType' | 'cacheControl' | 'handOverTo'> {
  readonly version: FileVersion;
  /** Gives a part of it; a piece is used until the next is asked for. NotHad before its first piece is a refusal, and later cuts the connection. */
  readonly read: (range: ByteRange) => AsyncIterable<Buffer>;
}

/** Sends a file, or the part of it that was asked for. Resolves when the exchange is over, however it ended. */
export async function sendFile(exchange: Exchange, answer: FileAnswer): Promise<void> {
  let file: FileHandle;
  try {
    file = await openToSend(answer.path);
  } catch (error) {
    return refuse(exchange, { status: 404, reason: `${answer.name} cannot be opened (${codeOf(error)})` });
  }
  await sendOpened(exchange, answer, file);
}

/** Opening a pipe without O_NONBLOCK would wait for its other end for ever. */
export function openToSend(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_NONBLOCK);
}

/** The same for a file that is open, and is closed in the end. */
export async function sendOpened(exchange: Exchange, answer: FileAnswer, file: FileHandle): Promise<void> {
  try {
    // What is open has its size in memory: this waits for no disk.
    const stat = fstatSync(file.fd);
    if (!stat.isFile()) return refuse(exchange, { status: 404, reason: `${answer.name} is not a regular file` });
    const version: FileVersion = { sizeBytes: stat.size, modifiedMs: stat.mtimeMs, etag: answer.etag };
    await sendContent(exchange, { ...answer, version, read: (range) => readRange(file, range) });
  } finally {
    await file.close();
  }
}

/** Sends what the request's conditions and ranges ask for. Nothing is read for a HEAD. */
export async function sendContent(exchange: Exchange, content: Content): Promise<void> {
  const part = decideFilePart(exchange.method, exchange.request.headers, content.version);
  const body = bodyOf(part, content);
  if (body === undefined || exchange.method === 'HEAD') {
    writeHead(exchange, part, content, body);
    exchange.response.end();
    return tellDone(exchange, part.status, 0);
  }
  if (content.handOverTo !== undefined && canHandOver(exchange.request.headers))
    return handOver(exchange, content, content.handOverTo);
  const ofBytes = lengthOf(body);
  const pieces = piecesOf(body, content.read);
  let first: IteratorResult<Buffer>;
  try {
    first = await pieces.next();
  } catch (error) {
    if (!(error instanceof NotHad)) return cutOff(exchange, error, 0, ofBytes);
    const reason = `${content.name}: ${error.message}`;
    // Clients ask again by themselves.
    return refuse(exchange, { status: 503, reason, headers: { 'Retry-After': '10' } });
  }
  if (exchange.response.destroyed) {
    await pieces.return(undefined);
    return tellAborted(exchange, 0, ofBytes);
  }
  writeHead(exchange, part, content, body);
  if (ofBytes >= TOLD_FROM_BYTES) {
    const { method, shownPath: path, userAgent, subject } = exchange;
    exchange.emit('http.start', subject, { method, path, userAgent, bytes: ofBytes });
  }
  const { bytes, isComplete, failure } = await stream(exchange, first, pieces, ofBytes);
  if (failure !== undefined) cutOff(exchange, failure.error, bytes, ofBytes);
  else if (isComplete) tellDone(exchange, part.status, bytes);
  else tellAborted(exchange, bytes, ofBytes);
}

/**
 * Whether nginx answers it as we would. It sends ranges by itself; what we have looked at already is not asked again, but for
 * these: with a tag that is not its own, it takes them for not fulfilled.
 */
function canHandOver(headers: Exchange['request']['headers']): boolean {
  return headers['if-match'] === undefined && headers['if-range'] === undefined;
}

/** A proxy sends it by that name. How that ends is its own business: nothing of it is told. */
function handOver(exchange: Exchange, content: Content, name: string): void {
  const part: FilePart = { status: 200, start: 0, end: -1 };
  exchange.response.setHeader('X-Accel-Redirect', name);
  writeHead(exchange, part, content, []);
  exchange.response.end();
  tellDone(exchange, part.status, 0);
}

/** GRUB compares header names by case and wants exactly "Content-Length: "; Node keeps what it is given. */
function writeHead(
  { response }: Exchange,
  part: FilePart,
  content: Content,
  body: readonly Segment[] | undefined,
): void {
  const { version, cacheControl } = content;
  const modified = lastModifiedOf(version);
  const shared = {
    'Accept-Ranges': 'bytes',
    ETag: etagOf(version),
    ...(modified !== undefined && { 'Last-Modified': modified }),
    ...(cacheControl !== undefined && { 'Cache-Control': cacheControl }),
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
    'Content-Type': 'ranges' in part ? `multipart/byteranges; boundary=${BOUNDARY}` : typeOf(content),
    'Content-Length': lengthOf(body),
    ...(isWhole && { 'Content-Range': `bytes ${part.start}-${part.end}/${version.sizeBytes}` }),
    ...shared,
  });
}

function typeOf({ contentType, name }: Content): string {
  return contentType ?? contentTypeOf(name);
}

/** Text of ours, or a part of the file. */
type Segment = Buffer | ByteRange;

/** Anything that no file holds by accident. */
const BOUNDARY = 'rackready-3d6b6a416f9b5c02';

/** What goes out after the head; undefined: nothing. Several ranges go as RFC 9110 section 14.6 says. */
function bodyOf(part: FilePart, content: Content): readonly Segment[] | undefined {
  if ('start' in part) return [{ start: part.start, end: part.end }];
  if (!('ranges' in part)) return undefined;
  const head = ({ start, end }: ByteRange) =>
    Buffer.from(
      `\r\n--${BOUNDARY}\r\nContent-Type: ${typeOf(content)}\r\nContent-Range: bytes ${start}-${end}/${content.version.sizeBytes}\r\n\r\n`,
    );
  return [...part.ranges.flatMap((range) => [head(range), range]), Buffer.from(`\r\n--${BOUNDARY}--\r\n`)];
}

function lengthOf(body: readonly Segment[]): number {
  return body.reduce((sum, one) => sum + (Buffer.isBuffer(one) ? one.length : one.end - one.start + 1), 0);
}

interface Streamed {
  readonly bytes: number;
  /** Everything was handed to the kernel. */
  readonly isComplete: boolean;
  readonly failure?: { readonly error: unknown } | undefined;
}

/**
 * Reads and writes in turns, so that memory is bounded by one chunk and what the socket holds. UEFI firmware resets its
 * connection as soon as it has the last byte, so a connection that ends with nothing left to write has succeeded too.
 */
async function stream(
  exchange: Exchange,
  first: IteratorResult<Buffer>,
  pieces: AsyncGenerator<Buffer>,
  ofBytes: number,
): Promise<Streamed> {
  const { response } = exchange;
  const progress = tellProgress(exchange, ofBytes);
  let bytes = 0;
  try {
    for (let next = first; next.done !== true; next = await pieces.next()) {
      // While it was read, the client may have gone: nobody would tell of a drain then.
      if (response.destroyed) break;
      bytes += next.value.length;
      await written(response, next.value);
      progress.reach(bytes - (response.socket?.writableLength ?? 0));
      if (response.destroyed) break;
    }
  } catch (error) {
    return { bytes, isComplete: false, failure: { error } };
  } finally {
    await pieces.return(undefined);
  }
  const unsent = response.socket?.writableLength ?? 0;
  if (response.destroyed) return { bytes: bytes - unsent, isComplete: bytes === ofBytes && unsent === 0 };
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const { socket } = response;
  response.once('finish', () => resolve(true));
  response.once('close', () => resolve(response.writableFinished || (socket?.writableLength ?? 1) === 0));
  response.end();
  const isComplete = await promise;
  return { bytes: bytes - (isComplete ? 0 : (socket?.writableLength ?? 0)), isComplete };
}

async function* piecesOf(body: readonly Segment[], read: Content['read']): AsyncGenerator<Buffer> {
  for (const one of body) {
    if (Buffer.isBuffer(one)) yield one;
    else yield* read(one);
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

/** Resolves when the kernel has taken all of it, or the client is gone. */
function written(response: Exchange['response'], piece: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('close', done);
      resolve();
    };
    response.once('close', done);
    response.write(piece, done);
  });
}

/** The length was promised already: only a cut connection says that the file is not complete. */
function cutOff(exchange: Exchange, error: unknown, bytes: number, ofBytes: number): void {
  const { response, shownPath: path, subject, emit } = exchange;
  response.destroy();
  const reason = error instanceof NotHad ? error.message : `it cannot be read (${codeOf(error)})`;
  emit('http.failed', subject, { path, bytes, ofBytes, reason });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
