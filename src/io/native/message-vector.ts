import { type Ipv4, ipv4At } from '../../net/ipv4.ts';
import type { Native } from './native.ts';

/** Datagrams in one call. 64 is what one group commit releases; more gains nothing measurable. */
export const VECTOR_LENGTH = 64;
/** No DHCP message and no TFTP block that fits an Ethernet frame is longer, jumbo frames aside. */
export const SLOT_SIZE = 4096;

const HEADER_SIZE = 64;

/** What came in or goes out. */
export interface VectorSlot {
  readonly bytes: Uint8Array;
  readonly address: Ipv4;
  readonly port: number;
}

/**
 * Memory for recvmmsg(2) and sendmmsg(2), laid out once: struct mmsghdr on 64-bit Linux is
 *
 *     0 msg_name (8)   8 msg_namelen (4+4)   16 msg_iov (8)   24 msg_iovlen (8)
 *     32 msg_control (8)   40 msg_controllen (8)   48 msg_flags (4+4)   56 msg_len (4+4)
 */
export interface MessageVector {
  /** The address of the first struct mmsghdr. */
  readonly pointer: bigint;
  /** Before each receive: the kernel overwrites the length of the sender's address. */
  reset(): void;
  /** What slot `index` received. The bytes are a copy. undefined: the datagram was longer than a slot. */
  read(index: number): VectorSlot | undefined;
  /** Fills slot `index` for sending. The caller has checked that the bytes fit. */
  write(index: number, slot: VectorSlot): void;
}

export function createMessageVector(native: Native): MessageVector {
  const data = Buffer.allocUnsafeSlow(VECTOR_LENGTH * SLOT_SIZE);
  const names = Buffer.allocUnsafeSlow(VECTOR_LENGTH * 16).fill(0);
  const parts = Buffer.allocUnsafeSlow(VECTOR_LENGTH * 16).fill(0);
  const headers = Buffer.allocUnsafeSlow(VECTOR_LENGTH * HEADER_SIZE).fill(0);
  const words = new Uint32Array(headers.buffer, headers.byteOffset, headers.length / 4);
  const partWords = new Uint32Array(parts.buffer, parts.byteOffset, parts.length / 4);
  const [dataAt, namesAt, partsAt] = [native.addressOf(data), native.addressOf(names), native.addressOf(parts)];
  for (let index = 0; index < VECTOR_LENGTH; index++) {
    parts.writeBigUInt64LE(dataAt + BigInt(index * SLOT_SIZE), index * 16);
    parts.writeBigUInt64LE(BigInt(SLOT_SIZE), index * 16 + 8);
    headers.writeBigUInt64LE(namesAt + BigInt(index * 16), index * HEADER_SIZE);
    headers.writeUInt32LE(16, index * HEADER_SIZE + 8);
    headers.writeBigUInt64LE(partsAt + BigInt(index * 16), index * HEADER_SIZE + 16);
    headers.writeBigUInt64LE(1n, index * HEADER_SIZE + 24);
    names[index * 16] = 2;
  }
  return {
    pointer: native.addressOf(headers),
    reset: () => {
      for (let index = 0; index < VECTOR_LENGTH; index++) words[index * 16 + 2] = 16;
    },
    read: (index) => {
      const MSG_TRUNC = 0x20;
      if (((words[index * 16 + 12] ?? 0) & MSG_TRUNC) !== 0) return undefined;
      const start = index * SLOT_SIZE;
      const bytes = Buffer.from(data.subarray(start, start + (words[index * 16 + 14] ?? 0)));
      return { bytes, address: ipv4At(names, index * 16 + 4), port: names.readUInt16BE(index * 16 + 2) };
    },
    write: (index, { bytes, address, port }) => {
      data.set(bytes, index * SLOT_SIZE);
      partWords[index * 4 + 2] = bytes.length;
      names.writeUInt16BE(port, index * 16 + 2);
      names.writeUInt32BE(address, index * 16 + 4);
    },
  };
}
