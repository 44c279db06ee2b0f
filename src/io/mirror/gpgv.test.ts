import assert from 'node:assert/strict';
import { existsSync, globSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { needs } from '../../../test/needs.ts';
import { joinKeyrings, makeKey } from '../../../test/support/openpgp.ts';
import { openGpgvChecker, readKeys, type TrustedKeys } from './gpgv.ts';
import { readGpgvStatus } from './gpgv-status.ts';

const TEXT = Buffer.from('Origin: Test\nDate: now\n');

async function openChecker(t: TestContext, trusted: readonly TrustedKeys[]) {
  const checker = await openGpgvChecker(trusted);
  t.after(() => checker.close());
  return checker;
}

describe('signatures, checked by gpgv', () => {
  test('detached and clear-signed by a trusted key are good, and say by whom', async (t) => {
    if (!needs(t, 'gpg', 'gpgv')) return;
    const key = makeKey(t, 'upstream');
    for (const file of [key.armouredFile, key.binaryFile]) {
      const checker = await openChecker(t, [{ file, fingerprints: [key.fingerprint] }]);
      const good = { kind: 'good', fingerprints: [key.fingerprint] };
      assert.deepEqual(await checker.verify(TEXT, key.detached(TEXT)), good);
      assert.deepEqual(await checker.verify(key.clearSigned(TEXT), undefined), good);
    }
  });

  test('a changed text, another key and no signature at all are told apart', async (t) => {
    if (!needs(t, 'gpg', 'gpgv')) return;
    const key = makeKey(t, 'upstream');
    const other = makeKey(t, 'other');
    const checker = await openChecker(t, [{ file: key.armouredFile, fingerprints: [] }]);
    const kindOf = async (content: Uint8Array, detached?: Uint8Array) => (await checker.verify(content, detached)).kind;
    assert.equal(await kindOf(Buffer.from('Origin: Tampered\n'), key.detached(TEXT)), 'bad');
    const clear = key.clearSigned(TEXT).toString();
    assert.equal(await kindOf(Buffer.from(clear.replace('Test', 'Tampered'))), 'bad');
    assert.equal(await kindOf(TEXT, other.detached(TEXT)), 'unknown-key');
    assert.equal(await kindOf(TEXT, Buffer.from('nothing of the kind')), 'unsigned');
    assert.equal(await kindOf(TEXT), 'unsigned');
    assert.equal(await kindOf(new Uint8Array(0), new Uint8Array(0)), 'unsigned');
  });

  test('of several signatures one by a trusted key is enough, and a wrong one spoils them', async (t) => {
    if (!needs(t, 'gpg', 'gpgv')) return;
    const key = makeKey(t, 'upstream');
    const other = makeKey(t, 'other');
    const checker = await openChecker(t, [{ file: key.armouredFile, fingerprints: [key.fingerprint] }]);
    const dearmor = (armoured: Buffer) => key.gpg(['--dearmor'], armoured);
    const both = Buffer.concat([dearmor(other.detached(TEXT)), dearmor(key.detached(TEXT))]);
    assert.equal((await checker.verify(TEXT, both)).kind, 'good');
    const spoiled = Buffer.concat([dearmor(key.detached(TEXT)), dearmor(key.detached('other text'))]);
    assert.equal((await checker.verify(TEXT, spoiled)).kind, 'bad');
  });

  test('a key file with more keys is trusted for those of the given fingerprints only', async (t) => {
    if (!needs(t, 'gpg', 'gpgv')) return;
    const key = makeKey(t, 'upstream');
    const other = makeKey(t, 'other');
    const file = join(mkdtempSync(join(tmpdir(), 'rackready-ring-')), 'both.gpg');
    writeFileSync(file, joinKeyrings([other, key]));
    assert.deepEqual(
      (await readKeys(file)).map(({ fingerprint }) => fingerprint),
      [other.fingerprint, key.fingerprint],
    );
    const spaced = key.fingerprint.toLowerCase().replace(/(.{4})/g, '$1 ');
    const checker = await openChecker(t, [{ file, fingerprints: [spaced] }]);
    assert.deepEqual(checker.fingerprints, [key.fingerprint]);
    assert.equal((await checker.verify(TEXT, key.detached(TEXT))).kind, 'good');
    assert.equal((await checker.verify(TEXT, other.detached(TEXT))).kind, 'unknown-key');
  });

  test('of several files each has to have a key that counts, and each fingerprint to be in one of them', async (t) => {
    if (!needs(t, 'gpg', 'gpgv')) return;
    const [one, other] = [makeKey(t, 'one'), makeKey(t, 'other')];
    const fingerprints = [one.fingerprint, other.fingerprint];
    const files = [one.armouredFile, other.armouredFile].map((file) => ({ file, fingerprints }));
    assert.deepEqual((await openChecker(t, files)).fingerprints, fingerprints);
    await assert.rejects(openGpgvChecker(files.slice(1)), { code: 'signature-refused' });
    const idle = files.map((one) => ({ ...one, fingerprints: [other.fingerprint] }));
    await assert.rejects(openGpgvChecker(idle), {
      code: 'signature-refused',
      message: /public\.asc has none of the keys/,
    });
  });

  test('of the keys that a preset knows, each file has to have one', async (t) => {
    if (!needs(t, 'gpg', 'gpgv')) return;
    const [one, other] = [makeKey(t, 'one'), makeKey(t, 'other')];
    const known = { fingerprints: [one.fingerprint, 'A'.repeat(40)], isAnyEnough: true };
    const checker = await openChecker(t, [{ file: one.armouredFile, ...known }]);
    assert.deepEqual(checker.fingerprints, [one.fingerprint]);
    await assert.rejects(openGpgvChecker([{ file: other.armouredFile, ...known }]), {
      code: 'signature-refused',
      message: `${other.armouredFile} has none of the keys that count: ${known.fingerprints.join(', ')}`,
    });
  });

  test('a signature that has expired, and SHA-1, do not count', async (t) => {
    if (!needs(t, 'gpg', 'gpgv')) return;
    const past = Date.UTC(2020, 0, 1) / 1000;
    const key = makeKey(t, 'upstream', { at: past });
    const checker = await openChecker(t, [{ file: key.armouredFile, fingerprints: [] }]);
    const short = key.gpg(['--armor', '--detach-sign', '--default-sig-expire', '1d'], TEXT);
    assert.equal((await checker.verify(TEXT, short)).kind, 'expired');
    const weak = key.gpg(['--armor', '--detach-sign', '--digest-algo', 'SHA1'], TEXT);
    assert.equal((await checker.verify(TEXT, weak)).kind, 'bad');
    assert.equal((await checker.verify(TEXT, key.detached(TEXT))).kind, 'good');
  });

  test('a key that has expired does not count', async (t) => {
    if (!needs(t, 'gpg', 'gpgv')) return;
    const past = Date.UTC(2020, 0, 1) / 1000;
    const key = makeKey(t, 'upstream', { at: past, expires: '30d' });
    const checker = await openChecker(t, [{ file: key.armouredFile, fingerprints: [] }]);
    const check = await checker.verify(TEXT, key.detached(TEXT));
    assert.equal(check.kind, 'expired');
    // It is said that it had not expired yet when it signed: packages stay good.
    assert.deepEqual(check.kind === 'expired' && check.inTime, [key.fingerprint]);
    const weak = key.gpg(['--armor', '--detach-sign', '--digest-algo', 'SHA1'], TEXT);
    const weakly = await checker.verify(TEXT, weak);
    assert.deepEqual(weakly.kind === 'expired' && weakly.inTime, []);
  });

  test('key ids are refused, missing keys and files are named', async (t) => {
    if (!needs(t, 'gpg', 'gpgv')) return;
    const key = makeKey(t, 'upstream');
    const refused = (message: RegExp) => ({ code: 'signature-refused', message });
    const file = key.armouredFile;
    await assert.rejects(openGpgvChecker([{ file, fingerprints: [key.fingerprint.slice(-16)] }]), refused(/no full/));
    await assert.rejects(
      openGpgvChecker([{ file, fingerprints: ['A'.repeat(40)] }]),
      refused(/does not have the key A/),
    );
    await assert.rejects(openGpgvChecker([{ file: '/nowhere/key', fingerprints: [] }]), refused(/\/nowhere\/key/));
    const secret = join(key.home, 'secret.asc');
    writeFileSync(secret, key.gpg(['--armor', '--export-secret-keys', '--passphrase', '']));
    await assert.rejects(readKeys(secret), { code: 'upstream-failed' });
  });

  test('its keyring is gone when it is closed', async (t) => {
    if (!needs(t, 'gpg', 'gpgv')) return;
    const key = makeKey(t, 'upstream');
    const before = new Set(globSync(join(tmpdir(), 'rackready-keys-*')));
    const checker = await openGpgvChecker([{ file: key.armouredFile, fingerprints: [] }]);
    await checker.verify(TEXT, key.detached(TEXT));
    const made = globSync(join(tmpdir(), 'rackready-keys-*')).filter((folder) => !before.has(folder));
    assert.notEqual(made.length, 0);
    assert.deepEqual(globSync(made.map((folder) => join(folder, '*.sig'))), []);
    checker.close();
    assert.ok(made.some((folder) => !existsSync(folder)));
  });

  test('who trusts no key trusts nobody', async (t) => {
    const checker = await openChecker(t, []);
    assert.equal((await checker.verify(TEXT, undefined)).kind, 'unknown-key');
  });
});

describe("gpgv's status", () => {
  test('a good line without the proof of which key it was counts for nothing', () => {
    assert.equal(readGpgvStatus('[GNUPG:] GOODSIG 0123456789ABCDEF Somebody\n').kind, 'unsigned');
  });

  test('a user id cannot pass for a line of its own', () => {
    const line = '[GNUPG:] ERRSIG 0123456789ABCDEF 1 8 00 1 9 [GNUPG:] GOODSIG X\n';
    assert.equal(readGpgvStatus(line).kind, 'unknown-key');
  });

  test('a key that signed after its end did not sign in time', () => {
    const fpr = 'A'.repeat(40);
    const of = (madeAt: number, ends: string) =>
      readGpgvStatus(
        `[GNUPG:] NEWSIG\n${ends}[GNUPG:] EXPKEYSIG ${fpr.slice(-16)} x\n[GNUPG:] VALIDSIG ${fpr} d ${madeAt} 0 4 0 1 8 00 ${fpr}\n`,
      );
    const inTime = (madeAt: number, ends: string) => {
      const check = of(madeAt, ends);
      return check.kind === 'expired' && check.inTime?.length;
    };
    const ended = '[GNUPG:] KEYEXPIRED 1000\n';
    assert.equal(inTime(999, ended), 1);
    assert.equal(inTime(1001, ended), 0);
    assert.equal(inTime(950, `${ended}[GNUPG:] KEYEXPIRED 900\n`), 0);
    assert.equal(inTime(1, ''), 0);
  });

  test('a revoked key is bad', () => {
    const fpr = 'A'.repeat(40);
    const text = `[GNUPG:] NEWSIG\n[GNUPG:] REVKEYSIG ${fpr.slice(-16)} x\n[GNUPG:] VALIDSIG ${fpr} d 1 0 4 0 1 8 00 ${fpr}\n`;
    assert.equal(readGpgvStatus(text).kind, 'bad');
  });
});
