import { type RecordedEvent, recordEvent } from '../../src/event/event.ts';
import type { ClientKey, Lease, LeaseChange } from '../../src/lease/lease.ts';
import type { Ipv4 } from '../../src/net/ipv4.ts';
import type { Mac } from '../../src/net/mac.ts';

/** A moment, in ms since 1970; tests count from here. */
export const T0 = 1_790_000_000_000;
const FIRST_ADDRESS = 0x0a000000;

export function addressAt(index: number): Ipv4 {
  return (FIRST_ADDRESS + index) as Ipv4;
}

export function clientAt(index: number): ClientKey {
  const hex = index.toString(16).padStart(6, '0');
  return `52:54:00:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}` as Mac;
}

/** A bound lease of one hour: client `index` at address `index`. */
export function leaseAt(index: number, changes: Partial<Lease> = {}): Lease {
  return {
    address: addressAt(index),
    network: 'rack',
    client: clientAt(index),
    state: 'bound',
    kind: 'dhcp',
    startsAt: T0,
    endsAt: T0 + 3_600_000,
    hostName: `node${index}`,
    ...changes,
  };
}

export function put(lease: Lease, at: number = T0): LeaseChange {
  return { kind: 'put', lease, at };
}

/** `node` is a machine's name; odd numbers are errors, even ones are for information. */
export function eventAt(seq: number, time: number = T0 + seq): RecordedEvent {
  const about = { machine: `node${seq % 10}`, network: 'rack', address: '10.0.0.1', mac: clientAt(seq % 10) as Mac };
  return seq % 2 === 0
    ? recordEvent({ seq, time }, 'server.stopped', about, { reason: `number ${seq}` })
    : recordEvent({ seq, time }, 'worker.died', about, { name: 'store', reason: `number ${seq}` });
}
