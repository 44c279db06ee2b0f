import { bytesOfBase64 } from '../base64.ts';
import type { Digest, HashName } from '../plan.ts';
import type { RpmHead } from './header.ts';

/** What an RPM has to be believed by (rpm's docs/manual/signatures_digests.md). */
export interface RpmProof {
  /** Detached signatures of the header's bytes, the strongest kind first. */
  readonly ofHeader: readonly Uint8Array[];
  /** The same of the header and the payload together: what rpm before 4.14 made has them. */
  readonly ofAll: readonly Uint8Array[];
  /** Of the header's bytes, lower case. */
  readonly sha256: string | undefined;
  /** Of the compressed payload; it is signed with the header. Undefined: only `ofAll` vouch for the payload. */
  readonly payload: Digest | undefined;
}

const RSA_HEADER = 268;
const DSA_HEADER = 267;
const SHA256_HEADER = 273;
/** rpm 6: all OpenPGP signatures, in base64. */
const OPENPGP = 278;
/** rpm 3 and later: of header and payload, RSA and DSA. */
const RSA_ALL = 1002;
const DSA_ALL = 1005;
const PAYLOAD_DIGEST = 5092;
const PAYLOAD_DIGEST_ALGORITHM = 5093;
/** By OpenPGP's numbers (RFC 9580 section 9.5); what is weaker vouches for nothing. */
const HASHES: Readonly<Record<number, HashName>> = { 8: 'sha256', 9: 'sha384', 10: 'sha512' };

export function readRpmProof({ signature, header }: RpmHead): RpmProof {
  const single = (...tags: readonly number[]) => tags.flatMap((tag) => signature.bytes(tag) ?? []);
  const algorithm = HASHES[header.number(PAYLOAD_DIGEST_ALGORITHM) ?? 0];
  const hex = header.text(PAYLOAD_DIGEST)?.toLowerCase();
  return {
    ofHeader: [
      ...signature.texts(OPENPGP).flatMap((text) => bytesOfBase64(text.replace(/\s/g, '')) ?? []),
      ...single(RSA_HEADER, DSA_HEADER),
    ],
    ofAll: single(RSA_ALL, DSA_ALL),
    sha256: signature.text(SHA256_HEADER)?.toLowerCase(),
    payload: algorithm === undefined || hex === undefined ? undefined : { algorithm, hex },
  };
}
