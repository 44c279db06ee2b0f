import type { MirrorConfig } from '../../mirror/mirror-config.ts';
import type { Manifest, ManifestEntry } from '../../mirror/run/manifest.ts';
import { liveOrder } from '../../mirror/run/state.ts';
import { encodeTreePath } from '../../mirror/run/tree-path.ts';
import { type Fetched, fetchToPool } from './fetch-file.ts';
import { openGpgvChecker } from './gpgv.ts';
import { createHttpClient } from './http-client.ts';
import type { Limiter } from './limiter.ts';
import type { MirrorFiles } from './mirror-files.ts';
import { whyUnsigned } from './package-signatures.ts';
import type { Pool } from './pool.ts';
import { linkIntoLive } from './publish.ts';
import { watchSpace } from './space.ts';

export interface WantedDeps {
  readonly root: string;
  readonly files: MirrorFiles;
  readonly pool: Pool;
  readonly config: () => MirrorConfig;
  readonly limiter: Limiter;
  readonly signal: AbortSignal;
  readonly reserveBytes?: number | undefined;
}

/** Files that are fetched when a client asks for them. */
export interface WantedFiles {
  /**
   * One request to the upstream, whatever the number of clients and of names of the content; what is in the pool is only put into the
   * plain tree, under the name that is asked for. Rejects with ProvisionError `disk-full`.
   */
  want(path: string, sha256: string): Promise<Fetched>;
}

/** A client does not wait for long: what cannot be had soon is asked for again by itself. */
const RETRY = { times: 2, firstMs: 250, mostMs: 5_000 };

export function createWantedFiles(deps: WantedDeps): WantedFiles {
  const flights = new Map<string, Promise<Fetched>>();
  const served = readServed(deps.files);
  const http = createHttpClient({ connections: 16 });
  deps.signal.addEventListener('abort', () => http.close());
  return {
    want: (path, sha256) => {
      const flight = flights.get(sha256) ?? fetchOne({ ...deps, http, served }, path, sha256);
      flights.set(sha256, flight);
      const forget = () => flights.delete(sha256);
      flight.then(forget, forget);
      return flight.then((fetched) => {
        const entry = fetched.kind === 'stored' ? served.find(path, sha256) : undefined;
        if (entry !== undefined && served.isShown(entry)) linkIntoLive(deps, entry);
        return fetched;
      });
    },
  };
}

interface Served {
  /** What a state that is served says of a path, where its content is this one. */
  find(path: string, sha256: string): ManifestEntry | undefined;
  /** Whether it is what the plain tree is to have there: of several states, the one that counts most has the name. */
  isShown(entry: ManifestEntry): boolean;
}

/** The states that are served are read once. While one is published, it counts already: its names are put in place. */
function readServed(files: MirrorFiles): Served {
  const manifests = new Map<string, Manifest>();
  function* entriesOf(path: string): Iterable<ManifestEntry> {
    const ids = [files.readIntent()?.id ?? [], ...liveOrder(files.readState())].flat();
    for (const id of manifests.keys()) if (!ids.includes(id)) manifests.delete(id);
    for (const id of ids) {
      const manifest = manifests.get(id) ?? files.findManifest(id);
      if (manifest === undefined) continue;
      manifests.set(id, manifest);
      const entry = manifest.get(path);
      if (entry !== undefined) yield entry;
    }
  }
  return {
    find: (path, sha256) => {
      for (const entry of entriesOf(path)) if (entry.sha256 === sha256) return entry;
      return undefined;
    },
    isShown: ({ path, sha256 }) => {
      const [first] = entriesOf(path);
      return first?.sha256 === sha256;
    },
  };
}

async function judgeOne({ keys }: MirrorConfig, file: string): Promise<string | undefined> {
  const checker = await openGpgvChecker(keys);
  try {
    return await whyUnsigned(file, checker);
  } finally {
    checker.close();
  }
}

type FetchOneDeps = WantedDeps & {
  readonly http: ReturnType<typeof createHttpClient>;
  readonly served: Served;
};

async function fetchOne(deps: FetchOneDeps, wanted: string, sha256: string): Promise<Fetched> {
  const { root, files, pool, config, signal, http, limiter, served } = deps;
  const entry = served.find(wanted, sha256);
  if (entry === undefined) return { kind: 'wrong', reason: 'no state of the mirror names it' };
  // What a power cut left of it has another size, and is fetched anew.
  const bytes = pool.sizeOf(sha256);
  if (bytes === entry.bytes) return { kind: 'stored', sha256, bytes, isVerified: true, origin: undefined };
  const { from, packages } = config();
  const path = encodeTreePath(entry.aliasOf ?? entry.path);
  const space = watchSpace(root, deps.reserveBytes);
  space.require(entry.bytes, 1);
  return fetchToPool(
    {
      http,
      pool,
      partsFolder: files.wanted,
      limiter,
      signal,
      retry: RETRY,
      checkSpace: space.spend,
      ...(packages === 'signed' && entry.role === 'package' && { judge: (part) => judgeOne(config(), part) }),
    },
    {
      urls: from.map((base) => `${base.replace(/\/*$/, '/')}${path}`),
      bytes: entry.bytes,
      maxBytes: entry.bytes,
      digests: [{ algorithm: 'sha256', hex: sha256 }],
    },
  );
}
