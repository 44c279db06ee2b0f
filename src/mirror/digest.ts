import type { Digest, HashName } from './plan.ts';

/** The strongest first. */
export const hashNames: readonly HashName[] = ['sha512', 'sha384', 'sha256', 'sha1', 'md5'];

export const digestBytes: Readonly<Record<HashName, number>> = {
  sha512: 64,
  sha384: 48,
  sha256: 32,
  sha1: 20,
  md5: 16,
};

/** Whether two descriptions of one file can both be true: no algorithm that both have says otherwise. */
export function canBeSame(one: readonly Digest[], other: readonly Digest[]): boolean {
  return one.every(({ algorithm, hex }) =>
    other.every((digest) => digest.algorithm !== algorithm || digest.hex === hex),
  );
}

/** A checksum that is enough to know a file again by, where metadata name one and no SHA-256: "sha512:…". */
export function nameOfDigest(digests: readonly Digest[]): string | undefined {
  if (digests.some(({ algorithm }) => algorithm === 'sha256')) return undefined;
  const strong = digests.find(({ algorithm }) => algorithm === 'sha512' || algorithm === 'sha384');
  return strong && `${strong.algorithm}:${strong.hex}`;
}
