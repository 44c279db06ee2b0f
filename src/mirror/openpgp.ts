import { bytesOfBase64 } from './base64.ts';
import { broken } from './failure.ts';
import { latin1Text } from './text.ts';

/** A public key with its user ids, signatures and subkeys (RFC 9580 section 10.1: a certificate). */
export interface OpenPgpCertificate {
  /** What the fingerprint is the hash of (RFC 9580 section 5.5.4), with its algorithm: version 4 and version 6. */
  readonly fingerprinted: { readonly algorithm: 'sha1' | 'sha256'; readonly bytes: Uint8Array };
  /** All its packets. */
  readonly bytes: Uint8Array;
}

const PUBLIC_KEY = 6;
const SECRET_KEY = 5;

/** The bytes of a key file, whether it is armoured (`-----BEGIN PGP PUBLIC KEY BLOCK-----`, also several) or not. */
export function dearmored(file: string, bytes: Uint8Array): Uint8Array {
  if (((bytes[0] ?? 0) & 0x80) !== 0) return bytes;
  const text = latin1Text(bytes);
  const blocks = [
    ...text.matchAll(/^-----BEGIN PGP PUBLIC KEY BLOCK-----[^\S\n]*\n([\s\S]*?)^-----END PGP PUBLIC KEY/gm),
  ];
  if (blocks.length === 0) throw broken(file, 'it is no OpenPGP public key');
  return Uint8Array.from(blocks.flatMap((block) => [...decodeBlock(file, block[1] ?? '')]));
}

function decodeBlock(file: string, block: string): Uint8Array {
  const lines = block.split('\n').map((line) => line.trim());
  // Headers ("Version: …") end with an empty line; the checksum at the end is no use (RFC 9580 section 6.1).
  const from = lines.indexOf('') + 1;
  const data = lines.slice(from).filter((line) => !line.startsWith('='));
  const bytes = bytesOfBase64(data.join(''));
  if (bytes === undefined) throw broken(file, 'its armour cannot be decoded');
  return bytes;
}

/** Splits a keyring into its certificates. Throws `upstream-failed` that names `file`. */
export function readCertificates(file: string, bytes: Uint8Array): readonly OpenPgpCertificate[] {
  const starts: { readonly at: number; readonly body: Uint8Array }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const packet = readPacket(file, bytes, at);
    if (packet.tag === SECRET_KEY) throw broken(file, 'it is a secret key: give the public one');
    if (packet.tag === PUBLIC_KEY) starts.push({ at, body: packet.body });
    else if (starts.length === 0) throw broken(file, 'it does not begin with an OpenPGP public key');
    at = packet.end;
  }
  if (starts.length === 0) throw broken(file, 'there is no key in it');
  return starts.map(({ at, body }, index) => ({
    fingerprinted: fingerprinted(file, body),
    bytes: bytes.subarray(at, starts[index + 1]?.at ?? bytes.length),
  }));
}

function fingerprinted(file: string, body: Uint8Array): OpenPgpCertificate['fingerprinted'] {
  const version = body[0];
  const size = body.length;
  if (version === 4) {
    return { algorithm: 'sha1', bytes: Uint8Array.from([0x99, size >> 8, size & 0xff, ...body]) };
  }
  if (version === 6) {
    const head = [0x9b, (size >>> 24) & 0xff, (size >> 16) & 0xff, (size >> 8) & 0xff, size & 0xff];
    return { algorithm: 'sha256', bytes: Uint8Array.from([...head, ...body]) };
  }
  throw broken(file, `a key of version ${version ?? 'none'}; 4 and 6 can be used`);
}

/** RFC 9580 section 4.2: the new format, and the legacy one that GnuPG writes. */
function readPacket(file: string, bytes: Uint8Array, at: number) {
  const fail = (): never => {
    throw broken(file, `byte ${at} is no whole OpenPGP packet`);
  };
  const byte = (index: number): number => bytes[index] ?? fail();
  const first = byte(at);
  if ((first & 0x80) === 0) fail();
  const isNew = (first & 0x40) !== 0;
  let from = at + 2;
  let size: number;
  const one = byte(at + 1);
  const big = (start: number, count: number): number => {
    let value = 0;
    for (let index = start; index < start + count; index++) value = value * 256 + byte(index);
    return value;
  };
  if (isNew) {
    if (one < 192) size = one;
    else if (one < 224) {
      size = ((one - 192) << 8) + byte(at + 2) + 192;
      from = at + 3;
    } else if (one === 255) {
      size = big(at + 2, 4);
      from = at + 6;
    } else return fail();
  } else {
    const width = [1, 2, 4, 0][first & 3] ?? 0;
    if (width === 0) return fail();
    size = big(at + 1, width);
    from = at + 1 + width;
  }
  if (from + size > bytes.length) fail();
  const tag = isNew ? first & 0x3f : (first >> 2) & 0x0f;
  return { tag, body: bytes.subarray(from, from + size), end: from + size };
}
