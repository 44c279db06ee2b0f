import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** Writes a file so that after a power cut it is the old one or the new one. */
export function writeSafely(file: string, content: string | Uint8Array): void {
  const part = `${file}.new`;
  // Where others may write as well (`mirror index` in a folder of packages), it may be their link to something else.
  rmSync(part, { force: true });
  const handle = openSync(part, 'wx', 0o644);
  try {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    for (let done = 0; done < bytes.length; ) done += writeSync(handle, bytes, done);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(part, file);
  syncDirectory(dirname(file));
}

function syncDirectory(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
