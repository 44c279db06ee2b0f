import { ipv4At } from '../../net/ipv4.ts';
import { truncateUtf8, utf8Bytes, utf8Text } from '../../net/utf8.ts';
import { DecodeError } from '../decode-error.ts';
import { u32Bytes } from '../dhcp4/values.ts';
import { decodeImageId, encodeImageId, type ImageId } from './image-id.ts';

/** One entry of a list: id (4) | length (1) | name in UTF-8, without a NUL. */
export interface ImageDescription {
  readonly id: ImageId;
  readonly name: string;
}

/** Apple's limit, so that a description always fits into an option of its own. */
export const MOST_NAME_BYTES = 246;

/** A name that is too long ends with its last character that fits. */
export function encodeDescription({ id, name }: ImageDescription): Uint8Array {
  const bytes = truncateUtf8(utf8Bytes(name.replaceAll('\0', '')), MOST_NAME_BYTES);
  return Uint8Array.of(...u32Bytes(encodeImageId(id)), bytes.length, ...bytes);
}

/** Reads one sub-option 9. The null image is left out, as clients do. Throws DecodeError. */
export function decodeDescriptions(value: Uint8Array): ImageDescription[] {
  const list: ImageDescription[] = [];
  for (let at = 0; at < value.length; ) {
    const length = value[at + 4];
    if (length === undefined || at + 5 + length > value.length) {
      throw new DecodeError(at, 'an image id, a length, and a name of that length');
    }
    const id = ipv4At(value, at);
    if (id !== 0) list.push({ id: decodeImageId(id), name: utf8Text(value.subarray(at + 5, at + 5 + length)) });
    at += 5 + length;
  }
  return list;
}
