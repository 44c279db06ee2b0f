import { digestBytes } from '../digest.ts';
import { broken } from '../failure.ts';
import type { Digest, HashName } from '../plan.ts';
import { pathInTree } from '../tree-path.ts';
import { type Paragraph, parseParagraph } from './deb822.ts';

/** An index that a Release file vouches for. */
export interface ReleaseFile {
  /** From the folder of the Release file. */
  readonly path: string;
  readonly bytes: number;
  /** The strongest first. */
  readonly digests: readonly Digest[];
}

export interface Release {
  readonly codename: string;
  readonly suite: string;
  readonly components: readonly string[];
  readonly architectures: readonly string[];
  /** Milliseconds since 1970. */
  readonly date: number;
  readonly validUntil: number | undefined;
  readonly hasByHash: boolean;
  /** Whether `binary-all` indices are to be read: they are listed by Debian, and not meant to be. */
  readonly hasArchitectureAll: boolean;
  readonly files: ReadonlyMap<string, ReleaseFile>;
}

/** Names of the fields and of the by-hash folders. */
export const hashFields: Readonly<Partial<Record<HashName, string>>> = {
  sha512: 'SHA512',
  sha256: 'SHA256',
  sha1: 'SHA1',
  md5: 'MD5Sum',
};

/** Reads a Release file (wiki.debian.org/DebianRepository/Format), without its signature. Throws `upstream-failed`. */
export function parseRelease(file: string, text: string): Release {
  const fields = parseParagraph(file, text);
  const words = (name: string) => (fields.get(name) ?? '').split(/\s+/).filter((word) => word !== '');
  const date = timeOf(file, fields, 'date');
  if (date === undefined) throw broken(file, 'it has no Date');
  const architectures = words('architectures');
  const isAllListed = architectures.includes('all');
  return {
    codename: fields.get('codename') ?? '',
    suite: fields.get('suite') ?? '',
    components: words('components'),
    architectures,
    date,
    validUntil: timeOf(file, fields, 'valid-until'),
    hasByHash: fields.get('acquire-by-hash')?.toLowerCase() === 'yes',
    hasArchitectureAll: isAllListed && !words('no-support-for-architecture-all').includes('Packages'),
    files: readFiles(file, fields),
  };
}

function timeOf(file: string, fields: Paragraph, name: string): number | undefined {
  const text = fields.get(name);
  if (text === undefined) return undefined;
  const isRight =
    /^[A-Z][a-z]{2}, [ 0-9]?[0-9] [A-Z][a-z]{2} [0-9]{4} [0-9]{1,2}:[0-9]{2}:[0-9]{2} (?:UTC|GMT|[+-]0000)$/.test(text);
  const time = isRight ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw broken(file, `its ${name} is "${text}", which is no time`);
  return time;
}

function readFiles(file: string, fields: Paragraph): ReadonlyMap<string, ReleaseFile> {
  const files = new Map<string, ReleaseFile>();
  for (const algorithm of ['sha512', 'sha256', 'sha1', 'md5'] as const) {
    const name = hashFields[algorithm] ?? '';
    for (const line of (fields.get(name.toLowerCase()) ?? '').split('\n')) {
      if (line.trim() === '') continue;
      const [, hex = '', size = '', path = ''] = /^([0-9a-fA-F]+)\s+([0-9]{1,15})\s+(\S+)$/.exec(line.trim()) ?? [];
      const fail = (what: string) => broken(file, `${name}: ${what}: "${line.trim().slice(0, 200)}"`);
      if (hex.length !== 2 * digestBytes[algorithm]) throw fail('no checksum, size and path');
      if (pathInTree('', path) !== path) throw fail('a path that leads out of the suite');
      const known = files.get(path);
      if (known !== undefined && known.bytes !== Number(size)) throw fail('another size than elsewhere');
      const twin = known?.digests.find((digest) => digest.algorithm === algorithm);
      if (twin !== undefined && twin.hex !== hex.toLowerCase()) throw fail('another checksum than before');
      if (twin !== undefined) continue;
      const digests = [...(known?.digests ?? []), { algorithm, hex: hex.toLowerCase() }];
      files.set(path, { path, bytes: Number(size), digests });
    }
  }
  if (files.size === 0) throw broken(file, 'it lists no files');
  return files;
}

/** Whether two Release files vouch for the same: InRelease and Release of one suite must. */
export function isSameRelease(one: Release, other: Release): boolean {
  const text = ({ date, files }: Release) =>
    JSON.stringify([date, [...files.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1))]);
  return text(one) === text(other);
}
