import type { LeaseAdmin, LeaseResult, LeaseRow } from '../http/api/ports.ts';
import type { Lease } from '../lease/lease.ts';
import { formatIpv4, type Ipv4 } from '../net/ipv4.ts';
import { parseMac } from '../net/mac.ts';
import type { Base } from './base.ts';
import type { Serving } from './serving.ts';

/** What an operator may do with leases. Each write is on disk before it is in force. */
export function createLeaseAdmin({ book, emit, now }: Base, serving: Serving): LeaseAdmin {
  const rowOf = (lease: Lease): LeaseRow => {
    const mac = parseMac(lease.client);
    return { lease, machine: mac && serving.state().machines.byMac(mac)?.name };
  };
  const subjectOf = ({ lease, machine }: LeaseRow) => ({
    mac: parseMac(lease.client),
    machine,
    network: lease.network,
    address: formatIpv4(lease.address),
  });
  return {
    *list() {
      for (const lease of book.leases()) yield rowOf(lease);
    },
    async release(address: Ipv4): Promise<LeaseResult> {
      const lease = book.leaseAt(address);
      if (lease === undefined) return { kind: 'unknown' };
      if (lease.state !== 'bound') {
        return { kind: 'refused', reason: `${formatIpv4(address)} is ${lease.state}, not leased; forget it instead` };
      }
      const at = now();
      const released: Lease = { ...lease, state: 'released', endsAt: at };
      await serving.dhcp.apply({ kind: 'put', lease: released, at });
      emit('dhcp.released-by-operator', subjectOf(rowOf(released)), { address: formatIpv4(address) });
      return { kind: 'done', row: rowOf(released) };
    },
    async forget(address: Ipv4): Promise<LeaseResult> {
      const lease = book.leaseAt(address);
      if (lease === undefined) return { kind: 'unknown' };
      await serving.dhcp.apply({ kind: 'forget', address });
      emit('dhcp.forgotten', subjectOf(rowOf(lease)), { address: formatIpv4(address) });
      return { kind: 'done', row: rowOf(lease) };
    },
  };
}
