import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { answerVariables } from '../../src/boot/answer.ts';
import { mac } from '../../src/net/mac.ts';
import { defaults, machine, network, profileOf } from '../boot-values.ts';
import { needs } from '../needs.ts';
import { openAptRoot } from '../support/apt.ts';
import { makeAptUpstream } from '../support/apt-upstream.ts';
import { run } from '../support/http.ts';
import { makeKey } from '../support/openpgp.ts';
import { serveFolder } from '../support/planned-mirror.ts';
import { openSegment, runProgram } from '../support/segment.ts';
import { newFolder, rackready, startServer, writeConfig } from '../support/server.ts';

/*
 * One host has a network, fills a mirror and bundles a profile; another one has none, takes the archive, and installs from it: with
 * real clients that check the archive's signatures.
 */

const BASE = 'http://172.22.10.2/mirror';
const NETWORK =
  'networks:\n  n: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: authoritative, conflictProbe: false } }\n';

/** A host whose mirror of a signed archive is filled, and which is then gone; returns its data folder and configuration. */
async function makeFirstHost(t: TestContext) {
  const key = makeKey(t, 'archive');
  const upstream = await makeAptUpstream(key);
  const { url } = await serveFolder(t, upstream);
  const files = newFolder('files');
  for (const name of ['linux', 'initrd.gz']) writeFileSync(join(files, name), `${name} of the first host`);
  writeFileSync(
    join(files, 'own.preseed.liquid'),
    'd-i mirror/http/hostname string {{ mirror.host }}\n# for {{ machine.hostName }}\n',
  );
  const config = writeConfig(`${NETWORK}
mirrors:
  deb: { from: "${url.replace('http://', 'http://somebody:secret@')}/debian/", kind: apt, suites: [own], keys: [${key.armouredFile}], schedule: "1 1 * * *" }
profiles:
  own: { os: debian-12, source: "mirror:deb", kernel: ${files}/linux, initrd: ${files}/initrd.gz, answerFile: ${files}/own.preseed.liquid }
machines:
  secret: { mac: "02:00:00:00:00:0a", profile: own, vars: { password: hunter2 } }
`);
  const server = await startServer(t, { config });
  const filled = await server.rackready('mirror', 'sync', 'deb');
  assert.equal(filled.code, 0, filled.text);
  await server.stop();
  return { data: server.data, config, key };
}

test('a profile goes from a host with a network to one without, and is installed from there', async (t) => {
  if (!needs(t, 'ip', 'apt-get', 'dpkg-deb', 'gpg', 'gpgv')) return;
  const rack = await openSegment(t);
  const first = await makeFirstHost(t);
  const file = join(newFolder('usb'), 'own.tar.zst');
  const made = await rackready(first.data, 'bundle', 'own', '-o', file, '--config', first.config);
  assert.equal(made.code, 0, made.text);
  assert.match(made.text, /own\.tar\.zst: .* the profile own with deb@\d{8}T\d{6}-[0-9a-f]{6}\nsha256 [0-9a-f]{64}\n/);
  const again = `${file}.again.zst`;
  assert.equal((await rackready(first.data, 'bundle', 'own', '-o', again, '--config', first.config)).code, 0);
  assert.ok(readFileSync(again).equals(readFileSync(file)), 'the same state gives the same archive');
  const opened = await run('zstd', ['-dc', file]);
  for (const secret of ['hunter2', 'somebody:secret', '02:00:00:00:00:0a']) {
    assert.ok(!opened.stdout.includes(secret), `${secret} is in the archive`);
  }

  const config = writeConfig(NETWORK);
  const server = await startServer(t, { config });
  const before = readFileSync(config, 'utf8');
  const dry = await server.rackready('bundle', 'import', file, '--dry-run');
  assert.equal(dry.code, 0, dry.text);
  assert.match(dry.text, /the archive is whole.*write the profile own into the configuration/s);
  assert.equal(readFileSync(config, 'utf8'), before);
  assert.ok(!existsSync(join(server.data, 'mirrors')));

  const imported = await server.rackready('bundle', 'import', file);
  assert.equal(imported.code, 0, imported.text);
  assert.match(imported.text, /the profile own is imported, with deb@.*the server has read it/s);
  const added = await server.rackready('machines', 'add', 'm1', '--mac', '02:00:00:00:00:0b', '--profile', 'own');
  assert.equal(added.code, 0, added.text);
  const rendered = await server.rackready('render', 'm1');
  assert.equal(rendered.code, 0, rendered.text);
  assert.match(rendered.text, /# for m1/);
  assert.match(rendered.text, /bundles\/own-[0-9a-f]{8}\/kernel-linux/);

  const client = await rack.addClient('pc', { mac: '00:25:90:96:c4:79' });
  const address = ['ip', 'address', 'add', '172.22.10.92/24', 'dev', client.interfaceName];
  assert.equal((await runProgram([...client.prefix, ...address])).code, 0);
  const apt = openAptRoot(`deb ${BASE}/deb own main\n`, {
    keyring: readFileSync(first.key.binaryFile),
    prefix: client.prefix,
  });
  await apt.must('apt-get', 'update');
  await apt.must('apt-get', 'install', '-y', 'feature');
  assert.equal(readFileSync(join(apt.folder, 'opt/feature'), 'utf8'), 'feature\n');

  const repeated = await server.rackready('bundle', 'import', file);
  assert.equal(repeated.code, 0, repeated.text);
  assert.match(repeated.text, /change nothing/);
  assert.ok(!existsSync(join(server.data, 'mirrors/import')));

  // What was changed here since is not overwritten.
  writeFileSync(config, readFileSync(config, 'utf8').replace('os: debian-12', 'os: debian-13'));
  const refused = await server.rackready('bundle', 'import', file);
  assert.equal(refused.code, 1, refused.text);
  assert.match(refused.text, /the profile own is different here.*--replace/s);
  assert.match(readFileSync(config, 'utf8'), /debian-13/);
  const replaced = await server.rackready('bundle', 'import', file, '--replace');
  assert.equal(replaced.code, 0, replaced.text);
  assert.match(readFileSync(config, 'utf8'), /debian-12/);
});

test('an archive that was cut is refused, and nothing of it is there; a whole one is taken without a server', async (t) => {
  if (!needs(t, 'ip', 'dpkg-deb', 'gpg', 'gpgv', 'curl')) return;
  await openSegment(t);
  const first = await makeFirstHost(t);
  const file = join(newFolder('usb'), 'own.tar');
  assert.equal((await rackready(first.data, 'bundle', 'own', '-o', file, '--config', first.config)).code, 0);
  const refusedAgain = await rackready(first.data, 'bundle', 'own', '-o', file, '--config', first.config);
  assert.equal(refusedAgain.code, 73, refusedAgain.text);
  const whole = readFileSync(file);
  const text = `server: { user: nobody }\n${NETWORK}`;
  const config = writeConfig(text);
  const empty = await rackready(newFolder('second'), 'bundle', 'import', file, '--config', config);
  assert.match(empty.text, /holds no data of rackready yet/);
  // The server's account is to own what root imports.
  chmodSync(dirname(config), 0o755);
  const started = await startServer(t, { config });
  await started.stop();
  const { data } = started;
  for (const length of [0, 100, 700, Math.floor(whole.length / 2), whole.length - 1024, whole.length - 1]) {
    writeFileSync(file, whole.subarray(0, length));
    const cut = await rackready(data, 'bundle', 'import', file, '--config', config);
    assert.equal(cut.code, 1, `${length} bytes: ${cut.text}`);
    assert.match(cut.text, /The archive is not taken: .*\nCopy the archive once more/s);
    assert.equal(readFileSync(config, 'utf8'), text);
    assert.deepEqual(readdirSync(dirname(config)), ['rackready.yaml']);
    assert.ok(!existsSync(join(data, 'mirrors/repos')) && !existsSync(join(data, 'imported-loaders')));
    assert.deepEqual(readdirSync(join(data, 'mirrors')), ['pool']);
    assert.deepEqual(readdirSync(join(data, 'mirrors/pool')), []);
  }
  writeFileSync(file, whole);
  const imported = await rackready(data, 'bundle', 'import', file, '--config', config);
  assert.equal(imported.code, 0, imported.text);
  const owners = ['mirrors/pool', 'mirrors/repos/deb/live/dists/own/InRelease'].map(
    (path) => statSync(join(data, path)).uid,
  );
  assert.deepEqual(owners, [statSync(data).uid, statSync(data).uid]);

  // As a scrub leaves what was damaged: the same archive brings it back to where it was.
  const path = 'pool/main/f/feature_1.0~rc1+b1_amd64.deb';
  const live = join(data, 'mirrors/repos/deb/live', path);
  const deb = readFileSync(live);
  const sha256 = createHash('sha256').update(deb).digest('hex');
  rmSync(join(data, 'mirrors/pool', sha256.slice(0, 2), sha256));
  rmSync(live);
  const mended = await rackready(data, 'bundle', 'import', file, '--config', config);
  assert.equal(mended.code, 0, mended.text);
  assert.ok(readFileSync(live).equals(deb));
  await startServer(t, { config, data });
  const { stdout } = await run('curl', ['-sS', `${BASE}/deb/dists/own/InRelease`]);
  assert.match(stdout.toString(), /BEGIN PGP SIGNED MESSAGE/);
});

test('what was installed from a mirror that stays as it is takes its packages behind the date of its upstream', async (t) => {
  if (!needs(t, 'apt-get', 'dpkg-deb', 'gpg', 'gpgv')) return;
  const key = makeKey(t, 'archive');
  const tree = await makeAptUpstream(key, { validUntil: new Date(Date.now() - 86_400_000) });
  // This archive has main only, which is no error.
  const suite = { archive: 'debian', name: 'own', components: ['main', 'non-free-firmware'] };
  const pc = machine();
  const lineOf = (isFrozen: boolean) => {
    const profile = { ...profileOf('debian-12'), source: 'mirror:m', aptSuites: [{ ...suite, isFrozen }] };
    const { mirror } = answerVariables({
      machine: pc,
      profile,
      network,
      defaults,
      mac: mac('02:00:00:00:00:0a'),
      httpPort: 80,
      token: 'T',
    });
    const [line = ''] = mirror?.sources ?? [];
    return `${line.replace('http://172.22.10.2/mirror/m', `file://${tree}`)}\n`;
  };
  const keyring = readFileSync(key.binaryFile);
  const expired = await openAptRoot(lineOf(false), { keyring }).run('apt-get', 'update');
  assert.equal(expired.code, 100, expired.text);
  assert.match(expired.text, /Release file .* is expired/);
  const apt = openAptRoot(lineOf(true), { keyring });
  await apt.must('apt-get', 'update');
  await apt.must('apt-get', 'install', '-y', 'feature');
});
