import type { Network } from '../../lease/network.ts';
import type { Ipv4 } from '../../net/ipv4.ts';
import type { DhcpRequest } from './request.ts';

/** Option 54: our address on that network, or the relay's word for it (RFC 5107). */
export function serverIdentifierFor(what: { readonly request: DhcpRequest; readonly network: Network }): Ipv4 {
  return what.request.relayInfo?.serverIdentifierOverride ?? what.network.address;
}

/** Whether a client means us by this identifier: it may have learned any of our addresses, or the relay's. */
export function isOurs(identifier: Ipv4, request: DhcpRequest, networks: readonly Network[]): boolean {
  if (identifier === request.relayInfo?.serverIdentifierOverride) return true;
  return networks.some((network) => network.address === identifier);
}
