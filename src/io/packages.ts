import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';

/** A Debian package that some part of rackready needs. */
export interface WantedPackage {
  /** Exact name, or a pattern of which the newest match counts (see `newest`). */
  readonly name: string;
  /** The newest installed or installable package whose name matches; its first group must be a number. */
  readonly newest?: RegExp;
  /** Without a required package the thing does not work; an optional one adds something. */
  readonly isRequired: boolean;
  readonly why: string;
}

/** What the host's package database says. */
export interface PackageState {
  readonly installed: ReadonlySet<string>;
  /** Names that the host's package sources can install. */
  readonly candidates: ReadonlySet<string>;
}

export interface PackagePlan {
  readonly install: readonly string[];
  /** Required, and neither installed nor in the host's sources. */
  readonly unavailable: readonly WantedPackage[];
  /** Optional ones that the sources do not have: named and left out. */
  readonly skipped: readonly WantedPackage[];
}

/** Decides what to install: only what is missing. */
export function planPackages(wanted: readonly WantedPackage[], state: PackageState): PackagePlan {
  const install: string[] = [];
  const unavailable: WantedPackage[] = [];
  const skipped: WantedPackage[] = [];
  for (const item of wanted) {
    const name = newestName(item, state);
    if (state.installed.has(name)) continue;
    if (state.candidates.has(name)) install.push(name);
    else if (item.isRequired) unavailable.push(item);
    else skipped.push(item);
  }
  return { install, unavailable, skipped };
}

function newestName(item: WantedPackage, state: PackageState): string {
  const pattern = item.newest;
  if (!pattern) return item.name;
  const version = (name: string): number => Number(pattern.exec(name)?.[1] ?? -1);
  const names = [...state.installed, ...state.candidates].filter((name) => pattern.test(name));
  return names.reduce((best, name) => (version(name) > version(best) ? name : best), item.name);
}

/** Whether this host installs software with apt and dpkg. */
export function isDebianFamily(): boolean {
  return existsSync('/usr/bin/apt-get') && existsSync('/usr/bin/dpkg-query');
}

/** Asks dpkg and apt; changes nothing and needs no network. */
export function readPackageState(wanted: readonly WantedPackage[]): PackageState {
  const installed = new Set(
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own placeholders
    output('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n'])
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.slice(0, line.indexOf(' '))),
  );
  const patterns = wanted.flatMap(({ newest }) => (newest ? [newest] : []));
  const names = new Set(wanted.map(({ name }) => name));
  if (patterns.length > 0) {
    for (const name of output('apt-cache', ['pkgnames']).split('\n')) {
      if (patterns.some((pattern) => pattern.test(name))) names.add(name);
    }
  }
  return { installed, candidates: parsePolicy(output('apt-cache', ['policy', ...names])) };
}

/** Reads `apt-cache policy`: the packages that have a candidate to install. */
export function parsePolicy(text: string): Set<string> {
  const candidates = new Set<string>();
  let name = '';
  for (const line of text.split('\n')) {
    const header = /^([a-z0-9][a-z0-9.+-]*)(?::[a-z0-9]+)?:$/.exec(line);
    if (header) name = header[1] ?? '';
    else if (/^ {2}Candidate: (?!\(none\))/.test(line)) candidates.add(name);
  }
  return candidates;
}

function output(command: string, args: readonly string[]): string {
  const done = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
  if (done.error) throw new Error(`Cannot run ${command}`, { cause: done.error });
  return done.stdout;
}

/** Runs apt-get with this terminal. Returns its exit code. */
export function runApt(args: readonly string[], signal?: AbortSignal): Promise<number> {
  const child = spawn('apt-get', args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    ...(signal ? { signal, killSignal: 'SIGTERM' as const } : {}),
  });
  return new Promise((resolve, reject) => {
    child.once('error', (error) => (error.name === 'AbortError' ? resolve(130) : reject(error)));
    child.once('close', (code) => resolve(code ?? 1));
  });
}

const POLICY = '/usr/sbin/policy-rc.d';

/**
 * Keeps packages from starting their daemons while `work` runs: a DHCP server that starts because it was installed would answer
 * on the host's network. invoke-rc.d asks policy-rc.d; 101 means "not allowed". A file that is there already stays as it is.
 */
export async function withoutStartingDaemons<Result>(work: () => Promise<Result>): Promise<Result> {
  if (existsSync(POLICY)) return work();
  writeFileSync(POLICY, '#!/bin/sh\n# Put here by "rackready setup" and removed at its end.\nexit 101\n');
  chmodSync(POLICY, 0o755);
  try {
    return await work();
  } finally {
    rmSync(POLICY, { force: true });
  }
}

/** Units that Debian's packages enable, and that must not come up by themselves at the next boot. */
const DAEMON_UNITS: Readonly<Record<string, readonly string[]>> = {
  'isc-dhcp-server': ['isc-dhcp-server.service'],
  'kea-dhcp4-server': ['kea-dhcp4-server.service'],
  'tftpd-hpa': ['tftpd-hpa.service'],
  nginx: ['nginx.service'],
};

/** Under systemd: disables the services of packages that were installed just now. Returns the units. */
export function disableDaemons(installed: readonly string[]): readonly string[] {
  if (!existsSync('/run/systemd/system')) return [];
  const units = installed.flatMap((name) => DAEMON_UNITS[name] ?? []);
  if (units.length > 0) spawnSync('systemctl', ['disable', '--now', ...units], { stdio: 'ignore' });
  return units;
}
