import { createHash } from 'node:crypto';
import type { Digest, HashName } from '../../mirror/plan.ts';

export function digestOf(algorithm: HashName, bytes: Uint8Array): Digest {
  return { algorithm, hex: createHash(algorithm).update(bytes).digest('hex') };
}
