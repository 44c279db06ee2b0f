import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hexOf } from '../../../test/support/mirror-reader.ts';
import { openTestMirror } from '../../../test/support/mirror-run.ts';
import { serveFolder } from '../../../test/support/planned-mirror.ts';
import { newFolder } from '../../../test/support/server.ts';
import type { Digest, PlannedFile } from '../../mirror/plan.ts';

test('the same content under two names comes once, though one of them has more checksums', async (t) => {
  const upstream = newFolder('upstream');
  const content = Buffer.alloc(3_000_000, 'q');
  mkdirSync(join(upstream, 'pool'));
  for (const name of ['a', 'b']) writeFileSync(join(upstream, 'pool', name), content);
  const { url, asked } = await serveFolder(t, upstream);
  const digest = (algorithm: Digest['algorithm']): Digest => ({ algorithm, hex: hexOf(algorithm, content) });
  const file = (path: string, digests: readonly Digest[]): PlannedFile => ({
    path,
    bytes: content.length,
    digests,
    role: 'package',
    isOptional: false,
  });
  const files = [file('pool/a', [digest('sha256')]), file('pool/b', [digest('md5'), digest('sha256')])];
  const mirror = openTestMirror(url);
  const { result, reason } = await mirror.run({
    planTree: async () => ({ files, entries: [], contents: new Map(), revision: '=1', remarks: [] }),
  });
  assert.equal(result, 'published', reason);
  assert.equal(asked.length, 1, asked.join());
  const live = mirror.live();
  assert.deepEqual([...live.keys()], ['pool/a', 'pool/b']);
  for (const text of live.values()) assert.equal(hexOf('sha256', text), digest('sha256').hex);
});
