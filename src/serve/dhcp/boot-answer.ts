import type { BootClient } from '../../boot/client.ts';
import type { LoaderCatalog } from '../../boot/loaders.ts';
import { planBootFile } from '../../boot/plan.ts';
import type { Network } from '../../lease/network.ts';
import type { Machine } from '../../machine/machine.ts';
import { formatIpv4 } from '../../net/ipv4.ts';
import type { BootAnswer } from './verdict.ts';

/** What decides about boot files besides the client. */
export interface BootPolicy {
  readonly loaders: LoaderCatalog;
  readonly httpPort: number;
  readonly unknown: 'local' | 'ignore' | 'install';
}

/** Turns the boot plan for a client into what DHCP says. */
export function answerBoot(
  policy: BootPolicy,
  client: BootClient,
  network: Network,
  machine: Machine | undefined,
): BootAnswer {
  const plan = planBootFile(client, {
    ...policy,
    machine,
    host: formatIpv4(network.address),
    isProxy: network.dhcp.mode === 'proxy',
  });
  switch (plan.kind) {
    case 'file':
      return {
        kind: 'boot',
        fields: { bootFile: plan.bootFile, vendorClass: plan.vendorClass, isIpxe: client.kind === 'ipxe' },
      };
    case 'none':
      return { kind: 'none' };
    case 'silent':
      return { kind: 'silent', reason: plan.reason };
    case 'unsupported': {
      const arch = 'arch' in client && typeof client.arch === 'number' ? client.arch : 0;
      const reason = plan.install ? `${plan.reason}. Install it with: ${plan.install}` : plan.reason;
      return { kind: 'unsupported', arch, reason };
    }
  }
}
