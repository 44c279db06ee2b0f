import type { Emit, EventData } from '../../event/event.ts';
import type { Network } from '../../lease/network.ts';
import { ANY, formatIpv4, type Ipv4 } from '../../net/ipv4.ts';
import { type Mac, macAt, macBytes } from '../../net/mac.ts';
import { subnetContains } from '../../net/subnet.ts';
import { type MessageName, messageName, Option } from '../../wire/dhcp4/option-codes.ts';
import { type DhcpPacket, decodePacket } from '../../wire/dhcp4/packet.ts';
import { readAddress, readText, readU8 } from '../../wire/dhcp4/values.ts';
import { hasDiscoveryControl } from '../../wire/pxe/vendor-options.ts';

/** Remembers which other DHCP servers were told of, so that each is told once, and again after a while. */
export interface Strangers {
  /**
   * Takes a datagram that some server sent to its clients. What it says to a machine about booting, or that it refuses it,
   * is told each time: that is what competes with our word.
   */
  hear(
    reply: { readonly payload: Uint8Array; readonly source: Ipv4; readonly sourceMac?: Mac | undefined },
    network: Network,
    now: number,
  ): void;
}

/** A warning that comes every five minutes is not read any more; one an hour is. */
const TELL_AGAIN_MS = 60 * 60_000;
/** Addresses are easily made up: no more servers are remembered than these, the oldest are forgotten first. */
const MOST_TOLD = 10_000;

/** Whether a server is to be told of now; it counts as told then. */
function tellsHourly(): (key: string, now: number) => boolean {
  const toldAt = new Map<string, number>();
  return (key, now) => {
    const last = toldAt.get(key);
    if (last !== undefined && now - last < TELL_AGAIN_MS) return false;
    toldAt.delete(key);
    toldAt.set(key, now);
    if (toldAt.size > MOST_TOLD) toldAt.delete(toldAt.keys().next().value as string);
    return true;
  };
}

export function createStrangers(
  emit: Emit,
  isOurAddress: (address: Ipv4) => boolean,
  /** The hardware address that we look for strangers with. */
  searching?: Mac | undefined,
): Strangers {
  const isDue = tellsHourly();
  return {
    hear({ payload, source, sourceMac }, network, now) {
      const found = readServer(payload, source);
      // A relay hands on what we said ourselves.
      if (found === undefined || isOurAddress(found.server) || isOurAddress(source)) return;
      if (found.mac !== undefined && found.mac !== searching) tellMachine(emit, found, found.mac, network, sourceMac);
      if (!isDue(`${network.name} ${found.server}`, now)) return;
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

/**
 * Tells of the servers that machines choose on networks where we are only to observe, each once an hour. Nothing is sent
 * there to look for them, and what they answer goes past us as unicast; but a REQUEST names its server to everybody.
 */
export function tellChosenServers(emit: Emit, now: () => number): Emit {
  const isDue = tellsHourly();
  return (id, subject, data) => {
    emit(id, subject, data);
    if (id !== 'dhcp.would-answer') return;
    const { server } = data as EventData<'dhcp.would-answer'>;
    if (server === undefined || !isDue(`${subject.network} ${server}`, now())) return;
    emit('dhcp.other-server', { network: subject.network }, { server, mode: 'observe' });
  };
}

/** The hardware address that we look for strangers with: the interface's own, marked as locally administered. */
export function searchMac(own: Mac): Uint8Array {
  const bytes = macBytes(own);
  bytes[0] = (bytes[0] ?? 0) ^ 2;
  return bytes;
}

/** What a server said to a machine. */
interface Answer {
  readonly server: Ipv4;
  readonly offered: Ipv4;
  readonly mac?: Mac | undefined;
  readonly message?: MessageName | undefined;
  readonly packet: DhcpPacket;
}

function tellMachine(emit: Emit, answer: Answer, mac: Mac, network: Network, serverMac: Mac | undefined): void {
  const { packet, message } = answer;
  const subject = { mac, network: network.name };
  const server = formatIpv4(answer.server);
  if (message === 'nak') {
    const reason = readText(packet.options, Option.message);
    emit('dhcp.other-nak', subject, { server, ...(serverMac && { serverMac }), ...(reason && { reason }) });
    return;
  }
  const bootFile = packet.file || readText(packet.options, Option.bootFileName);
  const vendorClass = readText(packet.options, Option.vendorClass);
  const isAboutBooting = bootFile || vendorClass?.startsWith('PXEClient') || vendorClass?.startsWith('HTTPClient');
  if (message === undefined || !isAboutBooting) return;
  const vendorSpecific = packet.options.get(Option.vendorSpecific);
  emit('dhcp.other-answer', subject, {
    server,
    message: message.toUpperCase(),
    ...(packet.yiaddr !== ANY && { address: formatIpv4(packet.yiaddr) }),
    ...(bootFile && { bootFile }),
    ...(bootFile && { nextServer: packet.siaddr === ANY ? server : formatIpv4(packet.siaddr) }),
    ...(vendorClass && { vendorClass }),
    ...(vendorClass && { hasDiscovery: vendorSpecific !== undefined && hasDiscoveryControl(vendorSpecific) }),
  });
}

function readServer(payload: Uint8Array, source: Ipv4): Answer | undefined {
  try {
    const packet = decodePacket(payload);
    const type = readU8(packet.options, Option.messageType);
    if (packet.op !== 2 || type === undefined) return undefined;
    const server = readAddress(packet.options, Option.serverIdentifier) ?? source;
    const mac = packet.hlen === 6 ? macAt(packet.chaddr, 0, packet.hlen) : undefined;
    return { server, offered: packet.yiaddr, mac, message: messageName(type), packet };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
