import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Digest } from '../../mirror/plan.ts';
import { partKeyOf } from '../../mirror/run/wanted-part.ts';
import { ProvisionError } from '../../net/provision-error.ts';
import { type Checker, createChecker, isTrustworthy, strongestOf } from './digests.ts';
import { diskFailure } from './disk-failure.ts';
import { type HttpAnswer, type HttpClient, RequestFailed, reasonOf } from './http-client.ts';
import type { Limiter } from './limiter.ts';
import { openPart, type PartFile, type PartOrigin } from './part-file.ts';
import type { Pool } from './pool.ts';

export interface FetchDeps {
  readonly http: HttpClient;
  readonly pool: Pool;
  readonly partsFolder: string;
  readonly limiter: Limiter;
  readonly signal: AbortSignal;
  /** Hears of bytes as they come; negative: they came for nothing. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  readonly onRetry?: ((reason: string) => void) | undefined;
  /** Called before each piece is written: throws where the disk must not be filled further. */
  readonly checkSpace?: ((bytes: number) => void) | undefined;
  readonly retry?: RetryPlan | undefined;
  /** Why a file that is what its checksum says is not taken all the same, in a sentence. */
  readonly judge?: ((file: string) => Promise<string | undefined>) | undefined;
}

export interface RetryPlan {
  readonly times: number;
  readonly firstMs: number;
  readonly mostMs: number;
}

export interface WantedFile {
  /** The same file at several places, the best first. */
  readonly urls: readonly string[];
  readonly bytes?: number | undefined;
  /** For files whose length nobody says. */
  readonly maxBytes: number;
  readonly digests: readonly Digest[];
}

/** What became of a file. `wrong`: every place gives something else than the metadata say. */
export type Fetched =
  | {
      readonly kind: 'stored';
      readonly sha256: string;
      readonly bytes: number;
      readonly isVerified: boolean;
      readonly origin: PartOrigin | undefined;
    }
  | { readonly kind: 'absent' }
  | { readonly kind: 'wrong'; readonly reason: string }
  | { readonly kind: 'unreachable'; readonly reason: string };

/** Smaller files are fetched again faster than they are gone on with. */
const LARGE_BYTES = 1024 * 1024;

const RETRY: RetryPlan = { times: 5, firstMs: 500, mostMs: 60_000 };

/**
 * Brings one file into the pool, verified. What broke off is gone on with where upstream says by a strong tag or its date
 * that it is the same file; the checksum decides anyway. Rejects with ProvisionError `disk-full`, and when `signal` aborts.
 */
export async function fetchToPool(deps: FetchDeps, file: WantedFile): Promise<Fetched> {
  let last: Fetched = { kind: 'unreachable', reason: 'the mirror has no address' };
  for (const url of file.urls) {
    const fetched = await fetchFrom(deps, file, url);
    if (fetched.kind === 'stored') return fetched;
    // What one place has wrong says more than that another one has nothing.
    if (last.kind !== 'wrong') last = fetched;
  }
  return last;
}

async function fetchFrom(deps: FetchDeps, file: WantedFile, url: string): Promise<Fetched> {
  const { times, firstMs, mostMs } = deps.retry ?? RETRY;
  let wrong: string | undefined;
  for (let attempt = 0; ; attempt++) {
    const result = await tryOnce(deps, file, url, { isFirst: attempt === 0, pastCaches: wrong !== undefined });
    // What is right when it is asked for by itself may have been another file's answer.
    if (result.kind === 'stored' && wrong !== undefined) deps.http.mistrust();
    if (result.kind === 'stored' || result.kind === 'absent') return result;
    if (result.kind === 'wrong') {
      // The same again, past every cache on the way: then it is upstream's own.
      if (wrong !== undefined) return result;
      wrong = result.reason;
      continue;
    }
    if (result.isFinal || attempt >= times) return { kind: 'unreachable', reason: result.reason };
    deps.onRetry?.(result.reason);
    const backOff = Math.min(mostMs, firstMs * 2 ** attempt) * (0.75 + Math.random() / 2);
    await sleep(Math.min(mostMs, result.retryAfterMs ?? backOff), undefined, { signal: deps.signal });
  }
}

type Tried =
  | Exclude<Fetched, { kind: 'unreachable' }>
  | {
      readonly kind: 'failed';
      readonly reason: string;
      readonly isFinal: boolean;
      readonly retryAfterMs?: number | undefined;
    };

interface Try {
  readonly isFirst: boolean;
  readonly pastCaches: boolean;
}

async function tryOnce(deps: FetchDeps, file: WantedFile, url: string, { isFirst, pastCaches }: Try): Promise<Tried> {
  const part = openPart(deps.partsFolder, partKey(file, url));
  try {
    if (file.bytes !== undefined && part.bytes > file.bytes) part.restart({ url }, false);
    const headers = { ...resumeHeaders(part, url), ...(pastCaches && { 'Cache-Control': 'no-cache' }) };
    // In a row only what is checked, and without much to lose.
    const isSimple = isFirst && file.digests.length > 0 && headers.Range === undefined;
    const answer = await deps.http.get(url, headers, deps.signal, isSimple ? file.bytes : undefined);
    if (answer.status === 404) {
      answer.body.discard();
      part.remove();
      return { kind: 'absent' };
    }
    const refusal = beginPart(part, answer, file, url);
    if (refusal !== undefined) {
      answer.body.discard();
      part.remove();
      return refusal;
    }
    return await finishPart(deps, part, file, url, await receive(deps, part, answer, file));
  } catch (error) {
    return asTried(deps, part, error);
  } finally {
    part.close();
  }
}

/** A file without a checksum is known by its address, so that a later run never goes on with another one's part. */
function partKey({ digests }: WantedFile, url: string): string {
  const digest = strongestOf(digests);
  return digest ? partKeyOf(digest) : `url-${createHash('sha256').update(url).digest('hex')}`;
}

function resumeHeaders(part: PartFile, url: string): { readonly Range?: string; readonly 'If-Range'?: string } {
  const { origin, bytes } = part;
  const isStrong = origin?.etag !== undefined && !origin.etag.startsWith('W/');
  const condition = isStrong ? origin.etag : origin?.lastModified;
  if (bytes === 0 || origin?.url !== url || condition === undefined) return {};
  return { Range: `bytes=${bytes}-`, 'If-Range': condition };
}

/** Looks at the head of an answer, and makes the part ready for its body; a failure: it cannot be used. */
function beginPart(part: PartFile, answer: HttpAnswer, file: WantedFile, url: string): Tried | undefined {
  const { status, headers } = answer;
  const again = (reason: string): Tried => ({ kind: 'failed', reason, isFinal: false });
  if (status === 304) return again(`${url} is said to be unchanged, which nobody had asked`);
  if (status === 416) return again(`${url} has not as many bytes as it had`);
  if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity') {
    return again(`${url} came in the encoding ${headers['content-encoding']}, which nobody had asked for`);
  }
  if (status === 206) {
    const [, start, total] = /^bytes ([0-9]+)-[0-9]+\/([0-9]+|\*)$/.exec(headers['content-range'] ?? '') ?? [];
    if (part.bytes === 0 || Number(start) !== part.bytes) return again(`${url} gave another range than was asked for`);
    // Not every server looks at If-Range, and where no checksum is known, only this tells.
    if (part.origin?.etag !== undefined && headers.etag !== undefined && headers.etag !== part.origin.etag)
      return again(`${url} has become another file`);
    const isOther = file.bytes !== undefined && total !== '*' && Number(total) !== file.bytes;
    return isOther ? again(`${url} has become ${total} bytes long`) : undefined;
  }
  const length = headers['content-length'] === undefined ? undefined : Number(headers['content-length']);
  if (length !== undefined && length !== (file.bytes ?? length)) {
    return { kind: 'wrong', reason: `${url} is ${length} bytes long, and should be ${file.bytes}` };
  }
  if (length !== undefined && length > file.maxBytes)
    return { kind: 'wrong', reason: `${url} is longer than ${file.maxBytes} bytes` };
  try {
    const origin = { url, etag: headers.etag, lastModified: headers['last-modified'] };
    part.restart(origin, (length ?? LARGE_BYTES) >= LARGE_BYTES);
  } catch (error) {
    // A full disk, where the notes are written; a connection whose answer nobody takes would never be free again.
    answer.body.discard();
    throw error;
  }
  return undefined;
}

class TooLong extends Error {}

/** What was there before is read once more, so that the checksum is that of the file and not of what was sent. */
async function receive(deps: FetchDeps, part: PartFile, { body }: HttpAnswer, file: WantedFile): Promise<Checker> {
  const most = file.bytes ?? file.maxBytes;
  const checker = createChecker(file.digests);
  try {
    if (part.bytes > 0) part.feed(checker);
  } catch (error) {
    body.discard();
    throw error;
  }
  await body.read((piece) => {
    if (part.bytes + piece.length > most) throw new TooLong(`it is longer than ${most} bytes`);
    deps.checkSpace?.(piece.length);
    part.write(piece);
    checker.update(piece);
    deps.onBytes?.(piece.length);
    return deps.limiter.take(piece.length, deps.signal);
  });
  return checker;
}

async function finishPart(
  deps: FetchDeps,
  part: PartFile,
  file: WantedFile,
  url: string,
  checker: Checker,
): Promise<Tried> {
  const { bytes, origin } = part;
  if (file.bytes !== undefined && bytes < file.bytes) {
    return { kind: 'failed', reason: `${url} broke off at ${bytes} of ${file.bytes} bytes`, isFinal: false };
  }
  const { sha256, isRight } = checker.finish();
  if (!isRight) {
    deps.onBytes?.(-bytes);
    part.remove();
    const digest = strongestOf(file.digests);
    return { kind: 'wrong', reason: `${url} does not have the ${digest?.algorithm} checksum ${digest?.hex}` };
  }
  const refusal = await deps.judge?.(part.path);
  if (refusal !== undefined) {
    part.remove();
    return { kind: 'wrong', reason: `${url} is refused: ${refusal}` };
  }
  // What was checked is what had come: nothing holds anybody else off the file.
  if (statSync(part.path, { throwIfNoEntry: false })?.size !== bytes) {
    deps.onBytes?.(-bytes);
    part.remove();
    return { kind: 'failed', reason: `${url}: something else wrote into its download`, isFinal: false };
  }
  deps.pool.adopt(part.path, sha256);
  part.moved();
  return { kind: 'stored', sha256, bytes, isVerified: isTrustworthy(strongestOf(file.digests)), origin };
}

function asTried({ signal }: FetchDeps, part: PartFile, error: unknown): Tried {
  signal.throwIfAborted();
  if (error instanceof ProvisionError) throw error;
  const failure = diskFailure(error);
  if (failure) throw failure;
  if (error instanceof TooLong) {
    part.remove();
    return { kind: 'wrong', reason: error.message };
  }
  if (error instanceof RequestFailed) {
    return { kind: 'failed', reason: error.message, isFinal: error.isFinal, retryAfterMs: error.retryAfterMs };
  }
  return { kind: 'failed', reason: reasonOf(error), isFinal: false };
}
