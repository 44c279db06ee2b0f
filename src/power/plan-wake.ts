import { type DhcpMode, type Network, networkOfAddress } from '../lease/network.ts';
import type { Machine } from '../machine/machine.ts';
import { BROADCAST, type Ipv4 } from '../net/ipv4.ts';
import type { Mac } from '../net/mac.ts';
import { broadcastOf } from '../net/subnet.ts';

/** A magic packet, and the way that it takes to a network. */
export interface WakeTarget {
  readonly mac: Mac;
  /** Name of the network. */
  readonly network: string;
  /** The interface it leaves by. undefined: routed, as a directed broadcast, which the router there has to let through. */
  readonly interface?: string | undefined;
  /** Our own address there. */
  readonly source: Ipv4;
  readonly to: Ipv4;
}

/** A network of the machine on which nothing may be sent. */
export interface SkippedNetwork {
  readonly network: string;
  readonly reason: string;
}

export type WakePlan =
  | { readonly kind: 'send'; readonly targets: readonly WakeTarget[]; readonly skipped: readonly SkippedNetwork[] }
  | { readonly kind: 'refused'; readonly reason: string; readonly next: string };

/** What a decision looks at. */
export interface WakeQuestion {
  readonly machine: Pick<Machine, 'macs' | 'address'>;
  /** All that the configuration names. */
  readonly networks: readonly Network[];
  /** Names of networks on which a card of the machine has or had a lease, or was heard. */
  readonly heardOn: readonly string[];
}

const WHY_NOT: Readonly<Partial<Record<DhcpMode, string>>> = {
  observe: 'it is only observed (mode: observe), so nothing is sent there',
  off: 'nothing is served there (mode: off)',
};

/**
 * Decides where the magic packets of a machine go: for all its cards, to each network where it has its address or was heard; of a
 * machine that has none and was never heard nobody knows where it is: to all that are served. Never to a network that the
 * configuration does not name, or that is not served.
 */
export function planWake({ machine, networks, heardOn }: WakeQuestion): WakePlan {
  const home = machine.address === undefined ? undefined : networkOfAddress(networks, machine.address);
  const known = networks.filter((network) => network === home || heardOn.includes(network.name));
  const asked = known.length > 0 ? known : networks;
  const served = asked.filter(({ dhcp }) => WHY_NOT[dhcp.mode] === undefined);
  const skipped = asked.flatMap(({ name, dhcp }) => {
    const reason = WHY_NOT[dhcp.mode];
    return reason === undefined ? [] : [{ network: name, reason }];
  });
  if (served.length === 0) return refused(skipped);
  const targets = served.flatMap((network) => machine.macs.map((mac) => ({ mac, ...wayTo(network) })));
  return { kind: 'send', targets, skipped: known.length > 0 ? skipped : [] };
}

function wayTo(network: Network): Omit<WakeTarget, 'mac'> {
  const { name, interface: interfaceName, address } = network;
  // On our own interface what counts is that the frame goes to all; a router, though, has to be told which network is meant.
  const to = interfaceName === undefined ? broadcastOf(network.subnet) : BROADCAST;
  return { network: name, interface: interfaceName, source: address, to };
}

function refused(skipped: readonly SkippedNetwork[]): WakePlan {
  const [first] = skipped;
  if (first === undefined) {
    return {
      kind: 'refused',
      reason: 'the configuration names no network that a packet could be sent on',
      next: 'Name the network of the machine under networks.',
    };
  }
  return {
    kind: 'refused',
    reason: skipped.map(({ network, reason }) => `network ${network}: ${reason}`).join('; '),
    next: `Switch it on by hand, or set networks.${first.network}.dhcp.mode to authoritative or proxy.`,
  };
}
