import type { SignatureCheck } from '../../mirror/plan.ts';

/** OpenPGP's numbers of MD5, SHA-1 and RIPEMD-160 (RFC 9580 section 9.5): no signature with them counts. */
const WEAK_HASHES = new Set(['1', '2', '3']);

interface OneSignature {
  /** GOODSIG, BADSIG, ERRSIG, EXPSIG, EXPKEYSIG or REVKEYSIG. */
  outcome: string;
  keyId: string;
  /** Of the primary key. */
  fingerprint?: string;
  hash?: string;
  /** Seconds since 1970: when it was made, and when the key expired. */
  madeAt?: number;
  keyEndedAt?: number | undefined;
}

/**
 * What gpgv says on --status-fd (GnuPG's doc/DETAILS), in one word. A file with several signatures is good when one of them is and
 * none is wrong: Debian's are signed by keys that come and go.
 */
export function readGpgvStatus(text: string): SignatureCheck {
  const signatures: OneSignature[] = [];
  let keyEndedAt: number | undefined;
  for (const line of text.split('\n')) {
    const [mark, keyword = '', first = '', ...rest] = line.split(' ');
    if (mark !== '[GNUPG:]') continue;
    if (keyword === 'NEWSIG') keyEndedAt = undefined;
    if (keyword === 'KEYEXPIRED') keyEndedAt = Math.min(Number(first), keyEndedAt ?? Number.POSITIVE_INFINITY);
    if (/^(?:GOOD|BAD|ERR|EXP|EXPKEY|REVKEY)SIG$/.test(keyword))
      signatures.push({ outcome: keyword, keyId: first, keyEndedAt });
    const last = signatures.at(-1);
    if (keyword !== 'VALIDSIG' || last === undefined) continue;
    // VALIDSIG fpr date timestamp expiry version reserved algorithm hash class primary-fpr
    last.fingerprint = (rest[8] ?? first).toUpperCase();
    last.hash = rest[6] ?? '';
    last.madeAt = Number(rest[1]);
  }
  const keysOf = (outcome: RegExp) => signatures.filter((one) => outcome.test(one.outcome)).map(({ keyId }) => keyId);
  const wrong = keysOf(/^BADSIG$/);
  if (wrong.length > 0) return { kind: 'bad', reason: `the signature of key ${wrong.join(', ')} does not fit` };
  const good = signatures.filter(({ outcome, fingerprint }) => outcome === 'GOODSIG' && fingerprint !== undefined);
  const strong = good.filter(({ hash }) => !WEAK_HASHES.has(hash ?? ''));
  if (strong.length > 0) return { kind: 'good', fingerprints: strong.map(({ fingerprint = '' }) => fingerprint) };
  if (good.length > 0) return { kind: 'bad', reason: 'it is made with MD5 or SHA-1, which can be forged' };
  const revoked = keysOf(/^REVKEYSIG$/);
  if (revoked.length > 0) return { kind: 'bad', reason: `key ${revoked.join(', ')} has been revoked` };
  const expired = keysOf(/^EXP(?:KEY)?SIG$/);
  if (expired.length > 0) {
    const reason = `the signature or the key ${expired.join(', ')}`;
    return { kind: 'expired', reason, inTime: signatures.filter(wasInTime).map(({ fingerprint = '' }) => fingerprint) };
  }
  const unknown = keysOf(/^ERRSIG$/);
  if (unknown.length > 0) return { kind: 'unknown-key', reason: `key ${unknown.join(', ')}` };
  return { kind: 'unsigned', reason: 'no OpenPGP signature in it' };
}

function wasInTime({ outcome, fingerprint, hash = '', madeAt, keyEndedAt }: OneSignature): boolean {
  if (outcome !== 'EXPKEYSIG' || fingerprint === undefined || WEAK_HASHES.has(hash)) return false;
  return madeAt !== undefined && keyEndedAt !== undefined && madeAt < keyEndedAt;
}
