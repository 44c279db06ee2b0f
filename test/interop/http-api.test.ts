import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { createApi } from '../../src/http/api/create-api.ts';
import type { StreamLimits } from '../../src/http/api/event-stream.ts';
import { listenUnix, socketName } from '../../src/http/api/listen-unix.ts';
import type { EventView, LeaseView, MachineView } from '../../src/http/api/views.ts';
import { mac } from '../../src/net/mac.ts';
import { ProvisionError } from '../../src/net/provision-error.ts';
import { fakePorts, type MemoryFeed, SECRET_TOKEN } from '../support/api.ts';
import { run } from '../support/http.ts';
import { rackready } from '../support/server.ts';

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname;

function dataFolder(): string {
  return mkdtempSync(join(tmpdir(), 'data-'));
}

/** A server of the API in a data folder, with a small rack behind it. */
async function serve(t: TestContext, options: { data?: string; stream?: Partial<StreamLimits> } = {}) {
  const { data = dataFolder() } = options;
  const fake = fakePorts();
  const app = createApi(fake.ports, { stream: options.stream });
  const path = join(data, socketName);
  await listenUnix(app, path);
  t.after(() => app.close());
  return { ...fake, app, data, path };
}

/** Starts a command that does not end, with its lines. */
function start(
  t: TestContext,
  data: string,
  ...args: string[]
): { child: ChildProcess; lines: Interface; said: Interface } {
  const env = { ...process.env, RACKREADY_DATA: data, TZ: 'UTC' };
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
  t.after(() => child.kill('SIGKILL'));
  assert.ok(child.stdout && child.stderr);
  return { child, lines: createInterface({ input: child.stdout }), said: createInterface({ input: child.stderr }) };
}

function tellInterfaces(feed: MemoryFeed, count: number, from = 0): void {
  for (let index = from; index < from + count; index++) feed.tell('interface.gone', {}, { name: `eth${index}` });
}

/** Reads a stream until `count` events came; gives their numbers. */
async function readSeqs(path: string, query: string, count: number, lastEventId?: number): Promise<number[]> {
  const headers = lastEventId === undefined ? {} : { 'Last-Event-ID': String(lastEventId) };
  const asked = request({ socketPath: path, path: `/api/v1/events/stream${query}`, headers }).end();
  const [response] = (await once(asked, 'response')) as [import('node:http').IncomingMessage];
  assert.equal(response.headers['content-type'], 'text/event-stream');
  const seqs: number[] = [];
  const lines = createInterface({ input: response });
  // readline passes on that we cut the connection below, which is no failure.
  lines.on('error', () => {});
  for await (const line of lines) {
    if (line.startsWith('id: ')) seqs.push(Number(line.slice(4)));
    if (seqs.length >= count) break;
  }
  asked.destroy();
  return seqs;
}

const upTo = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

test('the control socket is for its owner and group, and its path is free again after close()', async (t) => {
  const { app, path } = await serve(t);
  assert.equal(statSync(path).mode & 0o777, 0o660);
  await app.close();
  assert.equal(existsSync(path), false);
});

test('a second server is told that the first answers; the socket of a dead process is replaced', async (t) => {
  const { data, path } = await serve(t);
  const second = createApi(fakePorts().ports);
  t.after(() => second.close());
  await assert.rejects(listenUnix(second, path), (error) => {
    assert.ok(error instanceof ProvisionError);
    assert.equal(error.code, 'store-busy');
    return true;
  });
  assert.equal((await rackready(data, 'leases')).code, 0);

  const stale = join(dataFolder(), socketName);
  const script = `require('net').createServer().listen(${JSON.stringify(stale)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await run(process.execPath, ['-e', script]);
  assert.equal(existsSync(stale), true);
  await listenUnix(second, stale);
  assert.equal(statSync(stale).mode & 0o777, 0o660);
});

test('what is not a socket is not replaced', async (t) => {
  const path = join(dataFolder(), socketName);
  writeFileSync(path, 'precious');
  const app = createApi(fakePorts().ports);
  t.after(() => app.close());
  await assert.rejects(listenUnix(app, path), /move it away/);
});

test('a stream catches up from the store and goes on live, each event once, also those told in between', async (t) => {
  const { feed, path } = await serve(t, { stream: { pageSize: 10, pendingEvents: 1000 } });
  tellInterfaces(feed, 35);
  // Told after the store was read and before the stream goes live: neither in the page nor to be lost.
  feed.beforeList = () => {
    if (feed.lastSeq() < 70) tellInterfaces(feed, 7);
  };
  assert.deepEqual(await readSeqs(path, '', 70, 0), upTo(1, 70));
  await feed.untilListeners(0);
});

test('more live events than fit while a stream catches up are read from the store', async (t) => {
  const { feed, path } = await serve(t, { stream: { pageSize: 10, pendingEvents: 3 } });
  tellInterfaces(feed, 25);
  feed.beforeList = () => {
    if (feed.lastSeq() < 60) tellInterfaces(feed, 8);
  };
  assert.deepEqual(await readSeqs(path, '?after=5', 55), upTo(6, 60));
});

test('without a number a stream begins with the newest, and goes on with what happens', async (t) => {
  const { feed, path } = await serve(t, { stream: { pendingEvents: 2 } });
  tellInterfaces(feed, 30);
  const reading = readSeqs(path, '?last=3', 13);
  await feed.untilListeners(1);
  tellInterfaces(feed, 10);
  assert.deepEqual(await reading, upTo(28, 40));
});

test('what is told in the moment before the server stops is still written', async (t) => {
  const { app, feed, path } = await serve(t);
  const reading = readSeqs(path, '?last=1', 5);
  await feed.untilListeners(1);
  tellInterfaces(feed, 2);
  const closed = app.close();
  assert.deepEqual(await reading, [1, 2]);
  await closed;
});

test('conditions hold for what the store has and for what happens', async (t) => {
  const { feed, path } = await serve(t);
  const tellBoth = () => {
    feed.tell('interface.gone', { network: 'lab' }, { name: 'eth0' });
    feed.tell('interface.back', { network: 'lab' }, { name: 'eth0' });
    feed.tell('interface.gone', { network: 'other' }, { name: 'eth1' });
  };
  tellBoth();
  const reading = readSeqs(path, '?network=lab&level=error&after=0', 2);
  await feed.untilListeners(1);
  tellBoth();
  assert.deepEqual(await reading, [1, 4]);
});

test('a number of another data folder is told, and what happens from now on comes', async (t) => {
  const { feed, path } = await serve(t);
  tellInterfaces(feed, 5);
  const reading = readSeqs(path, '', 2, 9999);
  await feed.untilListeners(1);
  tellInterfaces(feed, 2);
  assert.deepEqual(await reading, [6, 7]);
});

test('a reader that does not read is dropped, and memory stays bounded', async (t) => {
  const { feed, path } = await serve(t, { stream: { unreadBytes: 64 * 1024 } });
  const lazy: Socket = connect(path);
  t.after(() => lazy.destroy());
  lazy.write('GET /api/v1/events/stream HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(lazy, 'data');
  lazy.pause();
  await feed.untilListeners(1);
  const text = 'x'.repeat(1000);
  for (let index = 0; index < 3000; index++) feed.tell('interface.gone', {}, { name: text });
  let received = '';
  lazy.on('data', (chunk) => {
    received += chunk;
  });
  lazy.resume();
  await once(lazy, 'close');
  assert.match(received, /: dropped: you read too slowly; come back with Last-Event-ID/);
  assert.ok(received.length < 3_000_000);
  await feed.untilListeners(0);
});

test('leases: a table, JSON, release and forget', async (t) => {
  const { data, calls } = await serve(t);
  const table = await rackready(data, 'leases');
  const lines = table.stdout.toString().split('\n');
  assert.match(lines[0] ?? '', /^ADDRESS +CLIENT +MACHINE +STATE +ENDS +NETWORK +HOST NAME$/);
  assert.match(lines[1] ?? '', /^10\.0\.0\.9 +id:00ff +- +bound \(bootp\) +never +lab +-$/);
  assert.match(lines[2] ?? '', /^172\.22\.10\.5 +00:25:90:96:c4:9a +sm1 +bound +.* +management +sm1$/);
  const json = JSON.parse(
    (await rackready(data, 'leases', '--json', '--network', 'lab')).stdout.toString(),
  ) as LeaseView[];
  assert.deepEqual(
    json.map(({ address }) => address),
    ['10.0.0.9'],
  );

  const released = await rackready(data, 'leases', 'release', '172.22.10.5');
  assert.equal(released.stdout.toString(), '172.22.10.5 is released; sm1 had it\n');
  const forgotten = await rackready('/nowhere', 'leases', 'forget', '172.22.10.40', '--json', '--data', data);
  assert.equal((JSON.parse(forgotten.stdout.toString()) as LeaseView).state, 'abandoned');
  assert.deepEqual(calls, [`release ${0xac160a05}`, `forget ${0xac160a28}`]);
  const unknown = await rackready(data, 'leases', 'forget', '172.22.10.99');
  assert.deepEqual(
    [unknown.code, unknown.stderr],
    [1, 'rackready: there is no lease for 172.22.10.99\nList them with: rackready leases\n'],
  );
});

test('machines, install and cancel say what is and what will happen', async (t) => {
  const { data, calls } = await serve(t);
  const list = (await rackready(data, 'machines')).stdout.toString().split('\n');
  assert.match(list[1] ?? '', /^sm1 +00:25:90:96:c4:9a +172\.22\.10\.5 +debian-12 +installed +last install succeeded$/);
  assert.match(
    (await rackready(data, 'machines', 'sm1')).stdout.toString(),
    /^last outcome: install debian-12: succeeded/m,
  );
  const installed = await rackready(data, 'install', 'sm1');
  assert.match(installed.stdout.toString(), /may now be installed with debian-12, once/);
  assert.match(installed.stdout.toString(), /THE DISK OF THAT MACHINE WILL BE ERASED/);
  const json = await rackready(data, 'install', 'sm1', '--profile', 'rocky-9', '--json');
  assert.equal((JSON.parse(json.stdout.toString()) as MachineView).operation?.profile, 'rocky-9');
  assert.equal(json.stdout.includes(SECRET_TOKEN), false);
  assert.match((await rackready(data, 'cancel', 'sm1')).stdout.toString(), /will not be installed/);
  assert.deepEqual(calls, ['install sm1 undefined', 'install sm1 rocky-9', 'cancel sm1']);

  const unknown = await rackready(data, 'install', 'sm11');
  assert.deepEqual(
    [unknown.code, unknown.stderr],
    [
      1,
      'rackready: there is no machine "sm11" in the configuration\ndid you mean sm2? List them with: rackready machines\n'.replace(
        'sm2',
        'sm1',
      ),
    ],
  );
  // Into a pipe, too: nothing of such a machine would ever come.
  const watched = await rackready(data, 'watch', 'sm11');
  assert.deepEqual([watched.code, watched.stderr], [unknown.code, unknown.stderr]);
  const refused = await rackready(data, 'cancel', 'sm2', '--json');
  assert.equal(refused.code, 1);
  assert.equal(JSON.parse(refused.stdout.toString()).error.code, 'refused');
});

test('without a server every command ends with 69 and says what to do', async () => {
  const data = dataFolder();
  for (const args of [['leases'], ['events'], ['watch'], ['machines'], ['install', 'sm1'], ['cancel', 'sm1']]) {
    const { code, stderr, stdout } = await rackready(data, ...args);
    assert.equal(code, 69, args.join(' '));
    assert.match(
      stderr,
      /no rackready server answers at .*rackready\.sock \(there is no such socket\)\nStart it with: sudo \.\/rackready up/,
    );
    assert.equal(stdout.length, 0);
  }
});

test('a mistake in the command line ends with 64', async () => {
  const wrong = [
    ['leases', 'release', 'nonsense'],
    ['leases', '--nonsense'],
    ['events', '--last', '0'],
    ['events', '--level', 'loud'],
    ['install'],
    ['machines', 'a', 'b'],
  ];
  for (const args of wrong) {
    const { code, stderr } = await rackready('/nowhere', ...args);
    assert.equal(code, 64, args.join(' '));
    assert.match(stderr, /^error: /);
  }
  const help = await rackready('/nowhere', 'leases', '--help');
  assert.equal(help.code, 0);
  assert.match(help.stdout.toString(), /Examples:\n {2}\.\/rackready leases --network management/);
});

test('events prints aligned lines, filters, and JSON lines', async (t) => {
  const { data, feed } = await serve(t);
  feed.tell('interface.back', {}, { name: 'eth0' });
  feed.tell(
    'dhcp.conflict',
    { mac: mac('00:25:90:96:c4:9a'), machine: 'sm1', address: '172.22.10.5' },
    { address: '172.22.10.5', minutes: 10 },
  );
  feed.tell('interface.gone', { network: 'lab' }, { name: 'e\x1b[31mth0\u0007' });
  const all = await rackready(data, 'events');
  assert.equal(
    all.stdout.toString(),
    [
      '2026-11-23 02:39:00  -                  -                interface eth0 is back',
      '2026-11-23 02:39:00  sm1                172.22.10.5      warning: would have got 172.22.10.5, but somebody answers there; not given out for 10 min',
      '2026-11-23 02:39:00  (lab)              -                ERROR: interface eth0? is not there; waiting for it',
      '',
    ].join('\n'),
  );
  const one = await rackready(data, 'events', '--machine', '002590-96c49a'.replace('-', ''), '--json');
  assert.deepEqual((JSON.parse(one.stdout.toString()) as EventView).seq, 2);
  const errors = await rackready(data, 'events', '--level', 'error', '--last', '1');
  assert.equal(errors.stdout.toString().trim().split('\n').length, 1);
});

test('a closed pipe ends a command quietly', async (t) => {
  const { data, feed } = await serve(t);
  tellInterfaces(feed, 3000);
  const script = `"$0" "$1" events --last 3000 | head -n 1; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = await run('bash', ['-c', script, process.execPath, MAIN], { RACKREADY_DATA: data });
  assert.match(stdout.toString(), /is not there; waiting for it\n0\n$/);
  assert.equal(stderr, '');
});

test('watch follows, waits for a server that restarts, and goes on without a gap', async (t) => {
  const data = dataFolder();
  const first = await serve(t, { data });
  tellInterfaces(first.feed, 3);
  const { child, lines, said } = start(t, data, 'watch', '--last', '2', '--json');
  const seqs: number[] = [];
  const reading = (async () => {
    for await (const line of lines) seqs.push((JSON.parse(line) as EventView).seq);
  })();
  const words = said[Symbol.asyncIterator]();
  await first.feed.untilListeners(1);
  tellInterfaces(first.feed, 2);
  await first.app.close();
  assert.equal((await words.next()).value, 'rackready: the server is gone; waiting for it (Ctrl-C ends this)');

  const second = fakePorts();
  tellInterfaces(second.feed, 8);
  const app = createApi(second.ports);
  t.after(() => app.close());
  await listenUnix(app, join(data, socketName));
  assert.equal((await words.next()).value, 'rackready: connected again');
  await second.feed.untilListeners(1);
  second.feed.tell('interface.back', {}, { name: 'eth0' });
  // The stream is closed after what was written to it, so everything has arrived when watch misses the server.
  await app.close();
  assert.equal((await words.next()).value, 'rackready: the server is gone; waiting for it (Ctrl-C ends this)');
  child.kill('SIGTERM');
  await reading;
  assert.deepEqual(seqs, upTo(2, 9));
});

test('watch goes on after a server that was killed in the middle of an event', async (t) => {
  const data = dataFolder();
  const asked: string[] = [];
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
  const event = (seq: number) => `id: ${seq}\ndata: ${JSON.stringify({ seq })}\n\n`;
  const again = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (chunk) => {
      asked.push(/last-event-id: [0-9]+/i.exec(chunk.toString())?.[0] ?? 'none');
      const text = `${event(asked.length)}data: {"se`;
      const body = `${text.length.toString(16)}\r\n${text}\r\n`;
      socket.write(head + body, () => socket.destroy());
      if (asked.length === 2) again.resolve();
    });
  });
  server.listen(join(data, socketName));
  await once(server, 'listening');
  t.after(() => server.close());
  const { child, lines } = start(t, data, 'watch', '--json');
  const printed = lines[Symbol.asyncIterator]();
  assert.equal((await printed.next()).value, '{"seq":1}');
  assert.equal((await printed.next()).value, '{"seq":2}');
  await again.promise;
  assert.deepEqual(asked, ['none', 'Last-Event-ID: 1']);
  child.kill('SIGTERM');
});

test('a socket that may not be used is told with 77', async (t) => {
  const { data, path } = await serve(t);
  chmodSync(data, 0o755);
  chmodSync(path, 0o600);
  const [uid, gid] = [65_534, 65_534];
  const child = spawn(process.execPath, [MAIN, 'leases', '--data', data], {
    uid,
    gid,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 77, said);
  assert.match(said, /Run the same with sudo/);
});

test('a program that is not ours behind the socket is no crash', async (t) => {
  const data = dataFolder();
  const server = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nnot'));
  server.listen(join(data, socketName));
  await once(server, 'listening');
  t.after(() => server.close());
  const { code, stderr } = await rackready(data, 'leases');
  assert.equal(code, 69);
  assert.match(stderr, /stopped before it had answered/);
});
