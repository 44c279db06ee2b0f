import { spawn } from 'node:child_process';
import type { TestContext } from 'node:test';
import type { Emit, EventId } from '../../src/event/event.ts';
import { type BootHttp, type BootHttpOptions, openBootHttp } from '../../src/http/boot/open-boot-http.ts';
import type { BootHttpLimits } from '../../src/http/boot/protocol.ts';
import { openTcpListener } from '../../src/io/tcp.ts';
import { systemPath } from '../../src/lab/enclose.ts';
import { ipv4 } from '../../src/net/ipv4.ts';

/** An event as a test wants to compare it. */
export interface Told {
  readonly id: EventId;
  readonly subject: Readonly<Record<string, unknown>>;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Collects events, and waits for those that are still to come. */
export class Ears {
  readonly all: Told[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly emit: Emit = (id, subject, data) => {
    this.all.push({ id, subject: { ...subject }, data: { ...data } });
    for (const wake of this.#waiting.splice(0)) wake();
  };

  of(id: EventId): Told[] {
    return this.all.filter((told) => told.id === id);
  }

  /** The n-th event of an id (from 1), when it comes. */
  async until(id: EventId, n = 1): Promise<Told> {
    for (;;) {
      const told = this.of(id)[n - 1];
      if (told) return told;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

export interface StartedHttp {
  readonly http: BootHttp;
  readonly base: string;
  readonly port: number;
  readonly ears: Ears;
}

/** A boot listener on 127.0.0.1, port 80 unless told otherwise, closed after the test. */
export async function startBootHttp(
  t: TestContext,
  options: Pick<BootHttpOptions, 'ask'> &
    Partial<Pick<BootHttpOptions, 'onSent' | 'onRestart' | 'threadModule'>> & {
      limits?: Partial<BootHttpLimits>;
      native?: boolean;
    },
): Promise<StartedHttp> {
  const ears = new Ears();
  const listener = await openTcpListener({ address: ipv4('127.0.0.1'), port: 80, native: options.native });
  const http = await openBootHttp({
    ...options,
    listen: [{ network: 'lab', localAddress: '127.0.0.1', openSocket: () => listener.share() }],
    emit: ears.emit,
  });
  t.after(async () => {
    await http.close();
    listener.close();
  });
  const port = http.ports[0] ?? 0;
  return { http, base: 'http://127.0.0.1', port, ears };
}

export interface Ran {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** What it said on both. */
  readonly text: string;
}

/** Runs a program to its end without blocking this process. */
export async function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: systemPath(), ...env },
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk) => out.push(chunk));
  child.stderr.on('data', (chunk) => err.push(chunk));
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('error', reject);
  child.once('close', (code) => resolve(code ?? -1));
  const code = await promise;
  const stdout = Buffer.concat(out);
  const stderr = Buffer.concat(err).toString();
  return { code, stdout, stderr, text: `${stdout}${stderr}` };
}
