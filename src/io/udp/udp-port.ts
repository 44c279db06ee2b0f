import type { Ipv4 } from '../../net/ipv4.ts';

/** A UDP payload and its other end: the sender of what came in, the receiver of what goes out. */
export interface Datagram {
  readonly bytes: Uint8Array;
  readonly address: Ipv4;
  readonly port: number;
}

/** What could not be sent, with the system's name for the reason ("ENETUNREACH"). Nothing is tried again here. */
export interface SendFailure {
  readonly datagram: Datagram;
  readonly code: string;
}

/**
 * How a socket came to be. `inherited`: opened by systemd. `native`: tied to its interface by koffi. `plain`: Node alone,
 * bound to the interface's address, with the limits that `limits` tells.
 */
export type UdpKind = 'inherited' | 'native' | 'plain';

/**
 * A UDP port on one interface. Datagrams come and go in batches: one system call for up to 64. Measured on a veth pair on
 * a busy machine (Node 24.21, 300 octets, 20,000 a second), CPU time of the server for receiving one and answering it:
 * 9.5 us with `dgram` (kind `plain`), 3.9 us this way; for receiving alone 4.6 and 2.5 us.
 */
export interface UdpPort {
  readonly kind: UdpKind;
  /** What this kind cannot do, as a sentence for the operator; undefined: nothing. */
  readonly limits: string | undefined;
  readonly port: number;
  /** Begins to receive. The handler gets at least one datagram; their bytes are its own. Call once. */
  onDatagrams(handler: (batch: readonly Datagram[]) => void): void;
  /** Sends all, in order; resolves with those that the system refused. */
  sendMany(batch: readonly Datagram[]): Promise<readonly SendFailure[]>;
  /** Resolves when the port is free again. */
  close(): Promise<void>;
}
