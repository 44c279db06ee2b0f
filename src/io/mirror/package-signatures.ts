import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import type { SignatureCheck } from '../../mirror/plan.ts';
import { ProvisionError } from '../../net/provision-error.ts';
import type { GpgvChecker } from './gpgv.ts';
import type { Pool } from './pool.ts';
import { checkRpmSignature } from './rpm-signature.ts';
import { writeSafely } from './safe-write.ts';

/** A package whose content is in the pool. */
export interface PooledPackage {
  readonly path: string;
  readonly sha256: string;
}

export interface PackageSignaturesDeps {
  readonly checker: GpgvChecker;
  readonly pool: Pool;
  /** Where it is kept what was found to be good, so that each package is looked at once. */
  readonly memory: string;
  readonly signal: AbortSignal;
}

/** Checks of a time: gpgv is a process for each of them. */
const PARALLEL = 4;
const MOST_NAMED = 10;

/**
 * Whether all these packages are signed by keys of the mirror. Rejects with `signature-refused`, which names those that are
 * not.
 */
export async function judgePackages(deps: PackageSignaturesDeps, packages: readonly PooledPackage[]): Promise<void> {
  const { checker, pool, memory, signal } = deps;
  const keys = checker.fingerprints.toSorted();
  const good = readMemory(memory, keys);
  const unknown = packages.filter(({ sha256 }) => !good.has(sha256));
  if (unknown.length === 0) return;
  const refused: string[] = [];
  const queue = unknown.values();
  const work = async () => {
    for (const { path, sha256 } of queue) {
      signal.throwIfAborted();
      const refusal = await whyUnsigned(pool.pathOf(sha256), checker);
      if (refusal === undefined) good.add(sha256);
      else refused.push(`${path} (${refusal})`);
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: PARALLEL }, work));
  // Also of a run that is stopped. What the mirror has no more is forgotten.
  const kept = packages.flatMap(({ sha256 }) => (good.has(sha256) ? [sha256] : []));
  writeSafely(memory, JSON.stringify({ keys, good: kept } satisfies Memory));
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
  if (refused.length > 0) throw unsigned(refused, packages.length);
}

const RPM_MAGIC = Buffer.from('edabeedb', 'hex');

/** Whether a file begins as each RPM does: no program installs another one, whatever its name is. */
export function isRpm(file: string): boolean {
  const handle = openSync(file, 'r');
  try {
    const start = Buffer.alloc(RPM_MAGIC.length);
    return readSync(handle, start, 0, start.length, 0) === start.length && start.equals(RPM_MAGIC);
  } finally {
    closeSync(handle);
  }
}

/** Why a package is not to be trusted, in a part of a sentence; undefined: it is signed by a key of the mirror. */
export async function whyUnsigned(file: string, checker: GpgvChecker): Promise<string | undefined> {
  try {
    const check = await checkRpmSignature(file, checker);
    // Packages are signed once and stay for years: unlike metadata, they are not signed anew when the key comes to its end.
    const isGood = check.kind === 'good' || (check.kind === 'expired' && (check.inTime ?? []).length > 0);
    return isGood ? undefined : `${WORDS[check.kind]}: ${check.reason}`;
  } catch (error) {
    if (error instanceof ProvisionError && error.code === 'upstream-failed') return 'it is no whole RPM';
    throw error;
  }
}

const WORDS: Readonly<Record<Exclude<SignatureCheck['kind'], 'good'>, string>> = {
  bad: 'its signature is wrong',
  'unknown-key': 'it is signed by a key that this mirror does not trust',
  expired: 'its signature or the key of it has expired',
  unsigned: 'it is not signed',
};

function unsigned(refused: readonly string[], all: number): ProvisionError {
  const named = refused.toSorted().slice(0, MOST_NAMED).join('; ');
  const more = refused.length > MOST_NAMED ? `; and ${refused.length - MOST_NAMED} more` : '';
  return new ProvisionError(
    'signature-refused',
    `${refused.length} of ${all} packages are not signed by a key of this mirror: ${named}${more}`,
    {
      hint: 'Compare the fingerprints with those that the distribution publishes, and put the right keys into `keys`; a package that nobody needs can be left out with `exclude`.',
    },
  );
}

interface Memory {
  readonly keys: readonly string[];
  /** SHA-256 of packages. */
  readonly good: readonly string[];
}

/** What other keys have signed says nothing. */
function readMemory(file: string, keys: readonly string[]): Set<string> {
  try {
    const memory = JSON.parse(readFileSync(file, 'utf8')) as Memory;
    return new Set(memory.keys.join() === keys.join() ? memory.good : []);
  } catch {
    return new Set();
  }
}
