import type { FileHandle } from 'node:fs/promises';
import type { ByteRange } from './file-condition.ts';

/** Why a content cannot be given, or not to its end, as a sentence. */
export class NotHad extends Error {}

/** Read at a time: with more, less processor time goes into each byte, but one slow machine holds more memory. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Gives a part of a file, and reads the next piece while one is used. Two buffers take turns: a piece is good until the next is
 * asked for. Throws NotHad when the file is shorter.
 */
export async function* readRange(file: FileHandle, { start, end }: ByteRange): AsyncGenerator<Buffer> {
  const buffers: Buffer[] = [];
  const readAt = async (position: number, turn: number): Promise<Buffer> => {
    const wanted = Math.min(CHUNK_BYTES, end - position + 1);
    const buffer = buffers[turn] ?? Buffer.allocUnsafeSlow(wanted);
    buffers[turn] = buffer;
    const { bytesRead } = await file.read(buffer, 0, wanted, position);
    return buffer.subarray(0, bytesRead);
  };
  let turn = 0;
  let next = start <= end ? readAt(start, turn) : undefined;
  try {
    for (let position = start; next !== undefined; ) {
      const piece = await next;
      next = undefined;
      if (piece.length === 0) throw new NotHad('the file became shorter while it was sent');
      position += piece.length;
      turn = 1 - turn;
      next = position <= end ? readAt(position, turn) : undefined;
      // It is looked at in its turn.
      next?.catch(() => {});
      yield piece;
    }
  } finally {
    // Whoever closes the file must not meet a read in progress.
    await next?.catch(() => {});
  }
}
