import { spawnSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { openRawSender, type RawSender } from '../../io/udp/raw-sender.ts';
import { openStrangerListener, type StrangerListener } from '../../io/udp/stranger-listener.ts';
import { formatIpv4, type Ipv4, ipv4 } from '../../net/ipv4.ts';
import { DecodeError } from '../../wire/decode-error.ts';
import { type DhcpPacket, decodePacket } from '../../wire/dhcp4/packet.ts';
import { systemPath } from '../enclose.ts';
import { fetchFile } from './fetch.ts';
import type { Lease } from './questions.ts';
import type { ChildLine, ChildOrder } from './run-mac.ts';
import { createMac, type MacAction, type MacEvent, stepMac } from './step-mac.ts';

/*
 * The fake Mac in its network namespace: sockets, timers and the card's address for the machine of step-mac.ts. Prints one
 * JSON object a line (ChildLine). Before it has an address it sends frames of its own and hears everything that reaches the
 * card; after that it is a host like any other, which answers ARP, because BSDP's answers come by plain UDP.
 */

const order = JSON.parse(process.argv[2] ?? '') as ChildOrder;
const say = (line: ChildLine): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

/** What is on the way; nothing is closed before it is gone. */
const pending = new Set<Promise<unknown>>();
const sockets = new Map<number, Promise<Socket>>();
let state = createMac(order.mac);
let timer: NodeJS.Timeout | undefined;
let lease: Lease | undefined;
let isClosing = false;
let sender: RawSender;
let listener: StrangerListener;

function happen(event: MacEvent): void {
  const next = stepMac(state, event, Math.random);
  state = next.state;
  for (const action of next.actions) act(action);
  if (state.phase === 'done') close();
}

function act(action: MacAction): void {
  switch (action.kind) {
    case 'tell':
      say({ told: action.told });
      break;
    case 'wait':
      clearTimeout(timer);
      timer = setTimeout(() => happen({ kind: 'timer', timer: action.timer }), action.ms);
      break;
    case 'send-raw':
      sendRaw(action.bytes);
      break;
    case 'send':
      follow(send(action));
      break;
    case 'configure':
      clearTimeout(timer);
      follow(configure(action.lease));
      break;
    case 'load':
      clearTimeout(timer);
      follow(load(action.server, action.file));
      break;
  }
}

function sendRaw(payload: Uint8Array): void {
  const sent = sender.sendRawBroadcast({ sourcePort: 68, destinationPort: 67, payload });
  if (sent.kind === 'refused') fail(sent.reason);
}

function follow(work: Promise<void>): void {
  const noted = work.catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));
  pending.add(noted);
  void noted.finally(() => pending.delete(noted));
}

async function send({ bytes, port, to }: Extract<MacAction, { kind: 'send' }>): Promise<void> {
  const socket = await socketOn(port);
  await new Promise<void>((resolve, reject) => {
    socket.send(bytes, 67, to === undefined ? '255.255.255.255' : formatIpv4(to), (error) =>
      error ? reject(error) : resolve(),
    );
  });
}

/** Tied to the address: it hears what is sent to this Mac, and nothing that is sent to everybody. */
function socketOn(port: number): Promise<Socket> {
  const known = sockets.get(port);
  if (known) return known;
  const socket = createSocket('udp4');
  const opened = new Promise<Socket>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: lease && formatIpv4(lease.address), port, exclusive: true }, () => {
      socket.setBroadcast(true);
      resolve(socket);
    });
  });
  socket.on('message', (bytes, from) => hear(bytes, ipv4(from.address), port));
  sockets.set(port, opened);
  return opened;
}

function hear(bytes: Uint8Array, source: Ipv4, port: number): void {
  const packet = decode(bytes, source);
  if (packet) happen({ kind: 'packet', packet, source, port });
}

function decode(bytes: Uint8Array, source: Ipv4): DhcpPacket | undefined {
  try {
    return decodePacket(bytes);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    say({ told: { kind: 'ignores', source, reason: `it is no DHCP message: ${error.message}` } });
    return undefined;
  }
}

/** The frame socket hears port 68 only: it is needed before there is an address, and where answers go astray to it. */
function hearFrame(bytes: Uint8Array, source: Ipv4): void {
  const hasSocket = sockets.has(68);
  if (!hasSocket) hear(bytes, source, 68);
}

async function configure(wanted: Lease | undefined): Promise<void> {
  for (const socket of sockets.values()) (await socket).close();
  sockets.clear();
  ip('address', 'flush', 'dev', order.interfaceName);
  lease = wanted;
  if (wanted === undefined) {
    happen({ kind: 'power-on' });
    return;
  }
  ip('address', 'add', `${formatIpv4(wanted.address)}/${wanted.prefix}`, 'dev', order.interfaceName);
  if (wanted.router !== undefined) {
    ip('route', 'replace', 'default', 'via', formatIpv4(wanted.router), 'dev', order.interfaceName);
  }
  happen({ kind: 'configured' });
}

function ip(...words: readonly string[]): void {
  const done = spawnSync('ip', words, { encoding: 'utf8', env: { ...process.env, PATH: systemPath() } });
  if (done.status !== 0)
    throw new Error(`Cannot run "ip ${words.join(' ')}": ${done.error?.message ?? done.stderr.trim()}`);
}

async function load(server: Ipv4, file: string): Promise<void> {
  if (lease === undefined) throw new Error('Cannot load a file without an address');
  const fetched = await fetchFile({ server, file, address: lease.address });
  if (fetched.kind === 'failed') {
    happen({ kind: 'not-loaded', reason: fetched.reason });
    return;
  }
  if (order.saveTo === undefined) {
    happen({ kind: 'loaded', file: fetched.file });
    return;
  }
  const path = join(order.saveTo, basename(file.replaceAll('\\', '/')) || 'file');
  writeFileSync(path, fetched.bytes);
  happen({ kind: 'loaded', file: { ...fetched.file, path } });
}

/** What the lab cannot do; what servers do wrong is an outcome. */
function fail(problem: string): void {
  say({ problem });
  process.exit(1);
}

/** Once; what comes later finds a Mac that does nothing any more. */
function close(): void {
  clearTimeout(timer);
  if (isClosing) return;
  isClosing = true;
  void shut();
}

async function shut(): Promise<void> {
  while (pending.size > 0) await Promise.all(pending);
  for (const socket of sockets.values()) (await socket).close();
  listener.close();
  sender.close();
}

async function open(): Promise<void> {
  const { interfaceName } = order;
  const opened = await openRawSender({ interface: interfaceName });
  if (opened.kind !== 'raw') throw new Error(`frames cannot be sent on ${interfaceName}: ${opened.reason}`);
  sender = opened;
  listener = await openStrangerListener({ interface: interfaceName }, ({ payload, sourceAddress }) =>
    hearFrame(payload, sourceAddress),
  );
  happen({ kind: 'power-on' });
}

open().catch((error: unknown) => fail(error instanceof Error ? error.message : String(error)));
