import { type Ipv4, ipv4At } from '../../net/ipv4.ts';
import type { Native } from '../native/native.ts';

/*
 * Memory for recvmmsg(2) and sendmmsg(2). struct mmsghdr on 64-bit Linux, little endian:
 *
 *     0 msg_name (8)   8 msg_namelen (4+4)   16 msg_iov (8)   24 msg_iovlen (8)
 *     32 msg_control (8)   40 msg_controllen (8)   48 msg_flags (4+4)   56 msg_len (4+4)
 *
 * Other than in io/native/message-vector.ts nothing is copied on the way in, and packets that go out are of any size
 * and are written where the kernel reads them.
 */
export const VECTOR_LENGTH = 64;
const HEADER_SIZE = 64;

/** Four packets of the largest block (65,464 octets), or 64 of Ethernet's size. */
const ARENA_BYTES = 4 * 65_536;

/** What clients send within a transfer: four octets, or an ERROR with a text. What is longer is cut off. */
const INCOMING_BYTES = 1024;

interface Vector {
  readonly pointer: bigint;
  readonly data: Buffer;
  /** struct sockaddr_in of each message: family (2), port (2), address (4), 8 unused. */
  readonly names: Buffer;
  /** struct iovec of each message: address (8), length (8). */
  readonly parts: Buffer;
  readonly words: Uint32Array;
  readonly dataAt: number;
  /** All memory that the kernel reads and writes by its address: it must live as long as the vector is used. */
  readonly memory: readonly Buffer[];
}

function createVector(native: Native, dataBytes: number): Vector {
  const data = Buffer.allocUnsafeSlow(dataBytes);
  const names = Buffer.allocUnsafeSlow(VECTOR_LENGTH * 16).fill(0);
  const parts = Buffer.allocUnsafeSlow(VECTOR_LENGTH * 16).fill(0);
  const headers = Buffer.allocUnsafeSlow(VECTOR_LENGTH * HEADER_SIZE).fill(0);
  const [namesAt, partsAt] = [native.addressOf(names), native.addressOf(parts)];
  for (let index = 0; index < VECTOR_LENGTH; index++) {
    headers.writeBigUInt64LE(namesAt + BigInt(index * 16), index * HEADER_SIZE);
    headers.writeUInt32LE(16, index * HEADER_SIZE + 8);
    headers.writeBigUInt64LE(partsAt + BigInt(index * 16), index * HEADER_SIZE + 16);
    headers.writeBigUInt64LE(1n, index * HEADER_SIZE + 24);
    names[index * 16] = 2;
  }
  const words = new Uint32Array(headers.buffer, headers.byteOffset, headers.length / 4);
  // Addresses of a process are below 2^47: exact as a number.
  const dataAt = Number(native.addressOf(data));
  const memory = [headers, names, parts, data];
  return { pointer: native.addressOf(headers), data, names, parts, words, dataAt, memory };
}

/** struct iovec `index`: `length` octets at `address`. */
function setPart(words: Uint32Array, index: number, address: number, length: number): void {
  words[index * 4] = address % 2 ** 32;
  words[index * 4 + 1] = Math.floor(address / 2 ** 32);
  words[index * 4 + 2] = length;
}

/** Messages that were received. Their bytes are views: good until the next receive. */
export interface Incoming {
  /** Keeps what `pointer` leads to. */
  readonly memory: readonly Buffer[];
  readonly pointer: bigint;
  /** Before each receive: the kernel overwrites the length of the sender's address. */
  reset(): void;
  bytes(index: number): Buffer;
  address(index: number): Ipv4;
  port(index: number): number;
}

export function createIncoming(native: Native): Incoming {
  const { pointer, data, names, parts, words, dataAt, memory } = createVector(native, VECTOR_LENGTH * INCOMING_BYTES);
  const partWords = new Uint32Array(parts.buffer, parts.byteOffset, parts.length / 4);
  const view = (index: number, length: number) =>
    data.subarray(index * INCOMING_BYTES, index * INCOMING_BYTES + length);
  const acks = Array.from({ length: VECTOR_LENGTH }, (_, index) => view(index, 4));
  for (let index = 0; index < VECTOR_LENGTH; index++) {
    setPart(partWords, index, dataAt + index * INCOMING_BYTES, INCOMING_BYTES);
  }
  return {
    memory,
    pointer,
    reset: () => {
      for (let index = 0; index < VECTOR_LENGTH; index++) words[index * 16 + 2] = 16;
    },
    bytes: (index) => {
      const length = words[index * 16 + 14] ?? 0;
      return (length === 4 ? acks[index] : undefined) ?? view(index, length);
    },
    address: (index) => ipv4At(names, index * 16 + 4),
    port: (index) => ((names[index * 16 + 2] ?? 0) << 8) | (names[index * 16 + 3] ?? 0),
  };
}

/** Packets that wait to be sent, in order. */
export interface Outgoing {
  /** Keeps what `pointer` leads to. */
  readonly memory: readonly Buffer[];
  readonly waiting: number;
  /** Memory for the next packet; undefined: there is no room. */
  reserve(length: number): Buffer | undefined;
  /** Puts what was reserved last into the queue. */
  add(address: Ipv4, port: number): void;
  /** Where the waiting messages begin. */
  pointer(): bigint;
  /** The first `count` were sent, or given up. */
  drop(count: number): void;
}

export function createOutgoing(native: Native): Outgoing {
  const { pointer, data, names, parts, dataAt, memory } = createVector(native, ARENA_BYTES);
  const partWords = new Uint32Array(parts.buffer, parts.byteOffset, parts.length / 4);
  let [first, end, used, reserved] = [0, 0, 0, 0];
  return {
    memory,
    get waiting() {
      return end - first;
    },
    reserve: (length) => {
      if (end === VECTOR_LENGTH || used + length > ARENA_BYTES) return undefined;
      reserved = length;
      return data.subarray(used, used + length);
    },
    add: (address, port) => {
      setPart(partWords, end, dataAt + used, reserved);
      names.writeUInt16BE(port, end * 16 + 2);
      names.writeUInt32BE(address, end * 16 + 4);
      used += reserved;
      reserved = 0;
      end++;
    },
    pointer: () => (first === 0 ? pointer : pointer + BigInt(first * HEADER_SIZE)),
    drop: (count) => {
      first += count;
      if (first === end) [first, end, used] = [0, 0, 0];
    },
  };
}
