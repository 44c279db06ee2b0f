import { formatIpv4, type Ipv4 } from '../net/ipv4.ts';
import { formatSubnet, parseSubnet, type Subnet, subnetContains } from '../net/subnet.ts';
import type { DraftNetwork } from './draft.ts';

/** Stands where only the operator knows what belongs there. The check refuses it, and points at it. */
export const FILL_IN = 'FILL IN';

/** What is known of the host that is to serve: the n-th interface has the n-th address. */
export interface ServingHost {
  readonly interfaces: readonly string[];
  readonly addresses: readonly { readonly address: Ipv4; readonly prefix?: number | undefined }[];
}

/** A network with its place: on an interface of the host, or behind relays. */
export interface PlacedNetwork {
  readonly network: DraftNetwork;
  /** Undefined: the operator has to say. */
  readonly subnet?: Subnet | undefined;
  readonly isRelayed: boolean;
  /** Undefined: the operator has to say; or there is none, where the network is relayed. */
  readonly interface?: string | undefined;
  /** Undefined: the operator has to say. */
  readonly address?: Ipv4 | undefined;
  /** Where the address comes from, if the operator did not say it. */
  readonly origin?: string | undefined;
}

export type Placement =
  | { readonly kind: 'placed'; readonly networks: readonly PlacedNetwork[] }
  /** The host and the source do not fit together. */
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Decides which networks the host has an interface on, and with which address. A source rarely says; what it hints at (its
 * next server) is taken when the operator says nothing. Networks without such an address are reached through relays, by the
 * first one that has; when there is none at all, each is left for the operator to fill in.
 */
export function placeNetworks(networks: readonly DraftNetwork[], host: ServingHost): Placement {
  const known = networks.map((network) => ({ network, subnet: network.subnet }));
  const stray = host.addresses.find(
    ({ address }) => !known.some(({ subnet }) => subnet && subnetContains(subnet, address)),
  );
  if (stray) return { kind: 'refused', reason: describeStray(stray.address, known) };
  const own = known.map((one) => ({ ...one, ...ownAddress(one, host) }));
  const interfaces = pairInterfaces(own, host);
  if (typeof interfaces === 'string') return { kind: 'refused', reason: interfaces };
  const isLocal = own.map(({ network, address }, index) => {
    return address !== undefined || network.interface !== undefined || interfaces[index] !== undefined;
  });
  const wires = new Set(own.flatMap(({ network }, index) => (isLocal[index] && network.wire ? [network.wire] : [])));
  const isNowhere = !isLocal.includes(true);
  const first = own.find((_, index) => isLocal[index]);
  const placed = own.map((one, index): PlacedNetwork => {
    const { network } = one;
    const isOnWire = network.wire !== undefined && wires.has(network.wire);
    if (!isNowhere && isLocal[index] !== true && !isOnWire) {
      return { network, subnet: one.subnet, isRelayed: true, address: first?.address };
    }
    const sibling = own.findIndex(
      ({ network: other }, at) => isLocal[at] && other.wire !== undefined && other.wire === network.wire,
    );
    const name =
      interfaces[index] ??
      network.interface ??
      (isOnWire ? (interfaces[sibling] ?? own[sibling]?.network.interface) : undefined);
    return { ...one, isRelayed: false, interface: name };
  });
  return { kind: 'placed', networks: placed };
}

/** The network of an address with its prefix length. */
export function subnetAround(address: Ipv4, prefix: number): Subnet | undefined {
  const base = (address & (prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0)) >>> 0;
  const subnet = parseSubnet(`${formatIpv4(base as Ipv4)}/${prefix}`);
  return 'problem' in subnet ? undefined : subnet;
}

interface Known {
  readonly network: DraftNetwork;
  readonly subnet: Subnet | undefined;
}

function describeStray(address: Ipv4, known: readonly Known[]): string {
  const subnets = known.map(({ subnet }) => (subnet ? formatSubnet(subnet) : 'one whose netmask is not known'));
  const named = subnets.length === 0 ? 'it has none' : subnets.slice(0, 8).join(', ');
  const hint = known.some(({ subnet }) => !subnet) ? '. Give it with its prefix length, like 192.168.1.2/24' : '';
  return `--address ${formatIpv4(address)} is in no network of the source (${named})${hint}`;
}

function ownAddress(
  { network, subnet }: Known,
  host: ServingHost,
): { readonly address?: Ipv4; readonly origin?: string } {
  if (subnet === undefined) return {};
  const given = host.addresses.find(({ address }) => subnetContains(subnet, address));
  if (given) return { address: given.address };
  const inside = network.hints.filter(({ address }) => subnetContains(subnet, address));
  const certain = inside.find(({ isCertain }) => isCertain);
  if (certain) return { address: certain.address, origin: certain.origin };
  const [hint] = inside;
  const isOne = new Set(inside.map(({ address }) => address)).size === 1;
  return hint && isOne && host.addresses.length === 0 ? { address: hint.address, origin: hint.origin } : {};
}

/** The interface of each network, by index; a sentence when they do not fit. */
function pairInterfaces(
  own: readonly (Known & { readonly address?: Ipv4 })[],
  { interfaces, addresses }: ServingHost,
): readonly (string | undefined)[] | string {
  const none = own.map(() => undefined);
  if (interfaces.length === 0) return none;
  if (addresses.length > 0) {
    if (interfaces.length !== addresses.length) return 'give one --interface for each --address, in the same order';
    return own.map(({ subnet }) => {
      const index = addresses.findIndex(({ address }) => subnet !== undefined && subnetContains(subnet, address));
      return interfaces[index];
    });
  }
  if (own.length === 1 && interfaces.length === 1) return interfaces;
  const local = own.filter(({ address }) => address !== undefined);
  if (local.length === interfaces.length) {
    return own.map((one) => (local.includes(one) ? interfaces[local.indexOf(one)] : undefined));
  }
  return `which of the ${own.length} networks is ${interfaces.join(', ')} on? Give this host’s address there, too: --address`;
}
