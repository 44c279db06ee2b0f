import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MirrorConfig } from '../../mirror/mirror-config.ts';
import { rateAt } from '../../mirror/run/bandwidth.ts';
import { ProvisionError } from '../../net/provision-error.ts';
import { createFolderSource } from './folder-source.ts';
import { createHttpSource, type HttpSourceDeps } from './http-source.ts';
import { createIsoSource } from './iso-source.ts';
import type { Meter } from './meter.ts';
import type { MirrorFiles } from './mirror-files.ts';
import { isWorthAnotherTry, type RsyncOptions, runRsync } from './rsync.ts';
import type { Source } from './source.ts';
import type { Space } from './space.ts';

export interface OpenSourceDeps {
  readonly fetch: HttpSourceDeps;
  readonly files: MirrorFiles;
  readonly meter: Meter;
  readonly space: Space;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A fresh look at the upstream, by the scheme of its address. Rejects with ProvisionError. */
export async function openSource(deps: OpenSourceDeps, config: MirrorConfig): Promise<Source> {
  const [first = ''] = config.from;
  const scheme = first.slice(0, first.indexOf(':'));
  switch (scheme) {
    case 'rsync':
      return openRsyncSource(deps, config);
    case 'file':
      return openLocalSource(deps, config, fileURLToPath(first));
    default:
      return createHttpSource(deps.fetch, config.from);
  }
}

async function openLocalSource(deps: OpenSourceDeps, config: MirrorConfig, folder: string): Promise<Source> {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found?.isFile()) return createIsoSource(deps.fetch, folder);
  if (!found?.isDirectory()) {
    const hint = 'Put it there, where rackready may read it, or name another one in `from` of the mirror.';
    throw new ProvisionError('upstream-failed', `There is no folder or ISO ${folder}`, { hint });
  }
  if (readdirSync(folder).length === 0) throw emptyUpstream(config);
  return createFolderSource(deps.fetch, folder, { isOwn: false });
}

function emptyUpstream({ from }: MirrorConfig): ProvisionError {
  return new ProvisionError('upstream-empty', `The upstream ${from[0]} is empty`);
}

/** Copies into a folder of its own, with links to what the last copy has, and goes on as with any folder. */
async function openRsyncSource(deps: OpenSourceDeps, config: MirrorConfig): Promise<Source> {
  const { fetch, files, meter, now } = deps;
  const next = join(files.staging, 'next');
  const last = join(files.staging, 'last');
  mkdirSync(files.staging, { recursive: true });
  meter.enter('copying');
  const watch = watchCopy(deps);
  await copyFromOne(config.from, async (from) => {
    const copy = { from, to: next, before: last, exclude: config.exclude };
    await watch.measure(copy);
    await copyAtRate({ config, now, signal: watch.signal }, (bytesPerSecond, signal) =>
      runRsync({ ...copy, bytesPerSecond, signal, onFile: watch.onFile }),
    );
  });
  meter.restart();
  // The last copy stays, so that not all is copied anew when the upstream comes back.
  if (readdirSync(next).length === 0) throw emptyUpstream(config);
  // Every later run compares with this one; what is served does not depend on it.
  rmSync(last, { recursive: true, force: true });
  renameSync(next, last);
  return createFolderSource(fetch, last, { isOwn: true, known: knownInodes({ fetch, files }) });
}

/** Looks before a copy whether there is room for it, counts it, and ends it where the free space reaches the reserve. */
function watchCopy({ fetch, meter, space }: OpenSourceDeps) {
  const full = new AbortController();
  const signal = AbortSignal.any([fetch.signal, full.signal]);
  return {
    signal,
    measure: async (copy: Pick<RsyncOptions, 'from' | 'to' | 'before' | 'exclude'>) => {
      const wanted = { files: 0, bytes: 0 };
      const onFile = (_path: string, bytes: number) => {
        wanted.files += 1;
        wanted.bytes += bytes;
      };
      await runRsync({ ...copy, signal, isDryRun: true, onFile });
      space.require(wanted.bytes, wanted.files);
      meter.expect(wanted.files, wanted.bytes);
    },
    onFile: (path: string, bytes: number) => {
      meter.bytes(bytes);
      meter.done(path);
      try {
        space.spend(bytes);
      } catch (error) {
        full.abort(error);
      }
    },
  };
}

const LOOK_AT_RATE_MS = 30_000;

interface Rated {
  readonly config: MirrorConfig;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** rsync is told its rate when it is started: when another one is to count, it is ended, and goes on where it was. */
async function copyAtRate(
  { config, now, signal }: Rated,
  copy: (bytesPerSecond: number | undefined, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const rateNow = () => rateAt(config.bandwidth, config.timezone, now());
  for (;;) {
    const rate = rateNow();
    const change = new AbortController();
    const timer = setInterval(() => rateNow() !== rate && change.abort(), LOOK_AT_RATE_MS);
    try {
      return await copy(rate, AbortSignal.any([signal, change.signal]));
    } catch (error) {
      signal.throwIfAborted();
      if (!change.signal.aborted) throw error;
    } finally {
      clearInterval(timer);
    }
  }
}

/** The next place is asked when one does not answer; a connection that broke is tried once more. */
async function copyFromOne(places: readonly string[], copy: (from: string) => Promise<void>): Promise<void> {
  let last: unknown;
  for (const place of places.flatMap((one) => [one, one])) {
    try {
      return await copy(place);
    } catch (error) {
      last = error;
      if (!isWorthAnotherTry(error)) throw error;
    }
  }
  throw last;
}

/** The pool's own inodes: a staged file that is one of them is what it was. */
function knownInodes({ fetch, files }: Pick<OpenSourceDeps, 'fetch' | 'files'>): ReadonlyMap<number, string> {
  const known = new Map<number, string>();
  const { current } = files.readState();
  for (const { sha256 } of (current && files.findManifest(current)?.values()) || []) {
    const stat = statSync(fetch.pool.pathOf(sha256), { throwIfNoEntry: false });
    if (stat) known.set(stat.ino, sha256);
  }
  return known;
}
