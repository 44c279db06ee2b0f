import { ANY, BROADCAST, type Ipv4 } from '../../net/ipv4.ts';
import type { Mac } from '../../net/mac.ts';
import { ETHERTYPE, linkAddress, MSG_DONTWAIT, SOCK } from '../native/socket.ts';
import { BROADCAST_MAC, encodeUdpFrame, HEADERS_SIZE } from './frame.ts';
import { openPacketSocket, type PacketSocketOptions, type Unavailable } from './packet-socket.ts';

/** A datagram for a machine whose address the kernel cannot resolve: it does not have it yet. */
export interface RawDatagram {
  readonly mac: Mac;
  readonly sourceAddress: Ipv4;
  readonly destinationAddress: Ipv4;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

/** On `refused` the caller broadcasts instead (pxe.md 1.2). */
export type RawSendResult = { readonly kind: 'sent' } | { readonly kind: 'refused'; readonly reason: string };

export interface RawSender {
  readonly kind: 'raw';
  sendTo(datagram: RawDatagram): RawSendResult;
  /** To 255.255.255.255 and ff:ff:ff:ff:ff:ff; the source address is 0.0.0.0 unless given, the source MAC the interface's own. */
  sendRawBroadcast(
    datagram: Pick<RawDatagram, 'sourcePort' | 'destinationPort' | 'payload'> & {
      readonly sourceMac?: Mac | undefined;
      readonly sourceAddress?: Ipv4 | undefined;
    },
  ): RawSendResult;
  close(): void;
}

/**
 * Sends UDP in Ethernet frames of our own (AF_PACKET). One per interface, opened while we are root; needs CAP_NET_RAW only
 * to open. It leaves no entry in the ARP table. Throws ProvisionError `no-interface`.
 */
export async function openRawSender(options: PacketSocketOptions): Promise<RawSender | Unavailable> {
  const socket = await openPacketSocket(options, { type: SOCK.RAW, etherType: 0 });
  if (socket.kind === 'unavailable') return socket;
  const { native, fd, index, mtu } = socket;
  let isClosed = false;
  const send = (datagram: RawDatagram, sourceMac: Mac): RawSendResult => {
    const room = mtu - HEADERS_SIZE;
    if (isClosed) return { kind: 'refused', reason: 'the socket is closed' };
    if (datagram.payload.length > room) {
      return {
        kind: 'refused',
        reason: `${datagram.payload.length} octets do not fit into the ${room} that the MTU leaves`,
      };
    }
    const frame = encodeUdpFrame({ ...datagram, sourceMac });
    const to = linkAddress(index, ETHERTYPE.IPV4, frame.subarray(0, 6));
    const sent = native.libc.sendto(fd, frame, frame.length, MSG_DONTWAIT, to, to.length);
    return sent === -1
      ? { kind: 'refused', reason: `the system refused the frame: ${native.errno()}` }
      : { kind: 'sent' };
  };
  return {
    kind: 'raw',
    sendTo: (datagram) => {
      if (datagram.mac.length !== 17) return { kind: 'refused', reason: `${datagram.mac} is not an Ethernet address` };
      return send(datagram, socket.mac);
    },
    sendRawBroadcast: ({ sourceMac = socket.mac, sourceAddress = ANY, ...rest }) =>
      send({ ...rest, sourceAddress, destinationAddress: BROADCAST, mac: BROADCAST_MAC }, sourceMac),
    close: () => {
      if (isClosed) return;
      isClosed = true;
      native.libc.close(fd);
    },
  };
}
