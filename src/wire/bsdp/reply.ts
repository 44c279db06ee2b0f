import { type Ipv4, ipv4At } from '../../net/ipv4.ts';
import { asciiText, textBytes, u16Bytes, u32Bytes } from '../dhcp4/values.ts';
import { decodeImageId, encodeImageId, type ImageId, isSameImage } from './image-id.ts';
import { decodeDescriptions, encodeDescription, type ImageDescription } from './image-list.ts';
import { AREA_BYTES, decodeSubOptions, encodeSubOptions, fixedValue, type SubOption } from './sub-options.ts';
import { BSDP_1_0, type BsdpMessage, BsdpTag, bsdpMessageName, bsdpMessageType } from './tags.ts';

/** Code and length, of an option and of a sub-option. */
const OPTION_HEADER = 2;
const LIST_HEADER = 2;

/** What one server offers. */
export interface ListReply {
  /** 0-65535: of several servers, firmware takes the one with the highest. */
  readonly priority: number;
  readonly defaultImage: ImageId;
  /** What this Mac chose before, where the server remembers. */
  readonly selected?: ImageId | undefined;
  readonly images: readonly ImageDescription[];
}

/** Instances of option 43, each at most 255 bytes, to be sent in this order. */
export interface ListAreas {
  readonly areas: readonly Uint8Array[];
  /** Descriptions that the room did not suffice for. */
  readonly dropped: number;
}

/** One instance of option 43 that is being filled: `head` are whole sub-options, `list` the entries of its one list. */
interface Draft {
  readonly head: readonly number[];
  readonly list: number[];
}

/**
 * ACK[LIST]. The default image stands first, so that it is the last to be lost; a description is never split. `room`: bytes
 * of all instances together with their two bytes of option header. A client of version 1.0 gets no list: it boots the default.
 */
export function encodeListReply(
  reply: ListReply,
  client: { readonly version: number; readonly room: number },
): ListAreas {
  const [first = Uint8Array.of()] = encodeSubOptions(listHead(reply));
  let draft: Draft = { head: [...first], list: [] };
  const drafts = [draft];
  let room = client.room - OPTION_HEADER - first.length;
  const entries = client.version === BSDP_1_0 ? [] : defaultFirst(reply).map(encodeDescription);
  for (const [index, entry] of entries.entries()) {
    const grown = sizeOf(draft) + entry.length + (draft.list.length === 0 ? LIST_HEADER : 0);
    const fits = grown <= AREA_BYTES;
    const cost = fits ? grown - sizeOf(draft) : OPTION_HEADER + LIST_HEADER + entry.length;
    if (cost > room) return { areas: drafts.map(finish), dropped: entries.length - index };
    room -= cost;
    if (!fits) {
      draft = { head: [], list: [] };
      drafts.push(draft);
    }
    draft.list.push(...entry);
  }
  return { areas: drafts.map(finish), dropped: 0 };
}

function listHead({ priority, defaultImage, selected }: ListReply): SubOption[] {
  return [
    [BsdpTag.messageType, Uint8Array.of(bsdpMessageType('list'))],
    [BsdpTag.serverPriority, u16Bytes(priority)],
    [BsdpTag.defaultImage, u32Bytes(encodeImageId(defaultImage))],
    ...(selected === undefined ? [] : [[BsdpTag.selectedImage, u32Bytes(encodeImageId(selected))] as const]),
  ];
}

function sizeOf({ head, list }: Draft): number {
  return head.length + (list.length === 0 ? 0 : LIST_HEADER + list.length);
}

function finish({ head, list }: Draft): Uint8Array {
  return Uint8Array.from(list.length === 0 ? head : [...head, BsdpTag.imageList, list.length, ...list]);
}

function defaultFirst({ images, defaultImage }: ListReply): ImageDescription[] {
  const isDefault = ({ id }: ImageDescription) => isSameImage(id, defaultImage);
  return [...images.filter(isDefault), ...images.filter((image) => !isDefault(image))];
}

/** ACK[SELECT]. Only Apple's own system reads what stands beside the image. */
export interface SelectReply {
  readonly image: ImageId;
  /** ASCII; the name that macOS gives itself. */
  readonly machineName?: string | undefined;
}

export function encodeSelectReply({ image, machineName }: SelectReply): readonly Uint8Array[] {
  return encodeSubOptions([
    [BsdpTag.messageType, Uint8Array.of(bsdpMessageType('select'))],
    [BsdpTag.selectedImage, u32Bytes(encodeImageId(image))],
    ...(machineName === undefined ? [] : [[BsdpTag.machineName, textBytes(machineName.slice(0, 240))] as const]),
  ]);
}

/** ACK[FAILED]: the image cannot be had. The Mac starts over after ten seconds at the earliest. */
export function encodeFailedReply(): readonly Uint8Array[] {
  return encodeSubOptions([[BsdpTag.messageType, Uint8Array.of(bsdpMessageType('failed'))]]);
}

/** What is in option 43 of an OFFER that shows a Mac its selection before it has asked for a list. */
export function encodeOfferedImage(image: ImageId): readonly Uint8Array[] {
  return encodeSubOptions([[BsdpTag.selectedImage, u32Bytes(encodeImageId(image))]]);
}

/** A Mac's side: what a server said. What is absent was not sent. */
export interface BsdpReply {
  readonly message?: BsdpMessage | 'other' | undefined;
  /** Some servers send it, none needs to: option 54 says it. */
  readonly server?: Ipv4 | undefined;
  readonly priority?: number | undefined;
  readonly defaultImage?: ImageId | undefined;
  readonly selected?: ImageId | undefined;
  /** All lists of all instances, joined. */
  readonly images: readonly ImageDescription[];
  readonly machineName?: string | undefined;
  readonly shadowMountPath?: string | undefined;
  readonly shadowFilePath?: string | undefined;
}

/** Reads the instances of option 43 of a server's answer. Throws DecodeError. */
export function decodeBsdpReply(instances: readonly Uint8Array[]): BsdpReply {
  const options = decodeSubOptions(instances);
  const type = fixedValue(options, BsdpTag.messageType, 1)?.[0];
  const priority = fixedValue(options, BsdpTag.serverPriority, 2);
  const server = fixedValue(options, BsdpTag.serverIdentifier, 4);
  const image = (code: number) => {
    const value = fixedValue(options, code, 4);
    return value && decodeImageId(ipv4At(value, 0));
  };
  const text = (code: number) => {
    const value = options.get(code)?.[0];
    return value && asciiText(value);
  };
  return {
    message: type === undefined ? undefined : (bsdpMessageName(type) ?? 'other'),
    server: server && ipv4At(server, 0),
    priority: priority && ((priority[0] ?? 0) << 8) | (priority[1] ?? 0),
    defaultImage: image(BsdpTag.defaultImage),
    selected: image(BsdpTag.selectedImage),
    images: (options.get(BsdpTag.imageList) ?? []).flatMap(decodeDescriptions),
    machineName: text(BsdpTag.machineName),
    shadowMountPath: text(BsdpTag.shadowMountPath),
    shadowFilePath: text(BsdpTag.shadowFilePath),
  };
}
