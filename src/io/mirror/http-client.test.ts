import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setDefaultCACertificates } from 'node:tls';
import { needs } from '../../../test/needs.ts';
import { newFolder } from '../../../test/support/server.ts';
import { createHttpClient, type HttpClient } from './http-client.ts';

const never = new AbortController().signal;

async function listen(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** An upstream, the connections that were made to it, and a client. */
async function open(t: TestContext, answer: RequestListener, connections = 2) {
  const server = createServer(answer);
  let made = 0;
  server.on('connection', () => {
    made += 1;
  });
  const url = `http://127.0.0.1:${await listen(t, server)}`;
  const client = createHttpClient({ connections });
  t.after(() => client.close());
  return { url, client, made: () => made };
}

async function text(client: HttpClient, url: string): Promise<string> {
  const { body } = await client.get(url, {}, never);
  let all = '';
  await body.read((piece) => {
    all += Buffer.from(piece).toString('latin1');
    return undefined;
  });
  return all;
}

describe('the client that asks upstreams', () => {
  test('keeps its connections, and makes no more than it may', async (t) => {
    const { url, client, made } = await open(t, (request, response) => {
      if (request.url === '/none') response.writeHead(404).end('a page that nobody reads');
      else response.end(`this is ${request.url}`);
    });
    const paths = Array.from({ length: 20 }, (_, index) => `/${index}`);
    assert.deepEqual(
      await Promise.all(paths.map((path) => text(client, url + path))),
      paths.map((path) => `this is ${path}`),
    );
    assert.equal(made(), 2);
    const { status, body } = await client.get(`${url}/none`, {}, never);
    body.discard();
    assert.equal(status, 404);
    assert.equal(await text(client, `${url}/again`), 'this is /again');
    assert.equal(made(), 2);
  });

  test('reads no further while whoever it reads for is busy', async (t) => {
    const whole = Buffer.alloc(8 * 1024 * 1024, 'x');
    const { url, client } = await open(t, (_request, response) => response.end(whole));
    const { body } = await client.get(url, {}, never);
    let [bytes, isBusy, pieces] = [0, false, 0];
    await body.read(async (piece) => {
      assert.ok(!isBusy, 'a piece came in the middle of another one');
      isBusy = true;
      bytes += piece.length;
      pieces += 1;
      await new Promise(setImmediate);
      isBusy = false;
    });
    assert.equal(bytes, whole.length);
    assert.ok(pieces > 1);
  });

  test('asks once more where a server closes a connection that was kept', async (t) => {
    let asked = 0;
    const server = createTcpServer((socket) => {
      let count = 0;
      socket.on('error', () => {});
      socket.on('data', () => {
        asked += 1;
        count += 1;
        if (count > 1) socket.destroy();
        else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      });
    });
    const url = `http://127.0.0.1:${await listen(t, server)}/`;
    const client = createHttpClient({ connections: 1 });
    t.after(() => client.close());
    assert.equal(await text(client, url), 'ok');
    assert.equal(await text(client, url), 'ok');
    assert.equal(asked, 3);
  });

  test('ends at once when it is told to stop, in the middle of a body and while it waits for its turn', async (t) => {
    const { url, client } = await open(t, (_request, response) => void response.writeHead(200).write('a beginning'), 1);
    const stop = new AbortController();
    const { body } = await client.get(url, {}, stop.signal);
    const reading = body.read(() => undefined);
    const waiting = client.get(url, {}, stop.signal);
    stop.abort(new Error('enough'));
    await assert.rejects(reading, /enough/);
    await assert.rejects(waiting, /enough/);
  });

  test('a password goes where it belongs, also by a redirect, and to nobody else', async (t) => {
    const heard: string[] = [];
    const other = await open(t, (request, response) => {
      heard.push(`other ${request.headers.authorization}`);
      response.end('elsewhere');
    });
    const { url, client } = await open(t, ({ url: path, headers: { host, authorization } }, response) => {
      if (authorization === undefined) return void response.writeHead(401).end();
      heard.push(`${path} ${Buffer.from(authorization.slice('Basic '.length), 'base64')}`);
      const to = { '/near': '/file', '/whole': `http://${host}/file`, '/far': `${other.url}/file` }[path ?? ''];
      if (to === undefined) response.end('here');
      else response.writeHead(302, { Location: to }).end();
    });
    const own = url.replace('//', '//me:se%40cret@');
    assert.equal(await text(client, `${own}/near`), 'here');
    assert.equal(await text(client, `${own}/whole`), 'here');
    assert.equal(await text(client, `${own}/far`), 'elsewhere');
    const login = 'me:se@cret';
    const expected = [`/near ${login}`, `/file ${login}`, `/whole ${login}`, `/file ${login}`, `/far ${login}`];
    assert.deepEqual(heard, [...expected, 'other undefined']);
  });

  test('who gives a byte now and then is not waited for', async (t) => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'Content-Length': 1_000_000 });
      const timer = setInterval(() => response.write('x'), 20);
      response.once('close', () => clearInterval(timer));
    });
    const url = `http://127.0.0.1:${await listen(t, server)}`;
    const client = createHttpClient({ connections: 1, stallMs: 1000 });
    t.after(() => client.close());
    await assert.rejects(text(client, url), /hardly anything came in time/);
  });

  test('what whoever reads throws ends the body, and what is no HTTP is refused', async (t) => {
    const { url, client } = await open(t, (_request, response) => response.end('x'.repeat(1000)));
    const { body } = await client.get(url, {}, never);
    await assert.rejects(
      body.read(() => {
        throw new Error('no room');
      }),
      /no room/,
    );
    assert.equal((await text(client, url)).length, 1000);
    const port = await listen(
      t,
      createTcpServer((socket) => void socket.end('220 this is mail\r\n\r\n')),
    );
    await assert.rejects(client.get(`http://127.0.0.1:${port}/`, {}, never), {
      name: 'Error',
      message: /does not answer: its answer is no HTTP/,
      isFinal: false,
    });
  });

  test('what whoever reads throws is not lost where what comes with it is no HTTP', async (t) => {
    const text = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n14\r\nxxxxxxxxxxxxxxxxxxxxbad line\r\n';
    const server = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', () => socket.write(text));
    });
    const port = await listen(t, server);
    const client = createHttpClient({ connections: 1 });
    t.after(() => client.close());
    const { body } = await client.get(`http://127.0.0.1:${port}/`, {}, never);
    const reading = body.read(() => {
      throw new Error('too long');
    });
    await assert.rejects(reading);
    // A rejection that nobody takes would be told now, and fail this test.
    await new Promise(setImmediate);
  });

  test('closes what is idle and more than it may have from now on', async (t) => {
    const open = new Set<Socket>();
    const waiting: (() => void)[] = [];
    const server = createServer((_request, response) => void waiting.push(() => response.end('ok')));
    server.keepAliveTimeout = 0;
    server.on('connection', (socket: Socket) => {
      open.add(socket);
      socket.on('close', () => open.delete(socket));
    });
    const url = `http://127.0.0.1:${await listen(t, server)}/`;
    const client = createHttpClient({ connections: 3 });
    t.after(() => client.close());
    const asked = async (count: number) => {
      const texts = Array.from({ length: count }, () => text(client, url));
      while (waiting.length < count) await new Promise(setImmediate);
      const seen = open.size;
      for (const answer of waiting.splice(0)) answer();
      await Promise.all(texts);
      return seen;
    };
    assert.equal(await asked(3), 3);
    client.limit(1);
    await asked(1);
    const deadline = Date.now() + 60_000;
    while (open.size > 1 && Date.now() < deadline) await new Promise(setImmediate);
    assert.equal(open.size, 1);
  });

  test('speaks TLS, and only with whom it can trust', async (t) => {
    if (!needs(t, 'openssl')) return;
    const folder = newFolder('tls');
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    execFileSync('openssl', [...made, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    const whole = 'y'.repeat(3_000_000);
    const tls = { key: readFileSync(key), cert: readFileSync(cert) };
    const port = await listen(
      t,
      createTlsServer(tls, (_request, response) => response.end(whole)),
    );
    const client = createHttpClient({ connections: 1 });
    t.after(() => client.close());
    const url = `https://localhost:${port}/`;
    await assert.rejects(client.get(url, {}, never), /does not answer: self-signed certificate/);
    setDefaultCACertificates([readFileSync(cert, 'utf8')]);
    assert.equal(await text(client, url), whole);
    assert.equal(await text(client, url), whole);
    await assert.rejects(client.get(`https://127.0.0.1:${port}/`, {}, never), /does not answer: .*127\.0\.0\.1/);
  });
});
