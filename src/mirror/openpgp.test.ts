import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { needs } from '../../test/needs.ts';
import { joinKeyrings, makeKey } from '../../test/support/openpgp.ts';
import { dearmored, readCertificates } from './openpgp.ts';

const read = (bytes: Uint8Array) => readCertificates('key', dearmored('key', bytes));
const fingerprintsOf = (bytes: Uint8Array) =>
  read(bytes).map(({ fingerprinted }) =>
    createHash(fingerprinted.algorithm).update(fingerprinted.bytes).digest('hex').toUpperCase(),
  );
const isRefused = { code: 'upstream-failed', message: /^key: / };

describe('files of public keys', () => {
  test('armoured or not, one or several: each key by its fingerprint', async (t) => {
    if (!needs(t, 'gpg')) return;
    const [one, two] = [makeKey(t, 'one'), makeKey(t, 'two')];
    assert.deepEqual(fingerprintsOf(readFileSync(one.armouredFile)), [one.fingerprint]);
    assert.deepEqual(fingerprintsOf(readFileSync(one.binaryFile)), [one.fingerprint]);
    const both = [one.fingerprint, two.fingerprint];
    assert.deepEqual(fingerprintsOf(joinKeyrings([one, two])), both);
    const armoured = [one, two].map(({ armouredFile }) => readFileSync(armouredFile, 'utf8')).join('\nA comment\n');
    assert.deepEqual(fingerprintsOf(Buffer.from(armoured)), both);
    assert.deepEqual(fingerprintsOf(Buffer.from(armoured.replaceAll('\n', '\r\n'))), both);
    const withHead = armoured.replace('BLOCK-----\n', 'BLOCK-----\nVersion: GnuPG v1\nComment: x\n');
    assert.deepEqual(fingerprintsOf(Buffer.from(withHead)), both);
    assert.deepEqual(Buffer.concat(read(Buffer.from(armoured)).map(({ bytes }) => bytes)), joinKeyrings([one, two]));
  });

  test("Debian's are read", async (t) => {
    const file = '/usr/share/keyrings/debian-archive-keyring.gpg';
    if (!needs(t, file)) return;
    assert.ok(fingerprintsOf(readFileSync(file)).includes('04B54C3CDCA79751B16BC6B5225629DF75B188BD'));
  });

  test('one that is cut off or changed anywhere is read or refused by name, nothing else', async (t) => {
    if (!needs(t, 'gpg')) return;
    const bytes = readFileSync(makeKey(t, 'one').binaryFile);
    const tolerant = (changed: Uint8Array) => {
      try {
        read(changed);
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'upstream-failed');
      }
    };
    for (let length = 0; length < 200; length++) assert.throws(() => read(bytes.subarray(0, length)), isRefused);
    for (let length = 200; length < bytes.length; length++) tolerant(bytes.subarray(0, length));
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const changed = Buffer.from(bytes);
        changed[at] = value;
        tolerant(changed);
      }),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), tolerant));
  });

  test('what is no public key is refused', () => {
    const armour = (body: string) =>
      `-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n${body}\n-----END PGP PUBLIC KEY BLOCK-----\n`;
    for (const text of [
      '',
      'ssh-ed25519 AAAA',
      armour('*'),
      armour(''),
      '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ',
    ]) {
      assert.throws(() => read(Buffer.from(text)), isRefused, text);
    }
    // A user id alone, a key of version 3, one whose length leads out of the file.
    for (const bytes of [
      [0xb4, 1, 65],
      [0x99, 0, 1, 3],
      [0x99, 0xff, 0xff, 4],
      [0xc6, 0xff, 0, 0, 0, 9, 4],
      [0xc6, 224],
    ]) {
      assert.throws(() => read(Uint8Array.from(bytes)), isRefused, String(bytes));
    }
  });
});
