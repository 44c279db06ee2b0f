import { digestBytes } from '../digest.ts';
import { broken } from '../failure.ts';
import type { Digest } from '../plan.ts';
import { fieldOf, paragraphs } from './deb822.ts';

/** A package as a Packages file describes it, as far as a mirror needs it. */
export interface AptPackage {
  readonly name: string;
  /** From the archive's root; not yet confined. */
  readonly filename: string;
  readonly bytes: number;
  /** The strongest first; at least one. */
  readonly digests: readonly Digest[];
}

const FIELDS = [
  ['sha512', 'SHA512'],
  ['sha256', 'SHA256'],
  ['sha1', 'SHA1'],
  ['md5', 'MD5sum'],
] as const;

/** Reads the packages of a decompressed Packages file one after the other. Throws `upstream-failed` that names `file`. */
export async function* aptPackages(file: string, source: AsyncIterable<Uint8Array>): AsyncGenerator<AptPackage> {
  for await (const paragraph of paragraphs(file, source)) yield readPackage(file, paragraph);
}

function readPackage(file: string, paragraph: string): AptPackage {
  const name = fieldOf(paragraph, 'Package');
  if (name === undefined || name === '') throw broken(file, 'a paragraph without Package: it is no Packages file');
  const filename = fieldOf(paragraph, 'Filename');
  if (filename === undefined) throw broken(file, `package ${name} has no Filename`);
  const size = fieldOf(paragraph, 'Size') ?? '';
  if (!/^[0-9]{1,15}$/.test(size)) throw broken(file, `package ${name} has no Size that can be read`);
  const digests: Digest[] = [];
  for (const [algorithm, field] of FIELDS) {
    const hex = fieldOf(paragraph, field)?.toLowerCase();
    if (hex === undefined) continue;
    if (!/^[0-9a-f]+$/.test(hex) || hex.length !== 2 * digestBytes[algorithm]) {
      throw broken(file, `package ${name} has a ${field} that cannot be read`);
    }
    digests.push({ algorithm, hex });
  }
  if (digests.length === 0) throw broken(file, `package ${name} has no checksum`);
  return { name, filename, bytes: Number(size), digests };
}
