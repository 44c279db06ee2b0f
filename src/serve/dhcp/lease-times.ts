import type { Network } from '../../lease/network.ts';

/** Option 51 of the answer: what the client asks for, within the network's limits, else the network's default. Seconds. */
export function chooseLeaseSeconds(network: Network, asked: number | undefined): number {
  const { leaseSeconds, minLeaseSeconds, maxLeaseSeconds } = network.dhcp;
  if (asked === undefined || asked === 0) return leaseSeconds;
  return Math.min(maxLeaseSeconds, Math.max(minLeaseSeconds, asked));
}
