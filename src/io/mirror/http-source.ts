import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlannedFile } from '../../mirror/plan.ts';
import type { ProbedEntry } from '../../mirror/run/state.ts';
import { encodeTreePath, treePathProblem } from '../../mirror/run/tree-path.ts';
import { ProvisionError } from '../../net/provision-error.ts';
import { openedStream } from './decompress.ts';
import { type FetchDeps, type Fetched, fetchToPool, type WantedFile } from './fetch-file.ts';
import type { Fetcher } from './fetcher.ts';
import { RequestFailed, reasonOf } from './http-client.ts';
import type { Source } from './source.ts';
import { sumOf } from './sum-of.ts';

/** A package may be large, and its metadata may keep its length to themselves. */
const MOST_BYTES = 64 * 1024 ** 3;
const TRIES = 4;
/** Whoever asks for more patience than that is asked again by the next run. */
const LONGEST_WAIT_MS = 60_000;
const READ = { highWaterMark: 256 * 1024 };

interface Read {
  /** Where it came from. */
  readonly root: string;
  readonly bytes: Uint8Array;
  readonly probed: ProbedEntry;
}

export interface HttpSourceDeps extends FetchDeps {
  /** Fetches what is planned; undefined: this thread does. */
  readonly fetcher?: Fetcher | undefined;
}

/** An upstream behind HTTP. `bases`: the same tree at several places, the best first. */
export function createHttpSource(deps: HttpSourceDeps, bases: readonly string[]): Source {
  let roots: readonly string[] = bases.map((base) => (base.endsWith('/') ? base : `${base}/`));
  /** Places that have given something: what such a one does not have is not there. A dead one has nothing of all. */
  const giving = new Set<string>();
  const urlsOf = (path: string) => roots.map((root) => `${root}${encodeTreePath(path)}`);
  const reads = new Map<string, Promise<Read | 'absent'>>();
  const wanted = (file: PlannedFile, maxBytes: number) => ({ ...file, urls: urlsOf(file.path), maxBytes });
  const probed = new Map<string, ProbedEntry>();
  const readOnce = (path: string, maxBytes: number) => {
    const known = reads.get(path) ?? readWhole(deps, path, roots, giving, maxBytes);
    reads.set(path, known);
    return known;
  };
  /** Metadata that belong together come from one place, as long as it has them. */
  const prefer = (root: string) => {
    giving.add(root);
    roots = [root, ...roots.filter((one) => one !== root)];
  };
  return {
    reader: {
      read: async (path, { maxBytes, expect }) => {
        refuseBadPath(path);
        if (expect === undefined) {
          const read = await readOnce(path, maxBytes);
          if (read === 'absent') return read;
          prefer(read.root);
          probed.set(path, read.probed);
          return read.bytes;
        }
        const fetched = await fetchKnown(deps, wanted(expect, maxBytes));
        if (fetched.kind === 'absent') return 'absent';
        return readFile(deps.pool.pathOf(storedAs(path, fetched)));
      },
      stream: async function* (path, { maxBytes, maxOpenBytes, expect }) {
        refuseBadPath(path);
        const sha256 = storedAs(path, await fetchKnown(deps, wanted(expect, maxBytes)));
        yield* openedStream(createReadStream(deps.pool.pathOf(sha256), READ), path, maxOpenBytes);
      },
    },
    parallel: deps.http.questions,
    expect: deps.fetcher?.expect,
    rest: deps.fetcher?.rest,
    fetch: (file) => fetchKnown(deps, wanted(file, MOST_BYTES), deps.fetcher?.fetch),
    isUnchanged: async (entries) => {
      for (const entry of entries) if (!(await isSame(deps, entry, urlsOf(entry.path)))) return false;
      return true;
    },
    probed: () => [...probed.values()],
  };
}

/** What is in the pool already is not asked for. */
async function fetchKnown(
  deps: FetchDeps,
  file: WantedFile,
  fetch: (file: WantedFile) => Promise<Fetched> = (one) => fetchToPool(deps, one),
): Promise<Fetched> {
  const sha256 = file.digests.find(({ algorithm }) => algorithm === 'sha256')?.hex;
  const bytes = sha256 === undefined ? undefined : deps.pool.sizeOf(sha256);
  if (sha256 === undefined || bytes === undefined || bytes !== (file.bytes ?? bytes)) return fetch(file);
  // Where nobody says how long it is, only its content tells what a power cut has left of it.
  if (file.bytes === undefined && (await sumOf(deps.pool.pathOf(sha256), deps.signal)) !== sha256) return fetch(file);
  return { kind: 'stored', sha256, bytes, isVerified: true, origin: undefined };
}

function storedAs(path: string, fetched: Fetched): string {
  if (fetched.kind === 'stored') return fetched.sha256;
  const why = fetched.kind === 'absent' ? 'is not there' : `cannot be used: ${fetched.reason}`;
  throw new ProvisionError('upstream-failed', `The upstream's ${path}, which its own metadata name, ${why}`);
}

function refuseBadPath(path: string): void {
  const problem = treePathProblem(path);
  if (problem === undefined) return;
  throw new ProvisionError('upstream-failed', `The upstream names a file "${path.slice(0, 100)}": ${problem}`);
}

async function readWhole(
  deps: FetchDeps,
  path: string,
  roots: readonly string[],
  giving: ReadonlySet<string>,
  maxBytes: number,
): Promise<Read | 'absent'> {
  let reason = 'the mirror has no address';
  let isAbsent = false;
  for (const root of roots) {
    for (let attempt = 0; attempt <= (deps.retry?.times ?? TRIES); attempt++) {
      try {
        const read = await readFrom(deps, path, root, maxBytes);
        if (read !== 'absent' || giving.has(root)) return read;
        isAbsent = true;
        break;
      } catch (error) {
        deps.signal.throwIfAborted();
        if (!(error instanceof RequestFailed)) throw error;
        reason = error.message;
        if (error.isFinal) break;
        deps.onRetry?.(reason);
        const backOff = (deps.retry?.firstMs ?? 500) * 2 ** attempt;
        await sleep(Math.min(LONGEST_WAIT_MS, error.retryAfterMs ?? backOff), undefined, { signal: deps.signal });
      }
    }
  }
  if (isAbsent) return 'absent';
  throw new ProvisionError('upstream-failed', `The upstream's ${path} cannot be had: ${reason}`);
}

async function readFrom(deps: FetchDeps, path: string, root: string, maxBytes: number): Promise<Read | 'absent'> {
  const url = `${root}${encodeTreePath(path)}`;
  const { status, headers, body } = await deps.http.get(url, { 'Cache-Control': 'no-cache' }, deps.signal);
  if (status !== 200) {
    body.discard();
    if (status === 404) return 'absent';
    throw new RequestFailed(`${url} answers with status ${status} to a plain question`);
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    await body.read((piece) => {
      bytes += piece.length;
      if (bytes > maxBytes) throw new RequestFailed(`${url} is longer than ${maxBytes} bytes`, { isFinal: true });
      chunks.push(Uint8Array.from(piece));
      return undefined;
    });
  } catch (error) {
    throw error instanceof RequestFailed ? error : new RequestFailed(`${url} broke off: ${reasonOf(error)}`);
  }
  const whole = Buffer.concat(chunks);
  const sha256 = createHash('sha256').update(whole).digest('hex');
  return { root, bytes: whole, probed: { path, sha256, etag: headers.etag, lastModified: headers['last-modified'] } };
}

/** By its tag or date, and where those say nothing, by its content. */
async function isSame(deps: FetchDeps, entry: ProbedEntry, urls: readonly string[]): Promise<boolean> {
  const [url] = urls;
  if (url === undefined) return false;
  const condition: Record<string, string> = {};
  if (entry.etag !== undefined) condition['If-None-Match'] = entry.etag;
  if (entry.lastModified !== undefined) condition['If-Modified-Since'] = entry.lastModified;
  try {
    const { status, body } = await deps.http.get(url, { ...condition, 'Cache-Control': 'no-cache' }, deps.signal);
    if (status !== 200) {
      body.discard();
      return status === 304;
    }
    const sum = createHash('sha256');
    await body.read((piece) => void sum.update(piece));
    return sum.digest('hex') === entry.sha256;
  } catch {
    // The run that follows finds out what is the matter, and says it.
    deps.signal.throwIfAborted();
    return false;
  }
}
