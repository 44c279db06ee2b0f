import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { assembleMirror, isAssembled } from '../lab/debian-mirror.ts';
import { findInstaller, renderDemoConfig } from '../lab/demo-config.ts';
import { isEnclosed, probeEnclosure, runEnclosed, tapProblem } from '../lab/enclose.ts';
import { renderInstallConfig } from '../lab/install-config.ts';
import { openRack } from '../lab/rack.ts';
import { startServerChild } from '../lab/server-child.ts';
import { makeSshKey } from '../lab/ssh-login.ts';
import { ProvisionError } from '../net/provision-error.ts';
import { bootMachines } from './demo-boot.ts';
import { type DemoRun, Interruption } from './demo-follow.ts';
import { type InstallFirmware, installMachine, installMachines } from './demo-install.ts';
import { missingPackages, setup } from './setup.ts';

/** `sysexits.h`: a service that we need is not available. */
const EX_UNAVAILABLE = 69;
const INTERRUPTED = 130;
/** Longest that each kind of demo should take without KVM, in minutes. */
const USUAL_MINUTES = { boot: 10, install: 120 };

export function command(): Command {
  return new Command('demo')
    .description(
      'A virtual rack on this machine: boots one BIOS and one UEFI PC from power-on into an installer, or installs one.',
    )
    .option(
      '--install',
      'install Debian 13 on one PC, from power-on to a login by SSH (half an hour and more without KVM)',
    )
    .addOption(
      new Option('--firmware <kind>', 'with --install: of the PC').choices(['bios', 'uefi-x64']).default('bios'),
    )
    .option('--mirror <folder>', 'with --install: where the small Debian mirror is kept', defaultMirror())
    .option('--source <url>', 'with --install: a Debian mirror to take the packages from (default: that of apt)')
    .option('--minutes <number>', 'give up after so many minutes (default: 10, with --install 120)', parseMinutes)
    .option('--verbose', 'print every event of the server, not only the steps', false)
    .addHelpText(
      'after',
      `
Examples:
  sudo ./rackready demo
  sudo ./rackready demo --minutes 20 --verbose
  sudo ./rackready demo --install
  sudo ./rackready demo --install --firmware uefi-x64 --source http://deb.debian.org/debian`,
    )
    .action(async (options: DemoOptions) => {
      process.exitCode = isEnclosed() ? await runDemo(options) : await enterDemo(options);
    });
}

interface DemoOptions {
  readonly install?: boolean | undefined;
  readonly firmware: InstallFirmware;
  readonly mirror: string;
  readonly source?: string | undefined;
  readonly minutes?: number | undefined;
  readonly verbose: boolean;
}

function defaultMirror(): string {
  return join(tmpdir(), 'rackready-debian-13');
}

function parseMinutes(text: string): number {
  const minutes = Number(text);
  if (!(minutes > 0)) throw new Error(`--minutes ${text}: expected a number above 0`);
  return minutes;
}

/** On the host: sees to it that everything is there, then starts this command again in namespaces of its own. */
async function enterDemo(options: DemoOptions): Promise<number> {
  const purpose = options.install ? 'install-demo' : 'demo';
  const missing = missingPackages(purpose);
  if (missing.length > 0) {
    console.log(`demo: missing on this host: ${missing.join(' ')}`);
    if (process.getuid?.() !== 0) {
      console.error(`demo: install them with:  sudo ./rackready setup --for ${purpose}`);
      return EX_UNAVAILABLE;
    }
    const code = await setup(purpose);
    if (code !== 0) return code;
  }
  const enclosure = probeEnclosure();
  if (enclosure.kind === 'impossible') {
    console.error(`demo: ${enclosure.reason}`);
    if (process.getuid?.() !== 0) console.error('demo: run it as root instead:  sudo ./rackready demo');
    return EX_UNAVAILABLE;
  }
  const problem = tapProblem();
  if (problem !== undefined) {
    console.error(`demo: no virtual network card can be made: ${problem}`);
    return EX_UNAVAILABLE;
  }
  if (options.install) {
    const code = await prepareMirror(options);
    if (code !== 0) return code;
  }
  console.log(
    `demo: a network of its own, in namespaces ${enclosure.as === 'user' ? 'of an ordinary user' : 'made by root'}; the host's network is not touched`,
  );
  // Inside, temp folders are elsewhere.
  const mirror = options.install ? ['--mirror', resolve(options.mirror)] : [];
  const main = resolve(import.meta.dirname, 'main.ts');
  return runEnclosed(enclosure, [process.execPath, main, ...process.argv.slice(2), ...mirror]);
}

/** The packages that the PC is to be installed from: fetched while the host's own network can be reached. */
async function prepareMirror({ mirror, source }: DemoOptions): Promise<number> {
  if (isAssembled(mirror)) {
    console.log(`demo: the packages are in ${mirror} already`);
    return 0;
  }
  console.log(
    `demo: fetching what an installation of Debian 13 needs (about 350 MB) into ${mirror}, which is kept ...`,
  );
  const code = await assembleMirror({ folder: resolve(mirror), source });
  if (code === 0) return 0;
  console.error(`demo: the packages could not be fetched (exit code ${code}); the lines above say why`);
  console.error(`demo: then run it again; "rm -r ${mirror}" begins anew, and --source names another Debian mirror`);
  return EX_UNAVAILABLE;
}

/** What is served, and what is done with it. */
interface Plan {
  readonly config: string;
  run(ground: DemoRun): Promise<number>;
}

function planBoot(): Plan | undefined {
  const installer = findInstaller();
  if ('missing' in installer) {
    console.error(`demo: no Debian installer found (package ${installer.missing})`);
    return undefined;
  }
  return { config: renderDemoConfig(installer), run: bootMachines };
}

async function planInstall({ firmware, mirror }: DemoOptions, folder: string): Promise<Plan> {
  const keyFile = join(folder, 'key');
  await makeSshKey(keyFile);
  const key = readFileSync(`${keyFile}.pub`, 'utf8').trim();
  const config = renderInstallConfig(resolve(mirror), key, [installMachines[firmware]]);
  return { config, run: (ground) => installMachine(ground, firmware, keyFile) };
}

async function runDemo(options: DemoOptions): Promise<number> {
  const interrupted = new AbortController();
  const onSignal = (): void => interrupted.abort(new Interruption());
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onSignal);
  const folder = mkdtempSync(join(tmpdir(), 'rackready-demo-'));
  // The server reads it as an account of its own.
  chmodSync(folder, 0o755);
  const plan = options.install ? await planInstall(options, folder) : planBoot();
  if (plan === undefined) return EX_UNAVAILABLE;
  const rack = await openRack();
  const config = join(folder, 'rackready.yaml');
  const data = mkdtempSync(join(tmpdir(), 'rackready-data-'));
  writeFileSync(config, plan.config, { mode: 0o644 });
  const server = startServerChild({ config, data, args: options.verbose ? ['--verbose'] : [] });
  try {
    const deadline = timeLimit(options.minutes ?? USUAL_MINUTES[options.install ? 'install' : 'boot']);
    const signal = AbortSignal.any([interrupted.signal, deadline]);
    return await plan.run({ rack, server, signal, isVerbose: options.verbose });
  } catch (error) {
    if (interrupted.signal.aborted) {
      console.log('demo: interrupted');
      return INTERRUPTED;
    }
    console.error(`demo: ${error instanceof Error ? error.message : error}`);
    if (error instanceof ProvisionError) console.error(`demo: ${error.hint}`);
    return 1;
  } finally {
    console.log('demo: switching everything off');
    await rack.close();
    await server.stop();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal).off('SIGHUP', onSignal);
  }
}

/** Like AbortSignal.timeout, with a reason for people. */
function timeLimit(minutes: number): AbortSignal {
  const limit = new AbortController();
  setTimeout(() => limit.abort(new Error(`given up after ${minutes} min (--minutes)`)), minutes * 60_000).unref();
  return limit.signal;
}
