import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseManifest } from '../../mirror/run/manifest.ts';
import { liveOrder, type MirrorState } from '../../mirror/run/state.ts';
import type { BootHttpAnswer } from './protocol.ts';

type TreeAnswer = Extract<BootHttpAnswer, { kind: 'tree' }>;

/** A file of a mirror: where its content is, and what is said of it. */
export interface TreeFile {
  readonly path: string;
  readonly sha256: string;
  /** What a power cut left of it has another size. */
  readonly bytes: number;
  /** Its name stands for this content for ever. */
  readonly isImmutable: boolean;
}

/** Looks files of mirrors up, in manifests that are read when they are first needed. */
export interface TreeLookup {
  /** undefined: the mirror does not have it. Rejects when the mirror cannot be read. */
  find(answer: TreeAnswer): Promise<TreeFile | undefined>;
}

/** Contents by path. */
type Tree = ReadonlyMap<string, Pick<TreeFile, 'sha256' | 'bytes'>>;

/** So many states of mirrors are kept in memory; of 50,000 files each takes some 10 MB. */
const MOST_TREES = 6;

export function createTreeLookup(): TreeLookup {
  const trees = new Map<string, { readonly stamp: string; readonly tree: Promise<Tree> }>();
  const remember = (key: string, stamp: string, load: () => Promise<Tree>): Promise<Tree> => {
    const known = trees.get(key);
    trees.delete(key);
    const entry = known?.stamp === stamp ? known : { stamp, tree: load() };
    trees.set(key, entry);
    entry.tree.catch(() => trees.delete(key));
    for (const oldest of trees.keys()) {
      if (trees.size <= MOST_TREES) break;
      trees.delete(oldest);
    }
    return entry.tree;
  };
  const treeOf = async ({ repo, snapshot }: TreeAnswer): Promise<Tree> => {
    if (snapshot !== undefined) return remember(`${repo}@${snapshot}`, '', () => readTree(repo, [snapshot]));
    const file = join(repo, 'state.json');
    const { mtimeMs, ino, size } = await stat(file);
    return remember(repo, `${mtimeMs} ${ino} ${size}`, async () => {
      const state: MirrorState = JSON.parse(await readFile(file, 'utf8'));
      return readTree(repo, liveOrder(state));
    });
  };
  return {
    find: async (answer) => {
      const found = (await treeOf(answer)).get(answer.path);
      if (found === undefined) return undefined;
      const { sha256, bytes } = found;
      const isImmutable = answer.isFixed || /(^|\/)by-hash\/|(^|\/)[0-9a-f]{32,}-[^/]*$/.test(answer.path);
      return { path: join(answer.pool, sha256.slice(0, 2), sha256), sha256, bytes, isImmutable };
    },
  };
}

/** The first state counts, the others are what clients may still ask for that began with them. */
async function readTree(repo: string, ids: readonly string[]): Promise<Tree> {
  const tree = new Map<string, Pick<TreeFile, 'sha256' | 'bytes'>>();
  for (const [index, id] of ids.entries()) {
    const text = await readFile(join(repo, 'snapshots', `${id}.jsonl`), 'utf8').catch((error) => {
      // Pruned since the state was read; the current one never is.
      if (index > 0) return '';
      throw error;
    });
    const parsed = parseManifest(text);
    if ('problem' in parsed) {
      if (index > 0) continue;
      throw new Error(`the manifest of ${id} cannot be read: ${parsed.problem}`);
    }
    for (const { path, sha256, bytes } of parsed.manifest.values())
      if (!tree.has(path)) tree.set(path, { sha256, bytes });
  }
  return tree;
}
