import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { isEnclosed } from '../../src/lab/enclose.ts';

/** Runs a program of the host and returns what it wrote. */
export function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8' });
}

/** `ip` with its words in one string. */
export function ip(words: string): string {
  return run('ip', ...words.split(' '));
}

/**
 * Two segments in this test file's own network namespace: srv0 - cli0 (10.1.0.0/24) and srv1 - cli1 (10.2.0.0/24). The
 * server's ends (.1) are here, the clients' (.2) in the namespace "peer".
 */
export function makeSegments(): void {
  // The runner has given this process a private /run, where `ip netns add` leaves nothing behind.
  if (!isEnclosed()) throw new Error('Run this file through: npm test -- FILE');
  // /sys shows the interfaces of the namespace in which it was mounted.
  run('mount', '-t', 'sysfs', 'sysfs', '/sys');
  ip('link set lo up');
  ip('netns add peer');
  ip('-n peer link set lo up');
  for (const number of [0, 1]) makeSegment(number);
}

export function makeSegment(number: number): void {
  ip(
    `link add srv${number} address 02:00:00:00:0${number}:01 type veth peer name cli${number} netns peer address 02:00:00:00:0${number}:02`,
  );
  ip(`address add 10.${number + 1}.0.1/24 dev srv${number}`);
  ip(`link set srv${number} up`);
  ip(`-n peer address add 10.${number + 1}.0.2/24 dev cli${number}`);
  ip(`-n peer link set cli${number} up`);
}

/** A program that prints lines; it is ended with the test. */
export interface Lines {
  readonly child: ChildProcess;
  /** The next line; rejects when the program ended without one. */
  next(): Promise<string>;
  say(line: string): void;
}

export function start(t: TestContext, command: string, args: readonly string[], env?: NodeJS.ProcessEnv): Lines {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: env ?? process.env });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    next: async () => {
      const { done, value } = await lines.next();
      if (done) throw new Error(`${command} ended without a word`);
      return value;
    },
    say: (line) => void child.stdin.write(`${line}\n`),
  };
}

/** Node with a script, in the namespace "peer" (or here). The script prints what it wants to be known. */
export function startNode(t: TestContext, where: 'peer' | 'here', script: string, ...args: string[]): Lines {
  const node = [process.execPath, '--input-type=module', '-e', script, '--', ...args];
  if (where === 'here') return start(t, process.execPath, node.slice(1));
  return start(t, 'ip', ['netns', 'exec', 'peer', ...node]);
}

/**
 * A machine of the segment that is bound to `address` and `port`; prints "ready", then "address:port text" for each
 * datagram. A line "address port text" on its input is sent.
 */
export const PEER = `
  import { createSocket } from 'node:dgram';
  import { createInterface } from 'node:readline';
  const [address, port] = process.argv.slice(1);
  const socket = createSocket({ type: 'udp4', reuseAddr: true, recvBufferSize: 200_000 });
  socket.on('message', (bytes, from) => console.log(from.address + ':' + from.port + ' ' + bytes.toString('latin1').slice(0, 40)));
  socket.bind({ address, port: Number(port), exclusive: true }, () => { socket.setBroadcast(true); console.log('ready'); });
  createInterface({ input: process.stdin }).on('line', (line) => {
    const [to, toPort, text] = line.split(' ');
    socket.send(text, Number(toPort), to);
  });
`;

/** Starts PEER in the namespace "peer" and waits until it is bound. */
export async function startPeer(t: TestContext, address: string, port: number): Promise<Lines> {
  const peer = startNode(t, 'peer', PEER, address, String(port));
  await peer.next();
  return peer;
}
