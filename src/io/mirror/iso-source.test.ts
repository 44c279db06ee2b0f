import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../../../test/needs.ts';
import { runProgram } from '../../../test/support/segment.ts';
import { newFolder } from '../../../test/support/server.ts';
import { createHttpClient } from './http-client.ts';
import { createIsoSource } from './iso-source.ts';
import { unlimited } from './limiter.ts';
import { openPool } from './pool.ts';

test('a run from an ISO that is stopped, or was killed, leaves nothing on its way', async (t) => {
  if (!needs(t, 'xorriso')) return;
  const tree = newFolder('medium');
  writeFileSync(join(tree, 'large'), Buffer.alloc(8 << 20, 1));
  const iso = join(newFolder('iso'), 'x.iso');
  assert.equal((await runProgram(['xorriso', '-as', 'mkisofs', '-quiet', '-R', '-o', iso, tree])).code, 0);
  const folder = newFolder('mirror');
  const parts = join(folder, 'parts');
  mkdirSync(parts);
  // As a process that was killed has left it.
  writeFileSync(join(parts, 'iso-4096-1'), 'x');
  const stop = new AbortController();
  const http = createHttpClient({ connections: 1 });
  const deps = { http, pool: openPool(join(folder, 'pool')), partsFolder: parts, limiter: unlimited };
  const source = await createIsoSource({ ...deps, signal: stop.signal, onBytes: () => stop.abort() }, iso);
  assert.deepEqual(readdirSync(parts), []);
  const file = { path: 'large', digests: [], role: 'other', isOptional: false } as const;
  await assert.rejects(source.fetch(file), { name: 'AbortError' });
  assert.deepEqual(readdirSync(parts), []);
  assert.deepEqual(readdirSync(join(folder, 'pool')), []);
  http.close();
});
