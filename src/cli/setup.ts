import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import {
  disableDaemons,
  isDebianFamily,
  type PackagePlan,
  planPackages,
  readPackageState,
  runApt,
  type WantedPackage,
  withoutStartingDaemons,
} from '../io/packages.ts';
import { packageSets, type SetupPurpose } from './package-sets.ts';

/** `sysexits.h`: a service that we need is not available. */
const EX_UNAVAILABLE = 69;
/** `sysexits.h`: permission denied. */
const EX_NOPERM = 77;
const APT_INSTALL = ['install', '-y', '--no-install-recommends'];
/** Account that `rackready up` runs as after its sockets are open. */
const SERVER_USER = 'rackready';

export function command(): Command {
  return new Command('setup')
    .description('Installs what this host lacks, on Debian and its relatives. Says what it does first.')
    .addOption(
      new Option('--for <purpose>', 'what the host is to do').choices(Object.keys(packageSets)).default('server'),
    )
    .option('--dry-run', 'say what would be done, and do nothing', false)
    .addHelpText(
      'after',
      `
Examples:
  sudo ./rackready setup
  ./rackready setup --for tests --dry-run`,
    )
    .action(async (options: { for: SetupPurpose; dryRun: boolean }) => {
      process.exitCode = await setup(options.for, { isDryRun: options.dryRun });
    });
}

/**
 * Installs the packages of a purpose that are missing, and for a server makes its system user.
 * As an ordinary user it changes nothing and prints the line to run. Returns the exit code.
 */
export async function setup(purpose: SetupPurpose, { isDryRun = false } = {}): Promise<number> {
  const wanted = packageSets[purpose];
  if (!isDebianFamily()) return explainOtherSystem(purpose, wanted);
  const isRoot = process.getuid?.() === 0;
  let plan = planPackages(wanted, readPackageState(wanted));
  if (plan.unavailable.length > 0 && isRoot && !isDryRun) {
    // The package lists may be old, or missing altogether on a fresh system.
    console.log('setup: apt-get update');
    const code = await runApt(['update', '-q']);
    if (code !== 0)
      console.error(`setup: apt-get update ended with exit code ${code}; trying with the lists there are`);
    plan = planPackages(wanted, readPackageState(wanted));
  }
  const needsUser = purpose === 'server' && !hasUser(SERVER_USER);
  describe(plan, purpose);
  if (plan.unavailable.length > 0 && (isRoot || isDryRun)) return refuse(plan, isDryRun);
  if (plan.install.length === 0 && plan.unavailable.length === 0 && !needsUser) {
    console.log(`setup: nothing to do, everything for "${purpose}" is here`);
    return 0;
  }
  if (isDryRun) return explainDryRun(plan, needsUser);
  if (!isRoot) {
    for (const { name, why } of plan.unavailable) console.log(`setup: to install: ${name} (${why})`);
    console.log(`setup: not root, so nothing was changed. Run: sudo ./rackready setup --for ${purpose}`);
    return EX_NOPERM;
  }
  const installed = await install(plan.install);
  return installed === 0 && needsUser ? addUser() : installed;
}

/** The exact line that installs what is missing for a purpose, or undefined when nothing is. */
export function missingPackages(purpose: SetupPurpose): readonly string[] {
  if (!isDebianFamily()) return [];
  const wanted = packageSets[purpose].filter(({ isRequired }) => isRequired);
  const plan = planPackages(wanted, readPackageState(wanted));
  return [...plan.install, ...plan.unavailable.map(({ name }) => name)];
}

async function install(names: readonly string[]): Promise<number> {
  if (names.length === 0) return 0;
  console.log(`setup: DEBIAN_FRONTEND=noninteractive apt-get ${[...APT_INSTALL, ...names].join(' ')}`);
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    const code = await withoutStartingDaemons(() => installOnce(names, stop.signal));
    if (code !== 0) {
      console.error(`setup: apt-get ended with exit code ${code}; see its messages above`);
      return EX_UNAVAILABLE;
    }
    const units = disableDaemons(names);
    if (units.length > 0) console.log(`setup: disabled, so that they never start by themselves: ${units.join(' ')}`);
    console.log('setup: done');
    return 0;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/** Lists that are a few days old name package versions that the mirror no longer has: update them and try once more. */
async function installOnce(names: readonly string[], signal: AbortSignal): Promise<number> {
  const args = ['-q', ...APT_INSTALL, ...names];
  const first = await runApt(args, signal);
  if (first === 0 || signal.aborted) return first;
  console.log('setup: apt-get update, then once more');
  const updated = await runApt(['update', '-q'], signal);
  return updated === 0 ? runApt(args, signal) : updated;
}

function describe(plan: PackagePlan, purpose: SetupPurpose): void {
  const why = new Map(packageSets[purpose].map((item) => [item.name, item.why]));
  for (const name of plan.install) console.log(`setup: to install: ${name} (${why.get(name) ?? 'see the line below'})`);
  for (const { name, why: reason } of plan.skipped) {
    console.log(`setup: left out, this host's package sources do not have it: ${name} (${reason})`);
  }
}

function refuse(plan: PackagePlan, isDryRun: boolean): number {
  for (const { name, why } of plan.unavailable) {
    console.error(`setup: required, and not in this host's package lists: ${name} (${why})`);
  }
  if (isDryRun)
    console.error('setup: the lists may be old; "apt-get update" renews them (a run without --dry-run does)');
  else
    console.error(
      'setup: add a package source that has it to /etc/apt/sources.list.d and try again. Nothing was installed.',
    );
  return EX_UNAVAILABLE;
}

function explainDryRun(plan: PackagePlan, needsUser: boolean): number {
  if (plan.install.length > 0) console.log(`setup: would run: apt-get ${[...APT_INSTALL, ...plan.install].join(' ')}`);
  if (needsUser) console.log(`setup: would run: useradd ${USERADD.join(' ')}`);
  return 0;
}

function explainOtherSystem(purpose: SetupPurpose, wanted: readonly WantedPackage[]): number {
  console.error(
    `setup: this is not a Debian-family system. Install what these Debian packages hold, for "${purpose}":`,
  );
  for (const { name, why, isRequired } of wanted) console.error(`  ${name}${isRequired ? '' : ' (optional)'}: ${why}`);
  return EX_UNAVAILABLE;
}

const USERADD = [
  '--system',
  '--no-create-home',
  '--home-dir',
  '/nonexistent',
  '--shell',
  '/usr/sbin/nologin',
  SERVER_USER,
];

function hasUser(name: string): boolean {
  return readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .some((line) => line.startsWith(`${name}:`));
}

function addUser(): number {
  console.log(`setup: useradd ${USERADD.join(' ')}`);
  const done = spawnSync('/usr/sbin/useradd', USERADD, { stdio: 'inherit' });
  if (done.status === 0) return 0;
  console.error(
    `setup: useradd failed (${done.error?.message ?? `exit code ${done.status}`}); the server needs this user`,
  );
  return EX_UNAVAILABLE;
}
