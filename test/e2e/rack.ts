import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { tapProblem } from '../../src/lab/enclose.ts';
import type { LabMachine, MachineOptions } from '../../src/lab/machine.ts';
import { createSubjectFilter, type ServerEvent } from '../../src/lab/milestones.ts';
import { openRack, type Rack } from '../../src/lab/rack.ts';
import { type ServerChild, startServerChild } from '../../src/lab/server-child.ts';
import { knownAccelerator } from './accelerator.ts';
import type { Wanted } from './wanted.ts';

/** A rack with `rackready up` on it, for one test. Everything is stopped when the test ends. */
export interface TestRack {
  readonly rack: Rack;
  readonly server: ServerChild;
  /** The server's data folder. */
  readonly data: string;
  /** Switches a machine on. */
  powerOn(options: MachineOptions): Promise<LabMachine>;
  /**
   * Waits until the machine's events hold these, in this order, with anything in between; returns them. Fails after the
   * deadline, or when the machine or the server is gone, with the machine's events and the end of its console.
   */
  waitForSequence(machine: LabMachine, wanted: readonly Wanted[], timeoutMs: number): Promise<readonly ServerEvent[]>;
  /** All events about a machine since it was switched on. */
  eventsOf(machine: LabMachine): readonly ServerEvent[];
}

/** Why no machine can be switched on here (no /dev/net/tun), or undefined. A test skips with it. */
export const rackProblem = tapProblem;

/** Opens a rack, writes the configuration (YAML) and starts the server on it. */
export async function openTestRack(
  t: TestContext,
  yaml: string,
  /** Goes before the server's command line. */
  prefix: readonly string[] = [],
): Promise<TestRack> {
  const rack = await openRack({ accelerator: await knownAccelerator() });
  t.after(() => rack.close());
  const folder = mkdtempSync(join(tmpdir(), 'rackready-e2e-'));
  // The server reads it as an account of its own.
  chmodSync(folder, 0o755);
  const config = join(folder, 'rackready.yaml');
  writeFileSync(config, yaml, { mode: 0o644 });
  const data = mkdtempSync(join(tmpdir(), 'rackready-data-'));
  const server = startServerChild({ config, data, args: ['--verbose'], prefix });
  t.after(() => server.stop());
  await server.waitFor('The start of the server', ({ id }) => id === 'server.started', AbortSignal.timeout(120_000));
  /** How many events there were when a machine was switched on: an earlier boot of the same machine is not part of its story. */
  const firstEvents = new WeakMap<LabMachine, number>();
  const storyOf = (machine: LabMachine) => ({ machine, from: firstEvents.get(machine) ?? 0, server });
  return {
    rack,
    server,
    data,
    eventsOf: (machine) => eventsOf(storyOf(machine)),
    powerOn: async (options) => {
      const from = server.events.length;
      const machine = await rack.powerOn(options);
      firstEvents.set(machine, from);
      return machine;
    },
    waitForSequence: (machine, sequence, timeoutMs) => waitForSequence(storyOf(machine), sequence, timeoutMs),
  };
}

/** A machine since it was switched on. */
interface Story {
  readonly server: ServerChild;
  readonly machine: LabMachine;
  readonly from: number;
}

/** Whether an event is part of the story; give it all events in order, also those before it: they tell the address. */
function storyFilter({ machine, from }: Story): (event: ServerEvent) => boolean {
  const isOurs = createSubjectFilter(machine.name, machine.mac);
  let index = 0;
  return (event) => {
    index += 1;
    return isOurs(event) && index > from;
  };
}

function eventsOf(story: Story): readonly ServerEvent[] {
  return story.server.events.filter(storyFilter(story));
}

async function waitForSequence(
  story: Story,
  sequence: readonly Wanted[],
  timeoutMs: number,
): Promise<readonly ServerEvent[]> {
  const { server, machine } = story;
  const found: ServerEvent[] = [];
  const isOurs = storyFilter(story);
  const accept = (event: ServerEvent): boolean => {
    if (isOurs(event) && sequence[found.length]?.accept(event)) found.push(event);
    return found.length === sequence.length;
  };
  const gone = new AbortController();
  machine.ended.then(({ reason }) => gone.abort(new Error(`the machine is off: ${reason}`)));
  try {
    const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(timeoutMs)]);
    await server.waitFor(`The sequence of ${machine.name}`, accept, signal);
    return found;
  } catch (error) {
    const missing = sequence.slice(found.length).map(({ what }) => what);
    assert.fail(
      [`${machine.name} never came to: ${missing.join(', then ')}`, String(error), ...report(story)].join('\n'),
    );
  }
}

function report(story: Story): string[] {
  return [
    '--- events:',
    ...eventsOf(story).map(describe),
    '--- the end of its console:',
    ...story.machine.console.tail(25),
    '--- the server’s other lines:',
    ...story.server.otherLines.slice(-20),
  ];
}

function describe({ time, id, text, data }: ServerEvent): string {
  return `${new Date(time).toISOString().slice(11, 23)} ${id}: ${text} ${JSON.stringify(data ?? {})}`;
}
