import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { all, inPieces } from '../../../test/support/mirror-reader.ts';
import { fieldOf, paragraphs, parseParagraph } from './deb822.ts';
import { aptPackages } from './packages.ts';

const SHA256 = 'a'.repeat(64);
const stanza = (name: string, more = '') => `Package: ${name}
Version: 1:2~rc1+b1
Description: short
 Filename: not this one
 .
 more
Filename: pool/main/${name}_2~rc1+b1_amd64.deb
Size: 1234
SHA256: ${SHA256}
MD5sum: ${'b'.repeat(32)}
${more}`;

const isBroken = (message: RegExp) => ({ code: 'upstream-failed', message });

describe('a paragraph of fields', () => {
  test('has values of one and of several lines, names in any case, comments', () => {
    const fields = parseParagraph(
      'Release',
      '\n# a comment\nOrigin: Test \r\nSHA256:\n abc 1 a\n  def 2 b\nEMPTY:\n\n\n',
    );
    assert.deepEqual(
      [...fields],
      [
        ['origin', 'Test'],
        ['sha256', '\nabc 1 a\ndef 2 b'],
        ['empty', ''],
      ],
    );
  });

  test('what is none is named with its line', () => {
    const cases: readonly (readonly [text: string, message: RegExp])[] = [
      ['', /nothing in it/],
      [' x', /line 1: a value that goes on/],
      ['A: 1\n\nB: 2', /line 3: a second paragraph/],
      ['A: 1\na: 2', /line 2: the field a is there twice/],
      ['A: 1\n<html>', /line 2: "<html>" is no field/],
    ];
    for (const [text, message] of cases) assert.throws(() => parseParagraph('Release', text), isBroken(message));
  });
});

describe('a Packages file', () => {
  const text = Buffer.from(`${stanza('a')}\n\n${stanza('ä')}\n`);
  const read = (bytes: Uint8Array, size = 1 << 16) => all(aptPackages('Packages', inPieces(bytes, size)));

  test('gives the same packages wherever its pieces are cut', async () => {
    const expected = await read(text);
    assert.deepEqual(
      expected.map(({ name }) => name),
      ['a', 'ä'],
    );
    assert.deepEqual(expected[1], {
      name: 'ä',
      filename: 'pool/main/ä_2~rc1+b1_amd64.deb',
      bytes: 1234,
      digests: [
        { algorithm: 'sha256', hex: SHA256 },
        { algorithm: 'md5', hex: 'b'.repeat(32) },
      ],
    });
    for (let at = 0; at <= text.length; at++) {
      const cut = async function* () {
        yield text.subarray(0, at);
        yield text.subarray(at);
      };
      assert.deepEqual(await all(aptPackages('Packages', cut())), expected, `cut at ${at}`);
    }
    assert.deepEqual(await read(text, 1), expected);
    assert.deepEqual(await read(Buffer.from(`\n\n\n${stanza('a')}`)), expected.slice(0, 1));
  });

  test('may be empty', async () => {
    assert.deepEqual(await read(new Uint8Array(0)), []);
    assert.deepEqual(await read(Buffer.from('\n\n')), []);
  });

  test('what cannot be used is refused by name', async () => {
    const cases: readonly (readonly [text: string, message: RegExp])[] = [
      ['<html>404</html>', /without Package/],
      [stanza('x').replace(/\nFilename.*/, ''), /package x has no Filename/],
      [stanza('x').replace('1234', '12e4'), /package x has no Size/],
      [stanza('x').replace(SHA256, 'zz'), /package x has a SHA256 that cannot be read/],
      [stanza('x').replace(/(SHA256|MD5sum).*\n/g, ''), /package x has no checksum/],
      [`Package: x\n${' y\n'.repeat(2 << 20)}`, /a paragraph of more/],
    ];
    for (const [one, message] of cases) await assert.rejects(read(Buffer.from(one)), isBroken(message));
  });

  test('every truncation ends well or is refused by name', async () => {
    for (let length = 0; length < text.length; length++) {
      await read(text.subarray(0, length)).catch((error: { code?: string }) =>
        assert.equal(error.code, 'upstream-failed'),
      );
    }
  });

  test('fields are found at the beginning of a line only', async () => {
    const [first = ''] = await all(paragraphs('Packages', inPieces(text, 64)));
    assert.equal(fieldOf(first, 'Filename'), 'pool/main/a_2~rc1+b1_amd64.deb');
    assert.equal(fieldOf(first, 'ilename'), undefined);
  });
});
