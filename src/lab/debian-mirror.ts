import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const SCRIPT = join(import.meta.dirname, 'debian-13', 'assemble-mirror.py');

/** A small Debian 13 mirror in a folder, for installations on the virtual rack: `linux`, `initrd` and `debian/` (about 350 MB). */
export interface DebianMirror {
  readonly folder: string;
  /** Where the packages come from; undefined: what apt is configured with. */
  readonly source?: string | undefined;
}

/** Whether it was assembled to its end: the initrd is its last file. */
export function isAssembled(folder: string): boolean {
  return existsSync(join(folder, 'initrd')) && existsSync(join(folder, 'linux'));
}

/**
 * Assembles it out of a Debian source, with this terminal; what is there already is kept. Takes a minute or a few. Resolves
 * with the script's exit code; needs python3, gpg and apt.
 */
export function assembleMirror({ folder, source }: DebianMirror, signal?: AbortSignal): Promise<number> {
  const args = [SCRIPT, folder, '--extra', 'sudo', ...(source === undefined ? [] : ['--source', source])];
  const child = spawn('python3', args, { stdio: ['ignore', 'inherit', 'inherit'], ...(signal && { signal }) });
  return new Promise((resolve, reject) => {
    child.once('error', (error) => (error.name === 'AbortError' ? resolve(130) : reject(error)));
    child.once('close', (code) => resolve(code ?? 1));
  });
}
