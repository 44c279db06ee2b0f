import { planApt } from './apt/plan-apt.ts';
import type { MirrorLayout } from './mirror-config.ts';
import type { Plan, SignatureChecker, UpstreamReader } from './plan.ts';
import { planSums } from './plan-sums.ts';
import type { MetadataTrust } from './trust.ts';
import { planYum } from './yum/plan-yum.ts';

/** What a plan depends on besides the upstream. */
export interface PlanTerms {
  readonly trust: MetadataTrust;
  /** Patterns of files that are left out. */
  readonly exclude: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Reads the metadata of a tree as its layout says. Rejects as the planners do. */
export async function planLayout(
  reader: UpstreamReader,
  checker: SignatureChecker,
  layout: MirrorLayout,
  { trust, exclude, now }: PlanTerms,
): Promise<Plan> {
  switch (layout.kind) {
    case 'yum':
      return planYum(reader, checker, { ...layout.options, trust });
    case 'apt':
      return planApt(reader, checker, { ...layout.options, trust, exclude, now });
    case 'sums':
      return planSums(reader, checker, { ...layout.options, trust });
    case 'files':
      return { files: [], entries: [], contents: new Map(), revision: '', remarks: [] };
  }
}
