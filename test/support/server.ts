import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ServerEvent } from '../../src/lab/milestones.ts';
import { type ServerChild, startServerChild } from '../../src/lab/server-child.ts';
import { type Ran, run } from './http.ts';

/** A `rackready up --json --verbose` for one test; it is stopped with the test. */
export interface TestServer extends ServerChild {
  readonly config: string;
  readonly data: string;
  /** The first event with this id (of those told already, too) that carries all these values. Fails after the deadline. */
  event(id: string, values?: EventValues, timeoutMs?: number): Promise<ServerEvent>;
  /** The same, of the events that are told after this call only. */
  nextEvent(id: string, values?: EventValues, timeoutMs?: number): Promise<ServerEvent>;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
  /** Runs a command of rackready beside it, to its end. */
  rackready(...args: readonly string[]): Promise<Ran>;
}

/** Values of the event or of its data; a RegExp is searched in the text of a value. */
export type EventValues = Readonly<Record<string, string | number | null | RegExp>>;

export interface ServerSetup {
  /** YAML, or the path of a file that is used as it stands. */
  readonly yaml?: string;
  readonly config?: string;
  readonly data?: string;
  /** Goes before its command line, to have it run in another network namespace. */
  readonly prefix?: readonly string[];
}

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname;
const DEADLINE_MS = 30_000;

export function newFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `rackready-${name}-`));
}

export function writeConfig(yaml: string): string {
  const config = join(newFolder('config'), 'rackready.yaml');
  writeFileSync(config, yaml, { mode: 0o644 });
  return config;
}

/** Runs a command of rackready to its end; it finds the server, if there is one, by its data folder. */
export function rackready(data: string, ...args: readonly string[]): Promise<Ran> {
  return run(process.execPath, [MAIN, ...args], { RACKREADY_DATA: data, TZ: 'UTC' });
}

/** Starts the server without waiting for anything: for starts that are to fail. */
export function launchServer(t: TestContext, setup: ServerSetup): TestServer {
  const config = setup.config ?? writeConfig(setup.yaml ?? '');
  const data = setup.data ?? newFolder('data');
  const child = startServerChild({ config, data, args: ['--verbose'], ...(setup.prefix && { prefix: setup.prefix }) });
  t.after(() => child.stop());
  const accept = (id: string, values: EventValues) => (event: ServerEvent) => event.id === id && holds(event, values);
  const what = (id: string, values: EventValues) => `${id} ${Object.entries(values).join(' ')}`;
  return {
    ...child,
    config,
    data,
    event: (id, values = {}, timeoutMs = DEADLINE_MS) =>
      child.waitFor(what(id, values), accept(id, values), AbortSignal.timeout(timeoutMs)),
    nextEvent: (id, values = {}, timeoutMs = DEADLINE_MS) => {
      const known = new Set(child.events);
      const isNew = (event: ServerEvent) => !known.has(event) && accept(id, values)(event);
      return child.waitFor(`another ${what(id, values)}`, isNew, AbortSignal.timeout(timeoutMs));
    },
    kill: async () => {
      process.kill(child.pid, 'SIGKILL');
      await child.ended;
    },
    rackready: (...args) => rackready(data, ...args),
  };
}

/** Starts the server and waits until it is up. */
export async function startServer(t: TestContext, setup: ServerSetup): Promise<TestServer> {
  const server = launchServer(t, setup);
  // GRUB's images are made first, on a machine that may be busy with other tests.
  await server.event('server.started', {}, 180_000);
  return server;
}

function holds(event: ServerEvent, values: EventValues): boolean {
  const all: Readonly<Record<string, unknown>> = { ...event.data, ...event };
  return Object.entries(values).every(([key, wanted]) =>
    wanted instanceof RegExp ? wanted.test(String(all[key])) : all[key] === wanted,
  );
}
