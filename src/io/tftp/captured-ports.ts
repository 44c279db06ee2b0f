import type { Ipv4 } from '../../net/ipv4.ts';
import { opcodes } from '../../wire/tftp/packet.ts';
import type { Peer } from './transfer-port.ts';
import type { TransferPorts, TransferSocket } from './transfer-ports.ts';

/** A datagram of a client, or for it. The bytes are good for as long as the turn of the event loop. */
export interface TftpPassing {
  readonly source: Ipv4;
  readonly sourcePort: number;
  readonly destination: Ipv4;
  readonly destinationPort: number;
  readonly bytes: Uint8Array;
  /** Of the datagram, where not all of it is in `bytes`. */
  readonly length?: number | undefined;
}

/** Takes a datagram for the record of the client at that address. Never throws, never waits. */
export type CaptureTftp = (client: Ipv4, datagram: TftpPassing) => void;

/** Of a block, opcode and number. What is in the file is nobody's business: it may be an answer file with its token. */
const BLOCK_HEAD = 4;
/** Blocks that were sent again, of one transfer. */
const MOST_RESENT = 20;

/**
 * The same ports, with what tells the course of a transfer recorded: OACK and ERROR, the first and the last block and their
 * acknowledgements, and blocks that are sent again. All the other blocks only pass a comparison.
 */
export function captureTransfers(ports: TransferPorts, local: Ipv4, capture: CaptureTftp): TransferPorts {
  const toClient = ({ address, port }: Peer, sourcePort: number, bytes: Uint8Array, length?: number) =>
    capture(address, { source: local, sourcePort, destination: address, destinationPort: port, bytes, length });
  return {
    open: (peer, onPacket) => {
      const course = createCourse();
      const socket: TransferSocket = ports.open(peer, (bytes) => {
        if (course.isWorthHearing(bytes)) {
          // Good during the call only.
          const copy = Uint8Array.from(bytes);
          const { address: source, port: sourcePort } = peer;
          const end = { destination: local, destinationPort: socket.port };
          capture(source, { source, sourcePort, ...end, bytes: copy });
        }
        onPacket(bytes);
      });
      let packet: Buffer | undefined;
      return {
        ...socket,
        reserve: (length) => {
          packet = socket.reserve(length);
          return packet;
        },
        send: () => {
          const kept = packet === undefined ? undefined : course.keptOf(packet);
          if (packet && kept) toClient(peer, socket.port, Uint8Array.from(kept), packet.length);
          socket.send();
        },
      };
    },
    tell: (peer, bytes) => {
      const port = ports.tell(peer, bytes);
      toClient(peer, port, bytes);
      return port;
    },
    close: () => ports.close(),
  };
}

/** Which packets of a transfer are worth keeping. */
function createCourse() {
  /** Of a whole block; the last one is shorter. */
  let fullLength = 0;
  let lastSent = -1;
  let finalBlock = -1;
  let resent = 0;
  return {
    keptOf: (packet: Buffer): Buffer | undefined => {
      if (packet[1] !== opcodes.data) return packet;
      const block = ((packet[2] ?? 0) << 8) | (packet[3] ?? 0);
      const isFirst = fullLength === 0;
      const isAgain = block === lastSent;
      const isFinal = packet.length < fullLength;
      if (isFirst) fullLength = packet.length;
      if (isFinal) finalBlock = block;
      lastSent = block;
      if (isAgain && ++resent > MOST_RESENT) return undefined;
      return isFirst || isFinal || isAgain ? packet.subarray(0, BLOCK_HEAD) : undefined;
    },
    isWorthHearing: (bytes: Buffer): boolean => {
      if (bytes[1] !== opcodes.ack) return true;
      const block = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
      return block <= 1 || block === finalBlock;
    },
  };
}
