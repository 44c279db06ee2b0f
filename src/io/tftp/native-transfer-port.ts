import { ipv4 } from '../../net/ipv4.ts';
import { type Closable, check, type Native } from '../native/native.ts';
import { AF, boundTo, growBuffers, MSG_DONTWAIT, openSocket, SOCK, socketAddress } from '../native/socket.ts';
import { createIncoming, createOutgoing, type Incoming, type Outgoing, VECTOR_LENGTH } from './packet-vector.ts';
import type { OnDatagram, OpenTransferPort, Peer, TransferPort } from './transfer-port.ts';

/** After so many receives the event loop gets its turn; the descriptor is still readable and comes again. */
const BATCHES_A_TURN = 4;
const BUFFER_BYTES = 4 << 20;
/** How long a full send buffer gets to empty itself: at 1 Gbit/s 125 kB leave meanwhile. */
const RETRY_MS = 1;

/**
 * Ports on sockets of our own: one recvmmsg(2) takes the acknowledgements that have come, one sendmmsg(2) sends the
 * blocks that answer them.
 */
export function nativeTransferPorts(native: Native, localAddress: string): OpenTransferPort {
  const incoming = createIncoming(native);
  const address = ipv4(localAddress);
  return async (port, onDatagram) => {
    const fd = openSocket(native, AF.INET, SOCK.DGRAM);
    try {
      growBuffers(native, fd, BUFFER_BYTES);
      check(native, 'bind()', native.libc.bind(fd, socketAddress(address, port), 16));
      return new NativeTransferPort(native, fd, incoming, onDatagram);
    } catch (error) {
      native.libc.close(fd);
      throw error;
    }
  };
}

class NativeTransferPort implements TransferPort {
  readonly port: number;
  readonly #native: Native;
  readonly #fd: number;
  /** Shared by all ports: a receive and what it leads to are over before the next one. */
  readonly #incoming: Incoming;
  readonly #outgoing: Outgoing;
  readonly #onDatagram: OnDatagram;
  readonly #poll: Closable;
  /** Somebody will flush: the receiving turn, a microtask, or the timer. */
  #isFlushDue = false;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(native: Native, fd: number, incoming: Incoming, onDatagram: OnDatagram) {
    this.port = boundTo(native, fd).port;
    this.#native = native;
    this.#fd = fd;
    this.#incoming = incoming;
    this.#outgoing = createOutgoing(native);
    this.#onDatagram = onDatagram;
    this.#poll = native.onReadable(fd, () => this.#receive());
  }

  reserve(length: number): Buffer | undefined {
    if (this.#isClosed) return undefined;
    const room = this.#outgoing.reserve(length);
    if (room) return room;
    if (!this.#retry) this.#flush();
    return this.#outgoing.reserve(length);
  }

  send(to: Peer): void {
    this.#outgoing.add(to.address, to.port);
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    queueMicrotask(() => this.#flushIfDue());
  }

  close(): void {
    if (this.#isClosed) return;
    this.#flush();
    clearTimeout(this.#retry);
    this.#isClosed = true;
    this.#poll.close();
    this.#native.libc.close(this.#fd);
  }

  #receive(): void {
    const { libc } = this.#native;
    const incoming = this.#incoming;
    for (let turn = 0; turn < BATCHES_A_TURN && !this.#isClosed; turn++) {
      incoming.reset();
      // -1 is EAGAIN, or an error of one datagram that the kernel forgets once it is read.
      const count = libc.recvmmsg(this.#fd, incoming.pointer, VECTOR_LENGTH, MSG_DONTWAIT, null);
      if (count <= 0) return;
      this.#isFlushDue = true;
      try {
        for (let index = 0; index < count; index++) {
          this.#onDatagram(incoming.bytes(index), incoming.address(index), incoming.port(index));
        }
      } finally {
        this.#flushIfDue();
      }
    }
  }

  #flushIfDue(): void {
    this.#isFlushDue = false;
    if (!this.#isClosed && !this.#retry) this.#flush();
  }

  #flush(): void {
    const outgoing = this.#outgoing;
    const { libc } = this.#native;
    while (outgoing.waiting > 0) {
      const sent = libc.sendmmsg(this.#fd, outgoing.pointer(), outgoing.waiting, MSG_DONTWAIT);
      if (sent <= 0 && this.#mustWait()) return;
      // The kernel stops at the first packet that it refuses; asked again, that one is the first. It is given up.
      outgoing.drop(Math.max(sent, 1));
    }
  }

  /** The send buffer is full: the rest goes out when some of it has left. */
  #mustWait(): boolean {
    const code = this.#native.errno();
    if (code !== 'EAGAIN' && code !== 'ENOBUFS') return false;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#flushIfDue();
    }, RETRY_MS);
    return true;
  }
}
