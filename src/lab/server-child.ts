import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseServerEvent, type ServerEvent } from './milestones.ts';

/** A `rackready up` that runs beside this process, in the same namespaces. */
export interface ServerChild {
  readonly pid: number;
  /** Everything it told so far. */
  readonly events: readonly ServerEvent[];
  /** Lines that were no events: complaints, mostly. */
  readonly otherLines: readonly string[];
  /** Calls back for each event from now on; the returned function ends it. */
  onEvent(listener: (event: ServerEvent) => void): () => void;
  /**
   * Resolves with the first event, of those that were told already or that come, that the predicate accepts. Rejects when the
   * server ends before, or when the signal is aborted.
   */
  waitFor(what: string, accept: (event: ServerEvent) => boolean, signal: AbortSignal): Promise<ServerEvent>;
  /** Settles with a sentence when it is gone; never rejects. */
  readonly ended: Promise<string>;
  /** Asks it to stop, takes it away after ten seconds, and waits until it is gone. */
  stop(): Promise<void>;
}

export interface ServerChildOptions {
  readonly config: string;
  readonly data: string;
  /** Further arguments of `rackready up`. */
  readonly args?: readonly string[];
  /** Goes before its command line, to have it run in another network namespace. */
  readonly prefix?: readonly string[];
}

const PROJECT = resolve(import.meta.dirname, '..', '..');
const STOP_TIMEOUT_MS = 10_000;

/** Starts `rackready up --json` and collects what it tells. */
export function startServerChild(options: ServerChildOptions): ServerChild {
  const args = ['up', '--config', options.config, '--data', options.data, '--json', ...(options.args ?? [])];
  const [command = '', ...rest] = [...(options.prefix ?? []), join(PROJECT, 'rackready'), ...args];
  const child = spawn(command, rest, { cwd: PROJECT, stdio: ['ignore', 'pipe', 'pipe'] });
  const events: ServerEvent[] = [];
  const otherLines: string[] = [];
  const listeners = new Set<(event: ServerEvent) => void>();
  const take = (line: string): void => {
    const event = parseServerEvent(line);
    if (!event) {
      otherLines.push(line);
      return;
    }
    events.push(event);
    for (const listener of [...listeners]) listener(event);
  };
  createInterface({ input: child.stdout }).on('line', take);
  createInterface({ input: child.stderr }).on('line', take);
  const ended = new Promise<string>((done) => {
    child.once('error', (error) => done(error.message));
    child.once('close', (code, signal) => done(`rackready up ended with ${signal ?? `exit code ${code}`}`));
  });
  const onEvent = (listener: (event: ServerEvent) => void): (() => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  return {
    pid: child.pid ?? 0,
    events,
    otherLines,
    onEvent,
    ended,
    waitFor(what, accept, signal) {
      return waitForEvent({ what, accept, signal, events, ended, otherLines, onEvent });
    },
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

interface Waiting {
  readonly what: string;
  readonly accept: (event: ServerEvent) => boolean;
  readonly signal: AbortSignal;
  readonly events: readonly ServerEvent[];
  readonly otherLines: readonly string[];
  readonly ended: Promise<string>;
  readonly onEvent: (listener: (event: ServerEvent) => void) => () => void;
}

function waitForEvent({ what, accept, signal, events, otherLines, ended, onEvent }: Waiting): Promise<ServerEvent> {
  const known = events.find(accept);
  if (known) return Promise.resolve(known);
  return new Promise((resolvePromise, reject) => {
    const fail = (reason: string): void => {
      end();
      reject(new Error(`${what} did not happen: ${reason}`));
    };
    const onAbort = (): void => fail(signal.reason instanceof Error ? signal.reason.message : 'given up');
    const stopListening = onEvent((event) => {
      if (!accept(event)) return;
      end();
      resolvePromise(event);
    });
    const end = (): void => {
      stopListening();
      signal.removeEventListener('abort', onAbort);
    };
    ended.then((reason) => fail([reason, ...otherLines.slice(-20)].join('\n')));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
