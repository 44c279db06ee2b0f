import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createFetcher } from '../../src/io/mirror/fetcher.ts';
import { createHttpClient } from '../../src/io/mirror/http-client.ts';
import { createHttpSource } from '../../src/io/mirror/http-source.ts';
import { unlimited } from '../../src/io/mirror/limiter.ts';
import { takeLock } from '../../src/io/mirror/lock.ts';
import { createMeter } from '../../src/io/mirror/meter.ts';
import { type MirrorFiles, openMirrorFiles } from '../../src/io/mirror/mirror-files.ts';
import { openPool, type Pool } from '../../src/io/mirror/pool.ts';
import { type RunOutcome, runSync } from '../../src/io/mirror/run-sync.ts';
import type { Source } from '../../src/io/mirror/source.ts';
import { watchSpace } from '../../src/io/mirror/space.ts';
import type { PlannedFile } from '../../src/mirror/plan.ts';
import { planIndex } from './hostile-upstream.ts';
import { newFolder } from './server.ts';

/** A mirror of a hostile upstream, run in this process. */
export interface TestMirror {
  readonly folder: string;
  readonly files: MirrorFiles;
  readonly pool: Pool;
  /** What could not be had, as "path: reason". */
  readonly refused: string[];
  run(options?: RunChoice): Promise<RunOutcome>;
  /** The plain tree by path. */
  live(): Map<string, string>;
}

export interface RunChoice {
  readonly isForced?: boolean;
  readonly signal?: AbortSignal;
  readonly stallMs?: number;
  readonly exclude?: readonly string[];
  readonly allowMissing?: readonly string[];
  readonly isEager?: (file: PlannedFile) => boolean;
  readonly source?: (deps: Parameters<typeof createHttpSource>[0]) => Source | Promise<Source>;
  readonly reserveBytes?: number;
  readonly planTree?: typeof planIndex;
  readonly parallel?: number;
  readonly now?: () => number;
  /** A second thread fetches, too, however little it is. `script`: what runs in it. */
  readonly lane?: { readonly script?: URL; readonly onDied?: (reason: string) => void };
}

export function openTestMirror(url: string | readonly string[], folder: string = newFolder('mirror')): TestMirror {
  const pool = openPool(join(folder, 'pool'));
  const files = openMirrorFiles(join(folder, 'repos', 'm'));
  const refused: string[] = [];
  return {
    folder,
    files,
    pool,
    refused,
    live: () => readTree(files.live),
    run: async (choice = {}) => {
      const { signal = new AbortController().signal, now = Date.now } = choice;
      const http = createHttpClient({ connections: choice.parallel ?? 4, stallMs: choice.stallMs ?? 10_000 });
      const meter = createMeter(now);
      const space = watchSpace(folder, choice.reserveBytes ?? 0);
      const deps = {
        http,
        pool,
        partsFolder: files.parts,
        limiter: unlimited,
        signal,
        onBytes: meter.bytes,
        onRetry: meter.retry,
        checkSpace: space.spend,
        retry: { times: 3, firstMs: 5, mostMs: 2_000 },
      };
      const fetcher =
        choice.lane &&
        createFetcher(deps, {
          root: folder,
          reserveBytes: choice.reserveBytes ?? 0,
          connections: choice.parallel ?? 4,
          worthALane: 0,
          onDied: choice.lane.onDied ?? (() => {}),
          script: choice.lane.script,
        });
      const release = takeLock(files.lock);
      try {
        return await runSync(
          {
            files,
            pool,
            meter,
            space,
            signal,
            now,
            rules: {
              configHash: 'c',
              parallel: choice.parallel ?? 4,
              exclude: choice.exclude ?? [],
              allowMissing: choice.allowMissing ?? [],
              isEager: choice.isEager ?? (() => true),
            },
            openSource: async () =>
              (await choice.source?.(deps)) ??
              createHttpSource({ ...deps, fetcher }, typeof url === 'string' ? [url] : url),
            planTree: choice.planTree ?? planIndex,
            onRefused: (path, reason) => void refused.push(`${path}: ${reason}`),
          },
          choice.isForced ?? false,
        );
      } finally {
        release();
        http.close();
      }
    },
  };
}

/** The regular files of a folder, by path. */
export function readTree(folder: string): Map<string, string> {
  if (!existsSync(folder)) return new Map();
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    statSync(join(folder, path)).isFile(),
  );
  return new Map(paths.sort().map((path) => [path, readFileSync(join(folder, path), 'latin1')]));
}
