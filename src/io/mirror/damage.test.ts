import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { newFolder } from '../../../test/support/server.ts';
import { checkContent, contentsAside, countAside, trimAside } from './damage.ts';
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

test('what was put aside stays for a month, and the newest hundred; what is still missed is remembered by its name', () => {
  const root = newFolder('mirrors');
  const pool = openPool(join(root, 'pool'));
  const names = Array.from({ length: 120 }, (_, index) => createHash('sha256').update(`${index}`).digest('hex'));
  const aside = (sha256: string) => join(root, 'damaged', sha256);
  mkdirSync(join(root, 'damaged'));
  for (const sha256 of names) writeFileSync(aside(sha256), 'broken', { mode: 0o444 });
  const [missed = '', linked = ''] = names;
  linkSync(aside(linked), join(root, 'in the plain tree'));
  const before = statSync(aside(missed)).ino;
  const isNamed = (sha256: string) => sha256 === missed;
  trimAside(pool, isNamed, Date.now());
  const { files, bytes } = countAside(pool);
  // Those with another name, and those that are missed, may come on top of them.
  assert.ok(files >= 100 && files <= 102, `${files}`);
  assert.equal(bytes, files * 'broken'.length);

  trimAside(pool, isNamed, Date.now() + 29 * 86_400_000);
  assert.equal(countAside(pool).files, files);
  trimAside(pool, isNamed, Date.now() + 31 * 86_400_000);
  assert.deepEqual(
    contentsAside(pool)
      .map(({ sha256 }) => sha256)
      .sort(),
    [missed, linked].sort(),
  );
  assert.equal(readFileSync(aside(missed), 'utf8'), '');
  // Contents of the pool may be written to by root only, which the server is not.
  assert.notEqual(statSync(aside(missed)).ino, before, 'another file has taken its place');
  assert.deepEqual(
    readdirSync(join(root, 'damaged')).filter((name) => !names.includes(name)),
    [],
  );
  assert.equal(readFileSync(aside(linked), 'utf8'), 'broken');
  assert.deepEqual(countAside(pool), { files: 1, bytes: 'broken'.length });

  // It is there again, and nobody has to remember it.
  writeFileSync(join(root, 'new'), '0');
  pool.adopt(join(root, 'new'), missed);
  trimAside(pool, isNamed, Date.now());
  assert.deepEqual(
    contentsAside(pool).map(({ sha256 }) => sha256),
    [linked],
  );
});
