import type { LeaseBook } from '../../lease/book.ts';
import type { ClientKey, Lease, LeaseChange } from '../../lease/lease.ts';
import { formatIpv4, type Ipv4 } from '../../net/ipv4.ts';
import { parseMac } from '../../net/mac.ts';
import type { DhcpPorts } from './service.ts';

type WriterPorts = Pick<DhcpPorts, 'book' | 'store' | 'emit' | 'now'>;

/** How long an address counts as leased that the store knows another client to have. */
const TAKEN_MS = 10 * 60_000;

/** Resolves true when the change is on disk. The book holds it from the start, so that nobody else gets the address meanwhile. */
export function createLeaseWriter(
  ports: WriterPorts,
  onUnwritten: () => void,
): (change: LeaseChange) => Promise<boolean> {
  const { book } = ports;
  return async (change) => {
    const before = { at: book.leaseAt(addressOf(change)), own: ownLease(book, change) };
    applyToBook(book, change);
    try {
      const [result] = await ports.store.commit([change]);
      if (result?.kind === 'written') {
        if (change.kind === 'put') book.dropOffer(change.lease.network, change.lease.client);
        return true;
      }
      restore(book, change, before);
      if (result && change.kind === 'put') leaveTo(ports, change.lease, result.holder);
    } catch {
      // The store has told why; nothing was acknowledged, the client asks again.
      onUnwritten();
      restore(book, change, before);
    }
    return false;
  };
}

export function addressOf(change: LeaseChange): Ipv4 {
  return change.kind === 'put' ? change.lease.address : change.address;
}

function ownLease(book: LeaseBook, change: LeaseChange): Lease | undefined {
  return change.kind === 'put' ? book.leaseOf(change.lease.network, change.lease.client) : undefined;
}

export function applyToBook(book: LeaseBook, change: LeaseChange): void {
  if (change.kind === 'put') book.put(change.lease);
  else book.forget(change.address);
}

/** What the address had, and what the client had, before the change. */
interface Before {
  readonly at: Lease | undefined;
  readonly own: Lease | undefined;
}

function restore(book: LeaseBook, change: LeaseChange, { at, own }: Before): void {
  const address = addressOf(change);
  // Another request may have changed it since; only what this change put there is taken back.
  if (change.kind === 'put' && book.leaseAt(address) !== change.lease) return;
  if (at) book.put(at);
  else book.forget(address);
  // The address that the client had before was given back by the change, too.
  if (own?.state === 'bound' && own.address !== address && book.leaseAt(own.address)?.client === own.client)
    book.put(own);
}

/** The store is the arbiter: what it knows and the book did not is believed, or the same would be offered for ever. */
function leaveTo({ book, emit, now }: WriterPorts, { address, network, client }: Lease, holder: ClientKey): void {
  book.dropOffer(network, client);
  const [startsAt, endsAt] = [now(), now() + TAKEN_MS];
  book.put({ address, network, client: holder, state: 'bound', kind: 'dhcp', startsAt, endsAt });
  const reason = `${formatIpv4(address)} is leased to ${holder}, says the database`;
  emit('dhcp.no-address', { mac: parseMac(client), network }, { reason });
}
