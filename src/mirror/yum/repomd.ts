import { broken } from '../failure.ts';
import type { Digest } from '../plan.ts';
import { textOf } from '../text.ts';
import { percentDecoded } from '../tree-path.ts';
import { yumDigest } from './checksum.ts';
import { parseXml, type XmlElement } from './xml.ts';

/** One `<data>` of repomd.xml: a file of metadata. */
export interface RepomdData {
  /** `primary`, `filelists`, `other`, `group`, `modules`, `updateinfo`, `primary_db` … */
  readonly type: string;
  /** From the repository's folder, decoded; not yet confined. */
  readonly href: string;
  readonly digest: Digest;
  readonly bytes: number | undefined;
  /** Bytes when decompressed. */
  readonly openBytes: number | undefined;
}

export interface Repomd {
  /** A number in text, most often seconds since 1970; '' where there is none. */
  readonly revision: string;
  readonly data: readonly RepomdData[];
}

/** Reads repomd.xml (createrepo_c's repomd.c; the format has no other specification). Throws `upstream-failed`. */
export function parseRepomd(file: string, bytes: Uint8Array): Repomd {
  const root = parseXml(file, textOf(bytes));
  if (root.name !== 'repomd') throw broken(file, `it is <${root.name}>, not <repomd>`);
  const data = root.children.filter(({ name }) => name === 'data').map((element) => readData(file, element));
  if (!data.some(({ type }) => type === 'primary')) throw broken(file, 'it names no primary metadata');
  const types = new Set(data.map(({ type }) => type));
  if (types.size !== data.length) throw broken(file, 'it names one type of metadata twice');
  return { revision: childText(root, 'revision') ?? '', data };
}

function readData(file: string, element: XmlElement): RepomdData {
  const type = element.attributes.get('type');
  if (type === undefined) throw broken(file, 'a <data> without type');
  const location = element.children.find(({ name }) => name === 'location');
  const href = location?.attributes.get('href');
  if (href === undefined) throw broken(file, `${type} without a location`);
  if (location?.attributes.has('xml:base')) throw broken(file, `${type} is at another address (xml:base)`);
  const checksum = element.children.find(({ name }) => name === 'checksum');
  const digest = yumDigest(checksum?.attributes.get('type'), checksum?.text);
  if (digest === undefined) throw broken(file, `${type} without a checksum that can be read`);
  const bytes = count(file, element, 'size');
  return { type, href: percentDecoded(href), digest, bytes, openBytes: count(file, element, 'open-size') };
}

function childText(element: XmlElement, wanted: string): string | undefined {
  return element.children.find(({ name }) => name === wanted)?.text.trim();
}

function count(file: string, element: XmlElement, name: string): number | undefined {
  const text = childText(element, name);
  if (text === undefined) return undefined;
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) throw broken(file, `<${name}> is "${text}", not a number of bytes`);
  return value;
}
