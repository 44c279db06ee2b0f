import { broken } from '../failure.ts';
import { latin1Text, utf8OfLatin1 } from '../text.ts';

/** The tags of one header structure of an RPM (rpm's docs/manual/hregions.md, format_header.md). */
export interface RpmHeader {
  /** Of strings the first; of an array its first. Undefined where the tag is not there. */
  text(tag: number): string | undefined;
  texts(tag: number): readonly string[];
  number(tag: number): number | undefined;
  numbers(tag: number): readonly number[];
  bytes(tag: number): Uint8Array | undefined;
}

/** The beginning of an RPM: all that is not payload. */
export interface RpmHead {
  readonly signature: RpmHeader;
  readonly header: RpmHeader;
  /** Where the header begins and ends in the file. */
  readonly start: number;
  readonly end: number;
}

const LEAD = 96;
const PREAMBLE = 16;
const INDEX_ENTRY = 16;
/** rpm's own limits are 65,535 tags and 256 MB; a header of 16 MB would have some 200,000 files. */
const MOST_TAGS = 0xffff;
const LONGEST_STORE = 64 << 20;

/**
 * Reads the head of an RPM from its first bytes, or says how many of them are needed. Throws `upstream-failed` that names `file`.
 */
export function readRpmHead(
  file: string,
  bytes: Uint8Array,
): { readonly kind: 'more'; readonly bytes: number } | ({ readonly kind: 'whole' } & RpmHead) {
  if (bytes.length < LEAD + PREAMBLE) return { kind: 'more', bytes: LEAD + PREAMBLE };
  const lead = viewOf(bytes);
  if (lead.getUint32(0) !== 0xedabeedb) throw broken(file, 'it is no RPM');
  const signature = extentOf(file, bytes, LEAD);
  // The signature is padded to eight bytes, the header is not.
  const start = signature.end + ((8 - (signature.end % 8)) % 8);
  if (bytes.length < start + PREAMBLE) return { kind: 'more', bytes: start + PREAMBLE };
  const header = extentOf(file, bytes, start);
  if (bytes.length < header.end) return { kind: 'more', bytes: header.end };
  return {
    kind: 'whole',
    signature: readHeader(file, bytes.subarray(signature.from, signature.end), signature.tags),
    header: readHeader(file, bytes.subarray(header.from, header.end), header.tags),
    start,
    end: header.end,
  };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function extentOf(file: string, bytes: Uint8Array, at: number) {
  const view = viewOf(bytes);
  if (view.getUint32(at) !== 0x8eade801) throw broken(file, `byte ${at} begins no header of an RPM`);
  const tags = view.getUint32(at + 8);
  const store = view.getUint32(at + 12);
  if (tags > MOST_TAGS || store > LONGEST_STORE) throw broken(file, `a header with ${tags} tags and ${store} bytes`);
  return { tags, from: at + PREAMBLE, end: at + PREAMBLE + tags * INDEX_ENTRY + store };
}

interface Entry {
  readonly type: number;
  readonly offset: number;
  readonly count: number;
}

const SIZES: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1 };
const STRING = 6;
const STRING_ARRAY = 8;
const I18N_STRING = 9;

function readHeader(file: string, bytes: Uint8Array, tags: number): RpmHeader {
  const view = viewOf(bytes);
  const store = bytes.subarray(tags * INDEX_ENTRY);
  const data = viewOf(store);
  const entries = new Map<number, Entry>();
  for (let index = 0; index < tags; index++) {
    const at = index * INDEX_ENTRY;
    const tag = view.getUint32(at);
    const entry = { type: view.getUint32(at + 4), offset: view.getUint32(at + 8), count: view.getUint32(at + 12) };
    const isText = entry.type === STRING || entry.type === STRING_ARRAY || entry.type === I18N_STRING;
    const size = isText ? 1 : SIZES[entry.type];
    // Each string has at least the byte that ends it.
    if (size === undefined || entry.offset + entry.count * size > store.length) {
      throw broken(file, `the tag ${tag} leads out of its header`);
    }
    entries.set(tag, entry);
  }
  const numbers = (tag: number): readonly number[] => {
    const entry = entries.get(tag);
    if (entry === undefined || entry.type > 5) return [];
    return Array.from({ length: entry.count }, (_, index) => numberAt(data, entry, index));
  };
  const texts = (tag: number): readonly string[] => {
    const entry = entries.get(tag);
    if (entry === undefined || SIZES[entry.type] !== undefined) return [];
    return readStrings(file, store, entry);
  };
  return {
    numbers,
    texts,
    text: (tag) => texts(tag)[0],
    number: (tag) => numbers(tag)[0],
    bytes: (tag) => {
      const entry = entries.get(tag);
      return entry?.type === 7 ? store.subarray(entry.offset, entry.offset + entry.count) : undefined;
    },
  };
}

function numberAt(data: DataView, { type, offset }: Entry, index: number): number {
  if (type === 3) return data.getUint16(offset + index * 2);
  if (type === 4) return data.getUint32(offset + index * 4);
  if (type === 5) return Number(data.getBigUint64(offset + index * 8));
  return data.getUint8(offset + index);
}

function readStrings(file: string, store: Uint8Array, { type, offset, count }: Entry): string[] {
  const found: string[] = [];
  let at = offset;
  for (let index = 0; index < (type === STRING ? 1 : count); index++) {
    const end = store.indexOf(0, at);
    if (end < 0) throw broken(file, 'a text of its header has no end');
    found.push(textOf(store.subarray(at, end)));
    at = end + 1;
  }
  return found;
}

/** UTF-8; old packages have ISO 8859-1, and are read so where it is no UTF-8. */
function textOf(bytes: Uint8Array): string {
  const latin1 = latin1Text(bytes);
  const utf8 = utf8OfLatin1(latin1);
  return utf8.includes('\ufffd') ? latin1 : utf8;
}
