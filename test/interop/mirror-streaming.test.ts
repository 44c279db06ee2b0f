import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { makeAptIndex } from '../../src/io/mirror/make-apt.ts';
import { needs } from '../needs.ts';
import { makeDeb } from '../support/apt.ts';
import { cutAfter, type Fault, sendFile, startUpstream, type Upstream } from '../support/hostile-upstream.ts';
import { run } from '../support/http.ts';
import { openSegment } from '../support/segment.ts';
import { newFolder, startServer, type TestServer } from '../support/server.ts';

/*
 * A package that a cache does not have yet is given while it comes. What is wrong is known at its end only, so nothing wrong is
 * ever complete.
 */

const BASE = 'http://172.22.10.2/mirror/c';
const BYTES = 3_000_000;
const pathOf = (name: string) => `pool/${name}_1_amd64.deb`;

interface Cache {
  readonly server: TestServer;
  readonly upstream: Upstream;
  /** What the upstream has under a package's name. */
  bodyOf(name: string): Buffer;
  /** "range" of each request for a package, '' for the whole. */
  askedFor(name: string): string[];
  /** Whether it is here, whole. */
  has(name: string): boolean;
}

/** A cache of an archive with large packages of these names, of which none was fetched. */
async function openCache(t: TestContext, names: readonly string[]): Promise<Cache> {
  const tree = newFolder('archive');
  for (const name of names) {
    await makeDeb(join(tree, 'pool'), { name, compression: 'none', contents: randomBytes(BYTES / 2).toString('hex') });
  }
  const index = await makeAptIndex(tree, { suite: 'own', architectures: ['amd64'], now: Date.now() });
  const debs = globSync('pool/*', { cwd: tree }).map((path): [string, Buffer] => [
    path,
    readFileSync(join(tree, path)),
  ]);
  const upstream = await startUpstream(t, {
    ...Object.fromEntries(debs),
    ...Object.fromEntries([...index.files].map(([path, bytes]) => [path, Buffer.from(bytes)])),
  });
  await openSegment(t);
  const server = await startServer(t, {
    yaml: `
networks:
  n: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: authoritative, conflictProbe: false } }
mirrors:
  c: { from: "${upstream.url}", kind: apt, suites: [own], mode: cache }
`,
  });
  const filled = await server.rackready('mirror', 'sync', 'c');
  assert.equal(filled.code, 0, `${filled.stdout}${filled.stderr}`);
  return {
    server,
    upstream,
    bodyOf: (name) => upstream.files.get(pathOf(name)) ?? assert.fail(name),
    askedFor: (name) =>
      upstream.asked.flatMap((one) => {
        const [, path, range = ''] = one.split(' ');
        return path === pathOf(name) ? [range] : [];
      }),
    has: (name) => {
      const file = join(server.data, 'mirrors/repos/c/live', pathOf(name));
      return existsSync(file) && statSync(file).size === upstream.files.get(pathOf(name))?.length;
    },
  };
}

interface Got {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** As many bytes came as were promised. */
  readonly isComplete: boolean;
}

interface Coming {
  /** Resolves when the first bytes are here. */
  readonly began: Promise<void>;
  readonly ended: Promise<Got>;
}

function fetch(name: string, headers: Readonly<Record<string, string>> = {}): Coming {
  const began = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<Got>();
  const request = get(`${BASE}/${pathOf(name)}`, { headers, agent: false }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      began.resolve();
    });
    response.on('error', () => {});
    response.once('close', () =>
      ended.resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: Buffer.concat(chunks),
        isComplete: response.complete,
      }),
    );
  });
  request.once('error', ended.reject);
  ended.promise.catch(began.reject);
  began.promise.catch(() => {});
  return { began: began.promise, ended: ended.promise };
}

/** Sends so many bytes of what `change` makes of the file, then one a second, and all when `rest` resolves. */
function slowly(bytes: number, rest: Promise<void>, change: (body: Buffer) => Buffer = (body) => body): Fault {
  return (_request, response, body) => {
    const given = change(body);
    let sent = bytes;
    response.writeHead(200, { 'Content-Length': given.length, ETag: '"slow"' });
    response.write(given.subarray(0, bytes));
    // Otherwise it would be taken for dead, on a machine that is busy.
    const timer = setInterval(() => {
      response.write(given.subarray(sent, sent + 1));
      sent += 1;
    }, 1_000);
    response.once('close', () => clearInterval(timer));
    void rest.then(() => {
      clearInterval(timer);
      response.end(given.subarray(sent));
    });
    return true;
  };
}

test('many clients get a package while it comes, by one request to the upstream', async (t) => {
  if (!needs(t, 'ip', 'dpkg-deb')) return;
  const cache = await openCache(t, ['one']);
  const body = cache.bodyOf('one');
  const rest = Promise.withResolvers<void>();
  cache.upstream.faults.set(pathOf('one'), slowly(2_000_000, rest.promise));
  const head = await run('curl', ['-sS', '--head', `${BASE}/${pathOf('one')}`]);
  assert.match(head.stdout.toString(), new RegExp(`^HTTP/1.1 200 [^]*\r\nContent-Length: ${body.length}\r\n`));
  const etag = /\r\nETag: (\S+)\r\n/.exec(head.stdout.toString())?.[1] ?? assert.fail(head.stdout.toString());
  assert.equal((await fetch('one', { 'If-None-Match': etag }).ended).status, 304);
  assert.deepEqual(cache.askedFor('one'), [], 'whoever asks about it does not make it come');

  const first = fetch('one');
  await first.began;
  const others = Array.from({ length: 10 }, () => fetch('one'));
  const inside = fetch('one', { Range: 'bytes=1000-1000999' });
  const behind = fetch('one', { Range: `bytes=${body.length - 10}-` });
  const several = fetch('one', { Range: `bytes=0-9,${body.length - 10}-` });
  for (const { began } of [...others, inside]) await began;
  assert.ok(!cache.has('one'), 'it is not here yet');
  rest.resolve();
  for (const { ended } of [first, ...others]) {
    const got = await ended;
    assert.equal(got.status, 200);
    assert.equal(got.headers.etag, etag);
    assert.ok(got.isComplete && got.body.equals(body));
  }
  const part = await inside.ended;
  assert.deepEqual([part.status, part.headers['content-range']], [206, `bytes 1000-1000999/${body.length}`]);
  assert.ok(part.isComplete && part.body.equals(body.subarray(1000, 1_001_000)));
  const tail = await behind.ended;
  assert.ok(tail.status === 206 && tail.isComplete && tail.body.equals(body.subarray(-10)));
  const both = await several.ended;
  assert.ok(both.status === 206 && both.isComplete && both.body.includes(body.subarray(-10)));
  assert.deepEqual(cache.askedFor('one'), ['']);
  assert.ok(cache.has('one'));
});

test('what turns out to be wrong is never complete, told, and had again', async (t) => {
  if (!needs(t, 'ip', 'dpkg-deb')) return;
  const cache = await openCache(t, ['end', 'begin']);
  const cutShort = async (coming: Coming, name: string, reason: RegExp) => {
    const got = await coming.ended;
    assert.equal(got.status, 200);
    assert.equal(Number(got.headers['content-length']), cache.bodyOf(name).length);
    assert.ok(!got.isComplete && got.body.length < cache.bodyOf(name).length, `${got.body.length} bytes came`);
    await cache.server.event('http.failed', { path: `/mirror/c/${pathOf(name)}`, reason });
  };
  const isRight = async (name: string) => {
    const got = await fetch(name).ended;
    assert.ok(got.isComplete && got.body.equals(cache.bodyOf(name)));
  };

  // The last byte is another one, whatever cache on the way is asked.
  const rest = Promise.withResolvers<void>();
  const spoilt = (body: Buffer) => Buffer.concat([body.subarray(0, -1), Buffer.of((body.at(-1) ?? 0) ^ 1)]);
  cache.upstream.faults.set(pathOf('end'), slowly(2_000_000, rest.promise, spoilt));
  const wrong = fetch('end');
  const wrongPart = fetch('end', { Range: 'bytes=5-1999999' });
  await Promise.all([wrong.began, wrongPart.began]);
  rest.resolve();
  await cutShort(wrong, 'end', /sha256 checksum/);
  const part = await wrongPart.ended;
  assert.ok(part.status === 206 && !part.isComplete && part.body.length < 1_999_995);
  assert.ok(!cache.has('end'));
  cache.upstream.faults.clear();
  await isRight('end');

  // The beginning is another one, and right when it is asked for past all caches: what was sent is wrong all the same.
  const more = Promise.withResolvers<void>();
  const otherBegin = (body: Buffer) => Buffer.concat([Buffer.of((body[0] ?? 0) ^ 1), body.subarray(1)]);
  const stale = slowly(2_000_000, more.promise, otherBegin);
  cache.upstream.faults.set(pathOf('begin'), (request, response, body) =>
    request.headers['cache-control'] === undefined ? stale(request, response, body) : false,
  );
  const begun = fetch('begin');
  await begun.began;
  more.resolve();
  await cutShort(begun, 'begin', /not what the metadata say/);
  await isRight('begin');
  assert.deepEqual(cache.askedFor('begin'), ['', '']);
});

test('an upstream that dies in the middle is asked for the rest, and a client that cannot have it is told', async (t) => {
  if (!needs(t, 'ip', 'dpkg-deb')) return;
  const cache = await openCache(t, ['once', 'gone', 'never']);
  cache.upstream.faults.set(pathOf('once'), cutAfter(2_000_000, 1));
  const resumed = await fetch('once').ended;
  assert.ok(resumed.isComplete && resumed.body.equals(cache.bodyOf('once')));
  const [whole = 'none', rest = ''] = cache.askedFor('once');
  assert.equal(whole, '');
  assert.match(rest, /^bytes=[0-9]+-$/);

  let isDead = false;
  cache.upstream.faults.set(pathOf('gone'), (request, response, body) => {
    if (isDead) return Boolean(response.destroy());
    isDead = true;
    return cutAfter(2_000_000)(request, response, body);
  });
  const cut = await fetch('gone').ended;
  assert.equal(cut.status, 200);
  assert.ok(!cut.isComplete && cut.body.length < cache.bodyOf('gone').length);
  assert.ok(cache.bodyOf('gone').subarray(0, cut.body.length).equals(cut.body));
  await cache.server.event('http.failed', { path: `/mirror/c/${pathOf('gone')}` });
  // What an earlier try has left is no beginning of an answer: nothing came now.
  const refused = await fetch('gone').ended;
  assert.equal(refused.status, 503);
  assert.equal(refused.headers['retry-after'], '10');

  cache.upstream.faults.set(pathOf('never'), (_request, response) => Boolean(response.writeHead(404).end()));
  const absent = await fetch('never').ended;
  assert.deepEqual([absent.status, /does not have it any more/.test(absent.body.toString())], [503, true]);

  // A client that goes leaves the package to the others.
  const held = Promise.withResolvers<void>();
  cache.upstream.faults.set(pathOf('gone'), slowly(2_000_000, held.promise));
  const leaving = get(`${BASE}/${pathOf('gone')}`, { agent: false });
  leaving.on('error', () => {});
  const [response] = (await once(leaving, 'response')) as [IncomingMessage];
  response.on('error', () => {});
  await once(response, 'data');
  const staying = fetch('gone');
  await staying.began;
  response.destroy();
  await cache.server.event('http.aborted', { path: `/mirror/c/${pathOf('gone')}` });
  cache.upstream.faults.set(pathOf('gone'), (request, answer, body) => {
    sendFile(request, answer, body);
    return true;
  });
  held.resolve();
  const stayed = await staying.ended;
  assert.ok(stayed.isComplete && stayed.body.equals(cache.bodyOf('gone')));
});

test('twenty clients at once: one request, and whatever goes wrong in its middle, each has a clean end and the next try works', async (t) => {
  if (!needs(t, 'ip', 'dpkg-deb')) return;
  const cache = await openCache(t, ['dead', 'wrong', 'killed']);
  const twenty = async (name: string, fault: Fault) => {
    cache.upstream.faults.set(pathOf(name), fault);
    const clients = Array.from({ length: 20 }, () => fetch(name));
    for (const { began } of clients) await began;
    return clients;
  };
  /** None has it whole, and none has anything that is not the beginning of it. */
  const endShort = async (name: string, clients: readonly Coming[]) => {
    for (const { ended } of clients) {
      const { status, body, isComplete } = await ended;
      assert.equal(status, 200);
      assert.ok(!isComplete && body.equals(cache.bodyOf(name).subarray(0, body.length)), name);
    }
    cache.upstream.faults.delete(pathOf(name));
    assert.ok(!cache.has(name));
    const again = await fetch(name).ended;
    assert.ok(again.isComplete && again.body.equals(cache.bodyOf(name)), name);
  };

  // It dies, and is not there when the rest is asked for.
  const gate = Promise.withResolvers<void>();
  let isDead = false;
  const dead = await twenty('dead', (request, response, body) => {
    if (isDead) return Boolean(response.destroy());
    isDead = true;
    void gate.promise.then(() => response.destroy());
    return slowly(2_000_000, Promise.race([]), (whole) => whole)(request, response, body);
  });
  assert.deepEqual(cache.askedFor('dead'), ['']);
  gate.resolve();
  await endShort('dead', dead);

  // What it sends has another last byte.
  const rest = Promise.withResolvers<void>();
  const spoilt = (body: Buffer) => Buffer.concat([body.subarray(0, -1), Buffer.of((body.at(-1) ?? 0) ^ 1)]);
  const wrong = await twenty('wrong', slowly(2_000_000, rest.promise, spoilt));
  rest.resolve();
  await endShort('wrong', wrong);

  // The process that fetches is killed: it is started again, and that is told.
  const killed = await twenty('killed', slowly(2_000_000, Promise.race([])));
  const children = readFileSync(`/proc/${cache.server.pid}/task/${cache.server.pid}/children`, 'utf8');
  const child = children
    .trim()
    .split(' ')
    .find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('mirror/process.ts'));
  process.kill(Number(child ?? assert.fail(children)), 'SIGKILL');
  await cache.server.event('worker.died', { name: 'the mirror process' });
  for (const { ended } of killed) {
    const { body, isComplete } = await ended;
    assert.ok(!isComplete && body.equals(cache.bodyOf('killed').subarray(0, body.length)));
  }
  cache.upstream.faults.delete(pathOf('killed'));
  for (;;) {
    const { status, body, isComplete } = await fetch('killed').ended;
    if (status === 503) continue;
    assert.ok(isComplete && body.equals(cache.bodyOf('killed')));
    break;
  }
});
