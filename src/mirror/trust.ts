import { untrusted } from './failure.ts';
import type { SignatureChecker } from './plan.ts';

/**
 * Whether metadata must be signed. `required`: by a key of the mirror. `if-present`: without a signature they are taken (and it is
 * remarked), with one it must be good. `none`: not looked at.
 */
export type MetadataTrust = 'required' | 'if-present' | 'none';

/** `listed`: packages are what the metadata say. `signed`: each of them is also signed by a key of the mirror. */
export type PackageTrust = 'listed' | 'signed';

/**
 * Checks who vouches for an entry file, and returns what the operator should know of it. `detached` absent: upstream has no
 * signature file; undefined: the file is clear-signed. Throws `signature-refused`.
 */
export async function checkTrust(
  checker: SignatureChecker,
  trust: MetadataTrust,
  entry: { readonly path: string; readonly content: Uint8Array; readonly detached: Uint8Array | 'absent' | undefined },
): Promise<string | undefined> {
  if (trust === 'none') return undefined;
  const check =
    entry.detached === 'absent'
      ? ({ kind: 'unsigned', reason: 'upstream has no signature of it' } as const)
      : await checker.verify(entry.content, entry.detached);
  if (check.kind === 'good') return undefined;
  if (check.kind === 'unsigned' && trust === 'if-present') return `${entry.path} is not signed: ${check.reason}.`;
  const what = {
    bad: 'its signature is wrong',
    'unknown-key': 'it is signed by a key that this mirror does not trust',
    expired: 'its signature or the key of it has expired',
    unsigned: 'it is not signed, and this mirror demands it',
  }[check.kind];
  throw untrusted(entry.path, `${what} (${check.reason})`);
}
