import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../../../test/needs.ts';
import { runProgram } from '../../../test/support/segment.ts';
import { newFolder } from '../../../test/support/server.ts';
import { readChecksums, sumInList } from './iso-checksums.ts';

const NEVER = new AbortController().signal;

async function burn(): Promise<string> {
  const tree = newFolder('medium');
  writeFileSync(join(tree, 'file'), randomBytes(3 << 20));
  const iso = join(newFolder('iso'), 'medium.iso');
  const ran = await runProgram(['xorriso', '-as', 'mkisofs', '-quiet', '-R', '-o', iso, tree]);
  assert.equal(ran.code, 0, ran.text);
  return iso;
}

test('the md5 that implantisomd5 writes is found, and judged as checkisomd5 judges it', async (t) => {
  if (!needs(t, 'xorriso', 'implantisomd5', 'checkisomd5')) return;
  const iso = await burn();
  assert.equal((await readChecksums(iso, NEVER)).implanted, 'none');
  assert.equal((await runProgram(['implantisomd5', iso])).code, 0);
  const whole = readFileSync(iso);
  const agree = async (what: string): Promise<string> => {
    const oracle = await runProgram(['checkisomd5', iso]);
    const { implanted } = await readChecksums(iso, NEVER);
    assert.equal(implanted, oracle.code === 0 ? 'right' : 'wrong', `${what}: ${oracle.text}`);
    return implanted;
  };
  assert.equal(await agree('whole'), 'right');
  const { sha256, sha512 } = await readChecksums(iso, NEVER);
  assert.equal(sha256, createHash('sha256').update(whole).digest('hex'));
  assert.equal(sha512, createHash('sha512').update(whole).digest('hex'));
  // The system area, the descriptor before and behind the sum, the pieces that reading is done in, and what is not covered.
  const field = 16 * 2048 + 883;
  const places = [
    0,
    16 * 2048 + 500,
    field - 1,
    field + 512,
    (1 << 20) - 1,
    1 << 20,
    whole.length >> 1,
    whole.length - 1,
  ];
  const judged: string[] = [];
  for (const place of places) {
    const changed = Buffer.from(whole);
    changed[place] = (changed[place] ?? 0) ^ 1;
    writeFileSync(iso, changed);
    judged.push(await agree(`byte ${place}`));
  }
  assert.deepEqual(new Set(judged), new Set(['right', 'wrong']));
  writeFileSync(iso, whole);
  truncateSync(iso, whole.length >> 1);
  assert.equal((await readChecksums(iso, NEVER)).implanted, 'wrong');
});

test('lists of checksums are read as both kinds of programs write them', () => {
  const [a, b, c] = ['a', 'B', 'c'].map((digit) => digit.repeat(64));
  const list = [
    '# Rocky-9.4-x86_64-dvd.iso: 10 bytes',
    `SHA256 (Rocky-9.4-x86_64-dvd.iso) = ${a}`,
    `${b} *debian-12.iso\r`,
    `${c}  ./ubuntu.iso`,
    `SHA512 (long.iso) = ${c}${c}`,
    `MD5 (weak.iso) = ${'0'.repeat(32)}`,
  ].join('\n');
  assert.equal(sumInList('CHECKSUM', list, 'Rocky-9.4-x86_64-dvd.iso'), a);
  assert.equal(sumInList('CHECKSUM', list, 'debian-12.iso'), b?.toLowerCase());
  assert.equal(sumInList('CHECKSUM', list, 'ubuntu.iso'), c);
  assert.equal(sumInList('CHECKSUM', list, 'long.iso'), `${c}${c}`);
  for (const name of ['weak.iso', 'other.iso', 'dvd.iso'])
    assert.throws(() => sumInList('CHECKSUM', list, name), { code: 'upstream-failed', message: /no SHA-256/ }, name);
});
