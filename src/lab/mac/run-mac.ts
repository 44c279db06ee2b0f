import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ProvisionError } from '../../net/provision-error.ts';
import type { RackClient } from '../rack.ts';
import type { MacOrder } from './order.ts';
import type { Outcome, Told } from './told.ts';

/** What the process in the namespace is told to be. */
export interface ChildOrder {
  readonly mac: MacOrder;
  readonly interfaceName: string;
  /** Folder for the file that it loads. */
  readonly saveTo?: string | undefined;
}

/** What it prints. `problem`: the lab cannot do what it is to do. */
export type ChildLine = { readonly told: Told } | { readonly problem: string };

export interface MacRun {
  /** Everything told so far, in order. */
  readonly told: readonly Told[];
  /** Rejects with ProvisionError when there is no outcome: the process was stopped, or the lab cannot do it. */
  readonly outcome: Promise<Outcome>;
  /** Switches it off and waits until the process is gone. */
  stop(): Promise<void>;
}

export interface MacRunOptions {
  readonly order: MacOrder;
  readonly saveTo?: string | undefined;
  readonly onTold?: ((told: Told) => void) | undefined;
}

/** Switches a fake Mac on, on a card of its own that has the Mac's hardware address. */
export function startMac(client: RackClient, { order, saveTo, onTold }: MacRunOptions): MacRun {
  const { interfaceName, prefix } = client;
  const script = join(import.meta.dirname, 'child.ts');
  const childOrder: ChildOrder = { mac: order, interfaceName, ...(saveTo !== undefined && { saveTo }) };
  const [command = '', ...args] = [...prefix, process.execPath, script, JSON.stringify(childOrder)];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const told: Told[] = [];
  let problem: string | undefined;
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors = (errors + chunk).slice(-4_000);
  });
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = JSON.parse(text) as ChildLine;
    if ('problem' in line) problem = line.problem;
    else {
      told.push(line.told);
      onTold?.(line.told);
    }
  });
  const gone = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', (error) => {
      problem ??= error.message;
      resolve();
    });
  });
  const outcome = gone.then(() => {
    const last = told.at(-1);
    if (last?.kind === 'ends') return last.outcome;
    const why = problem ?? (errors.trim() || 'it was stopped');
    throw new ProvisionError('not-permitted', `Cannot run the fake Mac: ${why}`);
  });
  outcome.catch(() => undefined);
  return {
    told,
    outcome,
    async stop() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}
