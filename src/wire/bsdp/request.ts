import { type Ipv4, ipv4At, ipv4Bytes } from '../../net/ipv4.ts';
import { DecodeError } from '../decode-error.ts';
import { u16Bytes, u32Bytes } from '../dhcp4/values.ts';
import { decodeImageId, encodeImageId, type ImageId } from './image-id.ts';
import { decodeSubOptions, encodeSubOptions, fixedValue, type SubOption, type SubOptions } from './sub-options.ts';
import { type BsdpMessage, BsdpTag, bsdpMessageName, bsdpMessageType } from './tags.ts';

/** What a Mac says in option 43 of its DISCOVER, REQUEST and INFORM. What is absent was not sent. */
export interface BsdpRequest {
  /** Absent in DISCOVER and REQUEST; `other` is a type that nobody has defined. */
  readonly message?: BsdpMessage | 'other' | undefined;
  /** 0x0100 or 0x0101. */
  readonly version?: number | undefined;
  /** The server that is chosen; in SELECT. */
  readonly server?: Ipv4 | undefined;
  /** The UDP port that the reply is wanted on, when it is not 68. */
  readonly replyPort?: number | undefined;
  readonly selected?: ImageId | undefined;
  /** A machine with firmware older than BSDP. */
  readonly isNetBoot1: boolean;
  /** Only images with one of these attributes (the upper half of their ids) are wanted. */
  readonly filter?: readonly number[] | undefined;
  /** Largest IP datagram that it takes; counts before option 57. */
  readonly maxMessageBytes?: number | undefined;
}

/** Reads the instances of option 43. Throws DecodeError for sub-options that make no sense; unknown ones are skipped. */
export function decodeBsdpRequest(instances: readonly Uint8Array[]): BsdpRequest {
  const options = decodeSubOptions(instances);
  const type = fixedValue(options, BsdpTag.messageType, 1)?.[0];
  const server = fixedValue(options, BsdpTag.serverIdentifier, 4);
  const selected = fixedValue(options, BsdpTag.selectedImage, 4);
  return {
    message: type === undefined ? undefined : (bsdpMessageName(type) ?? 'other'),
    version: u16(fixedValue(options, BsdpTag.version, 2)),
    server: server && ipv4At(server, 0),
    replyPort: u16(fixedValue(options, BsdpTag.replyPort, 2)),
    selected: selected && decodeImageId(ipv4At(selected, 0)),
    isNetBoot1: hasFlag(options, BsdpTag.netBoot1),
    filter: filterOf(options),
    maxMessageBytes: u16(fixedValue(options, BsdpTag.maxMessageSize, 2)),
  };
}

/** A table of Apple's note gives the flag a length of 1, its text and programs 0: both are taken. */
function hasFlag(options: SubOptions, code: number): boolean {
  const value = options.get(code)?.[0];
  if (value !== undefined && value.length > 1) throw new DecodeError(0, `sub-option ${code} without a value`);
  return value !== undefined;
}

function filterOf(options: SubOptions): number[] | undefined {
  const values = options.get(BsdpTag.attributeFilter);
  if (values === undefined) return undefined;
  return values.flatMap((value) => {
    if (value.length === 0 || value.length % 2 !== 0) {
      throw new DecodeError(0, `sub-option ${BsdpTag.attributeFilter} of 16-bit numbers, found ${value.length} bytes`);
    }
    return Array.from({ length: value.length / 2 }, (_, index) => u16(value.subarray(index * 2)) ?? 0);
  });
}

/** Where SELECT has the server: before the image, as Startup Disk writes it, or behind, as some firmware does. */
export type SelectOrder = 'server-first' | 'image-first';

/** A Mac's side: option 43 as its firmware and Startup Disk write it. */
export function encodeBsdpRequest(request: BsdpRequest, order: SelectOrder = 'server-first'): Uint8Array {
  const { message, version, replyPort, maxMessageBytes, filter } = request;
  if (message === 'other') throw new RangeError('Cannot encode a BSDP message without a type');
  const server = optional(BsdpTag.serverIdentifier, request.server, ipv4Bytes);
  const image = optional(BsdpTag.selectedImage, request.selected, imageBytes);
  const options = [
    ...optional(BsdpTag.messageType, message, (name) => Uint8Array.of(bsdpMessageType(name))),
    ...optional(BsdpTag.version, version, u16Bytes),
    ...optional(BsdpTag.netBoot1, request.isNetBoot1 || undefined, () => Uint8Array.of()),
    ...optional(BsdpTag.replyPort, replyPort, u16Bytes),
    ...(order === 'server-first' ? [...server, ...image] : [...image, ...server]),
    ...optional(BsdpTag.maxMessageSize, maxMessageBytes, u16Bytes),
    ...optional(BsdpTag.attributeFilter, filter, filterBytes),
  ];
  const [area = Uint8Array.of(), ...more] = encodeSubOptions(options);
  if (more.length > 0) throw new RangeError('Cannot encode a BSDP request that is longer than one option');
  return area;
}

function optional<Value>(code: number, value: Value | undefined, bytes: (value: Value) => Uint8Array): SubOption[] {
  return value === undefined ? [] : [[code, bytes(value)]];
}

function imageBytes(id: ImageId): Uint8Array {
  return u32Bytes(encodeImageId(id));
}

function filterBytes(filter: readonly number[]): Uint8Array {
  return Uint8Array.from(filter.flatMap((attributes) => [...u16Bytes(attributes)]));
}

function u16(value: Uint8Array | undefined): number | undefined {
  return value && ((value[0] ?? 0) << 8) | (value[1] ?? 0);
}
