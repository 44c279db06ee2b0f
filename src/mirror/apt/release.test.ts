import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseSums } from '../sums.ts';
import { isSameRelease, parseRelease } from './release.ts';

const SHA256 = 'a'.repeat(64);
const RELEASE = `Origin: Debian
Suite: stable-security
Codename: trixie-security
Date: Sat, 11 Oct 2025 09:58:24 UTC
Valid-Until: Sat, 18 Oct 2025 09:58:24 UTC
Acquire-By-Hash: yes
No-Support-for-Architecture-all: Packages
Architectures: all amd64 arm64
Components: main contrib
MD5Sum:
 ${'b'.repeat(32)} 12 main/binary-amd64/Packages.xz
SHA256:
 ${SHA256}       12 main/binary-amd64/Packages.xz
 ${SHA256}       12 main/binary-amd64/Packages.xz
 ${SHA256} 0 contrib/binary-amd64/Packages
`;
const parse = (text: string) => parseRelease('Release', text);

describe('a Release file', () => {
  test('says what it vouches for, since when and until when', () => {
    const release = parse(RELEASE);
    assert.equal(new Date(release.date).toISOString(), '2025-10-11T09:58:24.000Z');
    assert.equal(release.validUntil, release.date + 7 * 86_400_000);
    assert.deepEqual([release.codename, release.suite], ['trixie-security', 'stable-security']);
    assert.deepEqual(
      [release.components, release.architectures],
      [
        ['main', 'contrib'],
        ['all', 'amd64', 'arm64'],
      ],
    );
    assert.deepEqual([release.hasByHash, release.hasArchitectureAll], [true, false]);
    assert.deepEqual(release.files.get('main/binary-amd64/Packages.xz'), {
      path: 'main/binary-amd64/Packages.xz',
      bytes: 12,
      digests: [
        { algorithm: 'sha256', hex: SHA256 },
        { algorithm: 'md5', hex: 'b'.repeat(32) },
      ],
    });
    assert.equal(release.files.size, 2);
    const plain = parse(RELEASE.replace(/No-Supp.*\n|Acquire.*\n|Valid.*\n/g, ''));
    assert.deepEqual([plain.hasByHash, plain.hasArchitectureAll, plain.validUntil], [false, true, undefined]);
  });

  test('what cannot be used is refused by name', () => {
    const cases: readonly (readonly [text: string, message: RegExp])[] = [
      [RELEASE.replace(/Date.*\n/, ''), /no Date/],
      [RELEASE.replace('Sat, 11 Oct 2025 09:58:24 UTC', 'yesterday'), /"yesterday", which is no time/],
      [RELEASE.replace('Sat, 11 Oct', 'Sat, 99 Oct'), /which is no time/],
      [RELEASE.replaceAll('main/binary', '../binary'), /leads out of the suite/],
      [RELEASE.replaceAll('main/binary', '/etc'), /leads out of the suite/],
      [RELEASE.replace(' 12 main', ' 13 main'), /another size/],
      [RELEASE.replace(SHA256, 'c'.repeat(64)), /another checksum/],
      [RELEASE.replace(SHA256, 'abc'), /no checksum, size and path/],
      [RELEASE.replace(/MD5Sum[\s\S]*/, ''), /lists no files/],
    ];
    for (const [text, message] of cases) assert.throws(() => parse(text), { code: 'upstream-failed', message }, text);
  });

  test('two that vouch for the same are the same, whatever their order', () => {
    const lines = RELEASE.split('\n');
    const [last = ''] = lines.splice(-2, 1);
    lines.splice(-3, 0, last);
    assert.ok(isSameRelease(parse(RELEASE), parse(lines.join('\n'))));
    assert.ok(!isSameRelease(parse(RELEASE), parse(RELEASE.replaceAll(' 12 ', ' 13 '))));
    assert.ok(!isSameRelease(parse(RELEASE), parse(RELEASE.replaceAll('58:24', '58:25'))));
  });
});

test('lists of checksums as sha256sum writes them', () => {
  const sums = parseSums(
    'SHA256SUMS',
    `${SHA256}  ./netboot/linux\n${SHA256.toUpperCase()} *a b.iso\r\n\n${'c'.repeat(128)}  x\n`,
  );
  assert.deepEqual(
    [...sums],
    [
      ['netboot/linux', { algorithm: 'sha256', hex: SHA256 }],
      ['a b.iso', { algorithm: 'sha256', hex: SHA256 }],
      ['x', { algorithm: 'sha512', hex: 'c'.repeat(128) }],
    ],
  );
  for (const text of ['', '<html>', `${SHA256}`, `${SHA256}  a\n${SHA256}  ./a\n`, `${'a'.repeat(40)}  a`]) {
    assert.throws(() => parseSums('SHA256SUMS', text), { code: 'upstream-failed' });
  }
});
