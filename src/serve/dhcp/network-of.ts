import type { Network } from '../../lease/network.ts';
import { formatIpv4, type Ipv4, ipv4At } from '../../net/ipv4.ts';
import { subnetContains } from '../../net/subnet.ts';
import { Option } from '../../wire/dhcp4/option-codes.ts';
import type { DhcpRequest } from './request.ts';

export type NetworkChoice =
  | { readonly kind: 'network'; readonly network: Network }
  /** `wanted`: the address of the subnet that a relay asks for. */
  | { readonly kind: 'none'; readonly reason: string; readonly wanted?: Ipv4 | undefined };

/**
 * Which network a request belongs to: what the relay or the client says (option 82 sub-option 5, RFC 3527; option 118,
 * RFC 3011), the relay's address, the client's address when it renews through a router, else the interface.
 * `reserved` is the machine's reservation: where one interface carries several subnets, it decides.
 */
export function networkOf(
  request: DhcpRequest,
  networks: readonly Network[],
  interfaceName: string,
  reserved: Ipv4 | undefined,
): NetworkChoice {
  const named = request.relayInfo?.linkSelection ?? subnetSelection(request) ?? request.relay;
  if (named !== undefined) {
    const network = networks.find(({ subnet }) => subnetContains(subnet, named));
    if (network) return { kind: 'network', network };
    return {
      kind: 'none',
      wanted: named,
      reason: `relay ${formatIpv4(request.relay ?? named)} asks for the subnet of ${formatIpv4(named)}, which no network here has`,
    };
  }
  const { ciaddr } = request;
  const local = networks.filter((network) => network.interface === interfaceName);
  const hint = ciaddr ?? reserved ?? request.requested;
  const byHint = hint === undefined ? undefined : local.find(({ subnet }) => subnetContains(subnet, hint));
  const routed = ciaddr === undefined ? undefined : networks.find(({ subnet }) => subnetContains(subnet, ciaddr));
  const network = byHint ?? routed ?? local[0];
  return network
    ? { kind: 'network', network }
    : { kind: 'none', reason: `no network is configured for interface ${interfaceName}` };
}

function subnetSelection(request: DhcpRequest): Ipv4 | undefined {
  const value = request.packet.options.get(Option.subnetSelection);
  return value?.length === 4 ? ipv4At(value, 0) : undefined;
}
