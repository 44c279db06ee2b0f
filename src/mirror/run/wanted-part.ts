import type { Digest } from '../plan.ts';

/** Where files are written that clients wait for, below a mirror's folder. */
export const WANTED_FOLDER = 'wanted';
/** What the names of downloads in progress end with. */
export const PART_SUFFIX = '.part';

/** How a download in progress is called whose checksum is known. */
export function partKeyOf({ algorithm, hex }: Digest): string {
  return `${algorithm}-${hex}`;
}

/** The file below a mirror's folder that a client waits for, while it comes. */
export function wantedPart(sha256: string): string {
  return `${WANTED_FOLDER}/${partKeyOf({ algorithm: 'sha256', hex: sha256 })}${PART_SUFFIX}`;
}
