import type { Network } from '../lease/network.ts';
import type { Machine } from '../machine/machine.ts';
import { formatIpv4 } from '../net/ipv4.ts';
import { formatSubnet, netmask, subnetContains } from '../net/subnet.ts';

/** What an installed system must be told to have its address without DHCP. Texts, as templates write them. */
export interface StaticAddress {
  readonly address: string;
  readonly netmask: string;
  readonly prefix: number;
  readonly router: string | null;
  readonly dns: readonly string[];
  readonly mtu: number | null;
}

/** undefined: the machine asks DHCP. A problem: its address does not fit the network that it is installed over. */
export function planStaticAddress(
  { address, addressing }: Pick<Machine, 'address' | 'addressing'>,
  network: Network,
): StaticAddress | { readonly problem: string } | undefined {
  if (addressing !== 'static') return undefined;
  if (address === undefined) return { problem: 'addressing is static, and the machine has no address' };
  if (!subnetContains(network.subnet, address)) {
    const place = `network ${network.name} (${formatSubnet(network.subnet)})`;
    return {
      problem: `addressing is static, and ${formatIpv4(address)} is not in ${place}, over which it is installed`,
    };
  }
  return {
    address: formatIpv4(address),
    netmask: formatIpv4(netmask(network.subnet)),
    prefix: network.subnet.prefix,
    router: network.router === undefined ? null : formatIpv4(network.router),
    dns: network.dns.map(formatIpv4),
    mtu: network.mtu ?? null,
  };
}
