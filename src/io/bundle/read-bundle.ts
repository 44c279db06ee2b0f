import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import { type Manifest, parseManifest } from '../../mirror/run/manifest.ts';
import { ProvisionError } from '../../net/provision-error.ts';
import { contentsOf } from '../loaders/loader-set.ts';
import {
  type BundleHead,
  type BundleMirror,
  contentOf,
  HEAD_NAME,
  HEAD_SUM_NAME,
  headSum,
  parseHead,
} from './bundle-head.ts';
import { readTar, refused, type TarEntry } from './read-tar.ts';

/** Where contents go as they come. Nothing of it may be visible to anybody. */
export interface BundleStore {
  /** Whether this content need not be written. */
  has(sha256: string, bytes: number): boolean;
  /** A content of which nobody knows yet whether it is what it should be. */
  begin(sha256: string): ContentWriter;
}

export interface ContentWriter {
  write(piece: Uint8Array): void;
  /** It is what it should be. */
  keep(): void;
  drop(): void;
}

export interface ReadOptions {
  /** Hears what is to come, before any of it is stored; may throw to refuse it. */
  readonly onPlan: (plan: ReadBundle) => void | Promise<void>;
  /** undefined: the archive is only checked. */
  readonly store?: BundleStore | undefined;
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
  readonly onFile: () => void;
}

export interface ReadBundle {
  readonly head: BundleHead;
  /** By mirror. */
  readonly manifests: ReadonlyMap<string, Manifest>;
  /** Every content that it has to have, and its length. */
  readonly required: ReadonlyMap<string, number>;
}

const MOST_HEAD = 16 * 1024 * 1024;
/** A tree of a million files; a text that Node can hold. */
const MOST_MANIFEST = 400 * 1024 * 1024;
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** Opens an archive, which is decompressed by what it begins with. Rejects with ProvisionError `bundle-refused`. */
export async function openBundle(file: string): Promise<AsyncIterable<Uint8Array>> {
  // Without waiting: a pipe that nobody writes to would keep us for ever.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause: unknown) => {
    throw unreadable(file, cause instanceof Error ? cause.message : String(cause), cause);
  });
  if (!(await handle.stat()).isFile()) {
    await handle.close();
    throw unreadable(file, 'it is no file');
  }
  const beginning = Buffer.alloc(ZSTD_MAGIC.length);
  await handle.read(beginning, 0, beginning.length, 0);
  const input = handle.createReadStream({ start: 0, highWaterMark: 1 << 20 });
  return beginning.equals(ZSTD_MAGIC) ? decompressed(input) : input;
}

function unreadable(file: string, reason: string, cause?: unknown): ProvisionError {
  const hint = 'Name an archive that is there, and that you may read.';
  return new ProvisionError('bundle-refused', `${file} cannot be read: ${reason}`, { cause, hint });
}

async function* decompressed(input: Readable): AsyncGenerator<Uint8Array> {
  const opened = createZstdDecompress();
  input.on('error', (error) => opened.destroy(error));
  try {
    yield* input.pipe(opened) as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw new ProvisionError('bundle-refused', 'The archive is not taken: it cannot be decompressed', { cause });
  } finally {
    input.destroy();
  }
}

/**
 * Reads an archive to its very end and compares everything in it with its checksum. Rejects with ProvisionError `bundle-refused`: it
 * is not whole, was changed, or has something in it that does not belong there.
 */
export async function readBundle(source: AsyncIterable<Uint8Array>, options: ReadOptions): Promise<ReadBundle> {
  const entries = readTar(source);
  const head = parseHead(await readHead(entries));
  const manifests = new Map<string, Manifest>();
  for (const mirror of head.mirrors) {
    const next = await entries.next();
    if (next.done || contentOf(next.value.name) !== mirror.manifest.sha256) {
      throw refused(`the list of files of the mirror ${mirror.name} is not where it should be`);
    }
    manifests.set(mirror.name, await readManifest(next.value, mirror));
    options.onFile();
  }
  const plan = { head, manifests, ...expectContents(head, manifests) };
  await options.onPlan(plan);
  const seen = new Set<string>();
  for await (const entry of entries) {
    options.signal.throwIfAborted();
    const sha256 = contentOf(entry.name);
    const bytes = sha256 === undefined ? undefined : (plan.required.get(sha256) ?? plan.optional.get(sha256));
    if (sha256 === undefined || bytes === undefined) {
      throw refused(`it has a file ${JSON.stringify(entry.name.slice(0, 100))} that nothing in it names`);
    }
    if (bytes !== entry.bytes || seen.has(sha256))
      throw refused(`${entry.name} has another length than is said of it, or comes twice`);
    seen.add(sha256);
    await takeContent(entry, sha256, options);
    options.onFile();
  }
  const lacking = [...plan.required.keys()].filter((sha256) => !seen.has(sha256));
  if (lacking.length > 0) throw refused(`it lacks ${lacking.length} files that it should have`);
  return plan;
}

async function readHead(entries: AsyncGenerator<TarEntry>): Promise<string> {
  const first = await entries.next();
  if (first.done || first.value.name !== HEAD_NAME) throw refused(`it does not begin with ${HEAD_NAME}`);
  const head = await readWhole(first.value, MOST_HEAD);
  const second = await entries.next();
  const sum = second.done || second.value.name !== HEAD_SUM_NAME ? undefined : await readWhole(second.value, 200);
  if (sum?.toString('utf8') !== headSum(head)) throw refused(`its ${HEAD_NAME} does not have its checksum`);
  return head.toString('utf8');
}

async function readWhole({ name, bytes, content }: TarEntry, most: number): Promise<Buffer> {
  if (bytes > most) throw refused(`${name} is longer than ${most} bytes`);
  const pieces: Uint8Array[] = [];
  for await (const piece of content) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function readManifest(entry: TarEntry, { name, manifest, snapshot }: BundleMirror): Promise<Manifest> {
  const bytes = await readWhole(entry, MOST_MANIFEST);
  const sum = createHash('sha256').update(bytes).digest('hex');
  if (sum !== manifest.sha256 || bytes.length !== manifest.bytes || !snapshot.id.endsWith(`-${sum.slice(0, 6)}`)) {
    throw refused(`the list of files of the mirror ${name} does not have its checksum`);
  }
  const parsed = parseManifest(bytes.toString('utf8'));
  if ('problem' in parsed) throw refused(`the list of files of the mirror ${name} cannot be read: ${parsed.problem}`);
  const stranger =
    snapshot.entries.find((path) => !parsed.manifest.has(path)) ??
    Object.entries(snapshot.boot).find(([path, sha256]) => parsed.manifest.get(path)?.sha256 !== sha256)?.[0];
  if (stranger !== undefined) throw refused(`${stranger} of the mirror ${name} is not in its list of files`);
  return parsed.manifest;
}

/** What is fetched only when it is asked for may have been here, or not. */
function expectContents(head: BundleHead, manifests: ReadonlyMap<string, Manifest>) {
  const required = new Map<string, number>();
  const optional = new Map<string, number>();
  for (const { sha256, bytes } of head.files) required.set(sha256, bytes);
  for (const set of head.loaders) for (const [sha256, bytes] of contentsOf(set)) required.set(sha256, bytes);
  for (const manifest of manifests.values()) {
    for (const { sha256, bytes, isLazy } of manifest.values()) (isLazy ? optional : required).set(sha256, bytes);
  }
  return { required, optional };
}

async function takeContent({ name, bytes, content }: TarEntry, sha256: string, options: ReadOptions): Promise<void> {
  const sum = createHash('sha256');
  const writer =
    options.store === undefined || options.store.has(sha256, bytes) ? undefined : options.store.begin(sha256);
  try {
    for await (const piece of content) {
      sum.update(piece);
      writer?.write(piece);
      options.onBytes(piece.length);
    }
    if (sum.digest('hex') !== sha256) throw refused(`${name} does not have its checksum`);
  } catch (error) {
    writer?.drop();
    throw error;
  }
  writer?.keep();
}
