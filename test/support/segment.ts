import assert from 'node:assert/strict';
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { systemPath } from '../../src/lab/enclose.ts';
import { openRack, type Rack, type RackClient, type RackOptions } from '../../src/lab/rack.ts';
import { readReply, type WireReply } from './reply.ts';

const env = { ...process.env, PATH: systemPath() };

/** A segment for one test: the bridge with the server's address is here, clients hang on it in namespaces of their own. */
export async function openSegment(t: TestContext, options: RackOptions = {}): Promise<Rack> {
  const rack = await openRack(options);
  t.after(() => rack.close());
  return rack;
}

/** What a program ended with. */
export interface Ended {
  readonly code: number;
  /** Standard output and standard error. */
  readonly text: string;
}

/** Runs a program to its end; a bad exit code is no error here. */
export function runProgram(argv: readonly string[], timeoutMs = 60_000): Promise<Ended> {
  const [command = '', ...args] = argv;
  return new Promise((resolve) => {
    const options = { env, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 64 << 20 } as const;
    execFile(command, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, text: `${stdout}${stderr}` });
    });
  });
}

/** `ip` with its words in one string. */
export function ip(words: string): string {
  return execFileSync('ip', words.split(' '), { encoding: 'utf8', env });
}

/** A program that runs beside the test. */
export interface Running {
  readonly child: ChildProcess;
  /** What it has printed so far, both streams. */
  text(): string;
  /** Resolves when the pattern has been printed. */
  printed(pattern: RegExp, timeoutMs?: number): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts a program that stays in the foreground; it is ended by its process id, at the latest with the test. */
export function startProgram(t: TestContext, argv: readonly string[]): Running {
  const [command = '', ...args] = argv;
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  const watchers = new Set<() => void>();
  const onData = (chunk: string) => {
    text += chunk;
    for (const watch of watchers) watch();
  };
  child.stdout.setEncoding('utf8').on('data', onData);
  child.stderr.setEncoding('utf8').on('data', onData);
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      resolve();
      for (const watch of watchers) watch();
    });
  });
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(timer);
  };
  t.after(() => stop());
  return {
    child,
    text: () => text,
    stop,
    printed: (pattern, timeoutMs = 20_000) =>
      new Promise((resolve, reject) => {
        const fail = (reason: string) => end(() => reject(new Error(`${command}: no ${pattern}: ${reason}\n${text}`)));
        const timer = setTimeout(() => fail('given up'), timeoutMs);
        const end = (then: () => void) => {
          clearTimeout(timer);
          watchers.delete(watch);
          then();
        };
        const watch = () => {
          if (pattern.test(text)) end(resolve);
          else if (child.exitCode !== null) fail(`it ended with ${child.exitCode}`);
        };
        watchers.add(watch);
        watch();
      }),
  };
}

/** A reply and who sent it. */
export interface Heard extends WireReply {
  readonly source: string;
  readonly sourceMac?: string;
  readonly sourcePort?: number;
  /** Where it was sent to, when that is not 68. */
  readonly toPort?: number;
}

/** A machine on the segment that sends exactly the bytes of a test. */
export interface Replayer {
  readonly client: RackClient;
  readonly heard: readonly Heard[];
  /** From 0.0.0.0:68 to everybody, in a frame from the hardware address that the message names. */
  broadcast(bytes: Uint8Array): void;
  /** From an ordinary socket of the namespace. */
  send(bytes: Uint8Array, from: { address?: string; port: number }, to: { address: string; port: number }): void;
  /** The next reply (or one that was heard already and not been asked for) to this transaction that fits. */
  reply(xid: number, accept?: (reply: Heard) => boolean, timeoutMs?: number): Promise<Heard>;
  /** Broadcast, and the reply to it. */
  ask(bytes: Uint8Array, accept?: (reply: Heard) => boolean): Promise<Heard>;
}

/** Starts a replayer in a client's namespace and waits until it listens. */
export async function openReplayer(t: TestContext, client: RackClient): Promise<Replayer> {
  const [command = '', ...prefix] = client.prefix;
  const script = join(import.meta.dirname, 'replay-child.ts');
  const child = spawn(command, [...prefix, process.execPath, script, client.interfaceName], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const heard: Heard[] = [];
  const taken = new Set<Heard>();
  const watchers = new Set<() => void>();
  await new Promise<void>((resolve, reject) => {
    child.once('close', () => reject(new Error('The replayer ended')));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { hex, ...rest } = JSON.parse(line) as { hex?: string; source: string; ready?: true };
      if (hex === undefined) return resolve();
      heard.push({ ...readReply(Buffer.from(hex, 'hex')), ...rest });
      for (const watch of watchers) watch();
    });
  });
  const order = (value: unknown) => void child.stdin.write(`${JSON.stringify(value)}\n`);
  const replayer: Replayer = {
    client,
    heard,
    broadcast: (bytes) => order({ kind: 'raw', mac: macOf(bytes), hex: Buffer.from(bytes).toString('hex') }),
    send: (bytes, from, to) =>
      order({ kind: 'udp', ...from, to: to.address, toPort: to.port, hex: Buffer.from(bytes).toString('hex') }),
    reply: (xid, accept = () => true, timeoutMs = 15_000) => {
      const wanted = xid.toString(16).padStart(8, '0');
      const find = () => heard.find((one) => !taken.has(one) && one.xid === wanted && accept(one));
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          watchers.delete(watch);
          reject(new Error(`no reply to ${wanted}; heard: ${heard.map((one) => `${one.xid}/${one.type}`).join(' ')}`));
        }, timeoutMs);
        const watch = () => {
          const found = find();
          if (found === undefined) return;
          taken.add(found);
          clearTimeout(timer);
          watchers.delete(watch);
          resolve(found);
        };
        watchers.add(watch);
        watch();
      });
    },
    ask: (bytes, accept) => {
      replayer.broadcast(bytes);
      return replayer.reply(Buffer.from(bytes).readUInt32BE(4), accept);
    },
  };
  return replayer;
}

function macOf(bytes: Uint8Array): string {
  return [...bytes.subarray(28, 34)].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** Records everything on an interface of this namespace with tcpdump; `close` ends it and returns the file. */
export async function capture(t: TestContext, interfaceName: string, file: string): Promise<() => Promise<string>> {
  const tcpdump = startProgram(t, ['tcpdump', '-i', interfaceName, '-U', '--immediate-mode', '-Z', 'root', '-w', file]);
  await tcpdump.printed(/listening on/);
  return async () => {
    await tcpdump.stop('SIGINT');
    return file;
  };
}

/** Fields of the packets of a capture that match a display filter, one row a packet. */
export async function tshark(file: string, filter: string, ...fields: string[]): Promise<string[][]> {
  const args = fields.flatMap((field) => ['-e', field]);
  const { code, text } = await runProgram(['tshark', '-r', file, '-Y', filter, '-T', 'fields', ...args]);
  assert.equal(code, 0, text);
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('Running as'))
    .map((line) => line.split('\t'));
}
