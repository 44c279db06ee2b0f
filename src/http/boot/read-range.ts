import type { FileHandle } from 'node:fs/promises';
import type { ByteRange } from './file-condition.ts';

/** Why a content cannot be given, or not to its end, as a sentence. */
export class NotHad extends Error {}

/** Gives a part of a file. Throws NotHad when the file is shorter. */
export async function* readRange(
  file: FileHandle,
  { start, end }: ByteRange,
  chunkBytes: number,
): AsyncGenerator<Buffer> {
  for (let position = start; position <= end; ) {
    const wanted = Math.min(chunkBytes, end - position + 1);
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, position);
    if (bytesRead === 0) throw new NotHad('the file became shorter while it was sent');
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
