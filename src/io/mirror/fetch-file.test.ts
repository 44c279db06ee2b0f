import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { serveFolder } from '../../../test/support/planned-mirror.ts';
import { newFolder } from '../../../test/support/server.ts';
import { fetchToPool } from './fetch-file.ts';
import { createHttpClient } from './http-client.ts';
import { createLimiter } from './limiter.ts';
import { openPool } from './pool.ts';

test('a part that cannot be begun does not take its connection with it', async (t) => {
  const upstream = newFolder('upstream');
  const content = Buffer.alloc(2 * 1024 * 1024, 'x');
  writeFileSync(join(upstream, 'large'), content);
  const { url } = await serveFolder(t, upstream);
  const hex = createHash('sha256').update(content).digest('hex');
  const http = createHttpClient({ connections: 1 });
  t.after(() => http.close());
  const partsFolder = newFolder('parts');
  const fetchOnce = () =>
    fetchToPool(
      {
        http,
        pool: openPool(join(partsFolder, 'pool')),
        partsFolder,
        limiter: createLimiter(() => undefined, Date.now),
        signal: AbortSignal.timeout(60_000),
        retry: { times: 0, firstMs: 1, mostMs: 1 },
      },
      {
        urls: [`${url}/large`],
        bytes: content.length,
        maxBytes: content.length,
        digests: [{ algorithm: 'sha256', hex }],
      },
    );
  // Where the notes of the download are to be written, nothing can be.
  const inTheWay = join(partsFolder, `sha256-${hex}.json.new`);
  mkdirSync(inTheWay);
  assert.equal((await fetchOnce()).kind, 'unreachable');
  rmdirSync(inTheWay);
  assert.equal((await fetchOnce()).kind, 'stored');
});
