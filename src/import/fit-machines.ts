import { formatIpv4, type Ipv4 } from '../net/ipv4.ts';
import type { Mac } from '../net/mac.ts';
import { broadcastOf, formatSubnet, subnetContains } from '../net/subnet.ts';
import type { Account } from './account.ts';
import type { DraftMachine } from './draft.ts';
import type { PlacedNetwork } from './places.ts';
import { LOOKED_UP } from './reasons.ts';

/** A machine that the configuration can have: no MAC address and no address twice. */
export interface FittedMachine {
  readonly machine: DraftMachine;
  readonly macs: readonly Mac[];
  readonly address?: Ipv4 | undefined;
  /** The address as it is written: a host name where the source has one. */
  readonly addressText?: string | undefined;
}

interface Fitting extends FittedMachine {
  readonly macs: Mac[];
}

/** Leaves out and joins machines where the source says what a configuration cannot, and says so. */
export function fitMachines(
  machines: readonly DraftMachine[],
  networks: readonly PlacedNetwork[],
  account: Account,
): readonly FittedMachine[] {
  const fitted: Fitting[] = [];
  const byMac = new Map<Mac, Fitting>();
  const byAddress = new Map<Ipv4, Fitting>();
  for (const machine of machines) {
    const leaveOut = (reason: string) => account.tell({ at: ['machines'], level: 'todo', reason }, machine.statement);
    const macs = machine.macs.filter((mac) => !byMac.has(mac));
    const [first] = machine.macs.filter((mac) => byMac.has(mac)).map((mac) => byMac.get(mac));
    if (first && macs.length === 0) {
      leaveOut(
        `Left out: a machine has one entry and one address, and ${first.machine.name} has this MAC address already.`,
      );
      continue;
    }
    const choice = chooseAddress(machine, networks, account);
    if (choice.kind === 'left-out') {
      leaveOut(`Left out: ${choice.reason}.`);
      continue;
    }
    const holder = choice.address === undefined ? undefined : byAddress.get(choice.address);
    if (holder) {
      const reason =
        'One machine with several cards: in the source, they have entries of their own with the same address.';
      account.tell({ at: ['machines', holder.machine.name], level: 'fine', reason }, machine.statement);
      holder.macs.push(...macs);
      for (const mac of macs) byMac.set(mac, holder);
      continue;
    }
    const one: Fitting = { machine, macs: [...macs], address: choice.address, addressText: choice.text };
    fitted.push(one);
    for (const mac of macs) byMac.set(mac, one);
    if (choice.address !== undefined) byAddress.set(choice.address, one);
  }
  return fitted;
}

type Choice =
  | { readonly kind: 'address'; readonly address?: Ipv4 | undefined; readonly text?: string | undefined }
  | { readonly kind: 'left-out'; readonly reason: string };

/** The first address that lies in a network. A host name stays as it is: the check then points at it. */
function chooseAddress(machine: DraftMachine, networks: readonly PlacedNetwork[], account: Account): Choice {
  const { addresses, name, statement } = machine;
  const at = ['machines', name];
  if (addresses.length === 0) return { kind: 'address' };
  const homes = addresses.map(({ address }) => (address === undefined ? undefined : homeOf(address, networks)));
  const index = homes.findIndex((home) => home !== undefined);
  const chosen = addresses[index];
  const home = homes[index];
  if (chosen?.address === undefined || home === undefined) {
    const named = addresses.find(({ address }) => address === undefined);
    if (named) {
      account.tell({ at, level: 'todo', reason: LOOKED_UP }, statement);
      return { kind: 'address', text: named.text };
    }
    if (networks.some(({ subnet }) => subnet === undefined)) return { kind: 'address', ...addresses[0] };
    const reason = 'Its address lies in no network here, so that it was never given out. It gets one of a pool.';
    account.tell({ at, level: 'todo', reason }, statement);
    return { kind: 'address' };
  }
  const role = roleOf(chosen.address, home, networks);
  if (role !== undefined)
    return { kind: 'left-out', reason: `${chosen.text} is ${role}, and cannot be given to a machine` };
  if (addresses.length > 1) {
    account.tell(
      { at, level: 'todo', reason: 'A machine has one address: the first that lies in a network.' },
      statement,
    );
  }
  return { kind: 'address', address: chosen.address, text: formatIpv4(chosen.address) };
}

function homeOf(address: Ipv4, networks: readonly PlacedNetwork[]): PlacedNetwork | undefined {
  return networks.find(({ subnet }) => subnet !== undefined && subnetContains(subnet, address));
}

/** Why an address is taken already, whatever machines there are. */
function roleOf(address: Ipv4, home: PlacedNetwork, networks: readonly PlacedNetwork[]): string | undefined {
  if (networks.some((network) => network.address === address)) return 'this host’s own address';
  const { subnet, network } = home;
  if (network.router === formatIpv4(address)) return `the router of ${network.name}`;
  if (subnet === undefined) return undefined;
  if (address === subnet.base) return `the number of the network ${formatSubnet(subnet)}`;
  return address === broadcastOf(subnet) ? `the broadcast address of ${formatSubnet(subnet)}` : undefined;
}
