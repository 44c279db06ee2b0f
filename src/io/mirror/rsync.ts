import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { ProvisionError } from '../../net/provision-error.ts';

export interface RsyncOptions {
  /** rsync://… */
  readonly from: string;
  /** Where the copy is made; what an earlier run has left there is gone on with. */
  readonly to: string;
  /** The last run's copy: what is the same is linked. */
  readonly before: string;
  readonly bytesPerSecond?: number | undefined;
  readonly exclude: readonly string[];
  readonly signal: AbortSignal;
  /** Nothing is copied: `onFile` hears of what would be. */
  readonly isDryRun?: boolean | undefined;
  /** Hears of each file that is copied, by name. */
  readonly onFile?: ((path: string, bytes: number) => void) | undefined;
}

/**
 * Copies an upstream with the host's rsync. Never into what is served, and never is anything deleted but in the copy.
 * Rejects with ProvisionError that says what rsync said.
 */
export async function runRsync(options: RsyncOptions): Promise<void> {
  const { to, before, signal } = options;
  mkdirSync(to, { recursive: true });
  const { address, password } = splitAddress(options.from);
  signal.throwIfAborted();
  const child = spawn('rsync', argumentsOf({ ...options, from: address }, existsSync(before)), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(password !== undefined && { RSYNC_PASSWORD: password }) },
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said = `${said}${chunk}`.slice(-2000);
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [, bytes, path] = /^([0-9]+) (.+)$/.exec(line) ?? [];
    if (path !== undefined && !path.endsWith('/')) options.onFile?.(path, Number(bytes));
  });
  const code = await endOf(child, signal);
  signal.throwIfAborted();
  if (code !== 0) throw failureOf(code, said);
}

/** After so long a stop is no longer a request. */
const GRACE_MS = 3_000;

/** Resolves when nothing of it runs any more, also when it is stopped: what is begun next works in the same folder. */
async function endOf(child: ChildProcess, signal: AbortSignal): Promise<number | null> {
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  let hard: NodeJS.Timeout | undefined;
  const stop = () => {
    child.kill('SIGTERM');
    hard = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  };
  child.once('error', reject);
  child.once('close', (code) => resolve(code));
  signal.addEventListener('abort', stop);
  try {
    return await promise;
  } catch (error) {
    signal.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const hint = 'Install it: sudo apt-get install rsync';
    throw new ProvisionError('missing-tool', 'The program rsync is not there, and the mirror comes by it', { hint });
  } finally {
    signal.removeEventListener('abort', stop);
    clearTimeout(hard);
  }
}

/** Everybody on this host may read the arguments of a process, and only its own account its environment. */
function splitAddress(from: string): { readonly address: string; readonly password: string | undefined } {
  const [, scheme, user, password, rest] = /^(rsync:\/\/)([^/:@]*):([^/]*)@([^/@]+(?:\/.*)?)$/s.exec(from) ?? [];
  if (password === undefined) return { address: from, password };
  return {
    address: `${scheme}${user}@${rest}`,
    password: password.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  };
}

function argumentsOf(options: RsyncOptions, hasBefore: boolean): string[] {
  const { from, to, before, bytesPerSecond, exclude, isDryRun } = options;
  return [
    '-rltH',
    ...(isDryRun ? ['--dry-run'] : []),
    '--safe-links',
    '--no-motd',
    '--delete-after',
    '--partial-dir=.~part~',
    '--timeout=120',
    '--contimeout=15',
    '--out-format=%l %n',
    '--outbuf=L',
    ...(bytesPerSecond === undefined ? [] : [`--bwlimit=${Math.max(1, Math.round(bytesPerSecond / 1024))}`]),
    // A pattern with a slash begins at the top of the tree, as `fitsGlob` has it; rsync would find it at the end of any path.
    ...exclude.map((pattern) => `--exclude=${pattern.includes('/') ? pattern.replace(/^\/?/, '/') : pattern}`),
    ...(hasBefore ? [`--link-dest=${before}`] : []),
    '--',
    from.endsWith('/') ? from : `${from}/`,
    `${to}/`,
  ];
}

/** rsync(1), "EXIT VALUES". */
function failureOf(code: number | null, said: string): ProvisionError {
  const words = said.trim().split('\n').slice(-3).join('; ') || 'it said nothing';
  const message = `rsync ended with ${code}: ${words}`;
  return new ProvisionError(code === 11 || /No space left/.test(said) ? 'disk-full' : 'upstream-failed', message);
}

/** Whether another try may help: the connection broke, the server was busy, files went away in the middle. */
export function isWorthAnotherTry(error: unknown): boolean {
  return error instanceof ProvisionError && /^rsync ended with (5|10|12|23|24|30|35):/.test(error.message);
}
