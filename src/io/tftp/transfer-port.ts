import type { Ipv4 } from '../../net/ipv4.ts';

/** A client's end of a transfer. */
export interface Peer {
  /** Dotted. */
  readonly host: string;
  readonly address: Ipv4;
  readonly port: number;
}

/** One UDP port that transfers answer from. Packets are written in place, so that a block is copied once. */
export interface TransferPort {
  readonly port: number;
  /** Memory for a packet of that many octets, good until send(). undefined: too much is waiting, the packet is lost. */
  reserve(length: number): Buffer | undefined;
  /** Sends what was reserved last. What the kernel refuses (no route, larger than the MTU) is lost, as on the wire. */
  send(to: Peer): void;
  /** Tries to send what is waiting, and closes. */
  close(): void;
}

/** What came in. The bytes are good during the call only. */
export type OnDatagram = (bytes: Buffer, address: Ipv4, port: number) => void;

/** Opens a port of that number, 0: any. Rejects with the system's error, whose `code` is like "EADDRINUSE". */
export type OpenTransferPort = (port: number, onDatagram: OnDatagram) => Promise<TransferPort>;
