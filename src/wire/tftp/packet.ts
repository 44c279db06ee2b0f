/**
 * TFTP packets (RFC 1350, section 5; options: RFC 2347).
 *
 *   RRQ / WRQ   | 01 / 02 | file name | 0 | mode | 0 | option | 0 | value | 0 | ...
 *   DATA        | 03 | block | 0 .. blksize bytes |
 *   ACK         | 04 | block |
 *   ERROR       | 05 | code | message | 0 |
 *   OACK        | 06 | option | 0 | value | 0 | ...
 *
 * Opcode, block and code are 16 bits, big-endian. Text ends with a zero octet.
 */
import { DecodeError } from '../decode-error.ts';

export const opcodes = { rrq: 1, wrq: 2, data: 3, ack: 4, error: 5, oack: 6 } as const;

/** RFC 1350 section 5 and RFC 2347. */
export const errorCodes = {
  undefined: 0,
  notFound: 1,
  accessViolation: 2,
  illegalOperation: 4,
  unknownTransfer: 5,
  refusedOptions: 8,
} as const;

/** Option names in lower case, in the order of the packet; a name that comes twice keeps its first value. */
export type TftpOptions = ReadonlyMap<string, string>;

export interface TftpRequest {
  readonly op: 'rrq' | 'wrq';
  /** The bytes before the first zero octet. What they mean is for normalizeFileName. */
  readonly fileName: Uint8Array;
  /** As it was written: "octet", "OCTET", "netascii". */
  readonly mode: string;
  readonly options: TftpOptions;
}

export type TftpPacket =
  | TftpRequest
  | { readonly op: 'data'; readonly block: number; readonly data: Uint8Array }
  | { readonly op: 'ack'; readonly block: number }
  | { readonly op: 'error'; readonly code: number; readonly message: string }
  | { readonly op: 'oack'; readonly options: TftpOptions };

/** No client has a reason to send more; RFC 2347 knows four or five. */
const MOST_OPTIONS = 32;

/** Reads one datagram; the result shares no memory with it. Throws DecodeError. */
export function decodePacket(bytes: Uint8Array): TftpPacket {
  const opcode = uint16At(bytes, 0, 'an opcode');
  switch (opcode) {
    case opcodes.ack:
      return { op: 'ack', block: uint16At(bytes, 2, 'a block number') };
    case opcodes.data:
      return { op: 'data', block: uint16At(bytes, 2, 'a block number'), data: bytes.slice(4) };
    case opcodes.rrq:
    case opcodes.wrq:
      return decodeRequest(opcode === opcodes.rrq ? 'rrq' : 'wrq', bytes);
    case opcodes.error:
      return { op: 'error', code: uint16At(bytes, 2, 'an error code'), message: errorMessage(bytes) };
    case opcodes.oack:
      return { op: 'oack', options: decodeOptions(bytes, 2) };
    default:
      throw new DecodeError(0, 'an opcode from 1 to 6');
  }
}

function encodeRequest(request: TftpRequest): Uint8Array {
  const parts = [request.mode, ...[...request.options].flat()].map(asciiz);
  return join(Uint8Array.of(0, opcodes[request.op]), request.fileName, Uint8Array.of(0), ...parts);
}

function encodeData(block: number, data: Uint8Array): Uint8Array {
  return join(Uint8Array.of(0, opcodes.data, block >>> 8, block), data);
}

function encodeAck(block: number): Uint8Array {
  return Uint8Array.of(0, opcodes.ack, block >>> 8, block);
}

export function encodeError(code: number, message: string): Uint8Array {
  return join(Uint8Array.of(0, opcodes.error, code >>> 8, code), asciiz(message));
}

export function encodeOack(options: TftpOptions): Uint8Array {
  return join(Uint8Array.of(0, opcodes.oack), ...[...options].flat().map(asciiz));
}

/** Any packet; the counterpart of decodePacket. */
export function encodePacket(packet: TftpPacket): Uint8Array {
  switch (packet.op) {
    case 'rrq':
    case 'wrq':
      return encodeRequest(packet);
    case 'data':
      return encodeData(packet.block, packet.data);
    case 'ack':
      return encodeAck(packet.block);
    case 'error':
      return encodeError(packet.code, packet.message);
    case 'oack':
      return encodeOack(packet.options);
  }
}

function decodeRequest(op: 'rrq' | 'wrq', bytes: Uint8Array): TftpRequest {
  const nameEnd = zeroAfter(bytes, 2, 'a zero octet after the file name');
  const modeEnd = zeroAfter(bytes, nameEnd + 1, 'a zero octet after the mode');
  const mode = latin1(bytes, nameEnd + 1, modeEnd);
  return { op, fileName: bytes.slice(2, nameEnd), mode, options: decodeOptions(bytes, modeEnd + 1) };
}

/** An empty name ends the list: boot ROMs pad requests with zero octets. */
function decodeOptions(bytes: Uint8Array, start: number): TftpOptions {
  const options = new Map<string, string>();
  let offset = start;
  while (offset < bytes.length && bytes[offset] !== 0) {
    if (options.size === MOST_OPTIONS) throw new DecodeError(offset, `at most ${MOST_OPTIONS} options`);
    const nameEnd = zeroAfter(bytes, offset, 'a zero octet after the option name');
    const valueEnd = zeroAfter(bytes, nameEnd + 1, 'a zero octet after the option value');
    const name = latin1(bytes, offset, nameEnd).toLowerCase();
    if (!options.has(name)) options.set(name, latin1(bytes, nameEnd + 1, valueEnd));
    offset = valueEnd + 1;
  }
  return options;
}

/** The zero octet may be missing: the words are for people, and some ROMs forget it. */
function errorMessage(bytes: Uint8Array): string {
  const zero = bytes.indexOf(0, 4);
  return latin1(bytes, 4, zero < 0 ? bytes.length : zero);
}

function uint16At(bytes: Uint8Array, offset: number, what: string): number {
  const high = bytes[offset];
  const low = bytes[offset + 1];
  if (high === undefined || low === undefined) throw new DecodeError(offset, `${what} (2 bytes)`);
  return high * 256 + low;
}

function zeroAfter(bytes: Uint8Array, start: number, what: string): number {
  const zero = bytes.indexOf(0, start);
  if (zero < 0) throw new DecodeError(bytes.length, what);
  return zero;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let index = start; index < end; index++) text += String.fromCharCode(bytes[index] ?? 0);
  return text;
}

/** One octet a character and a zero octet; what is not Latin-1 becomes "?". */
function asciiz(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length + 1);
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    bytes[index] = code > 0 && code < 256 ? code : 0x3f;
  }
  return bytes;
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
