import { type Ipv4, ipv4Bytes } from '../net/ipv4.ts';

/** A UDP datagram as it travelled. */
export interface CapturedDatagram {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly source: Ipv4;
  readonly sourcePort: number;
  readonly destination: Ipv4;
  readonly destinationPort: number;
  /** The payload, or as much of it as is kept. */
  readonly bytes: Uint8Array;
  /** The payload's length on the wire. */
  readonly length: number;
}

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const IP_HEADER = 20;
const HEADERS = IP_HEADER + 8;
/** Packets begin with their IP header. */
const LINKTYPE_RAW = 101;
const LONGEST = 65_535;

/**
 * A capture file as tcpdump writes it (draft-ietf-opsawg-pcap, version 2.4, microseconds). The IP and UDP headers are made
 * here: what the kernel put on the wire is not known, and the UDP checksum is left out (0, RFC 768).
 */
export function encodePcap(datagrams: readonly CapturedDatagram[]): Uint8Array {
  const size = datagrams.reduce((sum, { bytes }) => sum + RECORD_HEADER + HEADERS + bytes.length, FILE_HEADER);
  const file = new Uint8Array(size);
  const view = new DataView(file.buffer);
  view.setUint32(0, 0xa1b2c3d4);
  view.setUint16(4, 2);
  view.setUint16(6, 4);
  view.setUint32(16, LONGEST);
  view.setUint32(20, LINKTYPE_RAW);
  let at = FILE_HEADER;
  for (const datagram of datagrams) at = putRecord(file, view, at, datagram);
  return file;
}

function putRecord(file: Uint8Array, view: DataView, at: number, datagram: CapturedDatagram): number {
  const { time, bytes, length } = datagram;
  const micros = Math.round(time * 1000);
  view.setUint32(at, Math.floor(micros / 1_000_000));
  view.setUint32(at + 4, micros % 1_000_000);
  view.setUint32(at + 8, HEADERS + bytes.length);
  view.setUint32(at + 12, HEADERS + length);
  const ip = at + RECORD_HEADER;
  view.setUint16(ip, 0x4500);
  view.setUint16(ip + 2, HEADERS + length);
  view.setUint16(ip + 6, 0x4000);
  view.setUint16(ip + 8, (64 << 8) | 17);
  file.set(ipv4Bytes(datagram.source), ip + 12);
  file.set(ipv4Bytes(datagram.destination), ip + 16);
  view.setUint16(ip + 10, headerChecksum(view, ip));
  const udp = ip + IP_HEADER;
  view.setUint16(udp, datagram.sourcePort);
  view.setUint16(udp + 2, datagram.destinationPort);
  view.setUint16(udp + 4, 8 + length);
  file.set(bytes, udp + 8);
  return udp + 8 + bytes.length;
}

/** RFC 1071, of a header whose checksum is still 0. */
function headerChecksum(view: DataView, at: number): number {
  let sum = 0;
  for (let index = 0; index < IP_HEADER; index += 2) sum += view.getUint16(at + index);
  sum = (sum & 0xffff) + (sum >>> 16);
  return ~(sum + (sum >>> 16)) & 0xffff;
}
