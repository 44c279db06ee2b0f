import { syncFolder } from './sync-folder.ts';

/** Whoever writes waits for the journal meanwhile: with half as much 1 GB takes 8 % longer (ext4). */
const EVERY_BYTES = 256 * 1024 * 1024;

/**
 * Returns what is to be told of bytes that were written below a folder: has them brought to the disk while more are coming, so that
 * a publication, which waits for all of them, does not wait for long.
 */
export function createWriteBehind(folder: string): (bytes: number) => void {
  let waiting = 0;
  let isWriting = false;
  return (bytes) => {
    waiting += bytes;
    if (isWriting || waiting < EVERY_BYTES) return;
    waiting = 0;
    isWriting = true;
    const end = () => {
      isWriting = false;
    };
    // Whether it came about is asked by the publication, which does it once more.
    syncFolder(folder).then(end, end);
  };
}
