import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { needs } from '../../../test/needs.ts';
import { makeKey } from '../../../test/support/openpgp.ts';
import { openGpgvChecker } from '../../io/mirror/gpgv.ts';
import { isClearSigned, signedText } from './clear-sign.ts';

const SIGNATURE = '-----BEGIN PGP SIGNATURE-----\n\niQ==\n=AAAA\n-----END PGP SIGNATURE-----\n';
const message = (text: string) => `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${text}\n${SIGNATURE}`;
const read = (text: string) => signedText('InRelease', Buffer.from(text));

describe('a clear-signed file', () => {
  test('has its text back: dash-escapes, line ends and trailing white space undone', () => {
    assert.equal(
      read(message('Origin: x\n- - dash\n- -----BEGIN PGP\n- From here')),
      'Origin: x\n- dash\n-----BEGIN PGP\nFrom here',
    );
    assert.equal(read(message('a \t\nb  ').replaceAll('\n', '\r\n')), 'a\nb');
    assert.equal(read(message('')), '');
  });

  test('of gpg, also with two signatures in one block, is the text that was signed', async (t) => {
    if (!needs(t, 'gpg', 'gpgv')) return;
    const [one, two] = [makeKey(t, 'one'), makeKey(t, 'two')];
    one.gpg(['--import'], two.gpg(['--armor', '--export-secret-keys', '--passphrase', '']));
    const text = '-----BEGIN\n- dash\nDate: now  \n\nlast\n';
    const users = ['-u', one.fingerprint, '-u', two.fingerprint];
    const signed = one.gpg(['--clear-sign', ...users], text);
    assert.equal(signedText('InRelease', signed), '-----BEGIN\n- dash\nDate: now\n\nlast');
    const checker = await openGpgvChecker([{ file: two.armouredFile, fingerprints: [] }]);
    t.after(() => checker.close());
    assert.deepEqual(await checker.verify(signed, undefined), { kind: 'good', fingerprints: [two.fingerprint] });
  });

  test('with anything before, behind or instead of it is refused, though gpgv would skip it', async (t) => {
    const whole = message('Origin: x');
    const cases: readonly (readonly [text: string, reason: RegExp])[] = [
      [`Origin: evil\n${whole}`, /does not begin/],
      [`\n${whole}`, /does not begin/],
      [`${whole}Origin: evil\n`, /follows its signature/],
      [whole + whole, /follows its signature/],
      [whole.replace('Hash:', 'Origin:'), /in the head/],
      [whole.replace('Origin: x', '-Origin: x'), /not escaped/],
      [whole.replace(/-----END.*/, ''), /ends within/],
      ['Origin: x\n', /does not begin/],
    ];
    for (const [text, message] of cases) assert.throws(() => read(text), { code: 'upstream-failed', message }, text);
    assert.ok(isClearSigned(Buffer.from(`Origin: evil\n${whole}`)), 'so it is never read as an unsigned one');
    if (!needs(t, 'gpg', 'gpgv')) return;
    const key = makeKey(t, 'upstream');
    const checker = await openGpgvChecker([{ file: key.armouredFile, fingerprints: [] }]);
    t.after(() => checker.close());
    const framed = Buffer.concat([Buffer.from('Origin: evil\n\n'), key.clearSigned('Origin: good\n')]);
    assert.equal((await checker.verify(framed, undefined)).kind, 'good', 'gpgv alone would be deceived');
    assert.throws(() => signedText('InRelease', framed), /does not begin/);
  });

  test('that is cut off anywhere is refused', () => {
    const whole = message('Origin: x\n- -y').trimEnd();
    for (let length = 0; length < whole.length; length++) {
      assert.throws(() => read(whole.slice(0, length)), { code: 'upstream-failed' }, whole.slice(0, length));
    }
  });
});
