import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { ProvisionError } from '../../net/provision-error.ts';

/** Who holds a lock: a number of a process counts only together with when it began, and in which boot. */
interface Owner {
  readonly pid: number;
  readonly started: string;
  readonly boot: string;
}

/**
 * Takes a lock file, and takes it over from an owner that is gone. Returns what gives it back. Throws ProvisionError
 * `mirror-busy`.
 */
export function takeLock(file: string): () => void {
  const own: Owner = { pid: process.pid, started: startOf(process.pid) ?? '', boot: bootId() };
  const part = `${file}.${process.pid}`;
  writeFileSync(part, JSON.stringify(own));
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      if (tryToLink(part, file)) return () => rmSync(file, { force: true });
      const owner = readOwner(file);
      if (owner !== undefined && isAlive(owner)) {
        throw new ProvisionError('mirror-busy', `Process ${owner.pid} is working on this mirror`);
      }
      rmSync(file, { force: true });
    }
  } finally {
    rmSync(part, { force: true });
  }
  throw new ProvisionError('mirror-busy', 'Somebody else is always faster to take this mirror');
}

/** link(2) makes the file whole or not at all. */
function tryToLink(part: string, file: string): boolean {
  try {
    linkSync(part, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readOwner(file: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function isAlive({ pid, started, boot }: Owner): boolean {
  return boot === bootId() && startOf(pid) === started;
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** Field 22 of proc_pid_stat(5); the name in field 2 may hold anything but ends with the last parenthesis. */
function startOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
