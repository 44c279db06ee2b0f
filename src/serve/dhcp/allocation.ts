import type { AddressQuestion } from '../../lease/choose.ts';
import type { LeaseChange } from '../../lease/lease.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import { subnetContains } from '../../net/subnet.ts';
import { Option } from '../../wire/dhcp4/option-codes.ts';
import { hexText, readText } from '../../wire/dhcp4/values.ts';
import type { Case } from './verdict.ts';

/** An offer is kept this long: EDK2 takes up to 4 s to choose, and slow switch ports repeat for a minute. */
export const HOLD_MS = 60_000;

/** After a DECLINE or a conflict. A reservation is tried again soon: somebody waits in front of that machine. */
const ABANDON_RESERVED_MS = 10 * 60_000;
const ABANDON_POOL_MS = 60 * 60_000;

/** The machine's reserved address, where it lies in this network. */
export function reservedAddress(what: Case): Ipv4 | undefined {
  const address = what.machine?.address;
  return address !== undefined && subnetContains(what.network.subnet, address) ? address : undefined;
}

export function addressQuestion(what: Case): AddressQuestion {
  const { request, network, machine, context } = what;
  return {
    network,
    client: request.client,
    kind: request.message === 'bootp' ? 'bootp' : 'dhcp',
    reserved: reservedAddress(what),
    requested: request.requested ?? request.ciaddr,
    mayUsePool: machine !== undefined || network.dhcp.unknownClients,
    now: context.now,
  };
}

/** The lease as it is written before the ACK goes out. `seconds` null: BOOTP, without an end. */
export function bindLease(what: Case, address: Ipv4, seconds: number | null): LeaseChange {
  const { request, network, context } = what;
  const relayInfo = request.packet.options.get(Option.relayAgentInfo);
  const known = context.view.leaseAt(address);
  return {
    kind: 'put',
    at: context.now,
    lease: {
      address,
      network: network.name,
      client: request.client,
      state: 'bound',
      kind: seconds === null ? 'bootp' : 'dhcp',
      startsAt: context.now,
      endsAt: seconds === null ? null : context.now + seconds * 1000,
      hostName: request.hostName,
      vendorClass: readText(request.packet.options, Option.vendorClass),
      clientId: request.clientId,
      // A renewal goes past the relay and comes without option 82: what the relay said is kept.
      relayInfo: relayInfo ? hexText(relayInfo) : known?.client === request.client ? known.relayInfo : undefined,
    },
  };
}

export function abandonLease(what: Case, address: Ipv4): { readonly change: LeaseChange; readonly minutes: number } {
  const { network, context, request } = what;
  const ms = reservedAddress(what) === address ? ABANDON_RESERVED_MS : ABANDON_POOL_MS;
  const lease = {
    address,
    network: network.name,
    client: request.client,
    state: 'abandoned' as const,
    kind: 'dhcp' as const,
    startsAt: context.now,
    endsAt: context.now + ms,
  };
  return { change: { kind: 'put', at: context.now, lease }, minutes: ms / 60_000 };
}
