import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { demoMachines, findInstaller, renderDemoConfig } from '../lab/demo-config.ts';
import { isEnclosed, probeEnclosure, runEnclosed, tapProblem } from '../lab/enclose.ts';
import type { LabMachine } from '../lab/machine.ts';
import { createSubjectFilter, followMilestones, type Progress, type ServerEvent } from '../lab/milestones.ts';
import { openRack, type Rack } from '../lab/rack.ts';
import { type ServerChild, startServerChild } from '../lab/server-child.ts';
import { ProvisionError } from '../net/provision-error.ts';
import { missingPackages, setup } from './setup.ts';

/** `sysexits.h`: a service that we need is not available. */
const EX_UNAVAILABLE = 69;
const INTERRUPTED = 130;
const START_TIMEOUT_MS = 120_000;

export function command(): Command {
  return new Command('demo')
    .description('A virtual rack on this machine: boots one BIOS and one UEFI PC from power-on into an installer.')
    .option('--minutes <number>', 'give up after so many minutes', parseMinutes, 10)
    .option('--verbose', 'print every event of the server, not only the steps', false)
    .addHelpText(
      'after',
      `
Examples:
  sudo ./rackready demo
  sudo ./rackready demo --minutes 20 --verbose`,
    )
    .action(async (options: DemoOptions) => {
      process.exitCode = isEnclosed() ? await runDemo(options) : await enterDemo();
    });
}

interface DemoOptions {
  readonly minutes: number;
  readonly verbose: boolean;
}

function parseMinutes(text: string): number {
  const minutes = Number(text);
  if (!(minutes > 0)) throw new Error(`--minutes ${text}: expected a number above 0`);
  return minutes;
}

/** On the host: sees to it that everything is there, then starts this command again in namespaces of its own. */
async function enterDemo(): Promise<number> {
  const missing = missingPackages('demo');
  if (missing.length > 0) {
    console.log(`demo: missing on this host: ${missing.join(' ')}`);
    if (process.getuid?.() !== 0) {
      console.error('demo: install them with:  sudo ./rackready setup --for demo');
      return EX_UNAVAILABLE;
    }
    const code = await setup('demo');
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
  console.log(
    `demo: a network of its own, in namespaces ${enclosure.as === 'user' ? 'of an ordinary user' : 'made by root'}; the host's network is not touched`,
  );
  return runEnclosed(enclosure, [process.execPath, resolve(import.meta.dirname, 'main.ts'), ...process.argv.slice(2)]);
}

/** What goes on in the demo. */
interface DemoRun {
  readonly rack: Rack;
  readonly server: ServerChild;
  readonly signal: AbortSignal;
  readonly isVerbose: boolean;
}

async function runDemo(options: DemoOptions): Promise<number> {
  const interrupted = new AbortController();
  const onSignal = (): void => interrupted.abort(new Interruption());
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onSignal);
  const installer = findInstaller();
  if ('missing' in installer) {
    console.error(`demo: no Debian installer found (package ${installer.missing})`);
    return EX_UNAVAILABLE;
  }
  const rack = await openRack();
  const folder = mkdtempSync(join(tmpdir(), 'rackready-demo-'));
  // The server reads it as an account of its own.
  chmodSync(folder, 0o755);
  const config = join(folder, 'rackready.yaml');
  const data = mkdtempSync(join(tmpdir(), 'rackready-data-'));
  writeFileSync(config, renderDemoConfig(installer), { mode: 0o644 });
  const server = startServerChild({ config, data, args: options.verbose ? ['--verbose'] : [] });
  try {
    const deadline = timeLimit(options.minutes);
    const signal = AbortSignal.any([interrupted.signal, deadline]);
    return await bootMachines({ rack, server, signal, isVerbose: options.verbose });
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

/** Somebody pressed Ctrl-C, or asked this process to stop. */
class Interruption extends Error {}

function isInterruption(signal: AbortSignal): boolean {
  return signal.reason instanceof Interruption;
}

/** Like AbortSignal.timeout, with a reason for people. */
function timeLimit(minutes: number): AbortSignal {
  const limit = new AbortController();
  setTimeout(() => limit.abort(new Error(`given up after ${minutes} min (--minutes)`)), minutes * 60_000).unref();
  return limit.signal;
}

async function bootMachines({ rack, server, signal, isVerbose }: DemoRun): Promise<number> {
  const starting = AbortSignal.any([signal, AbortSignal.timeout(START_TIMEOUT_MS)]);
  await server.waitFor('The start of the server', ({ id }) => id === 'server.started', starting);
  if (isVerbose) {
    for (const { id, text } of server.events) console.log(`server: ${id}: ${text}`);
    server.onEvent(
      ({ id, text, machine, address }) => (machine ?? address) === undefined && console.log(`server: ${id}: ${text}`),
    );
  }
  console.log('demo: the server is up: rackready up, with the configuration of the demo');
  console.log('demo: looking whether KVM runs a PC here (up to half a minute where it does not) ...');
  const accelerator = await rack.accelerator();
  console.log(`demo: the PCs are run by ${accelerator.name.toUpperCase()} (${accelerator.reason})`);
  if (accelerator.name === 'tcg') console.log('demo: that is slow: expect two to four minutes');
  console.log(`
Two virtual PCs without disks are switched on. Whatever they get, they get from this server: an address, a boot
loader, the kernel and ramdisk of the Debian installer, and the installer's answers. That is where the demo ends.

 after power-on  machine   step                            what the server says
`);
  const poweredOn = Date.now();
  const progress = new Map<string, Progress>();
  const done = Promise.all(
    demoMachines.map((machine) => {
      const steps = followMilestones();
      progress.set(machine.name, steps);
      return followMachine({ server, signal, steps, isVerbose, poweredOn, name: machine.name });
    }),
  );
  let isDone = false;
  // A failure before every machine is switched on is reported by the await below.
  done.catch(() => undefined);
  try {
    const machines = await Promise.all(
      demoMachines.map((machine) => rack.powerOn({ name: machine.name, mac: machine.mac, firmware: machine.firmware })),
    );
    for (const { name, label } of demoMachines) tell(poweredOn, name, `power on (${label})`);
    await Promise.race([done, firstDeath(machines)]);
    isDone = true;
    return 0;
  } catch (error) {
    if (!isInterruption(signal)) printTails(rack.machines, progress, server);
    throw error;
  } finally {
    printSummary(progress, poweredOn);
    if (isDone) console.log(WHAT_NEXT);
  }
}

const WHAT_NEXT = `
Both PCs came from power-on to an installer that knows what to do, without a key pressed.
  Every event of the server:           ./rackready demo --verbose
  Your own configuration on this rack: docs/lab.md
  A real network:                      write rackready.yaml (docs/configuration.md), then sudo ./rackready up
  The web page will be, in a later version, at http://127.0.0.1:8067 of the host where "up" runs; the API is there now.
`;

interface Following {
  readonly server: ServerChild;
  readonly signal: AbortSignal;
  readonly steps: Progress;
  readonly isVerbose: boolean;
  readonly poweredOn: number;
  readonly name: string;
}

/** Prints a machine's steps as they happen; resolves with the last one. */
async function followMachine({ server, signal, steps, isVerbose, poweredOn, name }: Following): Promise<void> {
  const isOurs = createSubjectFilter(name);
  await server.waitFor(
    `The boot of ${name}`,
    (event: ServerEvent) => {
      if (!isOurs(event) || steps.isComplete) return steps.isComplete;
      const reached = steps.take(event);
      for (const step of reached) tell(poweredOn, name, step.name, detail(step.name, event), event.time);
      if (steps.next === INSTALLER_STEP && reached.length > 0)
        tell(poweredOn, name, '  .', INSTALLER_STARTS, event.time);
      if (isVerbose && reached.length === 0) tell(poweredOn, name, '  .', event.text, event.time);
      return steps.isComplete;
    },
    signal,
  );
}

/** Between these two the server hears nothing of a machine: the longest silence of the demo. */
const INSTALLER_STEP = 'installer has its address';
const INSTALLER_STARTS = 'the installer’s kernel starts and looks for its hardware; about a minute without KVM';

/** The server's sentence, or what it does not say: a machine with iPXE in its card loads no boot loader from us. */
function detail(step: string, event: ServerEvent): string {
  const isConfiguration = event.id === 'boot.config' && step === 'loads its boot loader';
  return isConfiguration ? 'not from here: its network card has iPXE in its ROM' : event.text;
}

async function firstDeath(machines: readonly LabMachine[]): Promise<never> {
  const [name, end] = await Promise.race(machines.map(async (machine) => [machine.name, await machine.ended] as const));
  throw new Error(`Machine "${name}" is off before it was installed: ${end.reason}`);
}

function tell(poweredOn: number, name: string, step: string, text = '', time: number = Date.now()): void {
  const seconds = Math.max(0, (time - poweredOn) / 1000).toFixed(1);
  console.log(`${seconds.padStart(13)} s  ${name.padEnd(8)}  ${step.padEnd(30)}  ${text}`.trimEnd());
}

function printTails(
  machines: readonly LabMachine[],
  progress: ReadonlyMap<string, Progress>,
  server: ServerChild,
): void {
  for (const machine of machines) {
    const next = progress.get(machine.name)?.next;
    if (next === undefined) continue;
    console.log(`\n${machine.name} did not come to: ${next}. The end of its console:`);
    for (const line of machine.console.tail(12)) console.log(`  | ${line}`);
  }
  for (const line of server.otherLines.slice(-10)) console.log(`server: ${line}`);
}

function printSummary(progress: ReadonlyMap<string, Progress>, poweredOn: number): void {
  const names = followMilestones();
  const rows = [...progress.values()].map((steps) => steps.reached);
  const longest = rows.reduce((best, row) => (row.length > best.length ? row : best), names.reached);
  console.log(
    `\n${'seconds after power-on'.padEnd(32)}${demoMachines.map(({ label }) => label.padStart(10)).join('')}`,
  );
  for (const { name } of longest) {
    const cells = rows.map((row) => {
      const step = row.find((reached) => reached.name === name);
      return (step ? ((step.event.time - poweredOn) / 1000).toFixed(1) : '-').padStart(10);
    });
    console.log(`${name.padEnd(32)}${cells.join('')}`);
  }
}
