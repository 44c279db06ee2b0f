import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { contentTypeOf } from './content-type.ts';
import { type Exchange, refuse, tellAborted, tellDone } from './exchange.ts';
import { decideFilePart, etagOf, type FilePart, type FileVersion, lastModifiedOf } from './file-condition.ts';
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
    const version: FileVersion = { sizeBytes: stat.size, modifiedMs: stat.mtimeMs };
    const part = decideFilePart(exchange.method, exchange.request.headers, version);
    writeHead(exchange, part, version, answer);
    if (!('start' in part) || exchange.method === 'HEAD') {
      exchange.response.end();
      return tellDone(exchange, part.status, 0);
    }
    const ofBytes = part.end - part.start + 1;
    if (ofBytes >= TOLD_FROM_BYTES) {
      const { method, shownPath: path, userAgent, subject } = exchange;
      exchange.emit('http.start', subject, { method, path, userAgent, bytes: ofBytes });
    }
    await stream(exchange, file, part.start, part.end).then(
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
function writeHead({ response }: Exchange, part: FilePart, version: FileVersion, answer: FileAnswer): void {
  const shared = { 'Accept-Ranges': 'bytes', ETag: etagOf(version), 'Last-Modified': lastModifiedOf(version) };
  if (part.status === 304) {
    response.writeHead(304, shared);
    return;
  }
  if (!('start' in part)) {
    const range = part.status === 416 && { 'Content-Range': `bytes */${version.sizeBytes}` };
    response.writeHead(part.status, { ...shared, ...range, 'Content-Length': 0 });
    return;
  }
  const { start, end, status } = part;
  response.writeHead(status, {
    'Content-Type': answer.contentType ?? contentTypeOf(answer.name),
    'Content-Length': end - start + 1,
    ...(status === 206 && { 'Content-Range': `bytes ${start}-${end}/${version.sizeBytes}` }),
    ...shared,
  });
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
  start: number,
  end: number,
): Promise<{ bytes: number; isComplete: boolean }> {
  const { response } = exchange;
  const progress = tellProgress(exchange, end - start + 1);
  let position = start;
  while (position <= end && !response.destroyed) {
    const wanted = Math.min(CHUNK_BYTES, end - position + 1);
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, position);
    if (bytesRead === 0) throw new FileShrank(position - start);
    // While the file was read, the client may have gone: nobody would tell of a drain then.
    if (response.destroyed) break;
    position += bytesRead;
    if (!response.write(buffer.subarray(0, bytesRead))) await drained(response);
    progress.reach(position - start - (response.socket?.writableLength ?? 0));
  }
  const unsent = response.socket?.writableLength ?? 0;
  const isWhole = position > end;
  if (response.destroyed) return { bytes: position - start - unsent, isComplete: isWhole && unsent === 0 };
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const { socket } = response;
  response.once('finish', () => resolve(true));
  response.once('close', () => resolve(response.writableFinished || (socket?.writableLength ?? 1) === 0));
  response.end();
  const isComplete = await promise;
  return { bytes: position - start - (isComplete ? 0 : (socket?.writableLength ?? 0)), isComplete };
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
