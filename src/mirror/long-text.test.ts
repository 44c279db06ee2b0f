import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { signedText } from './apt/clear-sign.ts';
import { parseParagraph } from './apt/deb822.ts';
import { broken } from './failure.ts';
import { primaryPackages } from './yum/primary.ts';
import { parseTreeinfo } from './yum/treeinfo.ts';

/*
 * Patterns that look again from every character take hours for a megabyte that somebody has made for them, and hold up all mirrors as
 * long: such a test does not end.
 */

const MANY = 1_000_000;
const blanks = ' '.repeat(MANY);

async function readPrimary(packageText: string) {
  const text = `<metadata packages="1">\n<package type="rpm">${packageText}</package>\n</metadata>\n`;
  for await (const _item of primaryPackages('primary.xml', [Buffer.from(text)] as unknown as AsyncIterable<Buffer>));
}

describe('metadata that are made to take long', () => {
  test('blanks in the middle of a line', () => {
    assert.equal(parseParagraph('Release', `Date: a${blanks}b\n`).get('date')?.length, MANY + 2);
    const signed = `-----BEGIN PGP SIGNED MESSAGE-----\n\na${blanks}b\n-----BEGIN PGP SIGNATURE-----\n-----END PGP SIGNATURE-----\n`;
    assert.equal(signedText('InRelease', Buffer.from(signed)).length, MANY + 2);
    const line = Buffer.from(`[general]\na${blanks.slice(1000)}b\n`);
    assert.throws(() => parseTreeinfo('.treeinfo', line), { code: 'upstream-failed', message: /neither a section/ });
  });

  test('tags that never end', async () => {
    for (const tag of ['<location ', '<checksum ', '<size ', '<format '])
      await assert.rejects(readPrimary(`<name>a</name>${tag.repeat(MANY / 2)}`), { code: 'upstream-failed' }, tag);
  });

  test('are not repeated as a whole in what is said of them', () => {
    assert.ok(broken('x', blanks).message.length < 1000);
  });
});
