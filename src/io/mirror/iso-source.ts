import { randomUUID } from 'node:crypto';
import { createReadStream, readdirSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { broken } from '../../mirror/failure.ts';
import { findInIso, isoKind } from '../../mirror/iso/index-iso.ts';
import { LIVE_ISO } from '../../mirror/iso/live-iso.ts';
import type { Extent } from '../../mirror/iso/medium.ts';
import type { PlannedFile } from '../../mirror/plan.ts';
import { openedStream } from './decompress.ts';
import { createChecker, isTrustworthy, strongestOf } from './digests.ts';
import { diskFailure } from './disk-failure.ts';
import type { FetchDeps, Fetched } from './fetch-file.ts';
import { openIso } from './iso-file.ts';
import { readMediumSums } from './iso-sums.ts';
import type { Source } from './source.ts';

/** What files on their way into the pool begin with. */
const PART = 'iso-';

/**
 * An upstream that is an ISO on this host: nothing is mounted or extracted beside it, each file goes from its place on the medium
 * into the pool. Rejects with `upstream-failed` when it is no whole ISO.
 */
export async function createIsoSource(deps: FetchDeps, iso: string): Promise<Source> {
  const opened = await openIso(iso);
  // Whatever ends a run early leaves what was on its way.
  for (const name of readdirSync(deps.partsFolder)) {
    if (name.startsWith(PART)) rmSync(join(deps.partsFolder, name), { force: true });
  }
  const { index, reader } = opened;
  // A live server's initrd loads the whole medium.
  const whole = isoKind(index) === 'ubuntu' ? { offset: 0, bytes: statSync(iso).size } : undefined;
  const sums = await readMediumSums(opened);
  const fetch = async (file: PlannedFile): Promise<Fetched> => {
    if (file.path === LIVE_ISO && whole !== undefined) return takeExtent(deps, iso, whole, file);
    const found = findInIso(index, file.path);
    if (found === undefined) return { kind: 'absent' };
    const own = file.digests.length > 0 ? undefined : sums.get(found.path);
    return takeExtent(deps, iso, found, own === undefined ? file : { ...file, digests: [own] });
  };
  return {
    reader: {
      read: async (path, options) => {
        const bytes = await reader.read(path, options);
        if (bytes === 'absent' || options.expect === undefined) return bytes;
        const checker = createChecker(options.expect.digests);
        checker.update(bytes);
        if (!checker.finish().isRight) throw broken(path, 'it is not what the metadata of the medium name');
        return bytes;
      },
      stream: async function* (path, { maxBytes, maxOpenBytes, expect }) {
        const found = findInIso(index, path);
        if (found === undefined || found.bytes > maxBytes)
          throw broken(path, 'the medium does not have it as it is named');
        const fetched = await takeExtent(deps, iso, found, expect);
        if (fetched.kind !== 'stored') throw broken(path, 'reason' in fetched ? fetched.reason : 'it is not there');
        yield* openedStream(createReadStream(deps.pool.pathOf(fetched.sha256)), path, maxOpenBytes);
      },
    },
    fetch,
    isUnchanged: async (entries) => entries.length === 0,
    probed: () => [],
    extras: (planned) => {
      const all = [...index.files, ...(whole === undefined ? [] : [[LIVE_ISO, whole] as const])];
      return all
        .filter(([path]) => !planned.has(path))
        .map(([path, { bytes }]): PlannedFile => ({ path, bytes, digests: [], role: roleOf(path), isOptional: true }));
    },
  };
}

function roleOf(path: string): PlannedFile['role'] {
  return /^(?:images|isolinux|EFI|casper|boot)\//.test(path) || path === LIVE_ISO ? 'boot' : 'other';
}

/** Brings a part of an ISO into the pool, and compares it with what `file` says of it. */
export async function takeExtent(deps: FetchDeps, iso: string, extent: Extent, file: PlannedFile): Promise<Fetched> {
  const { bytes } = extent;
  if (file.bytes !== undefined && file.bytes !== bytes) {
    return { kind: 'wrong', reason: `${file.path} is ${bytes} bytes long, and should be ${file.bytes}` };
  }
  const named = strongestOf(file.digests);
  const part = join(deps.partsFolder, `${PART}${randomUUID()}`);
  const { sha256, isRight } = await copyExtent(deps, iso, extent, part, file).catch((error: unknown) => {
    rmSync(part, { force: true });
    throw diskFailure(error) ?? error;
  });
  if (!isRight) {
    rmSync(part, { force: true });
    return { kind: 'wrong', reason: `${file.path} does not have the ${named?.algorithm} checksum ${named?.hex}` };
  }
  // What a power cut left of it is replaced.
  if (deps.pool.sizeOf(sha256) === bytes) rmSync(part, { force: true });
  else deps.pool.adopt(part, sha256);
  return { kind: 'stored', sha256, bytes, isVerified: isTrustworthy(named), origin: undefined };
}

async function copyExtent(deps: FetchDeps, iso: string, { offset, bytes }: Extent, part: string, file: PlannedFile) {
  const checker = createChecker(file.digests);
  const target = await open(part, 'w');
  try {
    if (bytes > 0) {
      const range = { start: offset, end: offset + bytes - 1, highWaterMark: 1 << 20, signal: deps.signal };
      for await (const chunk of createReadStream(iso, range)) {
        const piece = chunk as Buffer;
        checker.update(piece);
        await target.writeFile(piece);
        deps.checkSpace?.(piece.length);
        deps.onBytes?.(piece.length);
      }
    }
  } finally {
    await target.close();
  }
  return checker.finish();
}
