import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ByteRange } from './file-condition.ts';
import { NotHad, readRange } from './read-range.ts';

/** A file that is on its way from an upstream to this host. */
export interface Flight {
  /** Where it is written meanwhile, and where it is in the end, verified. Both absolute. */
  readonly part: string;
  readonly target: string;
  /** Begins it, or joins the one that there is. */
  readonly begin: () => Landing;
  /** Told when there is more of it. Whoever waits for it has no business with the client meanwhile. */
  readonly onWait: (isWaiting: boolean) => void;
  /** Nobody wants it any more. */
  readonly isGone: () => boolean;
}

export interface Landing {
  /** Resolves when it is over; with a reason, when it could not be had. */
  readonly over: Promise<string | undefined>;
  /** It moves, which is worth waiting for. */
  readonly renew: () => void;
  /** Whether it has moved for somebody: then what is there is its own. */
  readonly hasMoved: () => boolean;
}

/** The end of what was asked for is held back until the whole is known to be right. */
const HELD_BYTES = 64 * 1024;
const LOOK_EVERY_MS = 20;
const CHUNK_BYTES = 256 * 1024;

/**
 * Gives a part of a file while it comes. What the upstream sends may be wrong, and is known to be only at the end: so the last
 * bytes are given when the file is verified, and what was given before is the same as in the verified file. Throws NotHad else,
 * and what was promised is never complete.
 */
export async function* readFlight(flight: Flight, { start, end }: ByteRange): AsyncGenerator<Buffer> {
  const { begin, target } = flight;
  const held = Math.max(start, end + 1 - HELD_BYTES);
  const sum = createHash('sha256');
  let position = start;
  const arrivals = watchArrivals(flight, await markOf(flight.part), begin());
  while (position < held && (await arrivals.waitFor(position))) {
    const piece = await readPart(flight.part, position, Math.min(CHUNK_BYTES, held - position));
    if (piece.length === 0) continue;
    sum.update(piece);
    position += piece.length;
    yield piece;
  }
  if (flight.isGone()) return;
  const reason = await arrivals.over();
  if (reason !== undefined) throw new NotHad(reason);
  const file = await open(target);
  try {
    if (!(await isSame(file, { start, end: position - 1 }, sum)))
      throw new NotHad('what had been sent was not what the metadata say');
    yield* readRange(file, { start: position, end });
  } finally {
    await file.close();
  }
}

/** Waits for bytes of a flight. `before`: the mark of what an earlier flight has left there, which may not be gone on with. */
function watchArrivals({ part, onWait, isGone }: Flight, before: string, { over, renew, hasMoved }: Landing) {
  let isOver = false;
  const end = over.finally(() => {
    isOver = true;
  });
  // Whoever is gone does not hear of it.
  end.catch(() => {});
  let mark = before;
  return {
    /** True: there is something behind `position`. False: it is over, or nobody wants it any more. */
    waitFor: async (position: number): Promise<boolean> => {
      onWait(true);
      try {
        for (; !isOver && !isGone(); await sleep(LOOK_EVERY_MS)) {
          const now = await markOf(part);
          if (now !== mark) {
            mark = now;
            renew();
          }
          if (hasMoved() && sizeIn(mark) > position) return true;
        }
        return false;
      } finally {
        onWait(false);
      }
    },
    over: async (): Promise<string | undefined> => {
      onWait(true);
      try {
        return await end;
      } finally {
        onWait(false);
      }
    },
  };
}

/** Another one says that something came. */
function markOf(part: string): Promise<string> {
  return stat(part).then(
    ({ size, ino }) => `${size} ${ino}`,
    () => '0',
  );
}

function sizeIn(mark: string): number {
  return Number(mark.split(' ')[0]);
}

/** The file may have been begun anew, under the same name: it is opened each time. */
async function readPart(part: string, position: number, bytes: number): Promise<Buffer> {
  let file: FileHandle;
  try {
    file = await open(part);
  } catch {
    // It has just been put where it belongs, or was wrong and is gone.
    return Buffer.of();
  }
  try {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafeSlow(bytes), 0, bytes, position);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function isSame(file: FileHandle, range: ByteRange, sent: Hash): Promise<boolean> {
  const sum = createHash('sha256');
  for await (const piece of readRange(file, range)) sum.update(piece);
  return sum.digest('hex') === sent.digest('hex');
}
