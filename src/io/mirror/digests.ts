import { createHash, type Hash } from 'node:crypto';
import { hashNames } from '../../mirror/digest.ts';
import type { Digest } from '../../mirror/plan.ts';

/** The strongest of a file's checksums. */
export function strongestOf(digests: readonly Digest[]): Digest | undefined {
  return hashNames.flatMap((name) => digests.find(({ algorithm }) => algorithm === name) ?? [])[0];
}

/** Whether a checksum is enough to trust a file by. */
export function isTrustworthy(digest: Digest | undefined): boolean {
  return digest !== undefined && digest.algorithm !== 'sha1' && digest.algorithm !== 'md5';
}

/** Computes what the pool needs, and what the metadata name. */
export interface Checker {
  update(bytes: Uint8Array): void;
  /** `isRight`: as `digests` say. To be called once. */
  finish(): { readonly sha256: string; readonly isRight: boolean };
}

export function createChecker(digests: readonly Digest[]): Checker {
  const wanted = strongestOf(digests);
  const sha256 = createHash('sha256');
  const other: Hash | undefined = wanted && wanted.algorithm !== 'sha256' ? createHash(wanted.algorithm) : undefined;
  return {
    update: (bytes) => {
      sha256.update(bytes);
      other?.update(bytes);
    },
    finish: () => {
      const hex = sha256.digest('hex');
      const found = other ? other.digest('hex') : hex;
      return { sha256: hex, isRight: wanted === undefined || found === wanted.hex };
    },
  };
}
