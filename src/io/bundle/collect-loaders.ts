import { createHash } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import type { BootPath, LoaderCatalog, OfferedLoader } from '../../boot/loaders.ts';
import { objectPath, readIndex } from '../loaders/imported-loaders.ts';
import { loaderOfPath, sourceFiles } from '../loaders/loader-path.ts';
import { contentsOf, type LoaderPackage, type LoaderSet } from '../loaders/loader-set.ts';
import { packagesOf } from '../loaders/packages-of.ts';
import type { PackedContent } from './write-bundle.ts';

/** Loaders as an archive describes them, and where their contents are. */
export interface CollectedLoaders {
  readonly sets: readonly LoaderSet[];
  readonly contents: readonly PackedContent[];
}

/** All that this host offers to firmware. `imported`: the folder with those that came with archives: they go on as they came. */
export async function collectLoaders(catalog: LoaderCatalog, imported: string): Promise<CollectedLoaders> {
  const sets: LoaderSet[] = [];
  const contents: PackedContent[] = [];
  const order = ({ platform, loader }: OfferedLoader) => `${platform} ${loader}`;
  const offered = catalog.offered.toSorted((a, b) => (order(a) < order(b) ? -1 : 1));
  for (const one of offered) {
    const set = one.from === 'archive' ? findImported(imported, one) : await collectSet(catalog, one, contents);
    if (set === undefined) continue;
    sets.push(set);
    if (one.from === 'host') continue;
    for (const [sha256, bytes] of contentsOf(set)) contents.push({ sha256, bytes, path: objectPath(imported, sha256) });
  }
  return { sets, contents };
}

function findImported(folder: string, { platform, loader }: OfferedLoader): LoaderSet | undefined {
  return readIndex(folder).find((set) => set.platform === platform && set.loader === loader);
}

async function collectSet(catalog: LoaderCatalog, one: OfferedLoader, contents: PackedContent[]): Promise<LoaderSet> {
  const { platform, loader } = one;
  const describe = async (name: string) => {
    const path = await realpath(name);
    const bytes = await readFile(path);
    const content = { sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length };
    contents.push({ ...content, path });
    return content;
  };
  const files: LoaderSet['files'] = [];
  for (const { path, address, file } of ownFiles(catalog, one)) {
    files.push({ path, ...(address !== undefined && { address }), ...(await describe(file)) });
  }
  const packages: LoaderPackage[] = [];
  for (const { licence, ...found } of await packagesOf(sourceFiles(catalog, one))) {
    const content = await describe(licence).catch(() => undefined);
    const { builtUsing, ...rest } = found;
    packages.push({ ...rest, ...(builtUsing && { builtUsing }), ...(content && { licence: content }) });
  }
  const hasHttp = loader === 'grub' && catalog.platforms[platform].grubHasHttp;
  return { platform, loader, hasHttp, packages, files };
}

interface OwnFile {
  readonly path: BootPath;
  readonly address?: string;
  /** On this host. */
  readonly file: string;
}

function ownFiles({ files, filesFrom }: LoaderCatalog, { platform, loader }: OfferedLoader): OwnFile[] {
  const isOwn = ([path]: readonly [BootPath, string]) => {
    const name = loaderOfPath(path);
    return name?.platform === platform && name.loader === loader;
  };
  const found: OwnFile[] = [...files].filter(isOwn).map(([path, file]) => ({ path, file }));
  for (const [address, images] of filesFrom)
    found.push(...[...images].filter(isOwn).map(([path, file]) => ({ path, address, file })));
  const order = ({ path, address = '' }: OwnFile) => `${path} ${address}`;
  return found.sort((a, b) => (order(a) < order(b) ? -1 : 1));
}
