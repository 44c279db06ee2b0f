import type { LabMachine } from '../lab/machine.ts';
import { createSubjectFilter, type Progress, type ServerEvent } from '../lab/milestones.ts';
import type { Rack } from '../lab/rack.ts';
import type { ServerChild } from '../lab/server-child.ts';

const START_TIMEOUT_MS = 120_000;

/** What a demo runs with. */
export interface DemoRun {
  readonly rack: Rack;
  readonly server: ServerChild;
  readonly signal: AbortSignal;
  readonly isVerbose: boolean;
}

/** Somebody pressed Ctrl-C, or asked this process to stop. */
export class Interruption extends Error {}

export function isInterruption(signal: AbortSignal): boolean {
  return signal.reason instanceof Interruption;
}

/** Waits for the server, and says what runs the virtual machines. Resolves with whether that is slow. */
export async function startDemo({ rack, server, signal, isVerbose }: DemoRun): Promise<{ isSlow: boolean }> {
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
  return { isSlow: accelerator.name === 'tcg' };
}

export interface Following {
  readonly server: ServerChild;
  readonly signal: AbortSignal;
  readonly steps: Progress;
  readonly isVerbose: boolean;
  readonly poweredOn: number;
  readonly name: string;
}

/** Prints a machine's steps as they happen; resolves with the last one. */
export async function followMachine({ server, signal, steps, isVerbose, poweredOn, name }: Following): Promise<void> {
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

/** Rejects as soon as one of the machines is off. */
export async function firstDeath(machines: readonly LabMachine[]): Promise<never> {
  const [name, end] = await Promise.race(machines.map(async (machine) => [machine.name, await machine.ended] as const));
  throw new Error(`Machine "${name}" is off before it was installed: ${end.reason}`);
}

/** Prints a line of the table. */
export function tell(poweredOn: number, name: string, step: string, text = '', time: number = Date.now()): void {
  const seconds = Math.max(0, (time - poweredOn) / 1000).toFixed(1);
  console.log(`${seconds.padStart(13)} s  ${name.padEnd(8)}  ${step.padEnd(30)}  ${text}`.trimEnd());
}

/** The ends of the consoles of machines that did not come through. */
export function printTails(
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
