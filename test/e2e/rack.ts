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

/** A rack with `rackready up` on it, for one test. Everything is stopped when the test ends. */
export interface TestRack {
  readonly rack: Rack;
  readonly server: ServerChild;
  /** Switches a machine on. */
  powerOn(options: MachineOptions): Promise<LabMachine>;
  /**
   * Waits until the machine's events hold these, in this order, with anything in between; returns them. Fails after the
   * deadline, or when the machine or the server is gone, with the machine's events and the end of its console.
   */
  waitForSequence(machine: LabMachine, wanted: readonly Wanted[], timeoutMs: number): Promise<readonly ServerEvent[]>;
  /** All events about a machine so far. */
  eventsOf(name: string): readonly ServerEvent[];
}

/** One event of a sequence. */
export interface Wanted {
  readonly what: string;
  readonly accept: (event: ServerEvent) => boolean;
}

/** An event by its id and some of its data; a RegExp is searched in the text of a value. */
export function wanted(id: string | RegExp, data: Readonly<Record<string, string | RegExp>> = {}): Wanted {
  const conditions = Object.entries(data);
  return {
    what: [String(id), ...conditions.map(([key, value]) => `${key}=${value}`)].join(' '),
    accept: (event) =>
      matches(event.id, id) && conditions.every(([key, value]) => matches(String(event.data?.[key] ?? ''), value)),
  };
}

function matches(text: string, wantedText: string | RegExp): boolean {
  return typeof wantedText === 'string' ? text === wantedText : wantedText.test(text);
}

/** Why no machine can be switched on here (no /dev/net/tun), or undefined. A test skips with it. */
export const rackProblem = tapProblem;

/** Opens a rack, writes the configuration (YAML) and starts the server on it. */
export async function openTestRack(t: TestContext, yaml: string): Promise<TestRack> {
  const rack = await openRack();
  t.after(() => rack.close());
  const folder = mkdtempSync(join(tmpdir(), 'rackready-e2e-'));
  // The server reads it as an account of its own.
  chmodSync(folder, 0o755);
  const config = join(folder, 'rackready.yaml');
  writeFileSync(config, yaml, { mode: 0o644 });
  const server = startServerChild({ config, data: mkdtempSync(join(tmpdir(), 'rackready-data-')) });
  t.after(() => server.stop());
  await server.waitFor('The start of the server', ({ id }) => id === 'server.started', AbortSignal.timeout(120_000));
  const eventsOf = (name: string): readonly ServerEvent[] => server.events.filter(createSubjectFilter(name));
  return {
    rack,
    server,
    eventsOf,
    powerOn: (options) => rack.powerOn(options),
    waitForSequence: (machine, sequence, timeoutMs) => waitForSequence(server, machine, sequence, timeoutMs),
  };
}

async function waitForSequence(
  server: ServerChild,
  machine: LabMachine,
  sequence: readonly Wanted[],
  timeoutMs: number,
): Promise<readonly ServerEvent[]> {
  const found: ServerEvent[] = [];
  const isOurs = createSubjectFilter(machine.name);
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
      [`${machine.name} never came to: ${missing.join(', then ')}`, String(error), ...report(server, machine)].join(
        '\n',
      ),
    );
  }
}

function report(server: ServerChild, machine: LabMachine): string[] {
  return [
    '--- events:',
    ...server.events.filter(createSubjectFilter(machine.name)).map(describe),
    '--- the end of its console:',
    ...machine.console.tail(25),
    '--- the server’s other lines:',
    ...server.otherLines.slice(-20),
  ];
}

function describe({ time, id, text, data }: ServerEvent): string {
  return `${new Date(time).toISOString().slice(11, 23)} ${id}: ${text} ${JSON.stringify(data ?? {})}`;
}
