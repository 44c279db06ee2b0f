import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type Ipv4, ipv4 } from '../../net/ipv4.ts';
import { type Mac, macAt } from '../../net/mac.ts';
import { ProvisionError } from '../../net/provision-error.ts';
import { listInterfaces } from '../interfaces.ts';
import { ETHERTYPE, type FilterStep, MSG_DONTWAIT, SOCK } from '../native/socket.ts';
import { decodeUdpPacket } from './frame.ts';
import { openPacketSocket, type PacketSocket, type PacketSocketOptions } from './packet-socket.ts';
import { findPortHolders } from './port-holder.ts';

/** A datagram that another DHCP server sent to clients of this segment. */
export interface StrangerReply {
  readonly payload: Uint8Array;
  readonly sourceAddress: Ipv4;
  /** undefined: heard by an ordinary socket, which does not know. */
  readonly sourceMac?: Mac | undefined;
}

export interface StrangerListener {
  /** `packet`: everything on the segment that reaches this card, by this interface only. `socket`: broadcasts, by any interface. */
  readonly kind: 'packet' | 'socket';
  close(): void;
}

/**
 * Classic BPF on what begins with the IP header: UDP, not a later fragment, source port 67, destination port 68. What we
 * send ourselves is not even offered (PACKET_IGNORE_OUTGOING).
 */
const DHCP_REPLIES: readonly FilterStep[] = [
  [0x30, 0, 0, 9], //          load octet 9: protocol
  [0x15, 0, 8, 17], //         UDP, or drop
  [0x28, 0, 0, 6], //          load half word 6: flags and fragment offset
  [0x45, 6, 0, 0x1fff], //     a later fragment: drop
  [0xb1, 0, 0, 0], //          x = length of the IP header
  [0x48, 0, 0, 0], //          load half word x: source port
  [0x15, 0, 3, 67],
  [0x48, 0, 0, 2], //          load half word x + 2: destination port
  [0x15, 0, 1, 68],
  [0x06, 0, 0, 0xffffffff], // take it
  [0x06, 0, 0, 0], //          drop it
];

/**
 * Listens for other DHCP servers' replies until closed. A second server on this very computer is not heard: its packets
 * leave, and do not come in. Throws ProvisionError `no-interface`, and without packet sockets `port-in-use` when a DHCP
 * client of this computer holds port 68.
 */
export async function openStrangerListener(
  options: PacketSocketOptions,
  onReply: (reply: StrangerReply) => void,
): Promise<StrangerListener> {
  const socket = await openPacketSocket(options, { type: SOCK.DGRAM, etherType: ETHERTYPE.IPV4, filter: DHCP_REPLIES });
  return socket.kind === 'open' ? listenToPackets(socket, onReply) : listenToPort(options, onReply);
}

function listenToPackets({ native, fd }: PacketSocket, onReply: (reply: StrangerReply) => void): StrangerListener {
  const buffer = new Uint8Array(65_536);
  let isClosed = false;
  const poll = native.onReadable(fd, () => {
    for (let count = 0; count < 64 && !isClosed; count++) {
      const from = new Uint8Array(20);
      const length = native.libc.recvfrom(fd, buffer, buffer.length, MSG_DONTWAIT, from, Uint8Array.of(20, 0, 0, 0));
      if (length === -1) return;
      const packet = decodeUdpPacket(buffer.subarray(0, length));
      if (!packet) continue;
      onReply({ payload: packet.payload, sourceAddress: packet.sourceAddress, sourceMac: macAt(from, 12, 6) });
    }
  });
  return {
    kind: 'packet',
    close: () => {
      if (isClosed) return;
      isClosed = true;
      poll.close();
      native.libc.close(fd);
    },
  };
}

async function listenToPort(
  options: PacketSocketOptions,
  onReply: (reply: StrangerReply) => void,
): Promise<StrangerListener> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  socket.bind({ port: 68, exclusive: true });
  try {
    await once(socket, 'listening');
  } catch (cause) {
    socket.close();
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    const text = 'Cannot listen for other DHCP servers on UDP port 68';
    if (code !== 'EADDRINUSE') throw new ProvisionError('not-permitted', `${text}: ${code}`, { cause });
    const holders = await findPortHolders(68).catch(() => undefined);
    throw new ProvisionError('port-in-use', `${text}: it is held by ${holders ?? 'another program'}`, { cause });
  }
  const interfaces = await listInterfaces(options);
  const own = new Set(interfaces.flatMap(({ addresses }) => addresses.map(({ address }) => address)));
  socket.on('error', () => {});
  socket.on('message', (payload, from) => {
    const sourceAddress = ipv4(from.address);
    // Our own broadcasts come back to us here.
    if (from.port === 67 && !own.has(sourceAddress)) onReply({ payload, sourceAddress });
  });
  return { kind: 'socket', close: () => void socket.close() };
}
