import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { cutAfter, startUpstream, type Upstream } from '../../../test/support/hostile-upstream.ts';
import { newFolder } from '../../../test/support/server.ts';
import { createFetcher, type FetcherOptions } from './fetcher.ts';
import { createHttpClient } from './http-client.ts';
import { createLimiter } from './limiter.ts';
import { openPool } from './pool.ts';

const DYING = new URL('../../../test/support/dying-lane.ts', import.meta.url);
const paths = Array.from({ length: 60 }, (_, index) => `Packages/${index}.rpm`);

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

function serve(t: TestContext): Promise<Upstream> {
  return startUpstream(t, Object.fromEntries(paths.map((path, index) => [path, randomBytes(20_000 + 1000 * index)])));
}

interface Choice extends Partial<FetcherOptions> {
  readonly rate?: () => number | undefined;
}

/** Two threads that fetch from an upstream, however little it is. */
function open(t: TestContext, upstream: Upstream, { rate = () => undefined, ...choice }: Choice = {}) {
  const folder = newFolder('fetcher');
  const pool = openPool(join(folder, 'pool'));
  const http = createHttpClient({ connections: 4 });
  const abort = new AbortController();
  const told = { bytes: 0, died: [] as string[] };
  let minute = 0;
  const fetcher = createFetcher(
    {
      http,
      pool,
      partsFolder: folder,
      // Its clock goes on by a minute each time, so that a new rate counts at once.
      limiter: createLimiter(rate, () => 60_000 * minute++),
      signal: abort.signal,
      onBytes: (bytes) => {
        told.bytes += bytes;
      },
      retry: { times: 3, firstMs: 1, mostMs: 5 },
    },
    {
      root: folder,
      reserveBytes: 0,
      connections: 4,
      worthALane: 0,
      onDied: (reason) => told.died.push(reason),
      ...choice,
    },
  );
  t.after(async () => {
    await fetcher.rest();
    http.close();
  });
  const fetch = (path: string) => {
    const body = upstream.files.get(path) ?? Buffer.alloc(0);
    return fetcher.fetch({
      urls: [upstream.url + path],
      bytes: body.length,
      maxBytes: body.length,
      digests: [{ algorithm: 'sha256', hex: sha256(body) }],
    });
  };
  const stored = () => readdirSync(pool.folder).flatMap((part) => readdirSync(join(pool.folder, part)));
  return {
    fetcher,
    told,
    abort,
    fetch,
    /** Everything in the pool is what its name says. */
    checkPool: () => {
      for (const name of stored()) assert.equal(sha256(readFileSync(pool.pathOf(name))), name);
      return stored();
    },
  };
}

const allOf = ({ files }: Upstream) => paths.map((path) => sha256(files.get(path) ?? Buffer.alloc(0))).sort();
const bytesOf = ({ files }: Upstream) => paths.reduce((sum, path) => sum + (files.get(path)?.length ?? 0), 0);

describe('a run that fetches with two threads', () => {
  test('has every file once, and counts all bytes', async (t) => {
    const upstream = await serve(t);
    const { fetcher, fetch, told, checkPool } = open(t, upstream);
    upstream.faults.set(paths[7] ?? '', cutAfter(1000, 1));
    fetcher.expect(1);
    for (const { kind } of await Promise.all(paths.map(fetch))) assert.equal(kind, 'stored');
    await fetcher.rest();
    assert.deepEqual(checkPool().sort(), allOf(upstream));
    assert.ok(told.bytes >= bytesOf(upstream), `${told.bytes} bytes were told`);
    assert.deepEqual(told.died, []);
  });

  test('loses nothing when the second one dies, and tells it', async (t) => {
    const upstream = await serve(t);
    const { fetcher, fetch, told, checkPool } = open(t, upstream, { script: DYING });
    fetcher.expect(1);
    for (const { kind } of await Promise.all(paths.map(fetch))) assert.equal(kind, 'stored');
    assert.deepEqual(checkPool().sort(), allOf(upstream));
    assert.deepEqual(told.died, ['exit code 3']);
  });

  test('loses nothing when the second one does not even start', async (t) => {
    const upstream = await serve(t);
    const { fetcher, fetch, told, checkPool } = open(t, upstream, { script: new URL('./none.ts', import.meta.url) });
    fetcher.expect(1);
    for (const { kind } of await Promise.all(paths.map(fetch))) assert.equal(kind, 'stored');
    assert.deepEqual(checkPool().sort(), allOf(upstream));
    assert.match(told.died.join(), /none\.ts/);
  });

  test('says what is wrong or not there as one thread does', async (t) => {
    const upstream = await serve(t);
    const { fetcher, fetch, checkPool } = open(t, upstream);
    const wrong = new Set(paths.filter((_path, index) => index % 10 === 0));
    const gone = new Set(paths.filter((_path, index) => index % 10 === 5));
    for (const path of wrong) {
      upstream.faults.set(path, (_request, response, body) => {
        response.end(Buffer.alloc(body.length));
        return true;
      });
    }
    for (const path of gone) upstream.faults.set(path, (_request, response) => !!response.writeHead(404).end());
    fetcher.expect(1);
    const kinds = await Promise.all(paths.map(async (path) => (await fetch(path)).kind));
    const expected = paths.map((path) => (wrong.has(path) ? 'wrong' : gone.has(path) ? 'absent' : 'stored'));
    assert.deepEqual(kinds, expected);
    assert.equal(checkPool().length, paths.length - wrong.size - gone.size);
  });

  test('ends when it is told to, and nothing is written afterwards', async (t) => {
    const upstream = await serve(t);
    const { fetcher, fetch, abort, checkPool } = open(t, upstream);
    // The second half of each file never comes.
    for (const path of paths) {
      upstream.faults.set(path, (_request, response, body) => {
        response.writeHead(200, { 'Content-Length': body.length });
        response.write(body.subarray(0, 5000));
        return true;
      });
    }
    fetcher.expect(1);
    const ended = Promise.allSettled(paths.map(fetch));
    // Either thread has two connections.
    while (upstream.asked.length < 4) await new Promise(setImmediate);
    abort.abort(new Error('enough'));
    for (const one of await ended) assert.match(String(one.status === 'rejected' && one.reason), /enough/);
    await fetcher.rest();
    assert.deepEqual(checkPool(), []);
  });

  test('goes on with one of them when a limit of the bandwidth begins', async (t) => {
    const upstream = await serve(t);
    let rate: number | undefined;
    const { fetcher, fetch, told, checkPool } = open(t, upstream, { rate: () => rate });
    fetcher.expect(1);
    const fetched = paths.map(async (path) => {
      const { kind } = await fetch(path);
      // Much more than all there is: what is looked at is who keeps to it.
      rate = 1e12;
      return kind;
    });
    for (const kind of await Promise.all(fetched)) assert.equal(kind, 'stored');
    assert.deepEqual(checkPool().sort(), allOf(upstream));
    assert.deepEqual(told.died, []);
  });
});
