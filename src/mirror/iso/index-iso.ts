import { broken } from '../failure.ts';
import { latin1Text } from '../text.ts';
import { folderInTree, inFolder } from '../tree-path.ts';
import { type Extent, type NameKind, type ReadBytes, type RecordContext, SECTOR } from './medium.ts';
import { type DirectoryRecord, readRecord, readRecords } from './records.ts';

/** What lies where on a medium, to serve it as it is. */
export interface IsoIndex {
  readonly label: string;
  /** One piece each: media are written so, also files of more than 4 GiB. */
  readonly files: ReadonlyMap<string, Extent>;
  readonly folders: ReadonlySet<string>;
  /** Symbolic links: path to what they say. */
  readonly links: ReadonlyMap<string, string>;
}

const MOST_ENTRIES = 1_000_000;
const DEEPEST = 64;
const LONGEST_FOLDER = 64 << 20;
const FIRST_DESCRIPTOR = 16;
const MOST_DESCRIPTORS = 64;

/**
 * Reads all folders of an ISO 9660 image (ECMA-119) with names by Rock Ridge, else Joliet. `bytes`: the size of the image; nothing
 * may lie behind it. Rejects with `upstream-failed` that names `file`, and with what `read` rejects with.
 */
export async function indexIso(file: string, bytes: number, read: ReadBytes): Promise<IsoIndex> {
  const inside: ReadBytes = (extent) => {
    if (extent.offset + extent.bytes > bytes) throw broken(file, 'it is not whole: a folder of it lies behind its end');
    return read(extent);
  };
  const { label, root, context } = await openVolume(file, inside);
  const files = new Map<string, Extent>();
  const folders = new Set<string>();
  const links = new Map<string, string>();
  const seen = new Set<number>();
  const visit = async (path: string, extent: Extent, depth: number): Promise<void> => {
    if (depth > DEEPEST || seen.has(extent.offset)) throw broken(file, `its folder "${path}" contains itself`);
    if (extent.bytes > LONGEST_FOLDER) throw broken(file, `its folder "${path}" has ${extent.bytes} bytes`);
    seen.add(extent.offset);
    let before: DirectoryRecord | undefined;
    for (const record of await readRecords(context, await inside(extent))) {
      const { rockRidge } = record;
      if (record.name === '' || rockRidge.isMoved) continue;
      const below = nameInFolder(file, path, record.name);
      if (files.size + folders.size + links.size > MOST_ENTRIES) throw broken(file, 'too many files');
      if (rockRidge.target !== undefined) links.set(below, rockRidge.target);
      else if (record.isFolder || rockRidge.movedTo !== undefined) {
        folders.add(below);
        await visit(below, await movedExtent(context, inside, record), depth + 1);
      } else {
        if (rockRidge.isCompressed) throw broken(file, `"${below}" is compressed by zisofs, which cannot be served`);
        const known = before?.goesOn === true && before.name === record.name ? files.get(below) : undefined;
        files.set(below, joined(file, bytes, below, known, record.extent));
      }
      before = record;
    }
  };
  await visit('', root, 0);
  return { label, files, folders, links };
}

async function openVolume(file: string, read: ReadBytes) {
  let primary: Uint8Array | undefined;
  let joliet: Uint8Array | undefined;
  for (let index = FIRST_DESCRIPTOR; index < FIRST_DESCRIPTOR + MOST_DESCRIPTORS; index++) {
    const sector = await read({ offset: index * SECTOR, bytes: SECTOR });
    if (latin1Text(sector.subarray(1, 6)) !== 'CD001') throw broken(file, 'it is no ISO 9660 image');
    if (sector[0] === 255) break;
    if (sector[0] === 1) primary ??= sector;
    // ISO 2022 escapes of UCS-2.
    if (sector[0] === 2 && /^%\/[@CE]/.test(latin1Text(sector.subarray(88, 91)))) joliet ??= sector;
  }
  if (primary === undefined) throw broken(file, 'it has no primary volume');
  const sectorBytes = (primary[128] ?? 0) | ((primary[129] ?? 0) << 8);
  if (sectorBytes !== SECTOR) throw broken(file, `its blocks have ${sectorBytes} bytes, not ${SECTOR}`);
  const rootOf = (descriptor: Uint8Array, names: NameKind) =>
    readRecord({ file, read, names, skip: 0 }, descriptor.subarray(156, 190));
  const root = await rootOf(primary, 'plain');
  const skip = await rockRidgeSkip(read, root.extent);
  const names: NameKind = skip !== undefined ? 'rock-ridge' : joliet !== undefined ? 'joliet' : 'plain';
  const chosen = names === 'joliet' && joliet !== undefined ? await rootOf(joliet, 'plain') : root;
  const context: RecordContext = { file, read, names, skip: skip ?? 0 };
  return { label: latin1Text(primary.subarray(40, 72)).trim(), root: chosen.extent, context };
}

/** The root's own record says whether there are system use fields ("SP"), and how much to skip. */
async function rockRidgeSkip(read: ReadBytes, root: Extent): Promise<number | undefined> {
  const sector = await read({ offset: root.offset, bytes: SECTOR });
  const record = sector.subarray(0, sector[0] ?? 0);
  const use = record.subarray(34);
  const hasMark = latin1Text(use.subarray(0, 2)) === 'SP' && use[4] === 0xbe && use[5] === 0xef;
  return hasMark ? (use[6] ?? 0) : undefined;
}

function nameInFolder(file: string, folder: string, name: string): string {
  const path = inFolder(folder, name);
  if (name.includes('/') || folderInTree(folder, name) !== path) throw broken(file, `a name in "${folder}" is none`);
  return path;
}

/** A folder that was moved begins with a record of itself, which says how long it is. */
async function movedExtent(context: RecordContext, read: ReadBytes, record: DirectoryRecord): Promise<Extent> {
  const { movedTo } = record.rockRidge;
  if (movedTo === undefined) return record.extent;
  const offset = movedTo * SECTOR;
  const sector = await read({ offset, bytes: SECTOR });
  const own = await readRecord({ ...context, names: 'plain' }, sector.subarray(0, Math.max(34, sector[0] ?? 0)));
  return { offset, bytes: own.extent.bytes };
}

function joined(file: string, size: number, path: string, known: Extent | undefined, next: Extent): Extent {
  if (known !== undefined && known.offset + known.bytes !== next.offset) {
    throw broken(file, `"${path}" lies in pieces, which cannot be served`);
  }
  const extent = known === undefined ? next : { offset: known.offset, bytes: known.bytes + next.bytes };
  // An empty file may have any address.
  if (extent.bytes === 0) return { offset: 0, bytes: 0 };
  if (extent.offset + extent.bytes > size) throw broken(file, `it is not whole: "${path}" lies behind its end`);
  return extent;
}

const MOST_LINKS = 40;

/** The file that a path leads to, through links; undefined where there is none, also where a link leads out of the medium. */
export function findInIso(index: IsoIndex, path: string): (Extent & { readonly path: string }) | undefined {
  let here = '';
  const parts = path.split('/');
  let links = 0;
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    const next = part === '' ? here : folderInTree(here, part);
    if (next === undefined) return undefined;
    const target = index.links.get(next);
    if (target === undefined) {
      here = next;
      continue;
    }
    if (++links > MOST_LINKS || target.startsWith('/')) return undefined;
    parts.unshift(...target.split('/'));
  }
  const extent = index.files.get(here);
  return extent === undefined ? undefined : { ...extent, path: here };
}

/** What a medium is, by what lies on it. */
export function isoKind(index: IsoIndex): 'anaconda' | 'debian' | 'ubuntu' | 'suse' | 'unknown' {
  const has = (path: string) => index.files.has(path);
  if (has('.treeinfo') || has('.discinfo')) return 'anaconda';
  if (index.folders.has('casper')) return 'ubuntu';
  if (has('.disk/info') && index.folders.has('dists')) return 'debian';
  return [...index.folders].some((path) => /^boot\/[^/]+\/loader$/.test(path)) ? 'suse' : 'unknown';
}
