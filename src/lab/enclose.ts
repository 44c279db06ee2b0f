import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { findProgram } from './programs.ts';

/**
 * Private namespaces: everything that the rack makes (bridges, taps, named network namespaces, temp folders, processes) lives in
 * mount, network and process namespaces of its own. The kernel takes them away with the last process, also after SIGKILL, so
 * nothing of it ever exists on the host and nothing has to be cleaned up.
 */
export type Enclosure =
  | {
      readonly kind: 'possible';
      /** Goes before a command line; the command runs as root of the new namespaces, with `lo` up. */
      readonly prefix: readonly string[];
      /** `user`: inside a user namespace, made by an ordinary user. */
      readonly as: 'root' | 'user';
    }
  | { readonly kind: 'impossible'; readonly reason: string };

/** Where the private tmpfs is mounted; `TMPDIR` inside is a folder in it. */
const PRIVATE_RUN = '/run';

/**
 * The first thing that runs inside. /run becomes an empty tmpfs, so that `ip netns add` works and stays private, and temp
 * folders are kept in it. /tmp is left alone: the project itself may be checked out there.
 */
const prepare = (mark: string) =>
  [
    `mount -t tmpfs -o mode=755 rackready-lab ${PRIVATE_RUN}`,
    `mkdir -p ${PRIVATE_RUN}/netns ${PRIVATE_RUN}/lock ${PRIVATE_RUN}/tmp`,
    `chmod 1777 ${PRIVATE_RUN}/lock ${PRIVATE_RUN}/tmp`,
    'ip link set lo up',
    `export TMPDIR=${PRIVATE_RUN}/tmp RACKREADY_ENCLOSED=${mark}`,
    'exec "$@"',
  ].join(' && ');

/** `host`: all but the network is private, for what is to meet a real network. Root only. */
export type EnclosedNetwork = 'private' | 'host';
const MARKS = { private: '1', host: 'host' } as const;

/**
 * Command line that runs what follows it in private namespaces. `setpriv --pdeathsig` and `unshare --kill-child` make a chain:
 * when the process that started it dies, however that happens, everything inside is killed.
 */
export function enclosurePrefix(as: 'root' | 'user', network: EnclosedNetwork = 'private'): readonly string[] {
  const user = as === 'user' ? ['--user', '--map-root-user'] : [];
  const net = network === 'private' ? ['--net'] : [];
  const namespaces = ['--mount', ...net, '--pid', '--fork', '--mount-proc', '--kill-child'];
  const script = prepare(MARKS[network]);
  return ['setpriv', '--pdeathsig', 'KILL', 'unshare', ...user, ...namespaces, 'sh', '-c', script, 'rackready-lab'];
}

/** Whether this process already runs inside private namespaces that `enclosurePrefix` made. */
export function isEnclosed(
  env: Readonly<Record<string, string | undefined>> = process.env,
  network: EnclosedNetwork = 'private',
): boolean {
  return env.RACKREADY_ENCLOSED === MARKS[network];
}

/** PATH with the system folders that an ordinary user's PATH leaves out on Debian. */
export function systemPath(path: string | undefined = process.env.PATH): string {
  const folders = (path ?? '').split(':').filter(Boolean);
  for (const folder of ['/usr/sbin', '/usr/bin', '/sbin', '/bin']) if (!folders.includes(folder)) folders.push(folder);
  return folders.join(':');
}

/** Tries the namespaces once, by making them. Takes some milliseconds. */
export function probeEnclosure(network: EnclosedNetwork = 'private'): Enclosure {
  for (const [program, debianPackage] of [
    ['unshare', 'util-linux'],
    ['setpriv', 'util-linux'],
    ['ip', 'iproute2'],
  ] as const) {
    if (!findProgram(program))
      return { kind: 'impossible', reason: `missing ${program} (Debian package ${debianPackage})` };
  }
  const as = process.getuid?.() === 0 ? 'root' : 'user';
  const prefix = enclosurePrefix(as, network);
  const [command = '', ...rest] = prefix;
  const tried = spawnSync(command, [...rest, 'true'], {
    env: { ...process.env, PATH: systemPath() },
    encoding: 'utf8',
    timeout: 20_000,
  });
  if (tried.status === 0) return { kind: 'possible', prefix, as };
  const said = (tried.stderr || tried.error?.message || `ended with ${tried.signal ?? tried.status}`).trim();
  return { kind: 'impossible', reason: `the kernel allows no private namespaces here (${said})` };
}

/** Why QEMU cannot be given a network card of the rack, or undefined when it can. */
export function tapProblem(device = '/dev/net/tun'): string | undefined {
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return `${device} is missing: load the kernel module with "sudo modprobe tun"`;
    return `${device} may be opened by root only: run "sudo chmod 666 ${device}" (udev's normal mode), or run this as root`;
  }
}

/**
 * Runs a command line in private namespaces with this terminal and waits for its end. Ctrl-C reaches the command through the
 * terminal; a SIGTERM to this process is passed on. Returns the exit code.
 */
export async function runEnclosed(
  enclosure: Extract<Enclosure, { kind: 'possible' }>,
  argv: readonly string[],
): Promise<number> {
  const [command = '', ...rest] = [...enclosure.prefix, ...argv];
  const child = spawn(command, rest, { stdio: 'inherit', env: { ...process.env, PATH: systemPath() } });
  const stay = (): void => {};
  // unshare holds SIGTERM back while it waits, so what stops the inside is the death of unshare (--kill-child).
  const stop = (): void => void child.kill('SIGKILL');
  process.on('SIGINT', stay).on('SIGTERM', stop).on('SIGHUP', stop);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)));
    });
  } finally {
    process.off('SIGINT', stay).off('SIGTERM', stop).off('SIGHUP', stop);
  }
}
