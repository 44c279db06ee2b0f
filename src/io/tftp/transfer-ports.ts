import { formatIpv4, type Ipv4 } from '../../net/ipv4.ts';
import { encodeError, errorCodes, opcodes } from '../../wire/tftp/packet.ts';
import { loadNative } from '../native/native.ts';
import { nativeTransferPorts } from './native-transfer-port.ts';
import { plainTransferPorts } from './plain-transfer-port.ts';
import type { OpenTransferPort, Peer, TransferPort } from './transfer-port.ts';

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** The server's end of one transfer. */
export interface TransferSocket {
  /** Ours. */
  readonly port: number;
  /** See TransferPort.reserve. */
  reserve(length: number): Buffer | undefined;
  /** Sends what was reserved last to the client. */
  send(): void;
  /** The client's packets are dropped from now on. */
  close(): void;
}

export interface TransferPorts {
  /** Opens an end that only this client talks to; `onPacket` gets bytes that are good during the call only. */
  open(peer: Peer, onPacket: (bytes: Buffer) => void): TransferSocket;
  /** Sends one packet that belongs to no transfer. Gives the port of ours that it leaves from. */
  tell(peer: Peer, bytes: Uint8Array): number;
  close(): void;
}

/** Few ports, so that one system call serves many transfers; several, so that a client's next one gets another. */
const PORTS = 8;
/** Ports tried before a range counts as full. */
const TRIES = 32;
/** How long a client's late packets are still known as its own. */
const LINGER_MS = 10_000;
const MOST_LINGERING = 4096;

/**
 * Opens the ports that transfers answer from, on the address that requests come to. They are shared: a transfer is known
 * by the client's address and port together with ours, which is what RFC 1350 section 4 asks for. A client that uses
 * its port once more gets another one of ours, so that what is left of its last transfer cannot be taken for the new one.
 * Rejects with the system's error when no port can be had.
 */
export async function openTransferPorts(options: {
  readonly localAddress: string;
  readonly range?: PortRange | undefined;
  /** false: as if koffi were missing. */
  readonly native?: boolean | undefined;
}): Promise<TransferPorts> {
  const native = await loadNative(options);
  const { localAddress, range } = options;
  const open = native ? nativeTransferPorts(native, localAddress) : plainTransferPorts(localAddress);
  const ports = new SharedPorts();
  await ports.openSome(open, candidates(range));
  return ports;
}

/** Port numbers to try, 0: any. */
function candidates(range: PortRange | undefined): readonly number[] {
  if (!range) return Array.from({ length: PORTS }, () => 0);
  const count = range.last - range.first + 1;
  const start = Math.floor(Math.random() * count);
  return Array.from({ length: Math.min(count, TRIES) }, (_, offset) => range.first + ((start + offset) % count));
}

/** A client on one of the ports. */
interface Entry {
  /** undefined: its transfer is over. */
  onPacket: ((bytes: Buffer) => void) | undefined;
}

interface Shared {
  readonly port: TransferPort;
  readonly entries: Map<number, Entry>;
}

interface Lingering {
  readonly entries: Map<number, Entry>;
  readonly key: number;
  readonly entry: Entry;
  readonly untilMs: number;
}

/** One number for address and port. */
const keyOf = (address: Ipv4, port: number): number => address * 65_536 + port;

class SharedPorts implements TransferPorts {
  readonly #all: Shared[] = [];
  /** The oldest first. */
  readonly #lingering: Lingering[] = [];
  #next = 0;

  /** Opens some of these ports. Rejects when none of them can be had. */
  async openSome(open: OpenTransferPort, numbers: readonly number[]): Promise<void> {
    let refusal: unknown;
    for (const number of numbers) {
      if (this.#all.length === PORTS) return;
      try {
        const entries: Shared['entries'] = new Map();
        const port = await open(number, (bytes, address, from) => {
          const entry = entries.get(keyOf(address, from));
          if (entry) entry.onPacket?.(bytes);
          else answerStranger(port, bytes, address, from);
        });
        this.#all.push({ port, entries });
      } catch (error) {
        refusal = error;
        if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) break;
      }
    }
    if (this.#all.length === 0) throw refusal;
  }

  open(peer: Peer, onPacket: (bytes: Buffer) => void): TransferSocket {
    this.#forget(performance.now());
    const key = keyOf(peer.address, peer.port);
    const { port, entries } = this.#choose(key);
    const entry: Entry = { onPacket };
    entries.set(key, entry);
    return {
      port: port.port,
      reserve: (length) => port.reserve(length),
      send: () => port.send(peer),
      close: () => {
        if (!entry.onPacket) return;
        entry.onPacket = undefined;
        this.#lingering.push({ entries, key, entry, untilMs: performance.now() + LINGER_MS });
      },
    };
  }

  tell(peer: Peer, bytes: Uint8Array): number {
    const { port } = this.#choose(keyOf(peer.address, peer.port));
    sendBytes(port, peer, bytes);
    return port.port;
  }

  close(): void {
    for (const { port, entries } of this.#all) {
      entries.clear();
      port.close();
    }
  }

  /** In turns; one that the client has not used lately, if there is one. */
  #choose(key: number): Shared {
    const all = this.#all;
    this.#next = (this.#next + 1) % all.length;
    const inTurn = [...all.slice(this.#next), ...all.slice(0, this.#next)];
    const [first] = inTurn;
    const chosen =
      inTurn.find(({ entries }) => !entries.has(key)) ??
      inTurn.find(({ entries }) => !entries.get(key)?.onPacket) ??
      first;
    if (!chosen) throw new Error('no port is open');
    return chosen;
  }

  #forget(nowMs: number): void {
    for (let oldest = this.#lingering[0]; oldest; oldest = this.#lingering[0]) {
      if (oldest.untilMs > nowMs && this.#lingering.length <= MOST_LINGERING) return;
      this.#lingering.shift();
      // The client may have a new transfer on that port.
      if (oldest.entries.get(oldest.key) === oldest.entry) oldest.entries.delete(oldest.key);
    }
  }
}

/**
 * RFC 1350 section 4: who talks to a port without having a transfer there is told so. ERROR packets are never answered,
 * and nothing can be sent to port 0.
 */
function answerStranger(port: TransferPort, bytes: Buffer, address: Ipv4, from: number): void {
  if (bytes[1] === opcodes.error || from === 0) return;
  const peer = { host: formatIpv4(address), address, port: from };
  sendBytes(port, peer, encodeError(errorCodes.unknownTransfer, 'unknown transfer'));
}

function sendBytes(port: TransferPort, peer: Peer, bytes: Uint8Array): void {
  const room = port.reserve(bytes.length);
  if (!room) return;
  room.set(bytes);
  port.send(peer);
}
