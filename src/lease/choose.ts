import type { Ipv4 } from '../net/ipv4.ts';
import { rangeContains } from '../net/subnet.ts';
import { isOver, type LeaseView } from './book.ts';
import type { ClientKey } from './lease.ts';
import type { Network } from './network.ts';

/** Who wants an address, and what is known of it. */
export interface AddressQuestion {
  readonly network: Network;
  readonly client: ClientKey;
  readonly kind: 'dhcp' | 'bootp';
  /** The operator's reservation on this network. */
  readonly reserved?: Ipv4 | undefined;
  /** Option 50. */
  readonly requested?: Ipv4 | undefined;
  /** Whether it may have a pool address at all. */
  readonly mayUsePool: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export type AddressChoice =
  | {
      readonly kind: 'address';
      readonly address: Ipv4;
      readonly reason: 'reservation' | 'lease' | 'offer' | 'requested' | 'pool';
    }
  | { readonly kind: 'none'; readonly reason: string }
  /** A machine may not be served at all; not an error. */
  | { readonly kind: 'refused'; readonly reason: string };

/**
 * Chooses an address: reservation, own lease (also an ended one), pending offer, the wish if it is free and in a pool,
 * then a free one. The same client gets the same answer until it confirms.
 */
export function chooseAddress(view: LeaseView, question: AddressQuestion): AddressChoice {
  const reserved = question.reserved === undefined ? undefined : chooseReserved(view, question, question.reserved);
  if (reserved?.kind === 'address' || (reserved && !question.mayUsePool)) return reserved;
  return choosePooled(view, question);
}

/** Also for a machine whose reservation its other network card holds at the moment: it gets a second address. */
function choosePooled(view: LeaseView, question: AddressQuestion): AddressChoice {
  const { network, client, now } = question;
  if (!question.mayUsePool) {
    return { kind: 'refused', reason: 'it has no reservation and unknown clients are off on this network' };
  }
  const lease = view.leaseOf(network.name, client);
  if (lease && lease.state !== 'abandoned' && isUsable(view, question, lease.address)) {
    return { kind: 'address', address: lease.address, reason: 'lease' };
  }
  const offer = view.offerOf(network.name, client);
  if (offer && isUsable(view, question, offer.address)) {
    return { kind: 'address', address: offer.address, reason: 'offer' };
  }
  const { requested } = question;
  if (requested !== undefined && isUsable(view, question, requested)) {
    return { kind: 'address', address: requested, reason: 'requested' };
  }
  const free = view.findFree(network, question.kind, client, now);
  if (free !== undefined) return { kind: 'address', address: free, reason: 'pool' };
  return { kind: 'none', reason: describeFull(network, question.kind) };
}

function chooseReserved(view: LeaseView, question: AddressQuestion, address: Ipv4): AddressChoice {
  const lease = view.leaseAt(address);
  if (lease && lease.state === 'abandoned' && !isOver(lease, question.now)) {
    return { kind: 'none', reason: 'its reserved address was found in use by somebody else a short while ago' };
  }
  if (lease && lease.client !== question.client && lease.state === 'bound' && !isOver(lease, question.now)) {
    return { kind: 'none', reason: `its reserved address is leased to ${lease.client} until that lease ends` };
  }
  return { kind: 'address', address, reason: 'reservation' };
}

/** Whether the client may have this address: in a pool for its kind, not held by anybody else, not abandoned. */
export function isUsable(view: LeaseView, question: AddressQuestion, address: Ipv4): boolean {
  const { network, client, now, kind } = question;
  if (!network.dhcp.pools.some((pool) => pool.clients === kind && rangeContains(pool.range, address))) return false;
  const offered = view.offeredTo(address, now);
  if (offered !== undefined && offered !== client) return false;
  const lease = view.leaseAt(address);
  if (lease === undefined) return true;
  if (lease.state === 'abandoned') return isOver(lease, now);
  return lease.client === client || isOver(lease, now);
}

function describeFull(network: Network, kind: 'dhcp' | 'bootp'): string {
  const pools = network.dhcp.pools.filter((pool) => pool.clients === kind);
  if (pools.length === 0)
    return `network ${network.name} has no pool for ${kind === 'bootp' ? 'BOOTP' : 'DHCP'} clients`;
  const size = pools.reduce((sum, { range }) => sum + range.last - range.first + 1, 0);
  return `all ${size} ${kind === 'bootp' ? 'BOOTP ' : ''}pool addresses of network ${network.name} are in use`;
}
