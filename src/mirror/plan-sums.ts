import { broken } from './failure.ts';
import type { FileRole, Plan, SignatureChecker, UpstreamReader } from './plan.ts';
import { createPlanDraft, type PlanDraft } from './plan-draft.ts';
import { parseSums } from './sums.ts';
import { textOf } from './text.ts';
import { inFolder, pathInTree } from './tree-path.ts';
import { checkTrust, type MetadataTrust } from './trust.ts';

/** A file of checksums, and which of the files that it lists are wanted. */
export interface SumsFile {
  /** Below the root: '' or `24.04`. */
  readonly folder: string;
  /** In the folder: `SHA256SUMS`, `CHECKSUMS`. */
  readonly name: string;
  /** In the folder: `SHA256SUMS.gpg`, detached. */
  readonly signature: string;
  /** A regular expression, for the paths that it lists. As text: layouts are sent between processes. */
  readonly wanted: string;
  readonly role: FileRole;
}

export interface SumsOptions {
  readonly sums: readonly SumsFile[];
  readonly trust: MetadataTrust;
}

const LONGEST_SUMS = 4 << 20;
const LONGEST_SIGNATURE = 1 << 20;

/**
 * A tree without other metadata than signed lists of checksums: ISO images of Ubuntu. Rejects with ProvisionError
 * (`signature-refused`, `upstream-failed`, and what the reader rejects with).
 */
export async function planSums(reader: UpstreamReader, checker: SignatureChecker, options: SumsOptions): Promise<Plan> {
  const draft = createPlanDraft();
  for (const sums of options.sums) await addSums({ reader, checker, draft, trust: options.trust }, sums);
  // They have no date of their own: nobody can tell a roll-back by them.
  return draft.finish('');
}

export interface SumsPlanning {
  readonly reader: UpstreamReader;
  readonly checker: SignatureChecker;
  readonly draft: PlanDraft;
  readonly trust: MetadataTrust;
}

/** Adds the wanted files of one list to a draft, with the list and its signature as entries. */
export async function addSums({ reader, checker, draft, trust }: SumsPlanning, sums: SumsFile): Promise<void> {
  const path = inFolder(sums.folder, sums.name);
  const content = await reader.read(path, { maxBytes: LONGEST_SUMS });
  if (content === 'absent') throw broken(path, 'upstream does not have it', 'Look at the address of this mirror.');
  const signature = inFolder(sums.folder, sums.signature);
  const detached = await reader.read(signature, { maxBytes: LONGEST_SIGNATURE });
  const remark = await checkTrust(checker, trust, { path, content, detached });
  if (remark !== undefined) draft.remark(remark);
  const wanted = new RegExp(sums.wanted);
  let count = 0;
  for (const [name, digest] of parseSums(path, textOf(content))) {
    if (!wanted.test(name)) continue;
    const file = pathInTree(sums.folder, name);
    if (file === undefined) throw broken(path, `"${name}" leads out of the tree`);
    draft.add({ path: file, digests: [digest], role: sums.role, isOptional: false }, path);
    count += 1;
  }
  if (count === 0) throw broken(path, `it lists nothing that fits ${sums.wanted}`);
  if (detached !== 'absent') draft.addRead(signature, detached, { isEntry: true });
  draft.addRead(path, content, { isEntry: true });
}
