import { formatIpv4, type Ipv4, parseIpv4 } from '../net/ipv4.ts';
import { type AddressRange, broadcastOf, rangeContains, rangesOverlap, rangesWithout } from '../net/subnet.ts';
import type { Account } from './account.ts';
import type { DraftPool } from './draft.ts';
import type { FittedMachine } from './fit-machines.ts';
import type { PlacedNetwork } from './places.ts';
import { rangeText } from './range-text.ts';

export interface FittedPool {
  readonly range: AddressRange;
  readonly clients: 'dhcp' | 'bootp';
}

/** How many taken addresses are named in a comment. */
const NAMED = 6;

/**
 * The pools of a network without the addresses that are reserved or have a role: a configuration keeps them apart, where
 * other servers step over them while they run.
 */
export function fitPools(
  placed: PlacedNetwork,
  machines: readonly FittedMachine[],
  own: ReadonlySet<Ipv4>,
  account: Account,
): readonly FittedPool[] {
  const taken = takenIn(placed, machines, own);
  const done: FittedPool[] = [];
  for (const pool of placed.network.pools) {
    const { range, statement, clients } = pool;
    const rest = withoutEarlier(pool, done, account);
    const hits = [...taken].filter(([address]) => rangeContains(range, address)).toSorted(([a], [b]) => a - b);
    const addresses = hits.map(([address]) => address);
    const left = rest.flatMap((part) =>
      rangesWithout(
        part,
        addresses.filter((address) => rangeContains(part, address)),
      ),
    );
    if (hits.length > 0) {
      const named = hits.slice(0, NAMED).map(([address, role]) => `${formatIpv4(address)} (${role})`);
      const more = hits.length > NAMED ? ` and ${hits.length - NAMED} more` : '';
      const reason = `${rangeText(range)} is written without addresses that are taken: ${named.join(', ')}${more}.`;
      account.tell({ at: ['networks', placed.network.name, 'dhcp', 'pools'], level: 'fine', reason }, statement);
    }
    done.push(...left.map((part) => ({ range: part, clients })));
  }
  return done;
}

function takenIn(
  placed: PlacedNetwork,
  machines: readonly FittedMachine[],
  own: ReadonlySet<Ipv4>,
): ReadonlyMap<Ipv4, string> {
  const { subnet, network } = placed;
  const taken = new Map<Ipv4, string>();
  for (const { address, machine } of machines) if (address !== undefined) taken.set(address, machine.name);
  if (subnet) taken.set(subnet.base, 'the network’s number').set(broadcastOf(subnet), 'broadcast');
  const router = parseIpv4(network.router ?? '');
  if (router !== undefined) taken.set(router, 'the router');
  for (const address of own) taken.set(address, 'this host');
  return taken;
}

/** Ranges that overlap are a mistake in the source: each address stays in the first. */
function withoutEarlier(
  { range, statement }: DraftPool,
  done: readonly FittedPool[],
  account: Account,
): readonly AddressRange[] {
  const earlier = done.filter((pool) => rangesOverlap(pool.range, range));
  if (earlier.length === 0) return [range];
  account.complain(
    statement.place,
    `${rangeText(range)} overlaps ${earlier.map((pool) => rangeText(pool.range)).join(' and ')}`,
  );
  let parts: AddressRange[] = [range];
  for (const { range: other } of earlier) {
    parts = parts.flatMap((part) => {
      if (!rangesOverlap(part, other)) return [part];
      const before = { first: part.first, last: (other.first - 1) as Ipv4 };
      const after = { first: (other.last + 1) as Ipv4, last: part.last };
      return [before, after].filter(({ first, last }) => first <= last);
    });
  }
  return parts;
}
