import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type BundleEntries, bundleEntries } from '../config/bundle-entries.ts';
import { writtenMachines } from '../config/edit.ts';
import { checkSources, productFolder } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import type { Settings } from '../config/settings.ts';
import { asOwner } from '../io/bundle/as-owner.ts';
import { type BundleFile, type BundleHead, type BundleMirror, formatHead } from '../io/bundle/bundle-head.ts';
import { collectLoaders } from '../io/bundle/collect-loaders.ts';
import type { PackedContent, Packing } from '../io/bundle/write-bundle.ts';
import { IMPORTED_FOLDER, whyUnread } from '../io/loaders/imported-loaders.ts';
import { openLoaders } from '../io/loaders/open-loaders.ts';
import { readState } from '../io/mirror/mirror-files.ts';
import { sumOf } from '../io/mirror/sum-of.ts';
import { VERSION } from '../main/base.ts';
import { type Manifest, parseManifest } from '../mirror/run/manifest.ts';
import { findSnapshot, type SnapshotRecord } from '../mirror/run/state.ts';
import { ApiFailure, dataFolderOf } from './client.ts';
import { type EditOptions, openConfiguration } from './config-edit.ts';

export interface PlannedBundle {
  readonly head: BundleHead;
  readonly packing: Packing;
  readonly bytes: number;
  /** Files of the mirrors that were never fetched. */
  readonly lazy: number;
}

export interface BundleOptions extends EditOptions {
  readonly snapshot?: string;
  readonly withMirror: readonly string[];
  /** Of the other host, dotted: it gets images that know them. */
  readonly address: readonly string[];
}

/** What the boot loaders of an archive are made in. */
export interface LoaderPlace {
  readonly cacheFolder: string;
  /** It is the server's own. */
  readonly isServers: boolean;
}

/** A state of a mirror, as it is on disk. */
interface Found {
  readonly snapshot: SnapshotRecord;
  readonly manifest: Manifest;
  /** The file with the manifest, and what it holds. */
  readonly content: PackedContent;
}

/** Finds out what goes into the archive of a profile. Throws ApiFailure. */
export async function planBundle(options: BundleOptions, profile: string, place: LoaderPlace): Promise<PlannedBundle> {
  const { texts } = await openConfiguration(options);
  const settings = settingsOf(texts);
  const data = resolve(dataFolderOf(options));
  const root = join(data, 'mirrors');
  const states = new Map<string, Found>();
  const stateOf = (name: string): Found => {
    const isSource = settings.profiles.get(profile)?.source === `mirror:${name}`;
    const found = states.get(name) ?? findState(root, name, isSource ? options.snapshot : undefined);
    states.set(name, found);
    return found;
  };
  const written = { profiles: writtenMachines(texts, 'profiles'), mirrors: writtenMachines(texts, 'mirrors') };
  const bootsFrom = (mirror: string, path: string) => Object.hasOwn(stateOf(mirror).snapshot.boot, path);
  const entries = bundleEntries({ settings, written, productFolder, bootsFrom }, profile, options.withMirror);
  if ('problem' in entries) throw failure('bundle-refused', entries.problem, entries.hint);
  const files = await describeFiles(entries);
  const mirrors = entries.mirrors.map(({ name, values }): BundleMirror => {
    const { snapshot, content } = stateOf(name);
    return {
      name,
      values,
      snapshot: plainSnapshot(snapshot),
      manifest: { sha256: content.sha256, bytes: content.bytes },
    };
  });
  const loaders = await collectOwn(data, place, options.address);
  const head: BundleHead = {
    format: 'rackready bundle',
    version: 2,
    madeBy: VERSION,
    profile: { name: profile, values: { ...entries.profile } },
    mirrors,
    files: files.map(({ path: _ofThisHost, ...file }) => file),
    loaders: [...loaders.sets],
    leftOut: [...entries.leftOut, ...loaders.leftOut],
  };
  const pooled = [...states].flatMap(([, { manifest }]) => [...pooledContents(root, manifest)]);
  const rest = new Map(
    [...files, ...loaders.contents, ...pooled].map(({ sha256, bytes, path }) => [sha256, { sha256, bytes, path }]),
  );
  const sorted = [...rest.values()].sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
  const contents = [...mirrors.map(({ name }) => stateOf(name).content), ...sorted];
  return {
    head,
    packing: { head: formatHead(head), contents },
    bytes: contents.reduce((sum, { bytes }) => sum + bytes, 0),
    lazy: [...states.values()].reduce((sum, { manifest }) => sum + countLazy(root, manifest), 0),
  };
}

/** The boot loaders that this host offers, and those that it has not. */
async function collectOwn(data: string, { cacheFolder, isServers }: LoaderPlace, servers: readonly string[]) {
  const imported = join(data, IMPORTED_FOLDER);
  const open = () => openLoaders({ cacheFolder, emit: () => {}, servers, imported });
  // Images that root makes would stay root's in the server's cache.
  const catalog = await (isServers ? asOwner(cacheFolder, open) : open());
  const lacking = catalog.missing.map(({ loader, platform }) => `${loader} for ${platform}`);
  const leftOut = lacking.length === 0 ? [] : [`boot loaders that this host does not have: ${lacking.join(', ')}`];
  if (whyUnread(imported))
    leftOut.push('boot loaders of imported archives, as their list is damaged: rackready doctor');
  return { ...(await collectLoaders(catalog, imported)), leftOut };
}

function settingsOf(texts: Parameters<typeof checkSources>[0]): Settings {
  const checked = checkSources(texts);
  if (checked.kind === 'settings') return checked.settings;
  throw failure('config-invalid', checked.problems.map(formatProblem).join('\n'), 'Mend the configuration first.');
}

function findState(root: string, name: string, wanted: string | undefined): Found {
  const repo = join(root, 'repos', name);
  const state = readState(join(repo, 'state.json'));
  const snapshot = state.current === undefined ? undefined : findSnapshot(state, wanted ?? state.current);
  if (snapshot === undefined) {
    const what = wanted === undefined ? 'has nothing yet' : `has no state ${wanted}`;
    const hint = `Fill it with: rackready mirror sync ${name}. See its states with: rackready mirror snapshots ${name}`;
    throw failure('bundle-refused', `the mirror ${name} ${what} (${repo})`, hint);
  }
  const path = join(repo, 'snapshots', `${snapshot.id}.jsonl`);
  const text = readFileSync(path);
  const parsed = parseManifest(text.toString('utf8'));
  if ('problem' in parsed)
    throw failure('bundle-refused', `${path} cannot be read: ${parsed.problem}`, 'Synchronise the mirror anew.');
  const sha256 = createHash('sha256').update(text).digest('hex');
  return { snapshot, manifest: parsed.manifest, content: { sha256, bytes: text.length, path } };
}

/** What another version of rackready writes besides does not get into the archive. */
function plainSnapshot({
  id,
  at,
  revision,
  size,
  entries,
  boot,
  validUntil,
  remarks,
}: SnapshotRecord): BundleMirror['snapshot'] {
  const { files, bytes, packages, unverified } = size;
  return {
    id,
    at,
    revision,
    size: { files, bytes, packages, unverified },
    entries: [...entries],
    boot: { ...boot },
    ...(validUntil !== undefined && { validUntil }),
    remarks: [...remarks],
  };
}

/** What is fetched when it is asked for goes along where it was. */
function* pooledContents(root: string, manifest: Manifest): Iterable<PackedContent> {
  for (const { sha256, bytes, isLazy } of manifest.values()) {
    const path = join(root, 'pool', sha256.slice(0, 2), sha256);
    if (!isLazy || isHere(path, bytes)) yield { sha256, bytes, path };
  }
}

function countLazy(root: string, manifest: Manifest): number {
  let count = 0;
  for (const { sha256, bytes, isLazy, aliasOf } of manifest.values()) {
    if (isLazy && aliasOf === undefined && !isHere(join(root, 'pool', sha256.slice(0, 2), sha256), bytes)) count++;
  }
  return count;
}

function isHere(path: string, bytes: number): boolean {
  return statSync(path, { throwIfNoEntry: false })?.size === bytes;
}

async function describeFiles({ files }: BundleEntries): Promise<(BundleFile & { readonly path: string })[]> {
  const described: (BundleFile & { readonly path: string })[] = [];
  for (const file of files) {
    if (!existsSync(file.path)) {
      const hint =
        'Put it where the configuration names it, or fill the mirror that has it. `rackready check` says the same.';
      throw failure('bundle-refused', `${file.path} (${file.key} of ${file.entry}) is not there`, hint);
    }
    // A name of the operator's may be a link; what is packed is not looked up by it once more.
    const path = realpathSync(file.path);
    const sha256 = await sumOf(path, AbortSignal.timeout(24 * 3600_000));
    described.push({ ...file, path, sha256, bytes: statSync(path).size });
  }
  return described;
}

function failure(code: string, message: string, hint: string): ApiFailure {
  return new ApiFailure({ code, message, hint });
}
