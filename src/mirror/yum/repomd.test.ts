import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseRepomd } from './repomd.ts';

const SHA256 = 'a'.repeat(64);
const PRIMARY = `<data type="primary">
    <checksum type="sha256">${SHA256}</checksum>
    <open-checksum type="sha256">${'b'.repeat(64)}</open-checksum>
    <location href="repodata/primary.xml.zst"/>
    <timestamp>1753005360</timestamp><size>1234</size><open-size>5678</open-size>
  </data>`;
const repomd = (data: string) =>
  Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>
<repomd xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="http://linux.duke.edu/metadata/rpm">
  <revision>1753005360</revision><tags><distro cpeid="x">a</distro></tags>${data}</repomd>`);
const parse = (data: string) => parseRepomd('repodata/repomd.xml', repomd(data));

describe('repomd.xml', () => {
  test('says where metadata are, how big, and their checksums', () => {
    const group = `<data type="group"><checksum type="sha">${'C'.repeat(40)}</checksum><location href="repodata/comps%2B.xml"/></data>`;
    assert.deepEqual(parse(PRIMARY + group), {
      revision: '1753005360',
      data: [
        {
          type: 'primary',
          href: 'repodata/primary.xml.zst',
          digest: { algorithm: 'sha256', hex: SHA256 },
          bytes: 1234,
          openBytes: 5678,
        },
        {
          type: 'group',
          href: 'repodata/comps+.xml',
          digest: { algorithm: 'sha1', hex: 'c'.repeat(40) },
          bytes: undefined,
          openBytes: undefined,
        },
      ],
    });
  });

  test('what cannot be used is refused by name', () => {
    const cases: readonly (readonly [data: string, message: RegExp])[] = [
      ['', /no primary/],
      [PRIMARY + PRIMARY, /twice/],
      [PRIMARY.replace('type="primary"', ''), /without type/],
      [PRIMARY.replace('href', 'hreff'), /primary without a location/],
      [PRIMARY.replace('href', 'xml:base="http://else.where/" href'), /another address/],
      [PRIMARY.replace(SHA256, 'abc'), /without a checksum/],
      [PRIMARY.replace('type="sha256"', 'type="crc32"'), /without a checksum/],
      [PRIMARY.replace('1234', '-1'), /not a number of bytes/],
      [PRIMARY.replace('1234', '1e9'), /not a number of bytes/],
    ];
    for (const [data, message] of cases) assert.throws(() => parse(data), { code: 'upstream-failed', message });
    assert.throws(() => parseRepomd('a', Buffer.from('<html><body>404</body></html>')), /it is <html>/);
  });

  test('a file that is cut off anywhere is broken', () => {
    const whole = repomd(PRIMARY);
    for (let length = 0; length < whole.length; length++) {
      assert.throws(() => parseRepomd('a', whole.subarray(0, length)), { code: 'upstream-failed' });
    }
  });
});
