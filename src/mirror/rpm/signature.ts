import { bytesOfBase64 } from '../base64.ts';
import type { RpmHead } from './header.ts';

/** What an RPM has to be believed by (rpm's docs/manual/signatures_digests.md), for its header; that has the payload's checksum. */
export interface RpmProof {
  /** Detached signatures of the header's bytes, the strongest kind first. */
  readonly signatures: readonly Uint8Array[];
  /** Of the header's bytes, lower case. */
  readonly sha256: string | undefined;
  /** Of the compressed payload, lower case; it is signed with the header. */
  readonly payloadSha256: string | undefined;
}

const RSA_HEADER = 268;
const DSA_HEADER = 267;
const SHA256_HEADER = 273;
/** rpm 6: all OpenPGP signatures, in base64. */
const OPENPGP = 278;
const PAYLOAD_DIGEST = 5092;
const PAYLOAD_DIGEST_ALGORITHM = 5093;
const SHA256 = 8;

export function readRpmProof({ signature, header }: RpmHead): RpmProof {
  const single = [RSA_HEADER, DSA_HEADER].flatMap((tag) => signature.bytes(tag) ?? []);
  const isSha256 = header.number(PAYLOAD_DIGEST_ALGORITHM) === SHA256;
  return {
    signatures: [
      ...signature.texts(OPENPGP).flatMap((text) => bytesOfBase64(text.replace(/\s/g, '')) ?? []),
      ...single,
    ],
    sha256: signature.text(SHA256_HEADER)?.toLowerCase(),
    payloadSha256: isSha256 ? header.text(PAYLOAD_DIGEST)?.toLowerCase() : undefined,
  };
}
