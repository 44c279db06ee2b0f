import type { Emit, EventData } from '../../event/event.ts';
import type { LeaseBook, Offer } from '../../lease/book.ts';
import type { LeaseChange, LeaseStore } from '../../lease/lease.ts';
import type { Macs } from '../../machine/macs.ts';
import { formatIpv4, type Ipv4 } from '../../net/ipv4.ts';
import type { Mac } from '../../net/mac.ts';
import { decodePacket } from '../../wire/dhcp4/packet.ts';
import { createMacNotes } from '../bsdp/notes.ts';
import { answerDhcp } from './answer.ts';
import type { Destination } from './destination.ts';
import { addressOf, applyToBook, createLeaseWriter } from './lease-writer.ts';
import { type DhcpRequest, readRequest } from './request.ts';
import type { DhcpContext, MacContext, Reception, Told, Verdict } from './verdict.ts';

/** What of the context changes with the configuration. */
export type DhcpSetup = Pick<DhcpContext, 'networks' | 'machineByMac' | 'classify' | 'answerBoot'> & {
  readonly mac: Pick<MacContext, 'policy' | 'httpPort' | 'decide'>;
};

/** One datagram to be sent. */
export interface Outgoing {
  readonly interface: string;
  /** Our address, the datagram's source: clients check that it is option 54. */
  readonly source: Ipv4;
  readonly sourcePort: 67 | 4011;
  readonly to: Destination;
  readonly bytes: Uint8Array;
}

export interface DhcpPorts {
  readonly book: LeaseBook;
  readonly store: LeaseStore;
  /** What is known of Macs. */
  readonly macs: Macs;
  readonly emit: Emit;
  /** Milliseconds since 1970, from a clock that does not jump. */
  now(): number;
  setup(): DhcpSetup;
  send(datagram: Outgoing): void;
  /** Whether somebody answers at the address. Never rejects. */
  isInUse(interfaceName: string, address: Ipv4): Promise<boolean>;
  /** Our own interfaces: what they send comes back to us on some bridges. */
  isOwnMac(mac: Mac): boolean;
}

export interface DhcpService {
  /** Takes one datagram. Never throws, never waits. */
  receive(datagram: Uint8Array, reception: Reception): void;
  /** The MAC that a client of another DHCP server on this network was heard to request the address with. */
  observedAt(address: Ipv4): Mac | undefined;
  /** A lease was changed by the operator. */
  apply(change: LeaseChange): Promise<void>;
  counters(): Readonly<DhcpCounters>;
  /** What NetBoot requests came to: lists, selections, refusals, and silence by its reason. */
  macCounters(): Readonly<Record<string, number>>;
}

export interface DhcpCounters {
  received: number;
  malformed: number;
  ignored: number;
  answered: number;
  /** Answers that were not given because the lease could not be written. */
  unwritten: number;
}

const PROBE_FRESH_MS = 30_000;

/** Joins decisions, lease book and store: hold, write, and only then send and tell. */
export function createDhcpService(ports: DhcpPorts): DhcpService {
  const counters: DhcpCounters = { received: 0, malformed: 0, ignored: 0, answered: 0, unwritten: 0 };
  const probes = createProbes(ports);
  const observed = new Map<Ipv4, Mac>();
  const write = createLeaseWriter(ports, () => counters.unwritten++);
  const notes = createMacNotes(ports);

  function decide(request: DhcpRequest, reception: Reception): Verdict {
    const now = ports.now();
    const setup = ports.setup();
    const { macs } = ports;
    const context: DhcpContext = {
      ...setup,
      mac: { ...setup.mac, record: macs.get, loaded: macs.loaded },
      view: ports.book,
      now,
      probed: (address) => probes.found(address, now),
    };
    return answerDhcp(request, reception, context);
  }

  function act(request: DhcpRequest, reception: Reception, verdict: Verdict): void {
    if (verdict.kind === 'probe') {
      const again = () => orTell(reception, () => act(request, reception, decide(request, reception)));
      probes.start(verdict.offer, reception, again);
      return;
    }
    if (verdict.note) notes.take(verdict.note);
    if (verdict.kind === 'ignore') {
      counters.ignored++;
      noteObserved(observed, request);
      if (verdict.dropOffer) ports.book.dropOffer(verdict.dropOffer.network, verdict.dropOffer.client);
      tell(verdict.told);
      ports.emit('dhcp.ignored', { mac: request.mac }, ignoredData(request, reception, verdict));
      return;
    }
    if (verdict.offer) ports.book.hold(verdict.offer, ports.now());
    const finish = () => {
      if (verdict.reply) {
        counters.answered++;
        ports.send({ interface: reception.interface, sourcePort: reception.port, ...verdict.reply });
      }
      tell(verdict.told);
    };
    if (verdict.change === undefined) finish();
    else void write(verdict.change).then((written) => (written ? finish() : undefined));
  }

  function tell(told: readonly Told[]): void {
    for (const { id, subject, data } of told) ports.emit(id, subject, data as never);
  }

  /** Bytes that cannot be read, or a value that no packet holds: one request less, and nothing more. */
  function orTell(reception: Reception, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      counters.malformed++;
      ports.emit('dhcp.malformed', {}, { reason: error.message, source: formatIpv4(reception.source.address) });
    }
  }

  return {
    receive(datagram, reception) {
      counters.received++;
      orTell(reception, () => {
        const request = readRequest(decodePacket(datagram));
        if (request.mac !== undefined && ports.isOwnMac(request.mac)) return;
        noteGrub(ports, request);
        act(request, reception, decide(request, reception));
      });
    },
    observedAt: (address) => observed.get(address),
    apply: (change) => applyByHand(ports, change),
    counters: () => counters,
    macCounters: notes.counters,
  };
}

function ignoredData(
  { message, relay }: DhcpRequest,
  { port }: Reception,
  { reason, wanted }: Extract<Verdict, { kind: 'ignore' }>,
): EventData<'dhcp.ignored'> {
  return {
    reason,
    message: message.toUpperCase(),
    ...(relay !== undefined && { relay: formatIpv4(relay) }),
    ...(wanted !== undefined && { wanted: formatIpv4(wanted) }),
    ...(port === 4011 && { port }),
  };
}

async function applyByHand({ book, store }: DhcpPorts, change: LeaseChange): Promise<void> {
  const before = book.leaseAt(addressOf(change));
  await store.commit([change]);
  // A renewal that came meanwhile is on the disk after this change, or about to be.
  if (book.leaseAt(addressOf(change)) === before) applyToBook(book, change);
}

/** A REQUEST that is not for us says who will have the address. Bounded: an office's worth, the oldest go first. */
function noteObserved(observed: Map<Ipv4, Mac>, { message, mac, requested }: DhcpRequest): void {
  if (message !== 'request' || mac === undefined || requested === undefined) return;
  observed.delete(requested);
  observed.set(requested, mac);
  if (observed.size > 10_000) observed.delete(observed.keys().next().value as Ipv4);
}

/** GRUB's own DHCP, or the BOOTP of an old one, is how we know that what a Mac has loaded has started. */
function noteGrub({ macs }: DhcpPorts, { message, facts, mac }: DhcpRequest): void {
  if (mac !== undefined && (message === 'bootp' || facts.isBare)) macs.started(mac);
}

interface Probes {
  found(address: Ipv4, now: number): 'free' | 'in-use' | undefined;
  /** Holds the offer, asks, and calls back once; a second request for the same address meanwhile is left unanswered. */
  start(offer: Offer, reception: Reception, done: () => void): void;
}

function createProbes(ports: DhcpPorts): Probes {
  const results = new Map<Ipv4, { readonly state: 'free' | 'in-use'; readonly at: number }>();
  const running = new Set<Ipv4>();
  return {
    found(address, now) {
      const result = results.get(address);
      return result && now - result.at < PROBE_FRESH_MS ? result.state : undefined;
    },
    start(offer, reception, done) {
      ports.book.hold(offer, ports.now());
      if (running.has(offer.address)) return;
      running.add(offer.address);
      void ports.isInUse(reception.interface, offer.address).then((isInUse) => {
        running.delete(offer.address);
        const at = ports.now();
        // The oldest stand first.
        for (const [address, result] of results) {
          if (at - result.at < PROBE_FRESH_MS) break;
          results.delete(address);
        }
        results.delete(offer.address);
        results.set(offer.address, { state: isInUse ? 'in-use' : 'free', at });
        done();
      });
    },
  };
}
