import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openGpgvChecker } from '../../src/io/mirror/gpgv.ts';
import { checkRpmSignature } from '../../src/io/mirror/rpm-signature.ts';
import { readRpmHead } from '../../src/mirror/rpm/header.ts';
import { needs } from '../needs.ts';
import { makeKey } from '../support/openpgp.ts';
import { newFolder } from '../support/server.ts';
import { makeYumUpstream, must } from '../support/yum-upstream.ts';

test("a package's own signature is checked as rpm checks it", async (t) => {
  if (!needs(t, 'rpm', 'rpmbuild', 'rpmsign', 'createrepo_c', 'gpg', 'gpgv')) return;
  const key = makeKey(t, 'upstream');
  const [rpm = ''] = globSync(join(await makeYumUpstream(key), '**/tiny-base*.rpm'));
  const checker = await openGpgvChecker([{ file: key.armouredFile, fingerprints: [key.fingerprint] }]);
  t.after(() => checker.close());
  assert.deepEqual(await checkRpmSignature(rpm, checker), { kind: 'good', fingerprints: [key.fingerprint] });

  const stranger = await openGpgvChecker([{ file: makeKey(t, 'stranger').armouredFile, fingerprints: [] }]);
  t.after(() => stranger.close());
  assert.equal((await checkRpmSignature(rpm, stranger)).kind, 'unknown-key');

  const whole = readFileSync(rpm);
  const head = readRpmHead(rpm, whole);
  assert.ok(head.kind === 'whole');
  const changed = join(newFolder('changed'), 'x.rpm');
  const inHeader = Buffer.from(whole);
  inHeader[head.end - 20] = (inHeader[head.end - 20] ?? 0) ^ 1;
  writeFileSync(changed, inHeader);
  assert.equal((await checkRpmSignature(changed, checker)).kind, 'bad');
  const inPayload = Buffer.from(whole);
  inPayload[head.end + 20] = (inPayload[head.end + 20] ?? 0) ^ 1;
  writeFileSync(changed, inPayload);
  assert.deepEqual(await checkRpmSignature(changed, checker), {
    kind: 'bad',
    reason: 'its contents are not the ones that it was made with',
  });
  writeFileSync(changed, whole.subarray(0, head.end - 1));
  await assert.rejects(checkRpmSignature(changed, checker), { code: 'upstream-failed' });

  writeFileSync(changed, whole);
  await must(['rpmsign', '--delsign', changed]);
  assert.equal((await checkRpmSignature(changed, checker)).kind, 'unsigned');
});
