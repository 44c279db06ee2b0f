import type { ClientFacts } from '../../boot/client.ts';
import type { ClientKey } from '../../lease/lease.ts';
import { ANY, type Ipv4 } from '../../net/ipv4.ts';
import { type Mac, macAt } from '../../net/mac.ts';
import { uuidFromSmbios } from '../../net/uuid.ts';
import { type AppleClass, decodeAppleClass } from '../../wire/bsdp/vendor-class.ts';
import { type MessageName, messageName, Option } from '../../wire/dhcp4/option-codes.ts';
import type { DhcpPacket } from '../../wire/dhcp4/packet.ts';
import { decodeRelayAgentInfo, type RelayAgentInfo } from '../../wire/dhcp4/relay-agent.ts';
import { hexText, readAddress, readText, readU8, readU16, readU16List, readU32 } from '../../wire/dhcp4/values.ts';
import { decodeIpxeOptions } from '../../wire/pxe/ipxe.ts';
import { decodeUserClasses } from '../../wire/pxe/user-class.ts';

/** A request in the domain's words: read once, every decision looks at this. */
export interface DhcpRequest {
  readonly packet: DhcpPacket;
  readonly message: MessageName | 'bootp';
  readonly client: ClientKey;
  /** Undefined where the hardware has no address of its own (hlen 0). */
  readonly mac?: Mac | undefined;
  readonly relay?: Ipv4 | undefined;
  readonly relayInfo?: RelayAgentInfo | undefined;
  /** The address that the client says it has; 0.0.0.0 counts as none. */
  readonly ciaddr?: Ipv4 | undefined;
  readonly requested?: Ipv4 | undefined;
  readonly serverIdentifier?: Ipv4 | undefined;
  /** Option 51, seconds. */
  readonly leaseSeconds?: number | undefined;
  /** Option 57. */
  readonly maxMessageSize?: number | undefined;
  /** Option 55; undefined: the client named none and takes what comes. */
  readonly wanted?: ReadonlySet<number> | undefined;
  readonly hostName?: string | undefined;
  readonly clientId?: string | undefined;
  readonly facts: ClientFacts;
  /** What option 60 says, when it begins like a Mac's. */
  readonly appleClass: AppleClass;
}

/** Reads a decoded packet. Throws DecodeError when an option that decides something makes no sense. */
export function readRequest(packet: DhcpPacket): DhcpRequest {
  const { options } = packet;
  const type = readU8(options, Option.messageType);
  const message = type === undefined ? 'bootp' : messageName(type);
  if (message === undefined) throw new RangeError(`Cannot answer message type ${type}`);
  const mac = packet.hlen > 0 ? macAt(packet.chaddr, 0, packet.hlen) : undefined;
  const requested = readAddress(options, Option.requestedAddress);
  const relayInfo = options.get(Option.relayAgentInfo);
  const wanted = options.get(Option.parameterRequestList);
  const clientId = options.get(Option.clientIdentifier);
  const appleClass = decodeAppleClass(options.get(Option.vendorClass));
  // Some clients leave their old address in ciaddr of a DISCOVER or beside option 50 (dnsmasq clears it too).
  const hasCiaddr =
    packet.ciaddr !== ANY && message !== 'discover' && (requested === undefined || message !== 'request');
  return {
    packet,
    message,
    client: mac ?? `id:${clientId ? hexText(clientId) : hexText(packet.chaddr)}`,
    mac,
    relay: packet.giaddr === ANY ? undefined : packet.giaddr,
    relayInfo: relayInfo && decodeRelayAgentInfo(relayInfo),
    ciaddr: hasCiaddr ? packet.ciaddr : undefined,
    requested,
    serverIdentifier: readAddress(options, Option.serverIdentifier),
    leaseSeconds: readU32(options, Option.leaseTime),
    maxMessageSize:
      options.get(Option.maxMessageSize)?.length === 2 ? readU16(options, Option.maxMessageSize) : undefined,
    wanted: wanted && new Set(wanted),
    hostName: readText(options, Option.hostName),
    clientId: clientId && hexText(clientId),
    facts: readFacts(packet, mac, appleClass),
    appleClass,
  };
}

function readFacts(packet: DhcpPacket, mac: Mac | undefined, appleClass: AppleClass): ClientFacts {
  const { options } = packet;
  const userClass = options.get(Option.userClass);
  const machineId = options.get(Option.clientMachineId);
  const ipxe = options.get(Option.ipxe);
  return {
    mac,
    vendorClass: readText(options, Option.vendorClass),
    ...(appleClass.kind === 'client' && { apple: { arch: appleClass.arch, model: appleClass.model } }),
    userClasses: userClass ? decodeUserClasses(userClass) : [],
    archs: readU16List(options, Option.clientArch),
    uuid: machineId?.length === 17 && machineId[0] === 0 ? uuidFromSmbios(machineId.subarray(1)) : undefined,
    ipxe: ipxe && decodeIpxeOptions(ipxe),
    isBare: !BARE_LACKS.some((code) => options.has(code)) && isListOfGrub(options.get(Option.parameterRequestList)),
  };
}

/** GRUB's own DHCP sends none of these (seen with 2.06: a DISCOVER of nothing but option 53). */
const BARE_LACKS = [
  Option.vendorClass,
  Option.clientIdentifier,
  Option.userClass,
  Option.clientArch,
  Option.clientMachineId,
  Option.ipxe,
  Option.hostName,
];

/** What GRUB's REQUEST asks for, in this order; some builds ask for 60, too. A system says what it wants with its DISCOVER, too. */
const GRUB_WANTS = [1, 3, 6, 15, 12, 17, 18];

function isListOfGrub(wanted: Uint8Array | undefined): boolean {
  return wanted === undefined || GRUB_WANTS.every((code, index) => wanted[index] === code);
}
