import { ANY, type Ipv4 } from '../../net/ipv4.ts';
import type { Mac } from '../../net/mac.ts';
import { BROADCAST_FLAG } from '../../wire/dhcp4/packet.ts';
import type { DhcpRequest } from './request.ts';

const SERVER_PORT = 67;
const CLIENT_PORT = 68;

/** Where a reply goes. `hardware`: by unicast to a client that has no address yet, or by broadcast when that fails. */
export type Destination =
  | { readonly kind: 'unicast'; readonly address: Ipv4; readonly port: number }
  | { readonly kind: 'broadcast'; readonly port: number }
  | { readonly kind: 'hardware'; readonly address: Ipv4; readonly mac: Mac; readonly port: number };

export interface Arrival {
  readonly address: Ipv4;
  readonly port: number;
}

/**
 * Decides where a reply goes (RFC 2131 4.1, in its order): the relay; NAK to everybody; the client's own address; the
 * broadcast flag; else unicast to the address that is being given.
 */
export function chooseDestination(
  request: DhcpRequest,
  reply: { readonly isNak: boolean; readonly yiaddr: Ipv4; readonly replies: 'auto' | 'broadcast' },
  source: Arrival,
): Destination {
  if (request.relay !== undefined) {
    // RFC 8357: a relay behind a translation wants the reply where the request came from.
    const port = request.relayInfo?.wantsSourcePort ? source.port : SERVER_PORT;
    return { kind: 'unicast', address: request.relay, port };
  }
  if (reply.isNak) return { kind: 'broadcast', port: CLIENT_PORT };
  if (request.message === 'inform' && source.address !== ANY) return { kind: 'unicast', ...source };
  if (request.ciaddr !== undefined) return { kind: 'unicast', address: request.ciaddr, port: CLIENT_PORT };
  const wantsBroadcast = (request.packet.flags & BROADCAST_FLAG) !== 0 || request.mac === undefined;
  if (wantsBroadcast || reply.replies === 'broadcast' || reply.yiaddr === ANY || request.packet.hlen !== 6) {
    return { kind: 'broadcast', port: CLIENT_PORT };
  }
  return { kind: 'hardware', address: reply.yiaddr, mac: request.mac, port: CLIENT_PORT };
}
