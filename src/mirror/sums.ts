import { digestBytes } from './digest.ts';
import { broken } from './failure.ts';
import type { Digest } from './plan.ts';

const LINE = /^([0-9a-fA-F]{64}|[0-9a-fA-F]{128}) [ *](.+)$/;
const MD5_LINE = /^([0-9a-fA-F]{32}) [ *](.+)$/;

/**
 * Reads SHA256SUMS or SHA512SUMS as sha256sum(1) writes them: path to digest, `./` in front of a path left out. Throws
 * `upstream-failed` that names `file` and the line. `md5sum.txt` of a medium is read with `kind` md5, which finds out damage and
 * vouches for nothing.
 */
export function parseSums(file: string, text: string, kind: 'sha' | 'md5' = 'sha'): ReadonlyMap<string, Digest> {
  const sums = new Map<string, Digest>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const [, hex = '', name = ''] = (kind === 'md5' ? MD5_LINE : LINE).exec(line.replace(/\r$/, '')) ?? [];
    if (hex === '') throw broken(file, `line ${index + 1} is no checksum and name: "${line.slice(0, 120)}"`);
    const algorithm = hex.length === 2 * digestBytes.sha512 ? 'sha512' : kind === 'md5' ? 'md5' : 'sha256';
    const path = name.replace(/^(?:\.\/)+/, '');
    if (sums.has(path)) throw broken(file, `${path} is there twice`);
    sums.set(path, { algorithm, hex: hex.toLowerCase() });
  }
  if (sums.size === 0) throw broken(file, 'there is no checksum in it');
  return sums;
}
