import { type Ipv4, ipv4Bytes } from '../../net/ipv4.ts';
import type { Mac } from '../../net/mac.ts';

/*
 * Ethernet (14) + IPv4 without options (20, RFC 791 3.1) + UDP (8, RFC 768):
 *
 *     0  destination MAC (6)   6 source MAC (6)   12 0800
 *     14 45 00 length(2) id(2) flags+offset(2) ttl 11 checksum(2) source(4) destination(4)
 *     34 source port(2) destination port(2) length(2) checksum(2)   42 payload
 */

/** The octets of the IPv4 and UDP headers: what a payload needs besides itself within the MTU. */
export const HEADERS_SIZE = 28;
const ETHERNET_SIZE = 14;

/** ff:ff:ff:ff:ff:ff: everybody on the segment. */
export const BROADCAST_MAC = 'ff:ff:ff:ff:ff:ff' as Mac;

/** A UDP datagram and the way it takes on the segment. */
export interface UdpFrame {
  readonly mac: Mac;
  readonly sourceMac: Mac;
  readonly sourceAddress: Ipv4;
  readonly destinationAddress: Ipv4;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

/**
 * The whole Ethernet frame. Both checksums are right: GRUB verifies them, and a UDP checksum that comes out as 0 is sent
 * as ffff (RFC 768). Never fragmented: the caller has compared `payload.length + HEADERS_SIZE` with the MTU.
 */
export function encodeUdpFrame(frame: UdpFrame): Uint8Array {
  const udpLength = 8 + frame.payload.length;
  const bytes = new Uint8Array(ETHERNET_SIZE + 20 + udpLength);
  const view = new DataView(bytes.buffer);
  putMac(bytes, 0, frame.mac);
  putMac(bytes, 6, frame.sourceMac);
  view.setUint16(12, 0x0800);
  view.setUint16(14, 0x4500);
  view.setUint16(16, 20 + udpLength);
  // Don't fragment, and therefore identification 0 (RFC 6864 4.1).
  view.setUint16(20, 0x4000);
  // One hop is enough on the segment, but some firmware's stacks drop a TTL below 2; 64 is the usual value (RFC 1700).
  view.setUint16(22, (64 << 8) | 17);
  bytes.set(ipv4Bytes(frame.sourceAddress), 26);
  bytes.set(ipv4Bytes(frame.destinationAddress), 30);
  view.setUint16(24, checksum(bytes, 14, 34, 0));
  view.setUint16(34, frame.sourcePort);
  view.setUint16(36, frame.destinationPort);
  view.setUint16(38, udpLength);
  bytes.set(frame.payload, 42);
  // The pseudo header: both addresses (they stand at 26-34), protocol 17, UDP length.
  view.setUint16(40, checksum(bytes, 26, bytes.length, 17 + udpLength) || 0xffff);
  return bytes;
}

/** The six octets of a canonical MAC, without the arrays that `macBytes` makes: this runs for every answer. */
function putMac(bytes: Uint8Array, offset: number, mac: Mac): void {
  for (let index = 0; index < 6; index++) {
    bytes[offset + index] = (hexDigit(mac.charCodeAt(index * 3)) << 4) | hexDigit(mac.charCodeAt(index * 3 + 1));
  }
}

/** 0-15 for the character code of 0-9 and a-f. */
function hexDigit(code: number): number {
  return code < 58 ? code - 48 : code - 87;
}

/** RFC 1071: the one's complement of the one's complement sum of 16-bit words; an odd last octet counts as the high one. */
function checksum(bytes: Uint8Array, from: number, to: number, start: number): number {
  let sum = start;
  for (let index = from; index < to; index += 2) {
    sum += ((bytes[index] ?? 0) << 8) | (index + 1 < to ? (bytes[index + 1] ?? 0) : 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

/** The UDP datagram in an IPv4 packet (without Ethernet header). */
export interface UdpPacket {
  readonly sourceAddress: Ipv4;
  readonly destinationAddress: Ipv4;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** A copy. */
  readonly payload: Uint8Array;
}

/**
 * Reads what a packet socket heard; undefined when it is not one whole UDP datagram over IPv4. Checksums are not looked
 * at: the network card has done so, and between virtual machines they are not even filled in.
 */
export function decodeUdpPacket(bytes: Uint8Array): UdpPacket | undefined {
  if (bytes.length < HEADERS_SIZE) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = (view.getUint8(0) & 15) * 4;
  const totalLength = view.getUint16(2);
  const isFragment = (view.getUint16(6) & 0x3fff) !== 0;
  if (view.getUint8(0) >>> 4 !== 4 || headerLength < 20 || isFragment || view.getUint8(9) !== 17) return undefined;
  if (totalLength > bytes.length || totalLength < headerLength + 8) return undefined;
  const udpLength = view.getUint16(headerLength + 4);
  if (udpLength < 8 || headerLength + udpLength > totalLength) return undefined;
  return {
    sourceAddress: view.getUint32(12) as Ipv4,
    destinationAddress: view.getUint32(16) as Ipv4,
    sourcePort: view.getUint16(headerLength),
    destinationPort: view.getUint16(headerLength + 2),
    payload: bytes.slice(headerLength + 8, headerLength + udpLength),
  };
}
