import { broken } from '../failure.ts';
import { latin1Text, utf8OfLatin1 } from '../text.ts';
import { type Extent, type NameKind, type RecordContext, SECTOR } from './medium.ts';
import { type RockRidge, readSystemUse } from './rock-ridge.ts';

/** An entry of a folder (ECMA-119 section 9.1). */
export interface DirectoryRecord {
  /** By Rock Ridge, else by Joliet, else as ISO 9660 has it; '' are the folder itself and the one above. */
  readonly name: string;
  readonly extent: Extent;
  readonly isFolder: boolean;
  /** More of the same file follows in the next record. */
  readonly goesOn: boolean;
  readonly rockRidge: RockRidge;
}

const IS_FOLDER = 0x02;
const IS_ASSOCIATED = 0x04;
const GOES_ON = 0x80;

/** All records of a folder, in order, without files that belong to others (associated files of a Macintosh). */
export async function readRecords(context: RecordContext, folder: Uint8Array): Promise<readonly DirectoryRecord[]> {
  const records: DirectoryRecord[] = [];
  for (let at = 0; at < folder.length; ) {
    const length = folder[at] ?? 0;
    if (length === 0) {
      // No record crosses the end of a sector.
      at = (Math.floor(at / SECTOR) + 1) * SECTOR;
      continue;
    }
    const record = folder.subarray(at, at + length);
    if (length < 34 || record.length < length) throw broken(context.file, 'a folder of it is broken');
    const read = await readRecord(context, record);
    if (((record[25] ?? 0) & IS_ASSOCIATED) === 0) records.push(read);
    at += length;
  }
  return records;
}

/** Throws `upstream-failed`. */
export async function readRecord(context: RecordContext, record: Uint8Array): Promise<DirectoryRecord> {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const nameLength = record[32] ?? 0;
  if (33 + nameLength > record.length) throw broken(context.file, 'a folder of it has a broken name');
  if ((record[26] ?? 0) !== 0) throw broken(context.file, 'it has interleaved files, which cannot be served');
  const flags = record[25] ?? 0;
  const attributeSectors = record[1] ?? 0;
  const raw = record.subarray(33, 33 + nameLength);
  const from = 33 + nameLength + (nameLength % 2 === 0 ? 1 : 0);
  const rockRidge =
    context.names === 'rock-ridge' ? await readSystemUse(context, record.subarray(from + context.skip)) : {};
  return {
    name: rockRidge.name ?? plainName(raw, context.names),
    extent: { offset: (view.getUint32(2, true) + attributeSectors) * SECTOR, bytes: view.getUint32(10, true) },
    isFolder: (flags & IS_FOLDER) !== 0,
    goesOn: (flags & GOES_ON) !== 0,
    rockRidge,
  };
}

function plainName(raw: Uint8Array, names: NameKind): string {
  if (raw.length === 1 && (raw[0] ?? 2) < 2) return '';
  if (names === 'joliet') {
    let text = '';
    for (let at = 0; at + 1 < raw.length; at += 2)
      text += String.fromCharCode(((raw[at] ?? 0) << 8) | (raw[at + 1] ?? 0));
    return text.replace(/;[0-9]+$/, '');
  }
  // As Linux shows them: without the version, in small letters.
  return utf8OfLatin1(latin1Text(raw))
    .replace(/;[0-9]+$/, '')
    .replace(/\.$/, '')
    .toLowerCase();
}
