import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { needs } from '../../../test/needs.ts';
import { encodeTarFile } from './tar.ts';

test('encodeTarFile() makes an archive that tar reads back', (t) => {
  if (!needs(t, 'tar')) return;
  for (const text of ['', 'a', 'x'.repeat(512), `${'line with ü\n'.repeat(100)}`]) {
    const archive = encodeTarFile('some.cfg', text);
    assert.equal(archive.length % 512, 0);
    assert.equal(execFileSync('tar', ['-tf', '-'], { input: archive }).toString(), 'some.cfg\n');
    assert.equal(execFileSync('tar', ['-xOf', '-', 'some.cfg'], { input: archive }).toString(), text);
  }
});

test('encodeTarFile() gives the same bytes for the same text', () => {
  assert.deepEqual(encodeTarFile('a', 'b'), encodeTarFile('a', 'b'));
});
