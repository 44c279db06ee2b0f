import { formatIpv4 } from '../net/ipv4.ts';
import { formatSubnet, subnetContains } from '../net/subnet.ts';
import type { Account } from './account.ts';
import type { Note } from './assemble.ts';
import { FILL_IN, type PlacedNetwork } from './places.ts';

/** Where a value comes from that the operator did not give, and what to write where one is missing. */
export function notePlaces(placed: PlacedNetwork): readonly Note[] {
  const { network, subnet, isRelayed, interface: name } = placed;
  const at = ['networks', network.name];
  const where = subnet ? formatSubnet(subnet) : 'this network';
  const notes: Note[] = [];
  if (!isRelayed && name === undefined) {
    notes.push({ at: [...at, 'interface'], text: `this host’s interface on ${where}` });
  }
  if (subnet === undefined) {
    const around = network.within === undefined ? '' : ` around ${formatIpv4(network.within)}`;
    notes.push({ at: [...at, 'subnet'], text: `the network${around}, like 192.168.1.0/24` });
  }
  const address = noteAddress(placed, where);
  if (address !== undefined) notes.push({ at: [...at, 'address'], text: address });
  if (network.router === FILL_IN) notes.push({ at: [...at, 'router'], text: `the router of ${where}` });
  for (const { key, note } of network.options) {
    if (note !== undefined) notes.push({ at: [...at, 'dhcp', 'options', key], text: note });
  }
  return notes;
}

function noteAddress(placed: PlacedNetwork, where: string): string | undefined {
  const { network, subnet, isRelayed, address, origin } = placed;
  if (isRelayed) return 'this host; the network is reached through relays';
  if (address === undefined) return `this host’s address on ${where}`;
  if (origin !== undefined) return `this host; taken from ${origin}`;
  const certain = network.hints.find((hint) => hint.isCertain && subnet && subnetContains(subnet, hint.address));
  if (certain === undefined || certain.address === address) return undefined;
  return `this host; the source had ${formatIpv4(certain.address)} (${certain.origin})`;
}

/** What the source cannot say of the host that is to serve, and what was taken for granted. */
export function tellPlaces(networks: readonly PlacedNetwork[], account: Account): void {
  const tell = (reason: string) => account.tell({ at: ['networks'], level: 'todo', reason });
  const isOpen = networks.some((one) => one.address === undefined || (!one.isRelayed && one.interface === undefined));
  if (isOpen) {
    const relays =
      networks.length > 1
        ? ' A network that it reaches through relays has no interface line, and the address of another network.'
        : '';
    tell(
      `Interface and address of this host are not in the source: fill in what "ip -br address" shows, or import again with --interface and --address.${relays}`,
    );
  }
  if (networks.some(({ subnet }) => subnet === undefined)) {
    tell(
      'The source takes netmasks from interfaces: fill them in, or import again with --address and its length, 192.168.1.2/24.',
    );
  }
  if (!networks.some(({ isRelayed }) => isRelayed)) return;
  tell(
    'This host is taken to reach the networks without interface through relays. Where it has an interface of its own, add it, with its address there.',
  );
  for (const { network, isRelayed } of networks) {
    if (isRelayed || network.mode !== 'observe') continue;
    const reason =
      'Machines behind relays load their boot files from this address, which is not served while the network is only observed: set authoritative, when no other DHCP server is on it.';
    account.tell({ at: ['networks', network.name, 'dhcp', 'mode'], level: 'todo', reason });
  }
}
