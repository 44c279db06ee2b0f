import type { Network } from '../../lease/network.ts';
import type { Machine } from '../../machine/machine.ts';
import { ANY, formatIpv4, type Ipv4 } from '../../net/ipv4.ts';
import { broadcastOf, netmask } from '../../net/subnet.ts';
import { BSDP_SERVER_CLASS } from '../../wire/bsdp/vendor-class.ts';
import { MessageType, Option } from '../../wire/dhcp4/option-codes.ts';
import { encodedLength } from '../../wire/dhcp4/options.ts';
import { BROADCAST_FLAG, encodeReply, replyBytes } from '../../wire/dhcp4/packet.ts';
import { addressListBytes, textBytes, u16Bytes, u32Bytes } from '../../wire/dhcp4/values.ts';
import { NO_PXE_DHCP } from '../../wire/pxe/ipxe.ts';
import { BOOT_THE_NAMED_FILE } from '../../wire/pxe/vendor-options.ts';
import type { DhcpRequest } from './request.ts';

type OptionEntry = readonly [code: number, value: Uint8Array];

/** What a reply says about booting: nothing, or the file and who says so. */
export interface BootFields {
  /** For the header's `file` and option 67. */
  readonly bootFile: string;
  /** Option 60 of the reply. */
  readonly vendorClass?: 'PXEClient' | 'HTTPClient' | undefined;
  readonly isIpxe: boolean;
}

export interface ReplyParts {
  readonly request: DhcpRequest;
  readonly network: Network;
  readonly machine?: Machine | undefined;
  readonly boot?: BootFields | undefined;
  /** Option 54: the network's address, or what the relay put in its place (RFC 5107). */
  readonly serverIdentifier: Ipv4;
  /** Option 43 of an offer to a Mac that names its image (`mac.offerCompat: seed`). */
  readonly seedAreas?: readonly Uint8Array[] | undefined;
}

/** OFFER and ACK with an address. `seconds` is option 51. */
export function encodeLeaseReply(
  parts: ReplyParts,
  type: 'offer' | 'ack',
  lease: { readonly address: Ipv4; readonly seconds: number },
): Uint8Array {
  const { seconds } = lease;
  if (type === 'offer' && parts.seedAreas) return encodeSeedOffer(parts, parts.seedAreas, lease);
  const times: OptionEntry[] = [
    [Option.leaseTime, u32Bytes(seconds)],
    [Option.renewalTime, u32Bytes(Math.floor(seconds / 2))],
    [Option.rebindingTime, u32Bytes(Math.floor(seconds * 0.875))],
  ];
  return encode(parts, {
    yiaddr: lease.address,
    ciaddr: type === 'ack' ? (parts.request.ciaddr ?? ANY) : ANY,
    required: [...head(parts, type), ...times, ...addressing(parts)],
    optional: settings(parts),
    boot: parts.boot,
  });
}

/**
 * The offer that the seed's dhcpd.conf makes to a Mac, byte for byte: no next server, and only the options of the list that
 * its class forces (1, 3, 17, 43, 60).
 */
function encodeSeedOffer(
  parts: ReplyParts,
  areas: readonly Uint8Array[],
  { address, seconds }: { readonly address: Ipv4; readonly seconds: number },
): Uint8Array {
  const { request, network } = parts;
  const rootPath = network.dhcp.options.filter(({ code }) => code === Option.rootPath);
  return encodeReply({
    request: request.packet,
    flags: request.packet.flags,
    yiaddr: address,
    options: [
      ...head(parts, 'offer'),
      [Option.leaseTime, u32Bytes(seconds)],
      [Option.subnetMask, u32Bytes(netmask(network.subnet))],
      ...(network.router === undefined ? [] : [[Option.routers, u32Bytes(network.router)] as const]),
      ...rootPath.map(({ code, value }) => [code, value] as const),
      ...areas.map((area) => [Option.vendorSpecific, area] as const),
      [Option.vendorClass, BSDP_SERVER_CLASS],
      ...relayEcho(request),
    ],
  });
}

/** The ACK to an INFORM: no address, no times (RFC 2131 4.3.5). */
export function encodeInformReply(parts: ReplyParts): Uint8Array {
  return encode(parts, {
    yiaddr: ANY,
    ciaddr: parts.request.ciaddr ?? ANY,
    required: [...head(parts, 'ack'), ...addressing(parts)],
    optional: settings(parts),
    boot: parts.boot,
  });
}

/** The proxyDHCP OFFER, and the ACK from port 4011: boot information only. `vendorSpecific` replaces option 43. */
export function encodeProxyReply(
  parts: ReplyParts & { readonly boot: BootFields },
  type: 'offer' | 'ack',
  vendorSpecific?: Uint8Array,
): Uint8Array {
  return encode(parts, {
    yiaddr: ANY,
    ciaddr: type === 'ack' ? (parts.request.ciaddr ?? ANY) : ANY,
    required: head(parts, type),
    optional: [],
    boot: parts.boot,
    vendorSpecific,
  });
}

/** RFC 2131 4.3.2 and table 3: nothing but the reason. Through a relay the client may only be reachable by broadcast. */
export function encodeNak(parts: ReplyParts, reason: string): Uint8Array {
  const { request } = parts;
  return encodeReply({
    request: request.packet,
    flags: request.relay === undefined ? request.packet.flags : request.packet.flags | BROADCAST_FLAG,
    options: [...head(parts, 'nak'), [Option.message, textBytes(reason.slice(0, 200))], ...echoes(request)],
  });
}

/** The reply to a BOOTP request: no option 53 (that is what makes it one), and no more than the 64 bytes of RFC 951. */
export function encodeBootpReply(parts: ReplyParts, address: Ipv4): Uint8Array {
  const { request, boot } = parts;
  const options: OptionEntry[] = [];
  // 64 bytes hold the cookie, END, and these.
  let room = 64 - 5;
  for (const entry of [...addressing(parts), ...settings(parts)]) {
    room -= entry[1].length + 2;
    if (room < 0) break;
    options.push(entry);
  }
  return encodeReply({
    request: request.packet,
    flags: request.packet.flags,
    yiaddr: address,
    siaddr: parts.network.address,
    ...headerFile(parts.network, boot),
    options: [...options, ...relayEcho(request)],
  });
}

interface Body {
  readonly yiaddr: Ipv4;
  readonly ciaddr: Ipv4;
  readonly required: readonly OptionEntry[];
  readonly optional: readonly OptionEntry[];
  readonly boot: BootFields | undefined;
  readonly vendorSpecific?: Uint8Array | undefined;
}

function encode(parts: ReplyParts, body: Body): Uint8Array {
  const { request, network } = parts;
  const last = [...bootOptions(network, request, body), ...echoes(request)];
  const taken = new Set(last.map(([code]) => code));
  let room = sizeLimit(request) - replyBytes(body.required) - optionBytes(last);
  // The operator's extras give way first, the boot fields never: a machine boots without an NTP server.
  const optional: OptionEntry[] = [];
  for (const entry of body.optional) {
    // What says how to boot says it alone: two values of one option are read as one long value (RFC 3396 section 5).
    if (taken.has(entry[0])) continue;
    room -= encodedLength(entry[1]);
    if (room < 0) break;
    optional.push(entry);
  }
  return encodeReply({
    request: request.packet,
    flags: request.packet.flags,
    ciaddr: body.ciaddr,
    yiaddr: body.yiaddr,
    siaddr: network.address,
    ...headerFile(network, body.boot),
    options: [...body.required, ...optional, ...last],
  });
}

function optionBytes(entries: readonly OptionEntry[]): number {
  return entries.reduce((size, [, value]) => size + encodedLength(value), 0);
}

/**
 * Option 57 counts the whole IP datagram from 576 up (RFC 2132 9.10). iPXE and EDK2 send 1472 and mean the payload, so
 * 28 bytes are taken off and 1472 is the ceiling (EDK2 drops larger ones).
 */
function sizeLimit(request: DhcpRequest): number {
  return Math.min(1472, Math.max(548, (request.maxMessageSize ?? 576) - 28));
}

function head(parts: ReplyParts, type: 'offer' | 'ack' | 'nak'): OptionEntry[] {
  return [
    [Option.messageType, Uint8Array.of(MessageType[type])],
    [Option.serverIdentifier, u32Bytes(parts.serverIdentifier)],
  ];
}

/** Sent even if nobody asked: GRUB's DISCOVER has no option 55, and EDK2 gives up without a netmask. */
function addressing({ request, network, boot }: Pick<ReplyParts, 'request' | 'network' | 'boot'>): OptionEntry[] {
  const entries: OptionEntry[] = [[Option.subnetMask, u32Bytes(netmask(network.subnet))]];
  const router = network.router ?? (isDebianInstaller(request) ? network.address : undefined);
  if (router !== undefined) entries.push([Option.routers, u32Bytes(router)]);
  // Firmware that booted by HTTP hands its DNS server on in the device path, and GRUB 2.06 then finds no server at all
  // (seen with OVMF). Our URLs name addresses, so the firmware itself needs none.
  const isHttpBoot = boot?.vendorClass === 'HTTPClient';
  if (network.dns.length > 0 && !isHttpBoot) entries.push([Option.dnsServers, addressListBytes(network.dns)]);
  entries.push([Option.broadcastAddress, u32Bytes(broadcastOf(network.subnet))]);
  return entries;
}

/**
 * debian-installer's DHCP script ends at the missing router, before it has noted the name servers, and then asks a person
 * for both (seen with Debian 12). On a network without a router it gets our address; what it installs asks for itself.
 */
function isDebianInstaller(request: DhcpRequest): boolean {
  return request.facts.vendorClass === 'd-i';
}

/** What a client gets when it asks for it, or when it names nothing; the most useful first. */
function settings(parts: ReplyParts): OptionEntry[] {
  const { network, machine, request } = parts;
  const domain = machine?.domain ?? network.domain;
  const entries: OptionEntry[] = [];
  if (machine) entries.push([Option.hostName, textBytes(machine.hostName)]);
  if (domain) entries.push([Option.domainName, textBytes(domain)]);
  if (network.mtu !== undefined) entries.push([Option.interfaceMtu, u16Bytes(network.mtu)]);
  if (network.ntp.length > 0) entries.push([Option.ntpServers, addressListBytes(network.ntp)]);
  for (const { code, value } of network.dhcp.options) entries.push([code, value]);
  return request.wanted === undefined ? entries : entries.filter(([code]) => request.wanted?.has(code));
}

function bootOptions(network: Network, request: DhcpRequest, body: Body): OptionEntry[] {
  const { boot } = body;
  if (boot === undefined) return [];
  const entries: OptionEntry[] = [];
  if (boot.vendorClass) entries.push([Option.vendorClass, textBytes(boot.vendorClass)]);
  const machineId = request.packet.options.get(Option.clientMachineId);
  // RFC 4578 2.3: echoed. GRUB derives one more file name from it, which we serve too.
  if (machineId) entries.push([Option.clientMachineId, machineId]);
  const vendorSpecific = body.vendorSpecific ?? (boot.vendorClass === 'PXEClient' ? BOOT_THE_NAMED_FILE : undefined);
  if (vendorSpecific) entries.push([Option.vendorSpecific, vendorSpecific]);
  if (boot.isIpxe) entries.push([Option.ipxe, NO_PXE_DHCP]);
  entries.push([Option.tftpServerName, textBytes(formatIpv4(network.address))]);
  // The NUL inside the length keeps ROMs from reading the next option's code as part of the name (seen on several).
  entries.push([Option.bootFileName, textBytes(`${boot.bootFile}\0`)]);
  return entries;
}

/** The boot file stands in the header too: shim and GRUB look nowhere else. A URL that is too long stands in option 67 only. */
function headerFile(network: Network, boot: BootFields | undefined): { sname?: string; file?: string } {
  if (boot === undefined) return {};
  const sname = formatIpv4(network.address);
  return boot.bootFile.length <= 127 ? { sname, file: boot.bootFile } : { sname };
}

/**
 * RFC 6842: the client identifier goes back. RFC 3011 section 2: so does the subnet that it chose, or it drops the answer. RFC 3046
 * 2.2: and the relay's option, as it came, last of all.
 */
function echoes(request: DhcpRequest): OptionEntry[] {
  const entries: OptionEntry[] = [];
  for (const code of [Option.clientIdentifier, Option.subnetSelection]) {
    const value = request.packet.options.get(code);
    if (value) entries.push([code, value]);
  }
  return [...entries, ...relayEcho(request)];
}

function relayEcho(request: DhcpRequest): OptionEntry[] {
  const relayInfo = request.packet.options.get(Option.relayAgentInfo);
  return relayInfo ? [[Option.relayAgentInfo, relayInfo]] : [];
}
