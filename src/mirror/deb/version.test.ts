import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { needs } from '../../../test/needs.ts';
import { compareDebVersions } from './version.ts';

const VERSIONS = [
  ...['1', '1.0', '1.0-0', '1.0-1', '1.0~rc1-1', '1.0~~', '1.0~', '1.0a', '1.0+b1', '1.10', '1.9', '01.9', '1:0.1'],
  ...['2.06-13+deb12u2', '2.06-13+deb12u1', '2.12-9', '1+2.06+13+deb12u2', '1.51~1+deb12u1+16.1-2~deb12u1', '1.0-1-1'],
];

test('compareDebVersions() orders versions as dpkg does', (t) => {
  if (!needs(t, 'dpkg')) return;
  for (const one of VERSIONS) {
    for (const other of VERSIONS) {
      const is = (relation: string) =>
        spawnSync('dpkg', ['--compare-versions', one, relation, other], { stdio: 'ignore' }).status === 0;
      const wanted = is('lt') ? -1 : is('gt') ? 1 : 0;
      assert.equal(Math.sign(compareDebVersions(one, other)), wanted, `${one} and ${other}`);
    }
  }
});
