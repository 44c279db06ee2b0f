import { canBeSame } from './digest.ts';
import { broken } from './failure.ts';
import type { Digest, Plan, PlannedFile } from './plan.ts';

/** A plan in the making. */
export interface PlanDraft {
  /** Adds a file, or what further metadata say of one. Throws `upstream-failed` when they contradict each other. */
  add(file: PlannedFile, saidBy: string): void;
  /** Adds a file that planning has read, and whose bytes are to be published as they are given here. */
  addRead(path: string, bytes: Uint8Array, options?: { readonly isEntry: boolean }): void;
  has(path: string): boolean;
  remark(sentence: string): void;
  doubt(sentence: string): void;
  finish(revision: string, validUntil?: number): Plan;
}

/** A tree of more is none that anybody installs from: whoever lists so much wants to have our memory. */
const MOST_FILES = 1_000_000;

export function createPlanDraft(most: number = MOST_FILES): PlanDraft {
  const files = new Map<string, PlannedFile>();
  const entries: string[] = [];
  const contents = new Map<string, Uint8Array>();
  const remarks = new Set<string>();
  const doubts = new Set<string>();
  const add = (file: PlannedFile, saidBy: string): void => {
    const known = files.get(file.path);
    if (known !== undefined && contents.has(file.path) && file.digests.length > 0) {
      throw broken(saidBy, `it gives a checksum for ${file.path}, which is the index of everything itself`);
    }
    if (known === undefined && files.size >= most) throw broken(saidBy, `there are more than ${most} files`);
    files.set(file.path, known === undefined ? file : merge(known, file, saidBy));
  };
  return {
    add,
    addRead: (path, bytes, options) => {
      const known = files.get(path);
      if (known !== undefined && known.digests.length > 0) throw broken(path, 'other metadata give a checksum for it');
      if (known === undefined) {
        add({ path, bytes: bytes.length, digests: [], role: 'metadata', isOptional: false }, path);
      }
      contents.set(path, bytes);
      if (options?.isEntry) entries.push(path);
    },
    has: (path) => files.has(path),
    remark: (sentence) => remarks.add(sentence),
    doubt: (sentence) => doubts.add(sentence),
    finish: (revision, validUntil) => {
      refuseFilesAsFolders(files);
      const sentences = { remarks: [...remarks], ...(doubts.size > 0 && { doubts: [...doubts] }) };
      return { files: [...files.values()], entries, contents, revision, validUntil, ...sentences };
    },
  };
}

function merge(known: PlannedFile, file: PlannedFile, saidBy: string): PlannedFile {
  const sizesAgree = known.bytes === undefined || file.bytes === undefined || known.bytes === file.bytes;
  if (!sizesAgree || !canBeSame(known.digests, file.digests)) {
    throw broken(saidBy, `${file.path} is there twice, with different contents`);
  }
  const aliases = [...new Set([...(known.aliases ?? []), ...(file.aliases ?? [])])];
  const digests = new Map<string, Digest>();
  for (const digest of [...known.digests, ...file.digests]) digests.set(digest.algorithm, digest);
  return {
    path: known.path,
    ...(aliases.length > 0 ? { aliases } : {}),
    bytes: known.bytes ?? file.bytes,
    digests: [...digests.values()],
    // Packages are judged by who signed them: no other metadata that name one as well, first or last, may take that from it.
    role: file.role === 'package' ? file.role : known.role,
    isOptional: known.isOptional && file.isOptional,
  };
}

/** `a` and `a/b` cannot both be files of one folder. */
function refuseFilesAsFolders(files: ReadonlyMap<string, PlannedFile>): void {
  const folders = new Set<string>();
  for (const path of files.keys()) {
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const folder = path.slice(0, slash);
      if (folders.has(folder)) break;
      if (files.has(folder)) throw broken(folder, `it is a file, and the folder of ${path} at the same time`);
      folders.add(folder);
    }
  }
}
