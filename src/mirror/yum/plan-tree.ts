import { utf8Bytes } from '../../net/utf8.ts';
import { broken } from '../failure.ts';
import type { FileRole, UpstreamReader } from '../plan.ts';
import type { PlanDraft } from '../plan-draft.ts';
import { folderInTree, inFolder, pathInTree } from '../tree-path.ts';
import type { YumOptions } from './plan-yum.ts';
import { parseTreeinfo, type Treeinfo, withoutVariants } from './treeinfo.ts';

export interface TreePlanning {
  readonly reader: UpstreamReader;
  readonly draft: PlanDraft;
  readonly options: YumOptions;
  /** Repositories that are in the plan anyway. */
  readonly known: ReadonlySet<string>;
}

export interface PlannedTree {
  /** Folders of repositories that it names and that nobody has named before. */
  readonly follow: readonly string[];
  /** It names repositories, and is none itself. */
  readonly isOnlyTree: boolean;
}

const LONGEST_TREEINFO = 1 << 20;

/** What Anaconda asks for without having it from `.treeinfo`; that it is not there is normal. */
const PROBED = ['images/updates.img', 'images/product.img'];
/** What starts the kernel over the network with Secure Boot; old trees name none of them. */
const LOADERS: Readonly<Record<string, readonly string[]>> = {
  x86_64: ['EFI/BOOT/BOOTX64.EFI', 'EFI/BOOT/grubx64.efi'],
  aarch64: ['EFI/BOOT/BOOTAA64.EFI', 'EFI/BOOT/grubaa64.efi'],
};
/** Where the second stage is when `.treeinfo` does not say: EL 8 and later, then EL 7. */
const STAGE2 = ['images/install.img', 'LiveOS/squashfs.img'];

/**
 * Adds the installer of a tree (`.treeinfo` and what it names) to the draft, if there is one, and returns the folders of further
 * repositories that it names and that are to be mirrored. Repositories that are not are taken out of `.treeinfo`.
 */
export async function planTree(planning: TreePlanning, folder: string): Promise<PlannedTree> {
  const { reader, draft, options } = planning;
  const found = await readTreeinfo(reader, folder);
  if (found === undefined) return { follow: [], isOnlyTree: false };
  const info = parseTreeinfo(found.path, found.bytes);
  addImages(draft, folder, found.path, info, options);
  const { follow, drop } = await sortVariants(planning, folder, info);
  const bytes = drop.size === 0 ? found.bytes : utf8Bytes(withoutVariants(found.bytes, drop));
  if (drop.size > 0) {
    const names = [...drop].join(', ');
    draft.remark(`${found.path} is served without ${names}: their repositories are not part of this mirror.`);
  }
  draft.addRead(found.path, bytes, { isEntry: true });
  // The root of a DVD of EL 8 and later has the installer, and its repositories in folders below.
  const hasOthers = info.variants.length > 0 && (follow.length > 0 || planning.known.size > 1);
  const isOnlyTree = hasOthers && !(await hasRepository(reader, folder));
  return { follow, isOnlyTree };
}

async function readTreeinfo(
  reader: UpstreamReader,
  folder: string,
): Promise<{ readonly path: string; readonly bytes: Uint8Array } | undefined> {
  for (const name of ['.treeinfo', 'treeinfo']) {
    const path = inFolder(folder, name);
    const bytes = await reader.read(path, { maxBytes: LONGEST_TREEINFO });
    if (bytes !== 'absent') return { path, bytes };
  }
  return undefined;
}

function addImages(draft: PlanDraft, folder: string, file: string, info: Treeinfo, options: YumOptions): void {
  const confine = (reference: string): string => {
    const path = pathInTree(folder, reference);
    if (path === undefined) throw broken(file, `"${reference}" leads out of the tree`);
    return path;
  };
  const add = (reference: string, role: FileRole, isOptional: boolean): void => {
    const digest = info.checksums.get(reference);
    draft.add({ path: confine(reference), digests: digest ? [digest] : [], role, isOptional }, file);
  };
  const isIso = (reference: string) => reference.toLowerCase().endsWith('.iso');
  for (const { path } of info.images) if (options.withIso || !isIso(path)) add(path, 'boot', false);
  const stage2 = info.stage2.filter((path) => path !== '');
  for (const path of stage2) add(path, 'boot', false);
  for (const path of info.checksums.keys()) {
    // Of repodata/, repomd.xml itself knows better: composes leave these checksums as they were (pulp_rpm #2848).
    if (/(^|\/)repodata\//.test(path) || (isIso(path) && !options.withIso)) continue;
    add(path, 'boot', false);
  }
  const isInstaller = info.images.length > 0;
  if (!isInstaller) return;
  const optional = [...PROBED, ...(stage2.length === 0 ? STAGE2 : []), ...(LOADERS[info.arch] ?? [])];
  for (const path of optional) if (!draft.has(confine(path))) add(path, 'boot', true);
}

async function sortVariants(
  { reader, options, known }: TreePlanning,
  folder: string,
  info: Treeinfo,
): Promise<{ readonly follow: readonly string[]; readonly drop: ReadonlySet<string> }> {
  const follow: string[] = [];
  const drop = new Set<string>();
  for (const { uid, repository } of info.variants) {
    if (repository === undefined) continue;
    const target = folderInTree(folder, repository);
    if (target !== undefined && (known.has(target) || follow.includes(target))) continue;
    const isThere = options.withVariants && target !== undefined && (await hasRepository(reader, target));
    if (isThere && target !== undefined) follow.push(target);
    else drop.add(uid);
  }
  return { follow, drop };
}

async function hasRepository(reader: UpstreamReader, folder: string): Promise<boolean> {
  return (await reader.read(inFolder(folder, 'repodata/repomd.xml'), { maxBytes: LONGEST_TREEINFO })) !== 'absent';
}
