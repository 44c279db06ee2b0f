import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** The SHA-256 of a file. Rejects as reading does. */
export async function sumOf(path: string, signal: AbortSignal): Promise<string> {
  const sum = createHash('sha256');
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20, signal })) sum.update(piece as Buffer);
  return sum.digest('hex');
}
