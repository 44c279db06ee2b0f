/** A UDP datagram or TCP segment as it was on the wire. */
export interface Seen {
  /** Seconds since 1970. */
  readonly time: number;
  readonly over: 'udp' | 'tcp';
  readonly src: string;
  readonly sport: number;
  readonly dst: string;
  readonly dport: number;
  readonly payload: Buffer;
  /** Of TCP: the number of its first byte. The same number again is the same segment, sent again. */
  readonly number?: number;
}

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const ETHERNET = 14;
const PROTOCOLS: Readonly<Record<number, Seen['over']>> = { 6: 'tcp', 17: 'udp' };

/** Reads what tcpdump wrote on this host (microseconds, Ethernet). Whatever is no whole IPv4 datagram is left out. */
export function readPcap(file: Buffer): Seen[] {
  const found: Seen[] = [];
  for (let at = FILE_HEADER; at + RECORD_HEADER <= file.length; ) {
    const length = file.readUInt32LE(at + 8);
    const time = file.readUInt32LE(at) + file.readUInt32LE(at + 4) / 1e6;
    const frame = file.subarray(at + RECORD_HEADER, at + RECORD_HEADER + length);
    const seen = readFrame(frame, time);
    if (seen !== undefined) found.push(seen);
    at += RECORD_HEADER + length;
  }
  return found;
}

function readFrame(frame: Buffer, time: number): Seen | undefined {
  if (frame.length < ETHERNET + 28 || frame.readUInt16BE(12) !== 0x0800) return undefined;
  const packet = frame.subarray(ETHERNET, ETHERNET + frame.readUInt16BE(ETHERNET + 2));
  const over = PROTOCOLS[packet.readUInt8(9)];
  // The second half of a datagram has no ports.
  if (over === undefined || (packet.readUInt16BE(6) & 0x1fff) !== 0) return undefined;
  const body = packet.subarray((packet.readUInt8(0) & 15) * 4);
  if (body.length < (over === 'udp' ? 8 : 20)) return undefined;
  const header = over === 'udp' ? 8 : (body.readUInt8(12) >> 4) * 4;
  return {
    time,
    over,
    src: [...packet.subarray(12, 16)].join('.'),
    sport: body.readUInt16BE(0),
    dst: [...packet.subarray(16, 20)].join('.'),
    dport: body.readUInt16BE(2),
    payload: body.subarray(header),
    ...(over === 'tcp' && { number: body.readUInt32BE(4) }),
  };
}
