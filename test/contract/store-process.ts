import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const child = fileURLToPath(new URL('./store-child.ts', import.meta.url));

/** A running scenario of store-child.ts. */
export interface Scenario {
  readonly process: ChildProcess;
  /** The lines it prints, parsed. A line that a kill cut short is left out. */
  readonly lines: AsyncIterable<unknown>;
  /** Resolves when the process is gone. */
  readonly exited: Promise<unknown>;
}

/** Starts a scenario; with `mounts` (shell commands) in a mount namespace of its own. It is stopped with the test. */
export function startScenario(t: TestContext, args: readonly string[], mounts?: string): Scenario {
  const command = [process.execPath, child, ...args];
  const started = mounts
    ? spawn('unshare', ['--mount', 'sh', '-ec', `${mounts}; exec "$@"`, 'sh', ...command], { stdio: STDIO })
    : spawn(process.execPath, command.slice(1), { stdio: STDIO });
  const exited = once(started, 'exit');
  t.after(async () => {
    started.kill('SIGKILL');
    await exited;
  });
  return { process: started, lines: parseLines(started), exited };
}

const STDIO: ['ignore', 'pipe', 'inherit'] = ['ignore', 'pipe', 'inherit'];

async function* parseLines(started: ChildProcess): AsyncIterable<unknown> {
  if (!started.stdout) return;
  for await (const line of createInterface({ input: started.stdout })) {
    try {
      yield JSON.parse(line);
    } catch {
      // Only the last line of a killed process may be cut; a missing line fails the test that needs it.
      return;
    }
  }
}

/** Runs a scenario to its end; its lines. */
export async function runScenario(t: TestContext, args: readonly string[], mounts?: string): Promise<unknown[]> {
  const lines: unknown[] = [];
  for await (const line of startScenario(t, args, mounts).lines) lines.push(line);
  return lines;
}

/** An empty folder that goes with the test. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rackready-store-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
