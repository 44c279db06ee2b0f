import { broken } from '../failure.ts';
import { latin1Text, utf8OfLatin1 } from '../text.ts';
import { type RecordContext, SECTOR } from './medium.ts';

/** What Rock Ridge (IEEE P1282) says of an entry, as far as a server needs it. */
export interface RockRidge {
  readonly name?: string | undefined;
  /** Of a symbolic link. */
  readonly target?: string | undefined;
  /** Sector of a folder that was moved because folders were too deep. */
  readonly movedTo?: number | undefined;
  /** It is the place where it was moved to: not shown there. */
  readonly isMoved?: boolean;
  /** Compressed by zisofs: its bytes on the medium are not its contents. */
  readonly isCompressed?: boolean;
}

const MOST_CONTINUATIONS = 32;

/** Reads the system use fields of a record, with their continuations (SUSP, IEEE P1281). Throws `upstream-failed`. */
export async function readSystemUse(context: RecordContext, first: Uint8Array): Promise<RockRidge> {
  let name: string | undefined;
  let link: LinkTarget | undefined;
  const found: { movedTo?: number; isMoved?: boolean; isCompressed?: boolean } = {};
  let area: Uint8Array | undefined = first;
  for (let count = 0; area !== undefined; count++) {
    if (count > MOST_CONTINUATIONS) throw broken(context.file, 'the name of a file goes on and on');
    let next: { readonly offset: number; readonly bytes: number } | undefined;
    for (const { signature, data } of fieldsOf(area)) {
      const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
      if (signature === 'NM' && data.length > 0) name = (name ?? '') + latin1Text(data.subarray(1));
      else if (signature === 'SL' && data.length > 0) link = addComponents(link, data.subarray(1));
      else if (signature === 'CL' && data.length >= 4) found.movedTo = view.getUint32(0, true);
      else if (signature === 'RE') found.isMoved = true;
      else if (signature === 'ZF') found.isCompressed = true;
      else if (signature === 'CE' && data.length >= 24) {
        next = { offset: view.getUint32(0, true) * SECTOR + view.getUint32(8, true), bytes: view.getUint32(16, true) };
      }
    }
    if (next !== undefined && next.bytes > SECTOR) throw broken(context.file, 'the name of a file is too long');
    area = next === undefined ? undefined : await context.read(next);
  }
  return {
    ...found,
    name: name === undefined ? undefined : utf8OfLatin1(name),
    target: link && utf8OfLatin1(link.text),
  };
}

function* fieldsOf(area: Uint8Array): Generator<{ readonly signature: string; readonly data: Uint8Array }> {
  for (let at = 0; at + 4 <= area.length; ) {
    const length = area[at + 2] ?? 0;
    if (length < 4 || at + length > area.length) return;
    const signature = latin1Text(area.subarray(at, at + 2));
    if (signature === 'ST') return;
    yield { signature, data: area.subarray(at + 4, at + length) };
    at += length;
  }
}

interface LinkTarget {
  readonly text: string;
  /** The last component is not whole yet. */
  readonly goesOn: boolean;
}

const COMPONENT = { goesOn: 0x01, here: 0x02, above: 0x04, root: 0x08 } as const;

function addComponents(before: LinkTarget | undefined, data: Uint8Array): LinkTarget {
  let text = before?.text ?? '';
  let goesOn = before?.goesOn ?? true;
  for (let at = 0; at + 2 <= data.length; ) {
    const flags = data[at] ?? 0;
    const length = data[at + 1] ?? 0;
    const part = latin1Text(data.subarray(at + 2, at + 2 + length));
    const isRoot = (flags & COMPONENT.root) !== 0;
    const piece = isRoot ? '/' : (flags & COMPONENT.above) !== 0 ? '..' : (flags & COMPONENT.here) !== 0 ? '.' : part;
    text += goesOn || text.endsWith('/') || text === '' ? piece : `/${piece}`;
    goesOn = (flags & COMPONENT.goesOn) !== 0;
    at += 2 + length;
  }
  return { text, goesOn };
}
