import type { Status } from '../../../src/http/api/ports.ts';
import type { LeaseView, MachineView } from '../../../src/http/api/views.ts';

export type Network = Status['networks'][number];

export type Use =
  | 'outside'
  | 'pool'
  | 'reserved'
  | 'bound'
  | 'expired'
  | 'released'
  | 'abandoned'
  | 'server'
  | 'router';

/** One address of a map. */
export interface Cell {
  readonly address: string;
  readonly use: Use;
  /** Whose it is, in words. */
  readonly text: string;
}

/** 256 addresses that begin alike, or all of a smaller network. */
export interface Block {
  readonly first: string;
  readonly cells: readonly Cell[];
}

const BLOCK = 256;

export function addressNumber(text: string): number {
  return text.split('.').reduce((number, part) => number * 256 + Number(part), 0);
}

export function addressText(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}

/** The blocks of a network in which something is given out, kept or found: a /16 has 256, and most are empty. */
export function makeBlocks(
  network: Network,
  leases: readonly LeaseView[],
  machines: readonly MachineView[],
): readonly Block[] {
  const [base = '', prefix = '32'] = network.subnet.split('/');
  const from = addressNumber(base);
  const size = 2 ** (32 - Number(prefix));
  const uses = usesOf(network, leases, machines);
  const pools = network.pools.map(({ first, last, clients }) => ({
    first: addressNumber(first),
    last: addressNumber(last),
    clients,
  }));
  const cellAt = (number: number): Cell => {
    const address = addressText(number);
    const known = uses.get(number);
    if (known) return { address, ...known };
    const pool = pools.find(({ first, last }) => first <= number && number <= last);
    if (pool) return { address, use: 'pool', text: pool.clients === 'bootp' ? 'free, for BOOTP' : 'free, in the pool' };
    return { address, use: 'outside', text: 'not given out' };
  };
  const count = Math.max(1, Math.ceil(size / BLOCK));
  const wanted = Array.from({ length: count }, (_, index) => from + index * BLOCK).filter((start) => {
    const end = start + BLOCK - 1;
    return (
      count === 1 ||
      pools.some(({ first, last }) => first <= end && start <= last) ||
      [...uses.keys()].some((number) => start <= number && number <= end)
    );
  });
  return wanted.map((start) => ({
    first: addressText(start),
    cells: Array.from({ length: Math.min(BLOCK, size) }, (_, index) => cellAt(start + index)),
  }));
}

function usesOf(network: Network, leases: readonly LeaseView[], machines: readonly MachineView[]) {
  const uses = new Map<number, Omit<Cell, 'address'>>();
  for (const { name, address } of machines) {
    if (address !== null && isIn(network, address)) uses.set(addressNumber(address), { use: 'reserved', text: name });
  }
  for (const lease of leases) {
    if (lease.network !== network.name) continue;
    const who = lease.machine ?? lease.hostName ?? lease.client;
    uses.set(addressNumber(lease.address), { use: lease.state, text: `${lease.state}: ${who}` });
  }
  if (network.router !== null) uses.set(addressNumber(network.router), { use: 'router', text: 'router' });
  uses.set(addressNumber(network.address), { use: 'server', text: 'this server' });
  return uses;
}

export function isIn({ subnet }: Pick<Network, 'subnet'>, address: string): boolean {
  const [base = '', prefix = '32'] = subnet.split('/');
  const size = 2 ** (32 - Number(prefix));
  const number = addressNumber(address);
  return addressNumber(base) <= number && number < addressNumber(base) + size;
}

export function countUses(blocks: readonly Block[]): ReadonlyMap<Use, number> {
  const counts = new Map<Use, number>();
  for (const { cells } of blocks) for (const { use } of cells) counts.set(use, (counts.get(use) ?? 0) + 1);
  return counts;
}
