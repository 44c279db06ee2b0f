import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { newFolder } from '../../../test/support/server.ts';
import { checkContent } from './damage.ts';
import { openPool } from './pool.ts';

/** Reads a content in a process that may open no further file, and prints what becomes of it. */
const WITHOUT_FILES = `
const [folder, sha256] = process.argv.slice(1);
const { checkContent } = await import('${new URL('./damage.ts', import.meta.url).href}');
const { openPool } = await import('${new URL('./pool.ts', import.meta.url).href}');
const { closeSync, openSync } = await import('node:fs');
const pool = openPool(folder);
const opened = [];
try {
  for (;;) opened.push(openSync('/dev/null'));
} catch {}
const found = await checkContent(pool, sha256, new AbortController().signal).catch(({ code }) => code);
for (const handle of opened) closeSync(handle);
console.log(found);
`;

function makePool(content: string) {
  const root = newFolder('mirrors');
  const pool = openPool(join(root, 'pool'));
  const sha256 = createHash('sha256').update(content).digest('hex');
  writeFileSync(join(root, 'new'), content);
  pool.adopt(join(root, 'new'), sha256);
  return { pool, sha256, aside: join(root, 'damaged', sha256) };
}

test('a content that cannot be read for want of something else stays where it is', async () => {
  const { pool, sha256, aside } = makePool('a good one');
  const limited = 'ulimit -n 100; exec "$0" --input-type=module -e "$@"';
  const found = execFileSync('sh', ['-c', limited, process.execPath, WITHOUT_FILES, pool.folder, sha256]);
  assert.equal(found.toString(), 'EMFILE\n');
  assert.ok(existsSync(pool.pathOf(sha256)) && !existsSync(aside));
  assert.equal(await checkContent(pool, sha256, new AbortController().signal), 'right');
});

test('a content that is gone is not damaged', async () => {
  const { pool, aside } = makePool('one');
  assert.equal(await checkContent(pool, '0'.repeat(64), new AbortController().signal), 'gone');
  assert.ok(!existsSync(aside));
});
