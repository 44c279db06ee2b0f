import { execFile, spawnSync } from 'node:child_process';
import { existsSync, lchownSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProvisionError } from '../net/provision-error.ts';
import {
  type Capability,
  capabilityMask,
  forbidNewPrivileges,
  keepCapabilities,
  setCapabilities,
} from './native/capabilities.ts';
import { loadNative, type Native } from './native/native.ts';

export interface DropOptions {
  /** The account to become, by name. */
  readonly user: string;
  /** What the main thread keeps, so that it can open its sockets again when an interface comes back. */
  readonly keep: readonly Capability[];
  /** Files and folders that the account must be able to read: the program, node_modules, configuration. */
  readonly readable: readonly string[];
  /** Folders that are given to the account (made when missing, with everything in them): the data folder. */
  readonly writable: readonly string[];
  /** Of what is in those, folders with a great many files, into which nobody writes meanwhile. */
  readonly large?: readonly string[] | undefined;
  /** false: as if koffi were missing. */
  readonly native?: boolean | undefined;
}

/** `kept`: still root, nothing was changed except for the owner of the writable folders. The reason is a sentence. */
export type DropResult = { readonly kind: 'dropped' | 'kept' | 'not-root'; readonly reason: string };

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** Finds an account in the text of /etc/passwd. */
export function parseAccount(passwd: string, name: string): Account | undefined {
  for (const line of passwd.split('\n')) {
    const [found, , uid, gid] = line.split(':');
    if (found === name && /^[0-9]+$/.test(uid ?? '') && /^[0-9]+$/.test(gid ?? '')) {
      return { name, uid: Number(uid), gid: Number(gid) };
    }
  }
  return undefined;
}

/** Whether a /proc/self/uid_map (or gid_map) knows an id: lines of "first inside, first outside, count". */
export function isMapped(map: string, id: number): boolean {
  return map.split('\n').some((line) => {
    const [first, , count] = line.trim().split(/\s+/).map(Number);
    return first !== undefined && count !== undefined && id >= first && id < first + count;
  });
}

/**
 * Gives up root: from here on the process is `user`, its main thread keeps `keep` and nothing else, and no program that it
 * starts can gain rights. Everything that can be checked is checked first, and then the answer is `kept` with the reason.
 * After the first step that cannot be taken back, a failure throws ProvisionError `not-permitted`: the process must end.
 *
 * setuid(2) reaches all threads (the C library sees to that); threads that exist then lose all capabilities. capset(2) and
 * no_new_privs are the calling thread's own affairs, and a thread inherits them from the one that starts it: call this on
 * the main thread, and `dropThreadPrivileges` first thing in each worker.
 */
export async function dropPrivileges(options: DropOptions): Promise<DropResult> {
  if (process.getuid?.() !== 0) {
    return { kind: 'not-root', reason: `the server was not started as root but as uid ${process.getuid?.()}` };
  }
  const account = parseAccount(readFileSync('/etc/passwd', 'utf8'), options.user);
  const obstacle =
    findObstacle(account, options) ??
    (account && ((await giveLargeAway(account, options.large ?? [])) ?? giveFolders(account, options)));
  if (obstacle !== undefined || !account) return { kind: 'kept', reason: obstacle ?? 'there is no such account' };
  const native = await loadNative(options);
  become(account, native, options.keep);
  const kept = native && options.keep.length > 0 ? `keeps ${options.keep.join(', ')}` : 'keeps no rights of root';
  const loss = native
    ? ''
    : '; without koffi it cannot open ports below 1024 again, so restart it after an interface was re-created';
  return { kind: 'dropped', reason: `the server runs as ${account.name} (uid ${account.uid}) and ${kept}${loss}` };
}

function findObstacle(account: Account | undefined, options: DropOptions): string | undefined {
  if (!account) {
    return `there is no account "${options.user}"; make one with: adduser --system --group --no-create-home ${options.user}`;
  }
  const { name, uid, gid } = account;
  if (uid === 0) return `the account "${name}" is root itself`;
  if (!isMapped(readNamespace('uid_map'), uid) || !isMapped(readNamespace('gid_map'), gid)) {
    return `this container knows no uid ${uid} and gid ${gid} ("${name}"): its root is already confined`;
  }
  if (readNamespace('setgroups').trim() === 'deny') {
    return 'this container does not allow the groups of a process to be changed: its root is already confined';
  }
  return cannotReach(account, 'r', options.readable);
}

function giveFolders(account: Account, { writable, large = [] }: DropOptions): string | undefined {
  for (const folder of writable) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o750 });
      giveAway(folder, account, large);
    } catch (error) {
      return cannotGive(folder, account, error);
    }
  }
  return cannotReach(account, 'rw', writable);
}

/** By a process of its own: of a million files it takes long, from a cold disk minutes, and machines are answered already. */
async function giveLargeAway(account: Account, folders: readonly string[]): Promise<string | undefined> {
  const { uid, gid } = account;
  for (const folder of folders) {
    if (!existsSync(folder)) continue;
    const { promise, resolve } = Promise.withResolvers<Error | null>();
    execFile('chown', ['-hR', `${uid}:${gid}`, '--', folder], (error) => resolve(error));
    const error = await promise;
    if (error) return cannotGive(folder, account, error);
  }
  return undefined;
}

function cannotGive(folder: string, { name }: Account, error: unknown): string {
  return `"${folder}" could not be given to the account "${name}": ${error instanceof Error ? error.message : error}`;
}

/** What the kernel says of this user namespace; a kernel without them knows every id and allows all groups. */
function readNamespace(file: 'uid_map' | 'gid_map' | 'setgroups'): string {
  const path = `/proc/self/${file}`;
  if (existsSync(path)) return readFileSync(path, 'utf8');
  return file === 'setgroups' ? 'allow' : '0 0 4294967295';
}

/** Tries it for real, in a child process that is the account: permissions, access lists, mounts, and node itself. */
function cannotReach(account: Account, how: 'r' | 'rw', paths: readonly string[]): string | undefined {
  const script = `const { accessSync, constants: c, statSync } = require('node:fs');
    for (const path of process.argv.slice(1)) {
      try { accessSync(path, c.R_OK | ${how === 'rw' ? 'c.W_OK' : '0'} | (statSync(path).isDirectory() ? c.X_OK : 0)); }
      catch (error) { process.stdout.write(path + ' (' + error.code + ')'); process.exit(1); }
    }`;
  const { uid, gid, name } = account;
  const child = spawnSync(process.execPath, ['-e', script, '--', ...paths], {
    uid,
    gid,
    cwd: '/',
    env: {},
    encoding: 'utf8',
    timeout: 20_000,
  });
  if (child.status === 0) return undefined;
  if (child.error) return `the account "${name}" cannot run ${process.execPath}: ${child.error.message}`;
  const what = how === 'r' ? 'read' : 'write';
  return `the account "${name}" cannot ${what} ${child.stdout || child.stderr}; give it access, or move the folder to a place like /opt`;
}

/** Changes the owner of a folder and of all in it but `large`, and follows no links out of it. */
function giveAway(folder: string, account: Account, large: readonly string[]): void {
  lchownSync(folder, account.uid, account.gid);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) lchownSync(path, account.uid, account.gid);
    else if (!large.includes(path)) giveAway(path, account, large);
  }
}

function become(account: Account, native: Native | undefined, keep: readonly Capability[]): void {
  try {
    if (native) keepCapabilities(native);
    process.setgroups?.([account.gid]);
    process.setgid?.(account.gid);
    process.setuid?.(account.uid);
    if (native) {
      setCapabilities(native, keep);
      forbidNewPrivileges(native);
    }
    verify(account, native ? capabilityMask(keep) : 0);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ProvisionError('not-permitted', `Cannot become "${account.name}", and cannot go back: ${reason}`, {
      cause,
    });
  }
}

/** For a process that root started for the server: resolves with what gives up root, and every right with it. That throws as above. */
export async function prepareToGiveUpRoot(): Promise<(account: Account) => void> {
  const native = await loadNative();
  return (account) => become(account, native, []);
}

/** Looks at what the kernel says, and tries to get root back. */
function verify(account: Account, mask: number): void {
  const status = readFileSync('/proc/thread-self/status', 'utf8');
  const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1] ?? '';
  const uids = field('Uid').split(/\s+/).map(Number);
  const gids = field('Gid').split(/\s+/).map(Number);
  if (uids.some((uid) => uid !== account.uid)) throw new Error(`the user ids are ${uids.join(', ')}`);
  if (gids.some((gid) => gid !== account.gid)) throw new Error(`the group ids are ${gids.join(', ')}`);
  for (const name of ['CapEff', 'CapPrm']) {
    if (Number.parseInt(field(name), 16) !== mask) throw new Error(`${name} is ${field(name)}`);
  }
  try {
    process.setuid?.(0);
  } catch {
    return;
  }
  throw new Error('root could be regained');
}

/**
 * For worker threads, before anything else they do: gives up the capabilities that the thread inherited from the main
 * thread. Does nothing as root (the main thread has kept its rights then), nor without koffi (nothing was kept).
 */
export async function dropThreadPrivileges(options: { readonly native?: boolean | undefined } = {}): Promise<void> {
  const native = await loadNative(options);
  if (!native || process.getuid?.() === 0) return;
  setCapabilities(native, []);
  forbidNewPrivileges(native);
}
