import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { BootHttpAnswer, BootHttpRequest } from '../../src/http/boot/protocol.ts';
import { openTcpListener } from '../../src/io/tcp.ts';
import { ipv4 } from '../../src/net/ipv4.ts';
import { ProvisionError } from '../../src/net/provision-error.ts';
import { needs } from '../needs.ts';
import { run, startBootHttp } from '../support/http.ts';

const folder = mkdtempSync(join(tmpdir(), 'http-'));
const kernel = randomBytes(3 * 1024 * 1024 + 17);
writeFileSync(join(folder, 'linux'), kernel);
writeFileSync(join(folder, 'shimx64.efi'), 'MZ shim');
writeFileSync(join(folder, 'empty'), '');
mkdirSync(join(folder, 'sub'));

const curl = (...args: string[]) => run('curl', ['--silent', '--show-error', '--max-time', '60', ...args]);

/** Answers as main would, for the names in the folder. */
async function ask({ path, method, body }: BootHttpRequest): Promise<BootHttpAnswer> {
  const name = path.slice(1);
  if (path === '/text') return { kind: 'text', status: 200, text: 'grüß\n', contentType: 'text/plain; charset=utf-8' };
  if (path.startsWith('/answer/')) {
    const shownPath = '/answer/…/preseed.cfg';
    if (path.includes('used')) return { kind: 'refuse', status: 410, reason: 'handed over already', shownPath };
    return { kind: 'text', status: 200, text: 'secret\n', contentType: 'text/plain', confirm: 'mark', shownPath };
  }
  if (path.startsWith('/report/')) {
    return { kind: 'text', status: 200, text: `${method} ${body}`, contentType: 'text/plain', shownPath: '/report/…' };
  }
  if (path === '/broken') throw new Error('no idea');
  if (name.startsWith('missing')) {
    return {
      kind: 'refuse',
      status: 404,
      reason: `there is no ${name}`,
      isExpected: name === 'missing-ok',
      near: 'linux',
    };
  }
  return { kind: 'file', path: join(folder, name), name };
}

test('a file comes whole by GET, and its head by HEAD', async (t) => {
  if (!needs(t, 'curl')) return;
  const { base, ears } = await startBootHttp(t, { ask });
  const got = await curl('--include', '--raw', `${base}/linux`);
  const split = got.stdout.indexOf('\r\n\r\n');
  const head = got.stdout.subarray(0, split).toString();
  assert.ok(got.stdout.subarray(split + 4).equals(kernel));
  // GRUB compares these by case.
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(head, new RegExp(`\r\nContent-Length: ${kernel.length}\r\n`));
  assert.match(head, /\r\nAccept-Ranges: bytes\r\n/);
  assert.doesNotMatch(head, /transfer-encoding|location/i);
  const { data, subject } = await ears.until('http.done');
  assert.deepEqual(subject, { network: 'lab', address: '127.0.0.1' });
  assert.equal(data.bytes, kernel.length);
  assert.equal(ears.of('http.start')[0]?.data.bytes, kernel.length);
  const headed = await curl('--head', `${base}//shimx64.efi`);
  assert.match(headed.stdout.toString(), /\r\nContent-Type: application\/efi\r\nContent-Length: 7\r\n/);
  const empty = await curl('--include', `${base}/empty`);
  assert.match(empty.stdout.toString(), /200 OK[\s\S]*Content-Length: 0\r\n[\s\S]*\r\n\r\n$/);
});

test('UEFI firmware asks for the head and the file on one connection, and resets it', async (t) => {
  if (!needs(t, 'curl')) return;
  const { ears } = await startBootHttp(t, { ask });
  const socket = await dial(t, 80);
  const headers = 'Host: 127.0.0.1\r\nAccept: */*\r\nUser-Agent: UefiHttpBoot/1.0\r\n\r\n';
  socket.write(`HEAD /linux HTTP/1.1\r\n${headers}`);
  assert.match(await readHead(socket), /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\nContent-Length: 3145745\r\n/);
  socket.write(`GET /linux HTTP/1.1\r\n${headers}`);
  let bytes = 0;
  await readHead(socket, (rest) => {
    bytes = rest.length;
  });
  while (bytes < kernel.length) bytes += ((await once(socket, 'data')) as [Buffer])[0].length;
  socket.resetAndDestroy();
  const told = await ears.until('http.done', 2);
  assert.equal(told.data.userAgent, 'UefiHttpBoot/1.0');
  assert.equal(told.data.bytes, kernel.length);
  assert.deepEqual(ears.of('http.aborted'), []);
});

test('parts of a file come by range, and curl resumes what broke off', async (t) => {
  if (!needs(t, 'curl')) return;
  const { base, ears } = await startBootHttp(t, { ask });
  const part = await curl('--range', '5-9', '--dump-header', '-', `${base}/linux`);
  assert.match(part.stdout.toString('latin1'), /^HTTP\/1\.1 206 [\s\S]*\r\nContent-Range: bytes 5-9\/3145745\r\n/);
  assert.ok(part.stdout.subarray(-5).equals(kernel.subarray(5, 10)));
  assert.ok((await curl('--range', '-7', `${base}/linux`)).stdout.equals(kernel.subarray(-7)));
  const beyond = await curl(
    '--range',
    '9999999-',
    '--write-out',
    '%{http_code} %header{content-range}',
    `${base}/linux`,
  );
  assert.equal(beyond.stdout.toString(), '416 bytes */3145745');

  const partial = join(folder, 'resumed');
  writeFileSync(partial, kernel.subarray(0, 1_000_000));
  const resumed = await curl('--continue-at', '-', '--output', partial, `${base}/linux`);
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.ok(readFileSync(partial).equals(kernel));
  assert.deepEqual(
    ears.of('http.done').map(({ data }) => [data.status, data.bytes]),
    [
      [206, 5],
      [206, 7],
      [416, 0],
      [206, kernel.length - 1_000_000],
    ],
  );
});

test('a file that has not changed is not sent again', async (t) => {
  if (!needs(t, 'curl')) return;
  const { base } = await startBootHttp(t, { ask });
  const tags = join(folder, 'etag');
  const copy = join(folder, 'copy');
  const code = ['--output', copy, '--write-out', '%{http_code}'];
  const fetchAgain = () => curl('--etag-save', tags, '--etag-compare', tags, ...code, `${base}/linux`);
  assert.equal((await fetchAgain()).stdout.toString(), '200');
  assert.equal((await fetchAgain()).stdout.toString(), '304');
  assert.equal((await curl('--time-cond', copy, ...code, `${base}/linux`)).stdout.toString(), '304');
});

test('refusals say why, in plain text, and tell it without secrets', async (t) => {
  if (!needs(t, 'curl')) return;
  const { base, ears } = await startBootHttp(t, { ask });
  const outcome = async (path: string, ...args: string[]) =>
    (await curl('--path-as-is', '--write-out', '%{http_code}', ...args, base + path)).stdout.toString();
  assert.equal(await outcome('/missing'), 'there is no missing\n404');
  assert.equal(await outcome('/missing-ok'), 'there is no missing-ok\n404');
  assert.equal(await outcome('/sub'), 'sub is not a regular file\n404');
  assert.equal(await outcome('/nowhere'), 'nowhere cannot be opened (ENOENT)\n404');
  assert.equal(await outcome('/../../etc/passwd'), 'the path leaves the boot folder\n400');
  assert.equal(await outcome('/%2e%2e/etc/passwd'), 'the path leaves the boot folder\n400');
  assert.equal(await outcome('/a%00b'), 'the path has control characters\n400');
  assert.equal(await outcome('/answer/used-secret/preseed.cfg'), 'handed over already\n410');
  assert.equal(await outcome('/broken'), 'the server could not decide: no idea\n503');
  assert.equal(
    await outcome('/report/t/failed', '--data', 'x'.repeat(70_000)),
    'the body is longer than 65536 bytes\n413',
  );
  assert.equal(
    await outcome('/linux', '--header', `X: ${'y'.repeat(20_000)}`),
    'the request headers are too long\n431',
  );
  assert.equal(await outcome('/answer/%zz-secret/x'), 'the path has a malformed percent-encoding\n400');
  const absolute = await curl('--request-target', 'http://h/answer/a-secret/../x', base);
  assert.equal(absolute.stdout.toString(), 'the path leaves the boot folder\n');
  assert.equal((await ears.until('http.refused', 11)).data.path, 'http://h/answer/…/../x');
  const refused = await ears.until('http.refused', 10);
  assert.equal(refused.data.path, '/answer/…/x');
  assert.deepEqual(
    ears.of('http.not-found').map(({ data }) => [data.path, data.expected, data.near]),
    [
      ['/missing', false, 'linux'],
      ['/missing-ok', true, 'linux'],
    ],
  );
  assert.equal(JSON.stringify(ears.all).includes('secret'), false);
});

test('an answer file is confirmed when it was sent, and reports bring their body', async (t) => {
  if (!needs(t, 'curl')) return;
  const { promise, resolve } = Promise.withResolvers<string>();
  const { base, ears } = await startBootHttp(t, { ask, onSent: resolve });
  assert.equal((await curl(`${base}/answer/secret/preseed.cfg`)).stdout.toString(), 'secret\n');
  assert.equal(await promise, 'mark');
  assert.equal((await curl('--data', 'no disk', `${base}/report/secret/failed`)).stdout.toString(), 'POST no disk');
  assert.equal((await curl(`${base}/text`)).stdout.toString(), 'grüß\n');
  await ears.until('http.done', 3);
  assert.equal(ears.all[0]?.data.path, '/answer/…/preseed.cfg');
  assert.equal(JSON.stringify(ears.all).includes('secret'), false);
});

test('several requests use one connection', async (t) => {
  if (!needs(t, 'curl')) return;
  const { base } = await startBootHttp(t, { ask });
  const got = await curl(
    '--write-out',
    '%{num_connects}\n',
    '--output',
    '/dev/null',
    `${base}/linux`,
    '--output',
    '/dev/null',
    `${base}/text`,
  );
  assert.equal(got.stdout.toString(), '1\n0\n');
});

test('a client that never ends its request is cut off and told', async (t) => {
  if (!needs(t, 'curl')) return;
  const limits = { headersMs: 200, requestMs: 400, checkMs: 50 };
  const { ears, base } = await startBootHttp(t, { ask, limits });
  const slow = await dial(t, 80);
  slow.write('GET /linux HTTP/1.1\r\nHost: x\r\nX-Slow: ');
  assert.match(await readHead(slow), /^HTTP\/1\.1 408 /);
  await closed(slow);
  assert.equal((await ears.until('http.refused')).data.status, 408);
  const body = await dial(t, 80);
  body.write('POST /report/t/done HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc');
  await closed(body);
  assert.equal((await curl(`${base}/text`)).code, 0);
});

test('one address may not take all connections', async (t) => {
  if (!needs(t, 'curl')) return;
  const { ears } = await startBootHttp(t, { ask, limits: { connectionsPerAddress: 3 } });
  const other = '127.0.0.2';
  const held = await Promise.all([dial(t, 80, other), dial(t, 80, other), dial(t, 80, other)]);
  for (const socket of held) {
    socket.write('GET /text HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.match(await readHead(socket), /^HTTP\/1\.1 200 /);
  }
  const fourth = await dial(t, 80, other);
  assert.match(await readHead(fourth), /^HTTP\/1\.1 503 /);
  await closed(fourth);
  // A proxy on this host asks for all machines.
  for (const own of await Promise.all(Array.from({ length: 4 }, () => dial(t, 80)))) {
    own.write('GET /text HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.match(await readHead(own), /^HTTP\/1\.1 200 /);
  }
  assert.equal((await ears.until('http.refused')).data.reason, 'too many connections at a time');
});

test('a transfer that breaks off is told; GRUB closes files early as a habit', async (t) => {
  if (!needs(t, 'curl')) return;
  const big = join(folder, 'big');
  writeFileSync(big, '');
  truncateSync(big, 64 * 1024 * 1024);
  const { ears } = await startBootHttp(t, { ask });
  for (const agent of ['iPXE/1.21.1', 'GRUB 2.06-13+deb12u2']) {
    const socket = await dial(t, 80);
    socket.write(`GET /big HTTP/1.1\r\nHost: x\r\nUser-Agent: ${agent}\r\n\r\n`);
    await once(socket, 'data');
    socket.destroy();
  }
  const [aborted, early] = [await ears.until('http.aborted'), await ears.until('http.closed')];
  for (const { data } of [aborted, early]) {
    assert.equal(data.ofBytes, 64 * 1024 * 1024);
    assert.ok(Number(data.bytes) < 64 * 1024 * 1024);
  }
  assert.deepEqual(ears.of('http.done'), []);
});

test('a file that shrinks while it is sent is cut off, never ended as if it were whole', async (t) => {
  if (!needs(t, 'curl')) return;
  const path = join(folder, 'shrinks');
  writeFileSync(path, '');
  truncateSync(path, 64 * 1024 * 1024);
  const { ears } = await startBootHttp(t, { ask });
  const socket = await dial(t, 80);
  socket.write('GET /shrinks HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'data');
  socket.pause();
  truncateSync(path, 1024);
  socket.resume();
  await closed(socket);
  const { data } = await ears.until('http.failed');
  assert.match(String(data.reason), /shorter/);
});

test('main keeps answering while a file of 500 MB is sent, and sends none of it itself', async (t) => {
  if (!needs(t, 'curl')) return;
  const path = join(folder, 'huge');
  writeFileSync(path, '');
  const size = 500 * 1024 * 1024;
  truncateSync(path, size);
  const { base, ears } = await startBootHttp(t, { ask });
  const before = process.cpuUsage();
  const loopBefore = performance.eventLoopUtilization();
  let isOver = false;
  const download = run('sh', ['-c', `curl --silent --limit-rate 400M ${base}/huge | sha1sum`]).then((ran) => {
    isOver = true;
    return ran;
  });
  await ears.until('http.start');
  let turns = 0;
  while (!isOver) {
    const small = await curl(`${base}/text`);
    assert.equal(small.stdout.toString(), 'grüß\n');
    turns += 1;
  }
  const hash = createHash('sha1');
  const zeros = Buffer.alloc(1024 * 1024);
  for (let sent = 0; sent < size; sent += zeros.length) hash.update(zeros);
  const { stdout } = await download;
  const { utilization } = performance.eventLoopUtilization(loopBefore);
  assert.equal(stdout.toString().split(' ')[0], hash.digest('hex'));
  assert.ok(turns > 0);
  t.diagnostic(
    `${turns} other requests meanwhile; event loop of main busy ${Math.round(utilization * 100)} %, ${JSON.stringify(process.cpuUsage(before))}`,
  );
});

test('a worker that dies is started again, and connections that wait are served by the next', async (t) => {
  if (!needs(t, 'curl')) return;
  const restarted = Promise.withResolvers<void>();
  const { http, base, ears } = await startBootHttp(t, { ask, onRestart: () => restarted.resolve() });
  const socket = await dial(t, 80);
  socket.write('GET /linux HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'data');
  socket.pause();
  await http.terminateWorker();
  // The port stays open in main: this connection waits in the kernel until the next worker takes it.
  const meanwhile = curl(`${base}/text`);
  socket.resume();
  await closed(socket);
  assert.equal((await meanwhile).stdout.toString(), 'grüß\n');
  await restarted.promise;
  assert.equal((await ears.until('worker.died')).data.name, 'boot HTTP');
  assert.ok((await curl(`${base}/linux`)).stdout.equals(kernel));
});

test('without koffi the worker binds by itself', async (t) => {
  if (!needs(t, 'curl')) return;
  const { base, http } = await startBootHttp(t, { ask, native: false });
  assert.equal((await curl(`${base}/text`)).code, 0);
  await http.terminateWorker();
  assert.equal((await curl('--retry', '5', '--retry-connrefused', `${base}/text`)).code, 0);
});

test('the worker gives up rights before it listens', async (t) => {
  if (!needs(t, 'curl')) return;
  const path = join(folder, 'prepare.mjs');
  const mark = join(folder, 'prepared');
  writeFileSync(
    path,
    `import { writeFileSync } from 'node:fs'; export const prepareThread = () => writeFileSync(${JSON.stringify(mark)}, '');`,
  );
  await startBootHttp(t, { ask, threadModule: path });
  assert.equal(statSync(mark).size, 0);
});

test('openTcpListener() takes an address that is not there yet, and says who is in the way', async (t) => {
  const absent = await openTcpListener({ address: ipv4('10.99.0.1'), port: 80 });
  t.after(() => absent.close());
  assert.equal(absent.port, 80);
  const first = await openTcpListener({ address: ipv4('127.0.0.1'), port: 8099 });
  t.after(() => first.close());
  await assert.rejects(openTcpListener({ address: ipv4('127.0.0.1'), port: 8099 }), (error) => {
    assert.ok(error instanceof ProvisionError);
    assert.equal(error.code, 'port-in-use');
    assert.match(error.message, /TCP port 8099 on 127\.0\.0\.1/);
    return true;
  });
});

test('close() ends within its grace although a client does not read', async (t) => {
  const big = join(folder, 'unread');
  writeFileSync(big, '');
  truncateSync(big, 64 * 1024 * 1024);
  const { http, ears } = await startBootHttp(t, { ask });
  const socket = await dial(t, 80);
  socket.write('GET /unread HTTP/1.1\r\nHost: x\r\n\r\n');
  socket.pause();
  await ears.until('http.start');
  await http.close();
});

test('how far a file is that takes long is told meanwhile', async (t) => {
  if (!needs(t, 'curl')) return;
  const big = join(folder, 'slow');
  writeFileSync(big, '');
  truncateSync(big, 48 * 1024 * 1024);
  const { base, ears } = await startBootHttp(t, { ask });
  const { code } = await curl('--limit-rate', '8M', '--output', '/dev/null', `${base}/slow`);
  assert.equal(code, 0);
  await ears.until('http.done');
  const told = ears.of('http.progress');
  assert.ok(told.length > 0);
  for (const { data } of told) {
    assert.equal(data.path, '/slow');
    assert.equal(data.ofBytes, 48 * 1024 * 1024);
    // The last part may have been handed over and not yet gone.
    assert.ok(Number(data.bytes) > 0 && Number(data.bytes) <= 48 * 1024 * 1024, String(data.bytes));
  }
});

/** `from`: another address of this host than the one that is called. */
async function dial(t: TestContext, port: number, from?: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', ...(from !== undefined && { localAddress: from }) });
  // A reset is an end like any other here; `closed` waits for it.
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** The head of a response; what of the body came with it goes to `onRest`. */
async function readHead(socket: Socket, onRest: (rest: Buffer) => void = () => {}): Promise<string> {
  let got = Buffer.alloc(0);
  for (;;) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    got = Buffer.concat([got, chunk]);
    const end = got.indexOf('\r\n\r\n');
    if (end < 0) continue;
    onRest(got.subarray(end + 4));
    return got.subarray(0, end + 2).toString('latin1');
  }
}

async function closed(socket: Socket): Promise<void> {
  socket.resume();
  if (!socket.closed) await once(socket, 'close');
}
