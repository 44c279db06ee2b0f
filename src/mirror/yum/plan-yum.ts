import type { Plan, SignatureChecker, UpstreamReader } from '../plan.ts';
import { createPlanDraft } from '../plan-draft.ts';
import { addSums, type SumsFile } from '../plan-sums.ts';
import { joinRevisions } from '../revision.ts';
import type { MetadataTrust } from '../trust.ts';
import { planRepository } from './plan-repository.ts';
import { planTree } from './plan-tree.ts';

export interface YumOptions {
  /** Folders below the tree's root that have `repodata/`; '' is the root itself. */
  readonly repositories: readonly string[];
  /** Of the packages: `x86_64`, `noarch` … Empty: all. Packages of others stay in the metadata and are not in the plan. */
  readonly architectures: readonly string[];
  readonly trust: MetadataTrust;
  /** Whether the ISO images that `.treeinfo` names (boot.iso) are wanted: no installation over the network needs them. */
  readonly withIso: boolean;
  /** Whether repositories that `.treeinfo` names and that are below the root are mirrored, too. */
  readonly withVariants: boolean;
  /** Further files below the root that are taken when they are there: keys, `media.repo`. */
  readonly optionalFiles: readonly string[];
  /** Lists of checksums of files that no other metadata name: openSUSE's installer. */
  readonly sums?: readonly SumsFile[];
}

/**
 * Reads the metadata of yum repositories below one root, and says of what files a mirror of them consists. The metadata stay as
 * they are, so that upstream's signatures stay good. Rejects with ProvisionError (`signature-refused`, `upstream-failed`, and what
 * the reader rejects with).
 */
export async function planYum(reader: UpstreamReader, checker: SignatureChecker, options: YumOptions): Promise<Plan> {
  const draft = createPlanDraft();
  const revisions = new Map<string, string>();
  const waiting = [...options.repositories];
  const known = new Set(waiting);
  // First every tree, then every repository: repomd.xml is what clients look at, and has to appear last.
  const found: string[] = [];
  for (let folder = waiting.shift(); folder !== undefined; folder = waiting.shift()) {
    const { follow, isOnlyTree } = await planTree({ reader, draft, options, known }, folder);
    if (!isOnlyTree) found.push(folder);
    for (const variant of follow) {
      known.add(variant);
      waiting.push(variant);
    }
  }
  for (const sums of options.sums ?? []) await addSums({ reader, checker, draft, trust: options.trust }, sums);
  for (const folder of found) {
    revisions.set(folder, await planRepository({ reader, checker, draft, options }, folder));
  }
  for (const path of options.optionalFiles) {
    if (draft.has(path)) continue;
    draft.add({ path, digests: [], role: 'other', isOptional: true }, path);
  }
  return draft.finish(joinRevisions(revisions));
}
