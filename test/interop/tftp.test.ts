import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { after, before, describe, type TestContext, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { EventId } from '../../src/event/event.ts';
import { loadNative } from '../../src/io/native/native.ts';
import { openTftpServer, type TftpLimits, type TftpServer } from '../../src/io/tftp/server.ts';
import { systemPath } from '../../src/lab/enclose.ts';
import type { ResolveBootFile } from '../../src/serve/boot-resource.ts';
import { needs } from '../needs.ts';

/** Runs inside a network namespace of its own, as root: the server has the real port 69 of 127.0.0.1. */
const HOST = '127.0.0.1';
const folder = mkdtempSync(join(tmpdir(), 'tftp-'));
const root = join(folder, 'boot');
const env = { ...process.env, PATH: systemPath() };

interface Told {
  readonly id: EventId;
  readonly data: Readonly<Record<string, unknown>>;
}
const told: Told[] = [];
let listeners: (() => void)[] = [];

/** The first event of that kind from `from` on; waits until there are `count` of them. */
async function event(id: EventId, from: number, count = 1): Promise<Told> {
  for (;;) {
    const found = told.slice(from).filter((each) => each.id === id);
    if (found[0] && found.length >= count) return found[0];
    await new Promise<void>((resolve) => listeners.push(resolve));
  }
}

const resolve: ResolveBootFile = (name) => {
  if (name === 'made.cfg') return { kind: 'text', name, text: 'made for this request\n' };
  if (name === 'broken.cfg') throw new Error('template failed');
  if (name === 'pipe') return { kind: 'file', name, path: '/dev/zero' };
  const path = join(root, name);
  if (existsSync(path)) return { kind: 'file', name, path };
  return { kind: 'missing', name, expected: false, near: 'small.bin' };
};

let socket: Socket;
let server: TftpServer;
/** Without koffi: transfers answer from Node's own sockets. */
let plainSocket: Socket;
let plainServer: TftpServer;
const PLAIN_PORT = 6970;

async function openServer(port: number, limits: Partial<TftpLimits>, native?: boolean): Promise<[Socket, TftpServer]> {
  const listening = createSocket('udp4');
  listening.bind(port, HOST);
  await once(listening, 'listening');
  const opening = openTftpServer({
    socket: listening,
    localAddress: HOST,
    network: 'lab',
    mtu: 1500,
    limits: { maxBlockSize: 65464, maxWindow: 16, perClient: 64, total: 256, ...limits },
    resolve,
    native,
    emit: (id, _subject, data) => {
      told.push({ id, data: data as Told['data'] });
      const waiting = listeners;
      listeners = [];
      for (const wake of waiting) wake();
    },
  });
  // Nobody else would close it.
  opening.catch(() => listening.close());
  return [listening, await opening];
}

function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let index = 0; index + 4 <= length; index += 4) bytes.writeUInt32BE(Math.imul(index, 2654435761) >>> 0, index);
  return bytes;
}

interface Finished {
  readonly code: number | null;
  readonly output: string;
}

async function finish(child: ChildProcess): Promise<Finished> {
  let output = '';
  child.stdout?.on('data', (text) => (output += text));
  child.stderr?.on('data', (text) => (output += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

const run = (command: string, ...args: string[]): Promise<Finished> =>
  finish(spawn(command, args, { env, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] }));

before(async () => {
  mkdirSync(root);
  writeFileSync(join(folder, 'secret'), 'outside');
  writeFileSync(join(root, 'empty.bin'), '');
  writeFileSync(join(root, 'small.bin'), pattern(1000));
  writeFileSync(join(root, 'exact.bin'), pattern(1428 * 7));
  writeFileSync(join(root, 'middle.bin'), pattern(3_000_001));
  writeFileSync(join(root, 'large.bin'), pattern(512 * 65_536 + 512 * 40 + 17));
  writeFileSync(join(root, 'lines.txt'), 'one\ntwo\n');
  [socket, server] = await openServer(69, {});
  [plainSocket, plainServer] = await openServer(PLAIN_PORT, {}, false);
});

after(async () => {
  await Promise.all([server.close(), plainServer.close()]);
  socket.close();
  plainSocket.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Client {
  readonly name: string;
  readonly tool: string;
  readonly get: (file: string, to: string) => string[];
}

const curl = (...extra: string[]) => ({
  tool: 'curl',
  get: (file: string, to: string) => ['-sS', '--path-as-is', ...extra, '-o', to, `tftp://${HOST}/${file}`],
});
const atftp = (...options: string[]) => ({
  tool: 'atftp',
  get: (file: string, to: string) => [
    ...options.flatMap((option) => ['--option', option]),
    ...['--get', '-r', file, '-l', to, HOST],
  ],
});
const clients: readonly Client[] = [
  { name: 'tftp-hpa', tool: 'tftp', get: (file, to) => ['-m', 'binary', HOST, '-c', 'get', file, to] },
  { name: 'curl', ...curl() },
  { name: 'curl, blksize 1428', ...curl('--tftp-blksize', '1428') },
  { name: 'curl, blksize 8192 (capped by the MTU)', ...curl('--tftp-blksize', '8192') },
  { name: 'curl without options', ...curl('--tftp-no-options') },
  {
    name: 'curl, without koffi',
    tool: 'curl',
    get: (file, to) => ['-sS', '--tftp-blksize', '1428', '-o', to, `tftp://${HOST}:${PLAIN_PORT}/${file}`],
  },
  {
    name: 'busybox, blksize 1428',
    tool: 'busybox',
    get: (file, to) => ['tftp', '-g', '-b', '1428', '-r', file, '-l', to, HOST],
  },
  { name: 'atftp', ...atftp() },
  { name: 'atftp, blksize 1428, windowsize 8', ...atftp('blksize 1428', 'windowsize 8') },
  { name: 'atftp, tsize and timeout', ...atftp('tsize', 'timeout 3') },
];

async function fetched(t: TestContext, client: Client, file: string): Promise<Buffer | undefined> {
  if (!needs(t, client.tool)) return undefined;
  const to = join(folder, 'got');
  rmSync(to, { force: true });
  const { code, output } = await run(client.tool, ...client.get(file, to));
  assert.equal(code, 0, output);
  // curl writes no file when there are no bytes.
  return existsSync(to) ? readFileSync(to) : Buffer.alloc(0);
}

describe('real TFTP clients', () => {
  for (const client of clients) {
    for (const file of ['empty.bin', 'small.bin', 'exact.bin', 'middle.bin']) {
      // curl 7.88 takes a size of 0 in an OACK for an error.
      if (file === 'empty.bin' && client.tool === 'curl' && !client.name.includes('without options')) continue;
      test(`${client.name} gets ${file}`, async (t) => {
        const start = told.length;
        const bytes = await fetched(t, client, file);
        if (!bytes) return;
        assert.ok(bytes.equals(readFileSync(join(root, file))));
        const done = await event('tftp.done', start);
        assert.equal(done.data.file, file);
        assert.equal(done.data.finalAck, true);
      });
    }
  }

  for (const client of clients.filter(({ name }) => ['tftp-hpa', 'curl without options', 'atftp'].includes(name))) {
    test(`${client.name} gets a file of more than 65,535 blocks`, async (t) => {
      const start = told.length;
      const bytes = await fetched(t, client, 'large.bin');
      if (!bytes) return;
      assert.ok(bytes.equals(readFileSync(join(root, 'large.bin'))));
      assert.equal((await event('tftp.start', start)).data.blockSize, 512);
    });
  }

  test('curl: a block is never larger than the MTU carries', async (t) => {
    const start = told.length;
    if (!(await fetched(t, { name: 'curl', ...curl('--tftp-blksize', '8192') }, 'small.bin'))) return;
    assert.equal((await event('tftp.start', start)).data.blockSize, 1468);
  });

  test('curl gets a file that is made for the request', async (t) => {
    const bytes = await fetched(t, { name: 'curl', ...curl() }, 'made.cfg');
    if (bytes) assert.equal(bytes.toString(), 'made for this request\n');
  });

  test('tftp-hpa gets a text in netascii', async (t) => {
    if (!needs(t, 'tftp')) return;
    const to = join(folder, 'text');
    const { code, output } = await run('tftp', '-m', 'ascii', HOST, '-c', 'get', 'lines.txt', to);
    assert.equal(code, 0, output);
    assert.equal(readFileSync(to, 'utf8'), 'one\ntwo\n');
  });

  test('a missing file is answered with a near name', async (t) => {
    if (!needs(t, 'tftp')) return;
    const { output } = await run('tftp', '-m', 'binary', HOST, '-c', 'get', 'Small.bin', '/dev/null');
    assert.match(output, /file not found: Small\.bin \(did you mean small\.bin\?\)/);
  });

  test('an answer file is not there, and the token in its name is told to nobody', async (t) => {
    if (!needs(t, 'tftp')) return;
    const { output } = await run('tftp', '-m', 'binary', HOST, '-c', 'get', 'answer/one-time/preseed.cfg', '/dev/null');
    assert.match(output, /not found/);
    assert.equal(told.at(-1)?.id, 'tftp.not-found');
    assert.equal(told.at(-1)?.data.file, 'answer/…/preseed.cfg');
  });

  for (const name of ['../secret', '/../secret', 'a/../../secret', '..\\secret', './/../secret']) {
    test(`the name ${name} does not leave the folder`, async (t) => {
      if (!needs(t, 'tftp')) return;
      const to = join(folder, 'stolen');
      const { output } = await run('tftp', '-m', 'binary', HOST, '-c', 'get', name, to);
      assert.match(output, /leaves the boot folder/);
      assert.ok(!existsSync(to) || readFileSync(to).length === 0);
    });
  }

  test('writing is refused', async (t) => {
    if (!needs(t, 'tftp')) return;
    const { output } = await run('tftp', '-m', 'binary', HOST, '-c', 'put', join(root, 'small.bin'), 'up.bin');
    assert.match(output, /read-only/);
    assert.ok(!existsSync(join(root, 'up.bin')));
  });

  test('forty curls at once get the same file', async (t) => {
    if (!needs(t, 'curl')) return;
    const start = told.length;
    const targets = Array.from({ length: 40 }, (_, index) => join(folder, `many-${index}`));
    const results = await Promise.all(
      targets.map((to) => run('curl', '-sS', '--tftp-blksize', '1428', '-o', to, `tftp://${HOST}/middle.bin`)),
    );
    const want = readFileSync(join(root, 'middle.bin'));
    for (const [index, { code, output }] of results.entries()) {
      assert.equal(code, 0, output);
      assert.ok(readFileSync(targets[index] ?? '').equals(want));
    }
    await event('tftp.done', start, 40);
    assert.equal(server.stats().active, 0);
  });

  test('tshark finds nothing malformed in an exchange', async (t) => {
    if (!needs(t, 'tshark', 'curl', 'atftp')) return;
    const pcap = join(folder, 'exchange.pcapng');
    const args = ['-i', 'lo', '-f', 'udp', '-w', pcap, '-P', '-l', '-T', 'fields', '-e', 'udp.dstport'];
    const capture = spawn('tshark', args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = once(capture, 'close');
    const seen = createInterface({ input: capture.stdout });
    await knock(seen, 7001);
    for (const client of [curl('--tftp-blksize', '1428'), atftp('blksize 1428', 'windowsize 8')]) {
      await fetched(t, { name: '', ...client }, 'exact.bin');
    }
    await run('curl', '-sS', `tftp://${HOST}/nothing-here`);
    await knock(seen, 7002);
    capture.kill('SIGINT');
    await ended;
    const fields = ['-T', 'fields', '-e', 'tftp.opcode', '-e', 'frame.protocols', '-e', '_ws.malformed'];
    const { output } = await run('tshark', '-r', pcap, '-Y', 'tftp', ...fields);
    assert.doesNotMatch(output, /malformed/i);
    const opcodes = new Set(output.match(/^[0-9]+(?=\t)/gm));
    assert.deepEqual([...opcodes].sort(), ['1', '3', '4', '5', '6'], output);
  });
});

/** Sends datagrams to that port until the capture shows one: what was sent before is in it then. */
async function knock(seen: Interface, port: number): Promise<void> {
  const knocker = createSocket('udp4');
  const timer = setInterval(() => knocker.send('knock', port, HOST), 50);
  while (true) {
    const [line] = (await once(seen, 'line')) as [string];
    if (line.trim() === String(port)) break;
  }
  clearInterval(timer);
  knocker.close();
}

/** A client by hand: one UDP socket that keeps what comes; it asks the server at `serverPort`. */
async function openHand(serverPort: number, address = HOST) {
  const hand = createSocket('udp4');
  hand.bind(0, address);
  await once(hand, 'listening');
  const inbox: { bytes: Buffer; from: RemoteInfo }[] = [];
  let wake = () => {};
  hand.on('message', (bytes, from) => {
    inbox.push({ bytes, from });
    wake();
  });
  return {
    send: (hex: string, port = serverPort) => void hand.send(Buffer.from(hex.replace(/\s/g, ''), 'hex'), port, HOST),
    async receive() {
      while (inbox.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      const [first] = inbox.splice(0, 1);
      assert.ok(first);
      return { hex: first.bytes.toString('hex'), port: first.from.port };
    },
    waiting: () => inbox.length,
    close: () => hand.close(),
  };
}
const text = (...words: string[]) => words.map((word) => `${Buffer.from(word).toString('hex')}00`).join('');
const rrq = (name: string, ...options: string[]) => `0001${text(name, 'octet', ...options)}`;

function handTests(mainPort: number, native: boolean): void {
  const openOne = () => openHand(mainPort);
  const serverHere = () => (native ? server : plainServer);

  test('a size probe: OACK, ERROR 8, silence; the next request is served', async () => {
    const start = told.length;
    const hand = await openOne();
    hand.send(rrq('small.bin', 'tsize', '0', 'blksize', '1468', 'windowsize', '4'));
    const oack = await hand.receive();
    assert.equal(oack.hex, `0006${text('tsize', '1000', 'blksize', '1468', 'windowsize', '4')}`);
    assert.notEqual(oack.port, 69);
    hand.send(`00050008${text('User aborted the transfer')}`, oack.port);
    assert.equal((await event('tftp.probe', start)).data.file, 'small.bin');
    hand.send(rrq('small.bin'));
    assert.match((await hand.receive()).hex, /^00030001/);
    assert.equal(hand.waiting(), 0);
    hand.close();
  });

  test('two equal requests get one transfer', async () => {
    const hand = await openOne();
    hand.send(rrq('small.bin', 'blksize', '600'));
    const first = await hand.receive();
    hand.send(rrq('small.bin', 'blksize', '600'));
    const again = await hand.receive();
    assert.deepEqual(again, first);
    hand.send('00040000', first.port);
    assert.match((await hand.receive()).hex, /^00030001/);
    hand.send(`0005 0000 ${text('closed')}`, first.port);
    hand.close();
  });

  test('a stranger on the port of a transfer gets ERROR 5, and the transfer goes on', async () => {
    const [hand, stranger] = [await openOne(), await openOne()];
    hand.send(rrq('small.bin'));
    const { port } = await hand.receive();
    stranger.send('00040001', port);
    assert.match((await stranger.receive()).hex, /^00050005/);
    stranger.send(`00050000${text('x')}`, port);
    hand.send('00040001', port);
    assert.match((await hand.receive()).hex, /^00030002/);
    hand.send('00040002', port);
    hand.close();
    stranger.close();
  });

  test('junk behind the name, as several boards send it', async () => {
    const hand = await openOne();
    hand.send(`0001 ${Buffer.from('small.bin').toString('hex')}ff00 ${text('octet')}`);
    const { hex, port } = await hand.receive();
    assert.match(hex, /^00030001/);
    hand.send(`0005 0000 ${text('enough')}`, port);
    hand.close();
  });

  const refusals: readonly [what: string, hex: string, answer: RegExp][] = [
    ['an unknown opcode', '0009 6100', /^00050004/],
    ['mode mail', `0001${text('small.bin', 'mail')}`, /^00050004/],
    ['a write', `0002${text('x', 'octet')}`, /^00050002/],
    ['a resolver that fails', rrq('broken.cfg'), /^00050000/],
    ['a device', rrq('pipe'), /^00050000/],
    ['a missing file', rrq('nope'), /^00050001/],
    ['a kernel as netascii', `0001${text('middle.bin', 'netascii')}`, /^00050000/],
  ];
  for (const [what, hex, answer] of refusals) {
    test(`${what} gets an ERROR`, async () => {
      const hand = await openOne();
      hand.send(hex);
      assert.match((await hand.receive()).hex, answer);
      hand.close();
    });
  }

  test('hostile datagrams are counted and dropped, and the next request is served', async () => {
    const hand = await openOne();
    const before = serverHere().stats().malformed;
    const hostile = [
      '',
      '00',
      '0001',
      '0001ff',
      '00040000',
      '00030001aa',
      '000600',
      `0001${'61'.repeat(3000)}`,
      '00050001',
    ];
    for (const hex of hostile) hand.send(hex);
    hand.send(rrq('made.cfg'));
    const { hex, port } = await hand.receive();
    assert.match(hex, /^00030001/);
    hand.send('00040001', port);
    assert.equal(serverHere().stats().malformed, before + hostile.length);
    hand.close();
  });

  test('a file that changes while it is sent ends in an ERROR and an event', async () => {
    const path = join(root, 'changing.bin');
    writeFileSync(path, pattern(4_000_000));
    const start = told.length;
    const hand = await openOne();
    hand.send(rrq('changing.bin', 'blksize', '1468'));
    const { port } = await hand.receive();
    hand.send('00040000', port);
    let block = 0;
    for (let answer = await hand.receive(); answer.hex.startsWith('0003'); answer = await hand.receive()) {
      block++;
      if (block === 10) truncateSync(path, 100);
      assert.ok(block < 4_000_000 / 1468, 'the whole file came');
      hand.send(`0004${block.toString(16).padStart(4, '0')}`, port);
    }
    assert.match(String((await event('tftp.failed', start)).data.reason), /while it was sent/);
    hand.close();
  });

  test('a window goes out at once', async () => {
    const hand = await openOne();
    hand.send(rrq('exact.bin', 'windowsize', '4'));
    const { port } = await hand.receive();
    hand.send('00040000', port);
    for (const block of [1, 2, 3, 4]) assert.match((await hand.receive()).hex, new RegExp(`^0003000${block}`));
    hand.send(`0005 0000 ${text('enough')}`, port);
    hand.close();
  });

  test('limits are answered with an ERROR that says so; close() tells every client', async () => {
    const [other, small] = await openServer(6969, { perClient: 2, total: 3 }, native);
    const hands = [await openOne(), await openOne(), await openOne()];
    const [first, second, third] = hands;
    assert.ok(first && second && third);
    first.send(rrq('small.bin'), 6969);
    second.send(rrq('small.bin'), 6969);
    assert.match((await first.receive()).hex, /^0003/);
    assert.match((await second.receive()).hex, /^0003/);
    third.send(rrq('small.bin'), 6969);
    const refusal = Buffer.from((await third.receive()).hex, 'hex').toString('latin1');
    assert.match(refusal, /too many transfers from 127\.0\.0\.1: 2 are running/);
    await small.close();
    assert.match(Buffer.from((await first.receive()).hex, 'hex').toString('latin1'), /server is stopping/);
    assert.equal(small.stats().active, 0);
    other.close();
    for (const hand of hands) hand.close();
  });

  test('a file that is removed while it is sent ends in an ERROR and an event', async () => {
    const path = join(root, 'leaving.bin');
    writeFileSync(path, pattern(4_000_000));
    const start = told.length;
    const hand = await openOne();
    hand.send(rrq('leaving.bin', 'blksize', '1468'));
    const { port } = await hand.receive();
    hand.send('00040000', port);
    let block = 0;
    let answer = await hand.receive();
    for (; answer.hex.startsWith('0003'); answer = await hand.receive()) {
      block++;
      if (block === 10) unlinkSync(path);
      assert.ok(block < 4_000_000 / 1468, 'the whole file came');
      hand.send(`0004${block.toString(16).padStart(4, '0')}`, port);
    }
    assert.match(answer.hex, /^00050000/);
    assert.match(String((await event('tftp.failed', start)).data.reason), /removed or replaced while it was sent/);
    hand.close();
  });

  test('how far a transfer is that takes long is told meanwhile', async () => {
    writeFileSync(join(root, 'slow.bin'), pattern(5_000));
    const start = told.length;
    const hand = await openOne();
    hand.send(rrq('slow.bin', 'blksize', '1468'));
    const { port } = await hand.receive();
    hand.send('00040000', port);
    await hand.receive();
    hand.send('00040001', port);
    await hand.receive();
    // What other tests have left unfinished has progress, too.
    for (let count = 1; ; count++) {
      await event('tftp.progress', start, count);
      const own = told.slice(start).find(({ id, data }) => id === 'tftp.progress' && data.file === 'slow.bin');
      if (own === undefined) continue;
      assert.deepEqual(own.data, { file: 'slow.bin', bytes: 1468, ofBytes: 5_000 });
      break;
    }
    hand.send(`0005 0003 ${text('enough')}`, port);
    await event('tftp.aborted', start);
    hand.close();
  });

  test('the next transfer of a client port answers from another port, and late packets of the last one are dropped', async () => {
    const hand = await openOne();
    const answered: number[] = [];
    for (let round = 0; round < 4; round++) {
      // The last transfer's acknowledgement once more, as a slow network repeats it.
      if (answered[0] !== undefined) hand.send('00040001', answered[0]);
      hand.send(rrq('made.cfg'));
      const { hex, port } = await hand.receive();
      assert.match(hex, /^00030001/);
      answered.push(port);
      const start = told.length;
      hand.send('00040001', port);
      await event('tftp.done', start);
    }
    const ports = new Set(answered);
    assert.equal(ports.size, 4);
    hand.close();
  });

  test('a block that is not acknowledged comes again, and the next request gets smaller blocks', async () => {
    const start = told.length;
    // Another address of this computer: what is remembered about it must not change the other tests.
    const hand = await openHand(mainPort, native ? '127.0.0.2' : '127.0.0.3');
    hand.send(rrq('middle.bin', 'blksize', '1468', 'timeout', '1'));
    const { port } = await hand.receive();
    hand.send('00040000', port);
    const blocks: string[] = [];
    while (blocks.length < 4) blocks.push((await hand.receive()).hex);
    assert.deepEqual(new Set(blocks).size, 1);
    assert.match(blocks[0] ?? '', /^00030001/);
    hand.send(`0005 0003 ${text('given up')}`, port);
    assert.equal((await event('tftp.aborted', start)).data.bytes, 0);
    hand.send(rrq('middle.bin', 'blksize', '1468'));
    const smaller = await hand.receive();
    assert.equal(smaller.hex, `0006${text('blksize', '1024')}`);
    hand.send(`0005 0000 ${text('enough')}`, smaller.port);
    hand.close();
  });

  test('a ROM that gets no first block asks again from its port, and is answered with smaller blocks', async () => {
    const start = told.length;
    const hand = await openHand(mainPort, native ? '127.0.0.4' : '127.0.0.5');
    const request = rrq('middle.bin', 'blksize', '1468');
    hand.send(request);
    const { port } = await hand.receive();
    hand.send('00040000', port);
    // The blocks are lost on their way. It asks until it gets another answer than those.
    const asking = setInterval(() => hand.send(request), 500);
    let answer = await hand.receive();
    while (answer.hex.startsWith('0003')) answer = await hand.receive();
    clearInterval(asking);
    assert.equal(answer.hex, `0006${text('blksize', '1024')}`);
    assert.notEqual(answer.port, port);
    assert.equal((await event('tftp.closed', start)).data.bytes, 0);
    hand.send(`0005 0000 ${text('enough')}`, answer.port);
    hand.close();
  });

  test('transfers answer from the ports of the range that are free', async () => {
    const taken = createSocket('udp4');
    taken.bind(7101, HOST);
    await once(taken, 'listening');
    const [listening, ranged] = await openServer(6971, { ports: { first: 7100, last: 7102 } }, native);
    const ports = new Set<number>();
    const hands = await Promise.all([1, 2, 3, 4].map(() => openHand(6971)));
    for (const hand of hands) {
      hand.send(rrq('small.bin'));
      const { hex, port } = await hand.receive();
      assert.match(hex, /^00030001/);
      ports.add(port);
    }
    assert.deepEqual([...ports].sort(), [7100, 7102]);
    await ranged.close();
    await assert.rejects(openServer(6972, { ports: { first: 7101, last: 7101 } }, native), { code: 'EADDRINUSE' });
    for (const hand of hands) hand.close();
    listening.close();
    taken.close();
  });

  test('two transfers on one port of ours do not mix', async () => {
    const [listening, narrow] = await openServer(6973, { ports: { first: 7110, last: 7110 } }, native);
    const hands = await Promise.all([1, 2].map(() => openHand(6973)));
    for (const hand of hands) hand.send(rrq('small.bin'));
    for (const hand of hands) assert.match((await hand.receive()).hex, /^00030001/);
    hands[0]?.send('00040001', 7110);
    assert.match((await hands[0]?.receive())?.hex ?? '', /^00030002/);
    assert.equal(hands[1]?.waiting(), 0);
    hands[1]?.send('00040001', 7110);
    assert.match((await hands[1]?.receive())?.hex ?? '', /^00030002/);
    await narrow.close();
    for (const hand of hands) hand.close();
    listening.close();
  });
}

describe('packets by hand', () => handTests(69, true));
describe('packets by hand, without koffi', () => handTests(PLAIN_PORT, false));

test('what the kernel reads and writes by its address outlives garbage collection', async (t) => {
  if (!(await loadNative())) {
    t.skip('koffi is not installed');
    return;
  }
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const [listening, opened] = await openServer(6974, {});
  collect();
  // Whatever was freed is written over.
  const others = Array.from({ length: 2000 }, () => Buffer.allocUnsafeSlow(1024).fill(0xff));
  const hand = await openHand(6974);
  hand.send(rrq('small.bin'));
  const { hex, port } = await hand.receive();
  assert.equal(hex, `00030001${pattern(1000).subarray(0, 512).toString('hex')}`);
  hand.send('00040001', port);
  assert.equal((await hand.receive()).hex, `00030002${pattern(1000).subarray(512).toString('hex')}`);
  hand.send('00040002', port);
  assert.ok(others.every((bytes) => bytes.every((octet) => octet === 0xff)));
  await opened.close();
  listening.close();
  hand.close();
});
