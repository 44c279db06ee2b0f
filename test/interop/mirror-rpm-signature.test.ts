import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { parseSettings } from '../../src/config/parse.ts';
import { openGpgvChecker } from '../../src/io/mirror/gpgv.ts';
import { whyUnsigned } from '../../src/io/mirror/package-signatures.ts';
import { checkRpmSignature } from '../../src/io/mirror/rpm-signature.ts';
import { readRpmHead } from '../../src/mirror/rpm/header.ts';
import { needs } from '../needs.ts';
import { openTestEngine } from '../support/mirror-engine.ts';
import { hexOf } from '../support/mirror-reader.ts';
import { makeKey } from '../support/openpgp.ts';
import { serveFolder } from '../support/planned-mirror.ts';
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

/** Puts another content under a package's name, and into the metadata: an upstream that is consistent, whoever made it. */
function replacePackage(repository: string, path: string, content: Buffer): void {
  const sum = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  const old = readFileSync(join(repository, path));
  writeFileSync(join(repository, path), content);
  const [primary = ''] = globSync(join(repository, 'repodata/*-primary.xml.gz'));
  const packed = readFileSync(primary);
  const open = gunzipSync(packed);
  const text = open
    .toString()
    .replaceAll(sum(old), sum(content))
    .replace(`<size package="${old.length}"`, `<size package="${content.length}"`);
  const repacked = gzipSync(text);
  writeFileSync(primary, repacked);
  const repomd = join(repository, 'repodata/repomd.xml');
  writeFileSync(
    repomd,
    readFileSync(repomd, 'utf8')
      .replace(sum(packed), sum(repacked))
      .replace(sum(open), sum(Buffer.from(text)))
      .replace(`<size>${packed.length}<`, `<size>${repacked.length}<`)
      .replace(`<open-size>${open.length}<`, `<open-size>${Buffer.byteLength(text)}<`),
  );
}

async function openBaseOs(t: TestContext) {
  const [key, foreign] = [makeKey(t, 'upstream'), makeKey(t, 'foreign')];
  const repository = join(await makeYumUpstream(key), 'BaseOS/x86_64/os');
  const [path = ''] = globSync('Packages/tiny-base*.rpm', { cwd: repository });
  const signed = readFileSync(join(repository, path));
  const put = (content: Buffer) => replacePackage(repository, path, content);
  const { url } = await serveFolder(t, repository);
  return { key, foreign, path, signed, put, mirror: openTestEngine(t, url) };
}

/** What rpmsign makes of a package. */
async function resigned(content: Buffer, ...words: string[]): Promise<Buffer> {
  const file = join(newFolder('resigned'), 'x.rpm');
  writeFileSync(file, content);
  await must(['rpmsign', ...words, file]);
  return readFileSync(file);
}

test('with packages: signed, nothing is published that has a package which nobody signed who is trusted', async (t) => {
  if (!needs(t, 'rpm', 'rpmbuild', 'rpmsign', 'createrepo_c', 'gpg', 'gpgv')) return;
  const { key, foreign, path, signed, put, mirror } = await openBaseOs(t);
  const config = { packages: 'signed', keys: [{ file: key.armouredFile, fingerprints: [key.fingerprint] }] } as const;
  await mirror.configure({ ...config, keys: [{ file: foreign.armouredFile, fingerprints: [] }] });
  const wrongKey = await mirror.sync();
  assert.equal(wrongKey.event, 'mirror.held');
  assert.match(wrongKey.reason, /^2 of 2 packages are not signed by a key of this mirror: .*tiny-base.*does not trust/);
  assert.equal(mirror.files.readState().current, undefined);

  await mirror.configure(config);
  assert.equal((await mirror.sync()).event, 'mirror.published');
  const { current } = mirror.files.readState();

  const changed = Buffer.from(signed);
  const head = readRpmHead(path, signed);
  assert.ok(head.kind === 'whole');
  changed[head.end - 20] = (changed[head.end - 20] ?? 0) ^ 1;
  const gpg = ['--define', '__gpg /usr/bin/gpg', '--define', `_gpg_name ${foreign.fingerprint}`];
  const cases: readonly [Buffer, RegExp][] = [
    [await resigned(signed, '--delsign'), /it is not signed: /],
    [await resigned(signed, ...gpg, '--define', `_gpg_path ${foreign.home}`, '--resign'), /does not trust/],
    [changed, /its signature is wrong: its header is not the one/],
    [signed.subarray(0, 50), /it is no whole RPM/],
  ];
  for (const [content, reason] of cases) {
    put(content);
    const held = await mirror.sync();
    assert.equal(held.event, 'mirror.held', held.reason);
    assert.match(held.reason, /^1 of 2 packages .*: Packages\/tiny-base[^;]*$/);
    assert.match(held.reason, reason);
    assert.equal(mirror.files.readState().current, current);
  }

  put(signed);
  assert.equal((await mirror.sync()).event, 'mirror.published');
  assert.equal(mirror.files.readState().held, undefined);
  // What was good by one key says nothing of another one.
  await mirror.configure({ ...config, keys: [{ file: foreign.armouredFile, fingerprints: [] }] });
  assert.equal((await mirror.sync()).event, 'mirror.held');
});

test('with packages: signed, a cache gives no package that nobody signed who is trusted', async (t) => {
  if (!needs(t, 'rpm', 'rpmbuild', 'rpmsign', 'createrepo_c', 'gpg', 'gpgv')) return;
  const { key, path, signed, put, mirror } = await openBaseOs(t);
  put(await resigned(signed, '--delsign'));
  await mirror.configure({ mode: 'cache', packages: 'signed', keys: [{ file: key.armouredFile, fingerprints: [] }] });
  assert.equal((await mirror.sync()).event, 'mirror.published');
  const entries = [...mirror.files.readManifest(mirror.files.readState().current ?? '').values()];
  const want = async (found: (at: string) => boolean) => {
    const { path: at, sha256 } = entries.find((one) => found(one.path)) ?? assert.fail();
    return mirror.engine.command({ kind: 'want', name: 'm', path: at, sha256 });
  };
  const refused = await want((at) => at === path);
  assert.ok(refused.kind === 'refused');
  assert.match(refused.reason, /tiny-base.* is refused: it is not signed/);
  assert.equal((await want((at) => at.includes('tiny-shell'))).kind, 'done');
  // It was not kept either.
  assert.equal((await want((at) => at === path)).kind, 'refused');
});

test('a preset: unsigned metadata with a package of a stranger are held, and its own packages are published', async (t) => {
  if (!needs(t, 'rpm', 'rpmbuild', 'rpmsign', 'createrepo_c', 'gpg', 'gpgv')) return;
  const [key, foreign] = [makeKey(t, 'upstream'), makeKey(t, 'foreign')];
  const tree = await makeYumUpstream(key);
  for (const file of globSync(join(tree, '**/repomd.xml.asc'))) rmSync(file);
  const { url } = await serveFolder(t, tree);
  const engine = openTestEngine(t, url);
  const configured = (more: string) => {
    const keys = `keys: [${key.armouredFile}], fingerprints: [${key.fingerprint}]`;
    const text = `networks: { n: { interface: eth1, subnet: 10.0.0.0/24, address: 10.0.0.1, dhcp: { mode: observe } } }
mirrors: { m: { preset: rocky-9, from: "${url}", ${keys}${more} } }`;
    const parsed = parseSettings([{ name: 'r.yaml', folder: '/', text }], { productFolder: '/product' });
    if (parsed.kind !== 'settings') assert.fail(JSON.stringify(parsed));
    return parsed.settings.mirrors.get('m') ?? assert.fail();
  };
  await engine.configure(configured(''));
  assert.equal((await engine.sync()).event, 'mirror.published');
  const { current } = engine.files.readState();

  const repository = join(tree, 'BaseOS/x86_64/os');
  const [path = ''] = globSync('Packages/tiny-base*.rpm', { cwd: repository });
  const gpg = ['--define', '__gpg /usr/bin/gpg', '--define', `_gpg_name ${foreign.fingerprint}`];
  const good = readFileSync(join(repository, path));
  replacePackage(repository, path, await resigned(good, ...gpg, '--define', `_gpg_path ${foreign.home}`, '--resign'));
  const held = await engine.sync();
  assert.equal(held.event, 'mirror.held');
  assert.match(held.reason, /^1 of 3 packages are not signed by a key of this mirror: .*tiny-base.*does not trust/);
  assert.equal(engine.files.readState().current, current);

  // Named by other metadata as well, which come first, it is a package all the same.
  const stranger = readFileSync(join(repository, path));
  const treeinfo = join(repository, '.treeinfo');
  const honest = readFileSync(treeinfo, 'utf8');
  const named = (at: string) =>
    writeFileSync(
      treeinfo,
      honest.replace('[checksums]\n', `[checksums]\n${at} = sha256:${hexOf('sha256', stranger)}\n`),
    );
  named(path);
  const hidden = await engine.sync();
  assert.equal(hidden.event, 'mirror.held');
  assert.match(hidden.reason, /^1 of 3 packages .*tiny-base.*does not trust/);
  // No list of packages that is read here has it, and it has not even the name of one: somebody else's list may.
  replacePackage(repository, path, good);
  writeFileSync(join(repository, 'images/extra.img'), stranger);
  named('images/extra.img');
  const smuggled = await engine.sync();
  assert.equal(smuggled.event, 'mirror.held');
  assert.match(smuggled.reason, /^1 of 4 packages .*images\/extra\.img .*does not trust/);
  assert.equal(engine.files.readState().current, current);

  // Whoever asks for it in so many words gets what the metadata list.
  await engine.configure(configured(', packages: listed'));
  assert.equal((await engine.sync()).event, 'mirror.published');
});

test('a package that was signed before its key expired stays good', async (t) => {
  if (!needs(t, 'rpm', 'rpmbuild', 'rpmsign', 'createrepo_c', 'gpg', 'gpgv')) return;
  const [rpm = ''] = globSync(join(await makeYumUpstream(makeKey(t, 'any')), '**/tiny-base*.rpm'));
  const at = Date.UTC(2020, 0, 1) / 1000;
  const key = makeKey(t, 'old', { at, expires: '30d' });
  const checker = await openGpgvChecker([{ file: key.armouredFile, fingerprints: [] }]);
  t.after(() => checker.close());
  const signedAt = async (seconds: number) => {
    const gpg = ['--define', '__gpg /usr/bin/gpg', '--define', `_gpg_name ${key.fingerprint}`];
    const clock = `--faked-system-time ${seconds} --ignore-time-conflict`;
    const more = ['--define', `_gpg_path ${key.home}`, '--define', `_gpg_sign_cmd_extra_args ${clock}`];
    const file = join(newFolder('old'), 'x.rpm');
    writeFileSync(file, await resigned(readFileSync(rpm), ...gpg, ...more, '--resign'));
    return whyUnsigned(file, checker);
  };
  assert.equal(await signedAt(at + 3600), undefined);
});

/** An RPM's header structure: tags with the type that each has (7: bytes, 8: texts), how many, and the data. */
function structure(...tags: readonly (readonly [tag: number, type: 7 | 8, count: number, data: Buffer])[]): Buffer {
  const store = Buffer.concat(tags.map(([, , , data]) => data));
  const words = [0x8eade801, 0, tags.length, store.length];
  let offset = 0;
  for (const [tag, type, count, data] of tags) {
    words.push(tag, type, offset, count);
    offset += data.length;
  }
  const head = Buffer.alloc(words.length * 4);
  for (const [index, word] of words.entries()) head.writeUInt32BE(word, index * 4);
  return Buffer.concat([head, store]);
}

/** Its header has no checksum of its contents, as of what rpm made before 4.14. */
const OLD_HEADER = structure([1000, 8, 1, Buffer.from('old\0')]);
const OLD_PAYLOAD = Buffer.alloc(300_000, 'payload');

function oldRpm(signature: Buffer, payload = OLD_PAYLOAD): string {
  const file = join(newFolder('old'), 'x.rpm');
  const lead = Buffer.alloc(96);
  lead.write('edabeedb', 'hex');
  const padding = Buffer.alloc((8 - (signature.length % 8)) % 8);
  writeFileSync(file, Buffer.concat([lead, signature, padding, OLD_HEADER, payload]));
  return file;
}

const bytesTag = (tag: number, data: Buffer) => [tag, 7, data.length, data] as const;
const RSA_HEADER = 268;
const PGP = 1002;

test('of a package whose header has no checksum of its contents, the signature of both counts', async (t) => {
  if (!needs(t, 'rpm', 'rpmbuild', 'rpmsign', 'createrepo_c', 'gpg', 'gpgv')) return;
  const [key, foreign] = [makeKey(t, 'upstream'), makeKey(t, 'foreign')];
  const checker = await openGpgvChecker([{ file: key.armouredFile, fingerprints: [] }]);
  t.after(() => checker.close());
  const sign = ({ gpg }: typeof key, ...parts: Buffer[]) => gpg(['--detach-sign'], Buffer.concat(parts));
  const ofHeader = bytesTag(RSA_HEADER, sign(key, OLD_HEADER));
  const both = structure(ofHeader, bytesTag(PGP, sign(key, OLD_HEADER, OLD_PAYLOAD)));
  assert.deepEqual(await checkRpmSignature(oldRpm(both), checker), { kind: 'good', fingerprints: [key.fingerprint] });
  const changed = Buffer.from(OLD_PAYLOAD);
  changed[200_000] = 0;
  assert.equal((await checkRpmSignature(oldRpm(both, changed), checker)).kind, 'bad');
  // Whoever changes the contents can leave that signature out: nothing else signs that it is to be there.
  assert.deepEqual(await checkRpmSignature(oldRpm(structure(ofHeader), changed), checker), {
    kind: 'unsigned',
    reason: 'the package has no signature of its contents',
  });
  const foreignBoth = structure(ofHeader, bytesTag(PGP, sign(foreign, OLD_HEADER, OLD_PAYLOAD)));
  assert.equal((await checkRpmSignature(oldRpm(foreignBoth), checker)).kind, 'unknown-key');

  // What rpmsign signs in that manner is the same part of the file.
  const [rpm = ''] = globSync(join(await makeYumUpstream(foreign), '**/tiny-base*.rpm'));
  const gpg = ['--define', '__gpg /usr/bin/gpg', '--define', `_gpg_name ${key.fingerprint}`];
  const made = await resigned(readFileSync(rpm), ...gpg, '--define', `_gpg_path ${key.home}`, '--rpmv3', '--resign');
  const file = join(newFolder('made'), 'x.rpm');
  writeFileSync(file, made);
  const head = readRpmHead(file, made);
  assert.ok(head.kind === 'whole');
  const signature = head.signature.bytes(PGP) ?? assert.fail();
  assert.equal((await checker.verifyFile(file, head.start, signature)).kind, 'good');
});

test('a signature that was made in time counts, though another one is of a key that nobody knows', async (t) => {
  if (!needs(t, 'gpg', 'gpgv')) return;
  const old = makeKey(t, 'old', { at: Date.UTC(2020, 0, 1) / 1000, expires: '30d' });
  const stranger = makeKey(t, 'stranger');
  const checker = await openGpgvChecker([{ file: old.armouredFile, fingerprints: [] }]);
  t.after(() => checker.close());
  const content = Buffer.concat([OLD_HEADER, OLD_PAYLOAD]);
  const [inTime, unknown] = [old, stranger].map(({ gpg }) => gpg(['--detach-sign'], content));
  const DSA = 1005;
  for (const [one, other] of [
    [inTime, unknown],
    [unknown, inTime],
  ]) {
    if (one === undefined || other === undefined) return assert.fail();
    const file = oldRpm(structure(bytesTag(PGP, one), bytesTag(DSA, other)));
    assert.equal(await whyUnsigned(file, checker), undefined);
  }
});
