import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { serveFolder } from '../../../test/support/planned-mirror.ts';
import { newFolder } from '../../../test/support/server.ts';
import { type FetchDeps, fetchToPool } from './fetch-file.ts';
import { createHttpClient } from './http-client.ts';
import { createLimiter } from './limiter.ts';
import { openPool } from './pool.ts';

/** An upstream with one large file, and what it takes to fetch it. */
async function openUpstream(t: TestContext) {
  const upstream = newFolder('upstream');
  const content = Buffer.alloc(2 * 1024 * 1024, 'x');
  writeFileSync(join(upstream, 'large'), content);
  const { url } = await serveFolder(t, upstream);
  const hex = createHash('sha256').update(content).digest('hex');
  const http = createHttpClient({ connections: 1 });
  t.after(() => http.close());
  const partsFolder = newFolder('parts');
  const pool = openPool(join(partsFolder, 'pool'));
  const deps = {
    http,
    pool,
    partsFolder,
    limiter: createLimiter(() => undefined, Date.now),
    signal: AbortSignal.timeout(60_000),
    retry: { times: 0, firstMs: 1, mostMs: 1 },
  };
  const fetchOnce = (judge?: FetchDeps['judge']) =>
    fetchToPool(
      { ...deps, judge },
      {
        urls: [`${url}/large`],
        bytes: content.length,
        maxBytes: content.length,
        digests: [{ algorithm: 'sha256', hex }],
      },
    );
  return { upstream, url, deps, fetchOnce, partsFolder, pool, hex, content };
}

test('a part that cannot be begun does not take its connection with it', async (t) => {
  const { fetchOnce, partsFolder, hex } = await openUpstream(t);
  // Where the notes of the download are to be written, nothing can be.
  const inTheWay = join(partsFolder, `sha256-${hex}.json.new`);
  mkdirSync(inTheWay);
  assert.equal((await fetchOnce()).kind, 'unreachable');
  rmdirSync(inTheWay);
  assert.equal((await fetchOnce()).kind, 'stored');
});

test('what somebody else wrote into a part is not taken, and fetched again', async (t) => {
  const { fetchOnce, pool, hex, content } = await openUpstream(t);
  let count = 0;
  const meddle = async (part: string) => {
    count += 1;
    if (count === 1) appendFileSync(part, 'more');
    return undefined;
  };
  assert.equal((await fetchOnce(meddle)).kind, 'unreachable');
  assert.equal(pool.sizeOf(hex), undefined);
  assert.equal((await fetchOnce(meddle)).kind, 'stored');
  assert.equal(pool.sizeOf(hex), content.length);
});

test('files without a checksum whose long names end alike are two downloads', async (t) => {
  const { upstream, url, deps } = await openUpstream(t);
  const end = 'x'.repeat(120);
  const parts: string[] = [];
  const judge = async (part: string) => {
    parts.push(part);
    return undefined;
  };
  for (const start of ['a', 'b']) {
    writeFileSync(join(upstream, start + end), start);
    const file = { urls: [`${url}/${start}${end}`], maxBytes: 10, digests: [] };
    assert.equal((await fetchToPool({ ...deps, judge }, file)).kind, 'stored');
  }
  assert.equal(new Set(parts).size, 2);
});

test('a file without a checksum is not put together from two, where a server does not look at If-Range', async (t) => {
  const { deps } = await openUpstream(t);
  let content = Buffer.alloc(2 * 1024 * 1024, 'a');
  let asks = 0;
  const server = createServer(({ headers: { range } }, response) => {
    const start = Number(/[0-9]+/.exec(range ?? '0')?.[0]);
    const etag = `"${content.toString('latin1', 0, 1)}"`;
    const rest = content.subarray(start);
    const where = { 'Content-Range': `bytes ${start}-${content.length - 1}/${content.length}` };
    const head = { ETag: etag, 'Content-Length': rest.length, ...(start > 0 && where) };
    response.writeHead(start > 0 ? 206 : 200, head);
    asks += 1;
    if (asks > 1) return void response.end(rest);
    response.write(rest.subarray(0, 1_500_000), () => response.destroy());
    content = Buffer.alloc(content.length, 'b');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/updates.img`;
  const file = { urls: [url], maxBytes: 1 << 30, digests: [] };
  const fetched = await fetchToPool({ ...deps, retry: { times: 2, firstMs: 1, mostMs: 1 } }, file);
  assert.equal(fetched.kind, 'stored', JSON.stringify(fetched));
  const hex = createHash('sha256').update(content).digest('hex');
  assert.equal(fetched.kind === 'stored' && fetched.sha256, hex, `${asks} requests`);
});
