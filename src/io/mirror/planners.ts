import { planApt } from '../../mirror/apt/plan-apt.ts';
import type { MirrorConfig } from '../../mirror/mirror-config.ts';
import type { Plan, SignatureChecker, UpstreamReader } from '../../mirror/plan.ts';
import { planSums } from '../../mirror/plan-sums.ts';
import { planYum } from '../../mirror/yum/plan-yum.ts';

/** What an upstream consists of, by its layout. `now`: milliseconds since 1970. */
export async function planTree(
  { layout, trust }: MirrorConfig,
  upstream: UpstreamReader,
  checker: SignatureChecker,
  now: number,
): Promise<Plan> {
  switch (layout.kind) {
    case 'yum':
      return planYum(upstream, checker, { ...layout.options, trust });
    case 'apt':
      return planApt(upstream, checker, { ...layout.options, trust, now });
    case 'sums':
      return planSums(upstream, checker, { ...layout.options, trust });
    case 'files':
      return { files: [], entries: [], contents: new Map(), revision: '', remarks: [] };
  }
}
