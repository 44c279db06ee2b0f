import { statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseManifest } from '../../mirror/run/manifest.ts';
import { liveOrder, type MirrorState } from '../../mirror/run/state.ts';
import { createMirrorClients } from '../../serve/mirror-clients.ts';
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
  /**
   * `connection`: a name of it, where it is the client's own and not that of a proxy. undefined: the mirror does not have it.
   * Rejects when the mirror cannot be read.
   */
  find(answer: TreeAnswer, connection: string | undefined): Promise<TreeFile | undefined>;
}

/** Contents by path. */
type Tree = ReadonlyMap<string, Pick<TreeFile, 'sha256' | 'bytes'>>;

/** Trees of so many files together are kept in memory: some 150 MB. The one that is in use stays, however large. */
const MOST_FILES = 600_000;

interface Kept {
  readonly tree: Promise<Tree>;
  /** Files in it, once it is read. */
  files: number;
}

/** `now`: milliseconds of a clock that does not go back. */
export function createTreeLookup(now: () => number): TreeLookup {
  /** By the states that they consist of. The one that was used last stands last. */
  const trees = new Map<string, Kept>();
  /** Which states each mirror serves now; its `state.json` is written by every run, also by one that finds nothing new. */
  const served = new Map<string, { readonly stamp: string; readonly ids: Promise<readonly string[]> }>();
  const forgetOldest = (inUse: string) => {
    let files = [...trees.values()].reduce((sum, kept) => sum + kept.files, 0);
    for (const [key, kept] of trees) {
      if (files <= MOST_FILES) return;
      if (key === inUse) continue;
      trees.delete(key);
      files -= kept.files;
    }
  };
  const remember = (repo: string, ids: readonly string[]): Promise<Tree> => {
    const key = `${repo} ${ids.join(' ')}`;
    const kept = trees.get(key) ?? { tree: readTree(repo, ids), files: 0 };
    const isNew = !trees.delete(key);
    trees.set(key, kept);
    if (isNew) {
      kept.tree.then(
        ({ size }) => {
          kept.files = size;
          forgetOldest(key);
        },
        () => trees.delete(key),
      );
    }
    return kept.tree;
  };
  const servedNow = async (repo: string): Promise<readonly string[]> => {
    const file = join(repo, 'state.json');
    // It is looked at with every request, so that it is in memory: no thread of the pool is worth it.
    const { mtimeMs, ino, size } = statSync(file);
    const stamp = `${mtimeMs} ${ino} ${size}`;
    const known = served.get(repo);
    if (known?.stamp === stamp) return known.ids;
    const ids = readFile(file, 'utf8').then((text) => liveOrder(JSON.parse(text) as MirrorState));
    served.set(repo, { stamp, ids });
    ids.catch(() => served.delete(repo));
    return ids;
  };
  const clients = createMirrorClients();
  const fileIn = async (answer: TreeAnswer, ids: readonly string[]): Promise<TreeFile | undefined> => {
    const found = (await remember(answer.repo, ids)).get(answer.path);
    if (found === undefined) return undefined;
    const { sha256, bytes } = found;
    const isImmutable = answer.isFixed || /(^|\/)by-hash\/|(^|\/)[0-9a-f]{32,}-[^/]*$/.test(answer.path);
    return { path: join(answer.pool, sha256.slice(0, 2), sha256), sha256, bytes, isImmutable };
  };
  return {
    find: async (answer, connection) => {
      const { repo, snapshot, path, name, isFixed, client } = answer;
      if (isFixed && snapshot !== undefined) return fileIn(answer, [snapshot]);
      const newest = snapshot === undefined ? await servedNow(repo) : [snapshot];
      const tree = name.slice(0, name.length - path.length);
      const chosen = clients.choose({ client, connection, tree, path }, newest, now());
      // What the client began with may have been pruned since.
      const begun = chosen === newest ? undefined : await fileIn(answer, chosen).catch(() => undefined);
      return begun !== undefined && (await isThere(begun)) ? begun : fileIn(answer, newest);
    },
  };
}

function isThere({ path, bytes }: TreeFile): Promise<boolean> {
  return stat(path).then(
    ({ size }) => size === bytes,
    () => false,
  );
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
