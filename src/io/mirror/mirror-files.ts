import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { formatManifest, type Manifest, parseManifest } from '../../mirror/run/manifest.ts';
import { emptyState, type MirrorState, type SnapshotRecord } from '../../mirror/run/state.ts';
import { WANTED_FOLDER } from '../../mirror/run/wanted-part.ts';
import { ProvisionError } from '../../net/provision-error.ts';
import { writeSafely } from './safe-write.ts';

/** What one mirror has on disk, below `mirrors/repos/NAME`. */
export interface MirrorFiles {
  readonly folder: string;
  /** The plain tree, for other servers and for people. */
  readonly live: string;
  readonly parts: string;
  /** Downloads that clients wait for, apart from those of a run. */
  readonly wanted: string;
  /** Where rsync copies to. */
  readonly staging: string;
  readonly lock: string;
  /** Which packages have been found to be signed, and by whose keys. */
  readonly signed: string;
  readState(): MirrorState;
  writeState(state: MirrorState): void;
  readManifest(id: string): Manifest;
  /** undefined: it is not there, or not whole. */
  findManifest(id: string): Manifest | undefined;
  writeManifest(id: string, manifest: Manifest): void;
  removeManifest(id: string): void;
  manifestIds(): string[];
  /** The publication that is under way. */
  readIntent(): SnapshotRecord | undefined;
  writeIntent(snapshot: SnapshotRecord): void;
  clearIntent(): void;
}

export function openMirrorFiles(folder: string): MirrorFiles {
  const at = (...parts: string[]) => join(folder, ...parts);
  for (const name of ['live', 'parts', WANTED_FOLDER, 'snapshots']) mkdirSync(at(name), { recursive: true });
  const manifestFile = (id: string) => at('snapshots', `${id}.jsonl`);
  const findManifest = (id: string) => {
    if (!existsSync(manifestFile(id))) return undefined;
    const parsed = parseManifest(readFileSync(manifestFile(id), 'utf8'));
    return 'manifest' in parsed ? parsed.manifest : undefined;
  };
  return {
    folder,
    live: at('live'),
    parts: at('parts'),
    wanted: at(WANTED_FOLDER),
    staging: at('staging'),
    lock: at('lock'),
    signed: at('signed.json'),
    readState: () => readState(at('state.json')),
    writeState: (state) => writeSafely(at('state.json'), `${JSON.stringify(state, undefined, 1)}\n`),
    findManifest,
    readManifest: (id) => {
      const manifest = findManifest(id);
      if (manifest !== undefined) return manifest;
      const hint = 'Synchronise the mirror anew: rackready mirror sync NAME';
      throw new ProvisionError('store-failed', `The manifest ${manifestFile(id)} is not there, or not whole`, { hint });
    },
    writeManifest: (id, manifest) => writeSafely(manifestFile(id), formatManifest(manifest)),
    removeManifest: (id) => rmSync(manifestFile(id), { force: true }),
    manifestIds: () =>
      readdirSync(at('snapshots')).flatMap((name) =>
        name.endsWith('.jsonl') ? [name.slice(0, -'.jsonl'.length)] : [],
      ),
    readIntent: () => (existsSync(at('publish.json')) ? readIntent(at('publish.json')) : undefined),
    writeIntent: (snapshot) => writeSafely(at('publish.json'), `${JSON.stringify(snapshot)}\n`),
    clearIntent: () => rmSync(at('publish.json'), { force: true }),
  };
}

/** The state of a mirror whose folder may not be there yet. */
export function readState(file: string): MirrorState {
  if (!existsSync(file)) return emptyState;
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    const hint = 'Move the file away and synchronise the mirror anew; its packages are kept and not fetched again.';
    throw new ProvisionError('store-failed', `The mirror's state ${file} cannot be read`, { cause, hint });
  }
}

function readIntent(file: string): SnapshotRecord | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // It was written as a whole: somebody else has changed it.
    return undefined;
  }
}
