import { digestBytes, hashNames } from '../digest.ts';
import type { Digest } from '../plan.ts';
import { ownText } from '../text.ts';

/** `sha` is what createrepo called SHA-1 before 2010. */
export function yumDigest(type: string | undefined, hex: string | undefined): Digest | undefined {
  const name = type?.trim().toLowerCase();
  const algorithm = hashNames.find((known) => known === (name === 'sha' ? 'sha1' : name));
  const value = hex?.trim().toLowerCase() ?? '';
  if (algorithm === undefined || !/^[0-9a-f]+$/.test(value)) return undefined;
  return value.length === 2 * digestBytes[algorithm] ? { algorithm, hex: ownText(value) } : undefined;
}
