import type { Emit } from '../../event/event.ts';
import type { Network } from '../../lease/network.ts';
import { ANY, formatIpv4, type Ipv4 } from '../../net/ipv4.ts';
import { type Mac, macBytes } from '../../net/mac.ts';
import { subnetContains } from '../../net/subnet.ts';
import { Option } from '../../wire/dhcp4/option-codes.ts';
import { decodePacket } from '../../wire/dhcp4/packet.ts';
import { readAddress } from '../../wire/dhcp4/values.ts';

/** Remembers which other DHCP servers were told of, so that each is told once, and again after a while. */
export interface Strangers {
  /** Takes a datagram that some server sent to its clients. */
  hear(
    reply: { readonly payload: Uint8Array; readonly source: Ipv4; readonly sourceMac?: Mac | undefined },
    network: Network,
    now: number,
  ): void;
}

/** A warning that comes every five minutes is not read any more; one an hour is. */
const TELL_AGAIN_MS = 60 * 60_000;

export function createStrangers(emit: Emit, isOurAddress: (address: Ipv4) => boolean): Strangers {
  const toldAt = new Map<string, number>();
  return {
    hear({ payload, source, sourceMac }, network, now) {
      const found = readServer(payload, source);
      // A relay hands on what we said ourselves.
      if (found === undefined || isOurAddress(found.server) || isOurAddress(source)) return;
      const key = `${network.name} ${found.server}`;
      const last = toldAt.get(key);
      if (last !== undefined && now - last < TELL_AGAIN_MS) return;
      toldAt.set(key, now);
      const { mode } = network.dhcp;
      const data = { server: formatIpv4(found.server), ...(sourceMac && { serverMac: sourceMac }), mode };
      const offered =
        found.offered === ANY || !subnetContains(network.subnet, found.offered)
          ? {}
          : { offered: formatIpv4(found.offered) };
      if (mode === 'authoritative') emit('dhcp.stranger', { network: network.name }, { ...data, ...offered });
      else emit('dhcp.other-server', { network: network.name }, data);
    },
  };
}

/** The hardware address that we look for strangers with: the interface's own, marked as locally administered. */
export function searchMac(own: Mac): Uint8Array {
  const bytes = macBytes(own);
  bytes[0] = (bytes[0] ?? 0) ^ 2;
  return bytes;
}

function readServer(payload: Uint8Array, source: Ipv4): { server: Ipv4; offered: Ipv4 } | undefined {
  try {
    const packet = decodePacket(payload);
    if (packet.op !== 2 || !packet.options.has(Option.messageType)) return undefined;
    return { server: readAddress(packet.options, Option.serverIdentifier) ?? source, offered: packet.yiaddr };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
