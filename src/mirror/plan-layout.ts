import { planApt } from './apt/plan-apt.ts';
import type { Plan, SignatureChecker, UpstreamReader } from './plan.ts';
import { planSums } from './plan-sums.ts';
import type { TreeLayout } from './presets.ts';
import type { MetadataTrust } from './trust.ts';
import { planYum } from './yum/plan-yum.ts';

/** Reads the metadata of a tree as its layout says. `now`: milliseconds since 1970. Rejects as the planners do. */
export function planLayout(
  reader: UpstreamReader,
  checker: SignatureChecker,
  layout: TreeLayout,
  moment: { readonly trust: MetadataTrust; readonly now: number },
): Promise<Plan> {
  const { trust, now } = moment;
  switch (layout.kind) {
    case 'yum':
      return planYum(reader, checker, { ...layout.options, trust });
    case 'apt':
      return planApt(reader, checker, { ...layout.options, trust, now });
    case 'sums':
      return planSums(reader, checker, { ...layout.options, trust });
  }
}
