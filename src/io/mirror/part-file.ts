import {
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { PART_SUFFIX } from '../../mirror/run/wanted-part.ts';
import type { Checker } from './digests.ts';

/** What the bytes of a part came from; they are gone on with only while upstream still says the same. */
export interface PartOrigin {
  readonly url: string;
  readonly etag?: string | undefined;
  readonly lastModified?: string | undefined;
}

/** A download in progress, kept over restarts. */
export interface PartFile {
  readonly path: string;
  /** Bytes so far. */
  readonly bytes: number;
  readonly origin: PartOrigin | undefined;
  write(chunk: Uint8Array): void;
  /** Begins anew, with bytes of another origin, which is written down where a later run is to go on. */
  restart(origin: PartOrigin, isKept: boolean): void;
  /** Feeds what is there already. */
  feed(checker: Checker): void;
  close(): void;
  /** It is elsewhere now, under another name. */
  moved(): void;
  remove(): void;
}

const FEED_BYTES = 1024 * 1024;

export function openPart(folder: string, key: string): PartFile {
  const path = `${folder}/${key}${PART_SUFFIX}`;
  const notes = `${folder}/${key}.json`;
  let handle: number | undefined;
  let bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  let isNoted = bytes > 0 && existsSync(notes);
  let origin = isNoted ? readOrigin(notes) : undefined;
  // Only when there is something to write: many wait for their answers at a time.
  const opened = (): number => {
    handle ??= openSync(path, 'a+', 0o600);
    return handle;
  };
  const forget = () => {
    if (isNoted) rmSync(notes, { force: true });
    isNoted = false;
  };
  return {
    path,
    get bytes() {
      return bytes;
    },
    get origin() {
      return origin;
    },
    write: (chunk) => {
      for (let done = 0; done < chunk.length; ) done += writeSync(opened(), chunk, done);
      bytes += chunk.length;
    },
    restart: (next, isKept) => {
      // ext4 writes a file that was truncated to the disk when it is closed, and whoever closes it waits.
      const file = opened();
      if (bytes > 0) ftruncateSync(file);
      bytes = 0;
      origin = next;
      forget();
      if (!isKept) return;
      // The address may have a password in it.
      writeFileSync(`${notes}.new`, JSON.stringify(next), { mode: 0o600 });
      renameSync(`${notes}.new`, notes);
      isNoted = true;
    },
    feed: (checker) => {
      const buffer = Buffer.allocUnsafe(FEED_BYTES);
      for (let position = 0; ; ) {
        const read = readSync(opened(), buffer, 0, buffer.length, position);
        if (read === 0) return;
        checker.update(buffer.subarray(0, read));
        position += read;
      }
    },
    close: () => {
      if (handle !== undefined) closeSync(handle);
    },
    moved: forget,
    remove: () => {
      rmSync(path, { force: true });
      forget();
    },
  };
}

function readOrigin(notes: string): PartOrigin | undefined {
  try {
    return JSON.parse(readFileSync(notes, 'utf8'));
  } catch {
    // Without notes nothing is known of the bytes: they are fetched again.
    return undefined;
  }
}
