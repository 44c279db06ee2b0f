import type { MirrorConfig } from '../../mirror/mirror-config.ts';
import type { Plan, SignatureChecker, UpstreamReader } from '../../mirror/plan.ts';
import { planYum } from '../../mirror/yum/plan-yum.ts';
import { ProvisionError } from '../../net/provision-error.ts';

/** What an upstream consists of, by the kind of its metadata. */
export function planTree(config: MirrorConfig, upstream: UpstreamReader, checker: SignatureChecker): Promise<Plan> {
  const { architectures, trust, repositories } = config;
  switch (config.kind) {
    case 'yum':
      return planYum(upstream, checker, {
        repositories: repositories.length > 0 ? repositories : [''],
        architectures,
        trust,
        withIso: false,
        withVariants: true,
        optionalFiles: [],
      });
    case 'apt':
      throw new ProvisionError('upstream-failed', 'Mirrors of the kind apt are not there yet');
    case 'files':
      return Promise.resolve({ files: [], entries: [], contents: new Map(), revision: '', remarks: [] });
  }
}
