import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { ABSENT, ok, type RowUpstream, startRowUpstream } from '../../../test/support/row-upstream.ts';
import { newFolder } from '../../../test/support/server.ts';
import { fetchToPool } from './fetch-file.ts';
import { createHttpClient, type HttpClient } from './http-client.ts';
import { createLimiter } from './limiter.ts';
import { openPool } from './pool.ts';

const never = new AbortController().signal;
const bodyOf = (path: string) => `this is ${path}, ${path.repeat(30)}`;
const answerOf = (path: string) => ok(bodyOf(path));
const names = (count: number) => Array.from({ length: count }, (_, index) => `/${index}`);

function openClient(t: TestContext, connections = 1): HttpClient {
  const client = createHttpClient({ connections });
  t.after(() => client.close());
  return client;
}

async function text(client: HttpClient, url: string, bytes?: number): Promise<string> {
  const { body } = await client.get(url, {}, never, bytes);
  let all = '';
  await body.read((piece) => {
    all += Buffer.from(piece).toString('latin1');
    return undefined;
  });
  return all;
}

async function checkAll(client: HttpClient, { url }: RowUpstream, paths: readonly string[]): Promise<void> {
  const got = await Promise.all(paths.map((path) => text(client, url + path, bodyOf(path).length)));
  assert.deepEqual(got, paths.map(bodyOf));
}

describe('questions in a row on one connection', () => {
  test('go out before those ahead of them are answered, but only where a connection was kept', async (t) => {
    const upstream = await startRowUpstream(t, (paths) => paths.map(answerOf));
    const client = openClient(t);
    await checkAll(client, upstream, names(2));
    assert.equal(upstream.longest, 1);
    await checkAll(client, upstream, names(40));
    assert.equal(upstream.longest, 10);
    assert.equal(upstream.asked.length, 42);
  });

  test('are only those for files whose length is known', async (t) => {
    const upstream = await startRowUpstream(t, (paths) => paths.map(answerOf));
    const client = openClient(t);
    const got = await Promise.all(names(10).map((path) => text(client, upstream.url + path)));
    assert.deepEqual(got, names(10).map(bodyOf));
    assert.equal(upstream.longest, 1);
  });

  test('are none behind a body of which much is to come', async (t) => {
    const large = 'x'.repeat(8 * 1024 * 1024);
    const upstream = await startRowUpstream(t, (paths) =>
      paths.map((path) => (path === '/large' ? ok(large) : answerOf(path))),
    );
    const client = openClient(t);
    await checkAll(client, upstream, ['/first']);
    const { body } = await client.get(`${upstream.url}/large`, {}, never, large.length);
    const others = checkAll(client, upstream, names(9));
    let bytes = 0;
    await body.read(async (piece) => {
      bytes += piece.length;
      await new Promise(setImmediate);
      if (bytes < 6 * 1024 * 1024) assert.deepEqual(upstream.asked, ['/first', '/large']);
    });
    await others;
    assert.equal(bytes, large.length);
    assert.ok(upstream.longest > 1);
  });

  for (const [name, spoil] of [
    ['closes the connection in the middle', () => []],
    ['answers one and closes', (path: string) => [answerOf(path)]],
    ['says something that is no HTTP', (path: string) => [answerOf(path), 'what do you want?\r\n\r\n']],
    ['says more than it says it says', (path: string) => [`${answerOf(path)}and more`]],
    ['answers as HTTP/1.0 does', (path: string) => [`HTTP/1.0 200 OK\r\n\r\n${bodyOf(path)}`]],
  ] as const)
    test(`are asked again one by one where a server ${name}`, async (t) => {
      let spoilt = 0;
      const upstream = await startRowUpstream(t, (paths, socket) => {
        const [first = ''] = paths;
        if (paths.length === 1) return [answerOf(first)];
        spoilt += 1;
        socket.end(spoil(first).join(''));
        return paths;
      });
      const client = openClient(t);
      await checkAll(client, upstream, names(25));
      assert.ok(upstream.longest > 1);
      assert.equal(spoilt, 1);
      upstream.longest = 0;
      await checkAll(client, upstream, names(25));
      assert.equal(upstream.longest, 1, 'they stood in a row again');
    });

  test('go on on another connection where a server has counted enough of them', async (t) => {
    let count = 0;
    const upstream = await startRowUpstream(t, (paths, socket) => {
      const left = 100 - count;
      count += paths.length;
      if (paths.length < left) return paths.map(answerOf);
      count = 0;
      const kept = paths.slice(0, left - 1).map(answerOf);
      socket.end(`${kept.join('')}${ok(bodyOf(paths[left - 1] ?? ''), 'Connection: close\r\n')}`);
      return paths;
    });
    const client = openClient(t);
    await checkAll(client, upstream, names(150));
    upstream.longest = 0;
    await checkAll(client, upstream, names(20));
    assert.equal(upstream.longest, 10);
  });

  test('end all at once when whoever asks stops', async (t) => {
    const upstream = await startRowUpstream(t, (paths) => (paths.includes('/never') ? [] : paths.map(answerOf)));
    const client = openClient(t);
    await checkAll(client, upstream, names(2));
    const stop = new AbortController();
    const asked = [...names(5), '/never'].map((path) => client.get(upstream.url + path, {}, stop.signal, 100));
    const ended = Promise.allSettled(asked);
    while (!upstream.asked.includes('/never')) await new Promise(setImmediate);
    stop.abort(new Error('enough'));
    for (const one of await ended) assert.match(String(one.status === 'rejected' && one.reason), /enough/);
    await checkAll(client, upstream, names(2));
  });
});

/** Fetches into a pool, as a run does. */
function openFetcher(t: TestContext, { url }: RowUpstream, connections = 1) {
  const folder = newFolder('row');
  const pool = openPool(join(folder, 'pool'));
  const http = openClient(t, connections);
  const deps = {
    http,
    pool,
    partsFolder: folder,
    limiter: createLimiter(() => undefined, Date.now),
    signal: never,
    retry: { times: 3, firstMs: 1, mostMs: 5 },
  };
  const sha256 = (path: string) => createHash('sha256').update(bodyOf(path)).digest('hex');
  return {
    fetch: (path: string) =>
      fetchToPool(deps, {
        urls: [url + path],
        bytes: bodyOf(path).length,
        maxBytes: bodyOf(path).length,
        digests: [{ algorithm: 'sha256', hex: sha256(path) }],
      }),
    checkPool: (paths: readonly string[]) => {
      const stored = readdirSync(pool.folder).flatMap((part) => readdirSync(join(pool.folder, part)));
      assert.deepEqual(stored.sort(), paths.map(sha256).sort());
      for (const path of paths) assert.equal(readFileSync(pool.pathOf(sha256(path)), 'latin1'), bodyOf(path));
    },
  };
}

describe('files that are fetched in a row', () => {
  for (const [name, spoil] of [
    ['mixes up its answers', (paths: readonly string[]) => paths.map(answerOf).reverse()],
    [
      'mixes them up with those of files that it does not have',
      (paths: readonly string[]) => paths.map((path, index) => (index % 2 === 0 ? ABSENT : answerOf(path))),
    ],
  ] as const)
    test(`are what they should be where a server ${name}`, async (t) => {
      const upstream = await startRowUpstream(t, (paths) => (paths.length > 1 ? spoil(paths) : paths.map(answerOf)));
      const { fetch, checkPool } = openFetcher(t, upstream);
      const paths = names(30);
      for (const fetched of await Promise.all(paths.map(fetch))) assert.equal(fetched.kind, 'stored');
      checkPool(paths);
      assert.ok(upstream.longest > 1);
    });

  test('nothing waits in a row any more where an answer was that to another question', async (t) => {
    const upstream = await startRowUpstream(t, (paths) => paths.map(answerOf).reverse());
    const { fetch } = openFetcher(t, upstream);
    await Promise.all(names(30).map(fetch));
    upstream.longest = 0;
    await Promise.all(['/a', '/b', '/c', '/d'].map(fetch));
    assert.equal(upstream.longest, 1);
  });

  test('a body that is cut short is fetched again, and so are those behind it', async (t) => {
    let cut = 0;
    const upstream = await startRowUpstream(t, (paths, socket) => {
      const [first = ''] = paths;
      if (paths.length === 1) return [answerOf(first)];
      cut += 1;
      socket.end(answerOf(first).slice(0, -20));
      return paths;
    });
    const { fetch, checkPool } = openFetcher(t, upstream, 2);
    const paths = names(40);
    for (const fetched of await Promise.all(paths.map(fetch))) assert.equal(fetched.kind, 'stored');
    checkPool(paths);
    assert.ok(cut > 0);
  });

  test('one that is not there is absent, and keeps nothing from the others', async (t) => {
    const upstream = await startRowUpstream(t, (paths) =>
      paths.map((path) => (path === '/7' ? ABSENT : answerOf(path))),
    );
    const { fetch, checkPool } = openFetcher(t, upstream);
    const kinds = await Promise.all(names(12).map(async (path) => (await fetch(path)).kind));
    assert.deepEqual(
      kinds,
      names(12).map((path) => (path === '/7' ? 'absent' : 'stored')),
    );
    checkPool(names(12).filter((path) => path !== '/7'));
  });
});
