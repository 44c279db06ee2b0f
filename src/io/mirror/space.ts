import { statfsSync } from 'node:fs';
import { formatBytes } from '../../net/amounts.ts';
import { ProvisionError } from '../../net/provision-error.ts';

/** What a file system has left, for us. */
export interface Space {
  /** Throws ProvisionError `disk-full` when so much more would leave less than the reserve. */
  require(bytes: number, files: number): void;
  /** To be called with what is written: looks again from time to time. */
  spend(bytes: number): void;
}

const LOOK_EVERY_BYTES = 64 * 1024 * 1024;
const RESERVE_BYTES = 2 * 1024 ** 3;
const RESERVE_PART = 0.05;
/** A file of a mirror is a name in the pool and one in the plain tree, which is no inode; folders come on top. */
const INODES_PER_FILE = 1.1;

/** `reserveBytes`: what stays free whatever comes; default: 2 GiB, or 5 % of a larger file system. */
export function watchSpace(folder: string, reserveBytes?: number): Space {
  let unseen = 0;
  const look = () => {
    const { bavail, bsize, blocks, ffree, files } = statfsSync(folder);
    const reserve = reserveBytes ?? Math.max(RESERVE_BYTES, blocks * bsize * RESERVE_PART);
    // Some file systems count no inodes.
    return { free: bavail * bsize - reserve, inodes: files === 0 ? Number.POSITIVE_INFINITY : ffree };
  };
  return {
    require: (bytes, files) => {
      const { free, inodes } = look();
      if (bytes > free) {
        const message = `The mirror needs ${formatBytes(bytes)} more, and ${formatBytes(Math.max(0, free))} are free (${folder}, without the reserve)`;
        throw new ProvisionError('disk-full', message);
      }
      if (files * INODES_PER_FILE > inodes) {
        throw new ProvisionError(
          'disk-full',
          `The mirror needs ${files} files more, and the file system of ${folder} has ${inodes} left`,
        );
      }
    },
    spend: (bytes) => {
      unseen += bytes;
      if (unseen < LOOK_EVERY_BYTES) return;
      unseen = 0;
      if (look().free < 0) throw new ProvisionError('disk-full', `The free space of ${folder} has reached the reserve`);
    },
  };
}
