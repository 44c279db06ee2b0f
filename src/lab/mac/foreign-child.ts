import { createSocket } from 'node:dgram';
import { formatIpv4, ipv4At, ipv4Bytes } from '../../net/ipv4.ts';
import type { ImageId } from '../../wire/bsdp/image-id.ts';
import { encodeListReply, encodeSelectReply } from '../../wire/bsdp/reply.ts';
import { type BsdpRequest, decodeBsdpRequest } from '../../wire/bsdp/request.ts';
import { BSDP_1_1 } from '../../wire/bsdp/tags.ts';
import { BSDP_SERVER_CLASS, decodeAppleClass } from '../../wire/bsdp/vendor-class.ts';
import { DecodeError } from '../../wire/decode-error.ts';
import { MessageType, Option } from '../../wire/dhcp4/option-codes.ts';
import { type DhcpPacket, decodePacket, encodeReply, optionInstances } from '../../wire/dhcp4/packet.ts';
import { u32Bytes } from '../../wire/dhcp4/values.ts';
import type { ForeignOrder } from './foreign-server.ts';

/*
 * The other server in its namespace. As a NetBoot server it answers LIST with its images, and SELECT when it is the one that
 * is meant; as a DHCP server it gives its one address to everybody. No machine is refused, and nothing is remembered.
 */

const order = JSON.parse(process.argv[2] ?? '') as ForeignOrder;
const images = order.images.map(({ index, name }) => ({
  id: { install: true, kind: 1, index } satisfies ImageId,
  name,
}));
const [first] = images;

/** Hears what is sent to everybody. */
const hearing = createSocket({ type: 'udp4', reuseAddr: true });
/** Has the address, and with it a way out for what is sent to everybody. */
const socket = createSocket({ type: 'udp4', reuseAddr: true });
for (const one of [hearing, socket]) one.on('message', take);
hearing.bind(67, '0.0.0.0', () =>
  socket.bind(67, formatIpv4(order.address), () => {
    socket.setBroadcast(true);
    process.stdout.write('ready\n');
  }),
);

function take(bytes: Uint8Array): void {
  try {
    answer(decodePacket(bytes));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
}

function answer(packet: DhcpPacket): void {
  if (packet.op !== 1) return;
  const type = packet.options.get(Option.messageType)?.[0];
  if (type === MessageType.discover) giveAddress(packet, MessageType.offer);
  else if (type === MessageType.request) giveAddress(packet, MessageType.ack);
  else if (type === MessageType.inform) offerImages(packet);
}

/** By broadcast: a client without an address hears that in any case. */
function giveAddress(packet: DhcpPacket, type: number): void {
  const { gives, address } = order;
  const wanted = packet.options.get(Option.serverIdentifier);
  if (gives === undefined || (wanted !== undefined && ipv4At(wanted, 0) !== address)) return;
  const reply = encodeReply({
    ...{ request: packet, flags: packet.flags, yiaddr: gives.address },
    options: [
      [Option.messageType, Uint8Array.of(type)],
      [Option.serverIdentifier, ipv4Bytes(address)],
      [Option.subnetMask, u32Bytes((0xffffffff << (32 - gives.prefix)) >>> 0)],
      [Option.leaseTime, u32Bytes(3_600)],
      [Option.dnsServers, ipv4Bytes(address)],
    ],
  });
  socket.send(reply, 68, '255.255.255.255');
}

function offerImages(packet: DhcpPacket): void {
  if (decodeAppleClass(packet.options.get(Option.vendorClass)).kind !== 'client') return;
  const request = decodeBsdpRequest(optionInstances(packet, Option.vendorSpecific));
  const areas = areasFor(request);
  if (areas === undefined) return;
  const isSelect = request.message === 'select';
  const reply = encodeReply({
    ...{ request: packet, flags: packet.flags, ciaddr: packet.ciaddr },
    ...(isSelect && { siaddr: order.address, file: order.file }),
    options: [
      [Option.messageType, Uint8Array.of(MessageType.ack)],
      [Option.serverIdentifier, ipv4Bytes(order.address)],
      [Option.vendorClass, BSDP_SERVER_CLASS],
      ...areas.map((area) => [Option.vendorSpecific, area] as const),
    ],
  });
  socket.send(reply, request.replyPort ?? 68, formatIpv4(packet.ciaddr));
}

function areasFor(request: BsdpRequest): readonly Uint8Array[] | undefined {
  if (first === undefined) return undefined;
  if (request.message === 'list') {
    const list = { priority: order.priority, defaultImage: first.id, images };
    return encodeListReply(list, { version: request.version ?? BSDP_1_1, room: 1_000 }).areas;
  }
  if (request.message !== 'select' || request.server !== order.address) return undefined;
  return encodeSelectReply({ image: request.selected ?? first.id });
}
