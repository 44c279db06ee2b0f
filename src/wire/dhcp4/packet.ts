import { ANY, type Ipv4, ipv4At } from '../../net/ipv4.ts';
import { DecodeError } from '../decode-error.ts';
import { type MessageName, MessageType, Option } from './option-codes.ts';
import { encodedLength, joinRepeated, type Options, type Repeated, readOptions, writeOption } from './options.ts';

/**
 * A BOOTP/DHCP message (RFC 951, RFC 2131 2):
 *
 *    0 op 1 | htype 1 | hlen 1 | hops 1
 *    4 xid 4
 *    8 secs 2 | flags 2
 *   12 ciaddr 4 | 16 yiaddr 4 | 20 siaddr 4 | 24 giaddr 4
 *   28 chaddr 16
 *   44 sname 64
 *  108 file 128
 *  236 cookie 63 82 53 63, then options
 *
 * Field names are the RFC's, so that they match tcpdump and Wireshark.
 */
export interface DhcpPacket {
  /** 1 request, 2 reply. */
  readonly op: number;
  readonly htype: number;
  readonly hlen: number;
  readonly hops: number;
  readonly xid: number;
  readonly secs: number;
  readonly flags: number;
  readonly ciaddr: Ipv4;
  readonly yiaddr: Ipv4;
  readonly siaddr: Ipv4;
  readonly giaddr: Ipv4;
  /** Always sixteen bytes. */
  readonly chaddr: Uint8Array;
  /** As text up to the first NUL; empty when it carried options (option 52). */
  readonly sname: string;
  readonly file: string;
  /** All option areas joined. Empty for a plain BOOTP message. */
  readonly options: Options;
  /** Of options that came more than once, the pieces that `options` has joined. */
  readonly repeated: Repeated;
  /** False when a length ran past its area: only what stood before it was read. */
  readonly isWhole: boolean;
}

/** The broadcast bit of `flags`. */
export const BROADCAST_FLAG = 0x8000;

const HEADER_BYTES = 236;
const SNAME = 44;
const FILE = 108;
const COOKIE = [0x63, 0x82, 0x53, 0x63] as const;
const EMPTY: Options = new Map();
const NONE: Repeated = new Map();

/** Decodes a datagram. The result keeps no reference to `datagram`. Throws DecodeError for what is no BOOTP message at all. */
export function decodePacket(datagram: Uint8Array): DhcpPacket {
  if (datagram.length < HEADER_BYTES) throw new DecodeError(datagram.length, `a BOOTP header of ${HEADER_BYTES} bytes`);
  const bytes = datagram.slice();
  const op = bytes[0] ?? 0;
  if (op !== 1 && op !== 2) throw new DecodeError(0, 'op 1 (request) or 2 (reply)');
  const hlen = bytes[2] ?? 0;
  if (hlen > 16) throw new DecodeError(2, 'a hardware address of at most 16 bytes');
  const area = readAllOptions(bytes);
  const overload = area.options.get(Option.overload)?.[0] ?? 0;
  return {
    op,
    htype: bytes[1] ?? 0,
    hlen,
    hops: bytes[3] ?? 0,
    xid: ipv4At(bytes, 4),
    secs: u16At(bytes, 8),
    flags: u16At(bytes, 10),
    ciaddr: ipv4At(bytes, 12),
    yiaddr: ipv4At(bytes, 16),
    siaddr: ipv4At(bytes, 20),
    giaddr: ipv4At(bytes, 24),
    chaddr: bytes.subarray(28, 44),
    sname: overload & 2 ? '' : textAt(bytes, SNAME, FILE),
    file: overload & 1 ? '' : textAt(bytes, FILE, HEADER_BYTES),
    options: area.options,
    repeated: area.repeated,
    isWhole: area.isWhole,
  };
}

interface Area {
  readonly options: Options;
  readonly repeated: Repeated;
  readonly isWhole: boolean;
}

/** Options area, then `file`, then `sname` where option 52 says that they carry options (RFC 3396 5). */
function readAllOptions(bytes: Uint8Array): Area {
  if (!COOKIE.every((byte, index) => bytes[HEADER_BYTES + index] === byte)) {
    return { options: EMPTY, repeated: NONE, isWhole: true };
  }
  const options = new Map<number, Uint8Array>();
  const repeated = new Map<number, Uint8Array[]>();
  let isWhole = readOptions(bytes.subarray(HEADER_BYTES + 4), options, repeated);
  const overload = options.get(Option.overload)?.[0] ?? 0;
  if (overload & 1) isWhole = readOptions(bytes.subarray(FILE, HEADER_BYTES), options, repeated) && isWhole;
  if (overload & 2) isWhole = readOptions(bytes.subarray(SNAME, FILE), options, repeated) && isWhole;
  joinRepeated(options, repeated);
  return { options, repeated, isWhole };
}

/** An option's values, one for each time that it stands in the packet. Empty when it is absent. */
export function optionInstances(packet: DhcpPacket, code: number): readonly Uint8Array[] {
  const only = packet.options.get(code);
  return packet.repeated.get(code) ?? (only === undefined ? [] : [only]);
}

/** What a reply consists of. Options are written in the order given. */
export interface DhcpReply {
  /** The message that is answered: htype, hlen, chaddr, xid and giaddr are copied from it. */
  readonly request: DhcpPacket;
  readonly flags: number;
  readonly ciaddr?: Ipv4;
  readonly yiaddr?: Ipv4;
  readonly siaddr?: Ipv4;
  /** ASCII, at most 63 bytes. */
  readonly sname?: string;
  /** ASCII, at most 127 bytes: shim and GRUB read this field and nothing else. */
  readonly file?: string;
  readonly options: readonly (readonly [code: number, value: Uint8Array])[];
}

/** Old relays and BOOTP clients drop shorter messages (RFC 1542 2.1; dnsmasq keeps to it too). */
export const MIN_PACKET_BYTES = 300;

/**
 * Encodes a reply of at least 300 bytes. Option 82 must be the last in the list (RFC 3046 2.2).
 * Throws RangeError when sname or file do not fit their fields.
 */
export function encodeReply(reply: DhcpReply): Uint8Array {
  const { request } = reply;
  let size = HEADER_BYTES + 5;
  for (const [, value] of reply.options) size += encodedLength(value);
  const bytes = new Uint8Array(Math.max(size, MIN_PACKET_BYTES));
  bytes[0] = 2;
  bytes[1] = request.htype;
  bytes[2] = request.hlen;
  writeU32(bytes, 4, request.xid);
  bytes[10] = reply.flags >>> 8;
  bytes[11] = reply.flags & 255;
  writeU32(bytes, 12, reply.ciaddr ?? ANY);
  writeU32(bytes, 16, reply.yiaddr ?? ANY);
  writeU32(bytes, 20, reply.siaddr ?? ANY);
  writeU32(bytes, 24, request.giaddr);
  bytes.set(request.chaddr, 28);
  if (reply.sname) writeText(bytes, SNAME, 63, reply.sname);
  if (reply.file) writeText(bytes, FILE, 127, reply.file);
  bytes.set(COOKIE, HEADER_BYTES);
  let at = HEADER_BYTES + 4;
  for (const [code, value] of reply.options) at = writeOption(bytes, at, code, value);
  bytes[at] = Option.end;
  return bytes;
}

/** How many bytes a reply takes before padding: what is held against the client's limit. */
export function replyBytes(options: DhcpReply['options']): number {
  return options.reduce((size, [, value]) => size + encodedLength(value), HEADER_BYTES + 5);
}

/** What a client's message consists of. Options are written in the order given; `type` is option 53 before them. */
export interface DhcpQuestion {
  readonly chaddr: Uint8Array;
  readonly xid: number;
  readonly type: MessageName;
  readonly flags?: number;
  readonly ciaddr?: Ipv4;
  readonly giaddr?: Ipv4;
  readonly options: readonly (readonly [code: number, value: Uint8Array])[];
}

/** A client's side: a request of at least 300 bytes from an Ethernet card. */
export function encodeQuestion(question: DhcpQuestion): Uint8Array {
  const type = Uint8Array.of(MessageType[question.type]);
  const options = [[Option.messageType, type] as const, ...question.options];
  const bytes = new Uint8Array(Math.max(replyBytes(options), MIN_PACKET_BYTES));
  bytes.set([1, 1, 6, question.giaddr === undefined ? 0 : 1]);
  writeU32(bytes, 4, question.xid);
  bytes[10] = (question.flags ?? 0) >>> 8;
  bytes[11] = (question.flags ?? 0) & 255;
  writeU32(bytes, 12, question.ciaddr ?? ANY);
  writeU32(bytes, 24, question.giaddr ?? ANY);
  bytes.set(question.chaddr.subarray(0, 6), 28);
  bytes.set(COOKIE, HEADER_BYTES);
  let at = HEADER_BYTES + 4;
  for (const [code, value] of options) at = writeOption(bytes, at, code, value);
  bytes[at] = Option.end;
  return bytes;
}

/** What we ask other servers when we look for strangers: a DISCOVER with the broadcast flag, from `chaddr`. */
export function encodeDiscover(chaddr: Uint8Array, xid: number): Uint8Array {
  const options = [[Option.parameterRequestList, Uint8Array.of(1, 3, 6)] as const];
  return encodeQuestion({ chaddr, xid, type: 'discover', flags: BROADCAST_FLAG, options });
}

function u16At(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);
}

function writeU32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = (value >>> 16) & 255;
  bytes[offset + 2] = (value >>> 8) & 255;
  bytes[offset + 3] = value & 255;
}

function textAt(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let at = from; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === 0) break;
    text += String.fromCharCode(byte);
  }
  return text;
}

function writeText(bytes: Uint8Array, offset: number, limit: number, text: string): void {
  if (text.length > limit) throw new RangeError(`Cannot write "${text}": the field holds ${limit} bytes`);
  for (let index = 0; index < text.length; index++) bytes[offset + index] = text.charCodeAt(index) & 255;
}
