import { broken } from '../../mirror/failure.ts';
import { findInIso } from '../../mirror/iso/index-iso.ts';
import type { Digest } from '../../mirror/plan.ts';
import { parseSums } from '../../mirror/sums.ts';
import type { IsoFile } from './iso-file.ts';

/** Lists of checksums at the root of media of Debian and Ubuntu, the strongest first. */
const LISTS = [
  ['SHA256SUMS', 'sha'],
  ['sha256sum.txt', 'sha'],
  ['md5sum.txt', 'md5'],
] as const;
const LONGEST_LIST = 64 << 20;

/** Whoever writes the medium puts the place of a file into it, after the checksums were made. */
const WRITTEN_LATER = /(^|\/)(isolinux\.bin|boot\.cat|eltorito\.img|bios\.img|efi\.img)$/;

/**
 * What a medium says of its own files, by path. Rejects with `upstream-failed` when it names one that is not there: then it is not
 * whole. Nobody has signed it: it finds damage, and vouches for nothing.
 */
export async function readMediumSums({ path: iso, index, reader }: IsoFile): Promise<ReadonlyMap<string, Digest>> {
  for (const [name, kind] of LISTS) {
    const bytes = await reader.read(name, { maxBytes: LONGEST_LIST });
    if (bytes === 'absent') continue;
    const sums = new Map<string, Digest>();
    for (const [path, digest] of parseSums(`${name} of ${iso}`, Buffer.from(bytes).toString('utf8'), kind)) {
      const found = findInIso(index, path);
      if (found === undefined) throw broken(iso, `${name} names ${path.slice(0, 200)}, which the medium does not have`);
      if (!WRITTEN_LATER.test(found.path)) sums.set(found.path, digest);
    }
    return sums;
  }
  return new Map();
}
