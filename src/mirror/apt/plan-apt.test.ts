import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { checkerSaying, hexOf, readerOf, sha256Of, trusting } from '../../../test/support/mirror-reader.ts';
import { type AptOptions, planApt } from './plan-apt.ts';

const DATE = 'Sat, 11 Oct 2025 09:58:24 UTC';
const NOW = Date.parse(DATE);

/** A small archive: main and contrib, udebs, descriptions, an installer. `indices`: by path below dists/trixie. */
function makeIndices(): Map<string, Buffer> {
  const stanza = (name: string, suffix = 'deb') =>
    `Package: ${name}\nFilename: pool/main/${name}.${suffix}\nSize: ${name.length}\nSHA256: ${hexOf('sha256', name)}\n`;
  const indices = new Map<string, Buffer>();
  const add = (path: string, text: string) => {
    indices.set(path, Buffer.from(text));
    indices.set(`${path}.gz`, gzipSync(text));
  };
  add('main/binary-amd64/Packages', `${stanza('bash')}\n${stanza('zsh')}`);
  add('main/binary-arm64/Packages', stanza('bash-arm'));
  add('main/binary-all/Packages', stanza('everywhere'));
  add('main/debian-installer/binary-amd64/Packages', stanza('anna', 'udeb'));
  add('main/i18n/Translation-en', 'x');
  add('main/i18n/Translation-de', 'x');
  add('main/source/Sources', 'x');
  add('contrib/binary-amd64/Packages', '');
  indices.set('main/binary-amd64/Release', Buffer.from('Archive: trixie'));
  const sum = hexOf('sha256', 'linux');
  const sums = `${sum}  ./netboot/debian-installer/amd64/linux\n${sum}  ./netboot/gtk/x\n${sum}  ./netboot/mini.iso\n`;
  indices.set('main/installer-amd64/current/images/SHA256SUMS', Buffer.from(sums));
  return indices;
}

interface Changes {
  head?: string;
  change?: (indices: Map<string, Buffer>) => void;
  /** After the Release file was made. */
  tamper?: (indices: Map<string, Buffer>) => void;
}

function makeArchive(place = '', changes: Changes = {}): Map<string, Uint8Array> {
  const indices = makeIndices();
  changes.change?.(indices);
  const lines = [...indices].map(([path, bytes]) => ` ${sha256Of(bytes).hex} ${bytes.length} ${path}`);
  const head = changes.head ?? 'Acquire-By-Hash: yes\nNo-Support-for-Architecture-all: Packages\n';
  const release = `Date: ${DATE}\n${head}Components: main contrib\nArchitectures: all amd64 arm64\nSHA256:\n${lines.join('\n')}\n`;
  changes.tamper?.(indices);
  const folder = `${place}dists/trixie`;
  const files = new Map<string, Uint8Array>([...indices].map(([path, bytes]) => [`${folder}/${path}`, bytes]));
  const signature = '-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n';
  files.set(`${folder}/Release`, Buffer.from(release));
  files.set(`${folder}/Release.gpg`, Buffer.from(signature));
  const inline = `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n${release}${signature}`;
  files.set(`${folder}/InRelease`, Buffer.from(inline));
  return files;
}

const OPTIONS: AptOptions = {
  suites: [{ archive: '', name: 'trixie', components: [] }],
  architectures: ['amd64'],
  languages: ['en'],
  trust: 'required',
  withInstaller: false,
  now: NOW,
};
const plan = (files: Map<string, Uint8Array>, options: Partial<AptOptions> = {}, checker = trusting) =>
  planApt(readerOf(files), checker, { ...OPTIONS, ...options });
const broken = (message: RegExp) => ({ code: 'upstream-failed', message });

describe('the plan of an apt suite', () => {
  test('has every index that clients ask for, also by hash, and the packages; InRelease appears last', async () => {
    const files = makeArchive();
    const made = await plan(files);
    const indexed = made.files.filter(({ role, digests }) => role === 'metadata' && digests.length > 0);
    const metadata = indexed.filter(({ isOptional }) => !isOptional);
    assert.deepEqual(
      indexed.filter(({ isOptional }) => isOptional).map(({ path }) => path.replace('dists/trixie/', '')),
      ['main/binary-amd64/Packages', 'main/i18n/Translation-en', 'contrib/binary-amd64/Packages'],
      'uncompressed, where upstream has them',
    );
    assert.deepEqual(metadata.map(({ path }) => path).toSorted(), [
      'dists/trixie/contrib/binary-amd64/Packages.gz',
      'dists/trixie/main/binary-amd64/Packages.gz',
      'dists/trixie/main/binary-amd64/Release',
      'dists/trixie/main/i18n/Translation-en.gz',
    ]);
    const index = metadata.find(({ path }) => path === 'dists/trixie/main/binary-amd64/Packages.gz');
    const hex = sha256Of(files.get('dists/trixie/main/binary-amd64/Packages.gz') ?? '').hex;
    assert.deepEqual(index?.aliases, [`dists/trixie/main/binary-amd64/by-hash/SHA256/${hex}`]);
    assert.deepEqual(
      made.files.filter(({ role }) => role === 'package'),
      [
        { path: 'pool/main/bash.deb', bytes: 4, digests: [sha256Of('bash')], role: 'package', isOptional: false },
        { path: 'pool/main/zsh.deb', bytes: 3, digests: [sha256Of('zsh')], role: 'package', isOptional: false },
      ],
    );
    assert.deepEqual(
      made.entries,
      ['Release.gpg', 'Release', 'InRelease'].map((name) => `dists/trixie/${name}`),
    );
    assert.equal(made.revision, 'trixie=2025-10-11T09:58:24.000Z');
    assert.equal(made.validUntil, undefined);
    assert.deepEqual(made.remarks, []);
  });

  test('without Acquire-By-Hash there are no names by hash; with support for it there is binary-all', async () => {
    const made = await plan(makeArchive('', { head: '' }));
    assert.ok(made.files.every(({ aliases }) => aliases === undefined));
    assert.ok(made.files.some(({ path }) => path === 'pool/main/everywhere.deb'));
  });

  test('components, architectures and languages can be chosen', async () => {
    const suites = [{ archive: '', name: 'trixie', components: ['main'] }];
    const made = await plan(makeArchive(), { suites, architectures: ['amd64', 'arm64'], languages: ['en', 'de'] });
    const paths = made.files.map(({ path }) => path);
    assert.ok(paths.includes('pool/main/bash-arm.deb'));
    assert.ok(paths.includes('dists/trixie/main/i18n/Translation-de.gz'));
    assert.ok(!paths.some((path) => path.includes('contrib')));
    await assert.rejects(
      plan(makeArchive(), { architectures: ['riscv64'] }),
      broken(/no Packages of main for riscv64/),
    );
    const wrong = [{ archive: '', name: 'trixie', components: ['mian'] }];
    await assert.rejects(
      plan(makeArchive(), { suites: wrong }),
      broken(/no Packages of mian .*components main, contrib/),
    );
  });

  test('an index that is left out is not read, and takes its packages along; nor is the installer', async () => {
    const exclude = ['dists/trixie/contrib/**', '**/installer-amd64/**', '**/debian-installer/**'];
    const files = makeArchive();
    for (const path of files.keys()) if (/contrib|installer/.test(path)) files.set(path, Buffer.from('broken'));
    const made = await plan(files, { exclude, withInstaller: true });
    assert.deepEqual(
      made.files.filter(({ path }) => /contrib|installer/.test(path)),
      [],
    );
    assert.ok(made.files.some(({ path }) => path === 'pool/main/zsh.deb'));
  });

  test("with the installer there are udebs and what boots it, by the archive's own checksums", async () => {
    const made = await plan(makeArchive(), { withInstaller: true });
    const images = 'dists/trixie/main/installer-amd64/current/images';
    assert.deepEqual(
      made.files.filter(({ role }) => role === 'boot').map(({ path, digests }) => [path, digests]),
      [[`${images}/netboot/debian-installer/amd64/linux`, [sha256Of('linux')]]],
    );
    const paths = made.files.map(({ path }) => path);
    assert.ok(paths.includes('pool/main/anna.udeb'));
    assert.ok(paths.includes('dists/trixie/main/debian-installer/binary-amd64/Packages.gz'));
    assert.ok(paths.includes(`${images}/SHA256SUMS`));
  });

  test('archives beside each other below one root keep apart', async () => {
    const files = new Map([...makeArchive('debian/'), ...makeArchive('debian-security/')]);
    const suite = { name: 'trixie', components: ['main'] };
    const suites = [
      { archive: 'debian', ...suite },
      { archive: 'debian-security', ...suite },
    ];
    const made = await plan(files, { suites });
    assert.equal(made.files.filter(({ role }) => role === 'package').length, 4);
    assert.ok(made.files.some(({ path }) => path === 'debian-security/pool/main/bash.deb'));
    assert.equal(made.entries.at(-1), 'debian-security/dists/trixie/InRelease');
    assert.match(made.revision, /^debian\/trixie=.*\ndebian-security\/trixie=/);
  });

  test('xz is preferred, old compressions are kept when there is nothing else', async () => {
    const only = (suffix: string) => (indices: Map<string, Buffer>) => {
      for (const path of [...indices.keys()]) if (path.includes('Translation-en')) indices.delete(path);
      indices.set(`main/i18n/Translation-en${suffix}`, Buffer.from('x'));
    };
    for (const suffix of ['.bz2', '']) {
      const made = await plan(makeArchive('', { change: only(suffix) }));
      assert.ok(
        made.files.some(({ path }) => path === `dists/trixie/main/i18n/Translation-en${suffix}`),
        suffix,
      );
    }
    const change = (indices: Map<string, Buffer>) => {
      indices.delete('main/binary-amd64/Packages.gz');
      indices.set('main/binary-amd64/Packages.bz2', Buffer.from('x'));
    };
    await assert.rejects(plan(makeArchive('', { change })), broken(/only compressed by bzip2/));
  });
});

describe('an apt suite that is not what it should be', () => {
  test('unsigned, wrongly signed and expired are refused, all before an index is read', async () => {
    for (const kind of ['bad', 'unknown-key', 'expired', 'unsigned'] as const) {
      const reader = readerOf(makeArchive());
      const made = planApt(reader, checkerSaying({ kind, reason: 'KEY' }), OPTIONS);
      await assert.rejects(made, { code: 'signature-refused', message: /InRelease.*KEY/ });
      assert.ok(!reader.asked.some((path) => path.includes('Packages')));
    }
    const expired = makeArchive('', { head: 'Valid-Until: Sun, 12 Oct 2025 00:00:00 UTC\n' });
    assert.equal((await plan(expired)).validUntil, Date.UTC(2025, 9, 12));
    const late = { now: Date.UTC(2025, 9, 13) };
    await assert.rejects(plan(expired, late), { code: 'signature-refused', message: /valid until 2025-10-12/ });
  });

  test('where the clock of this host is behind, that is said: nothing is ever too old by it', async () => {
    const { remarks } = await plan(makeArchive(), { now: Date.UTC(1970, 0, 2) });
    assert.match(remarks.join(), /trixie was made at 2025-.*the clock of this host says 1970-01-02.*set the clock/);
    assert.deepEqual((await plan(makeArchive())).remarks, []);
  });

  test('Release must say what InRelease says, and each of them is enough', async () => {
    const moved = makeArchive();
    const text = Buffer.from(moved.get('dists/trixie/Release') ?? '').toString();
    moved.set('dists/trixie/Release', Buffer.from(text.replace('58:24', '58:25')));
    await assert.rejects(plan(moved), broken(/vouch for different states/));
    const inline = makeArchive();
    inline.delete('dists/trixie/Release');
    inline.delete('dists/trixie/Release.gpg');
    assert.deepEqual((await plan(inline)).entries, ['dists/trixie/InRelease']);
    const detached = makeArchive();
    detached.delete('dists/trixie/InRelease');
    assert.deepEqual((await plan(detached)).entries, ['dists/trixie/Release.gpg', 'dists/trixie/Release']);
    detached.delete('dists/trixie/Release.gpg');
    await assert.rejects(plan(detached), { code: 'signature-refused', message: /Release: it is not signed/ });
    assert.match((await plan(detached, { trust: 'if-present' })).remarks.join(), /is not signed/);
    await assert.rejects(plan(new Map()), broken(/has neither this nor Release/));
  });

  test('text in front of the signed message is never read as Release', async () => {
    const files = makeArchive();
    const evil = `Date: ${DATE}\nSHA256:\n ${'0'.repeat(64)} 1 a\n\n`;
    files.set(
      'dists/trixie/InRelease',
      Buffer.concat([Buffer.from(evil), files.get('dists/trixie/InRelease') ?? Buffer.of()]),
    );
    for (const trust of ['required', 'if-present', 'none'] as const) {
      await assert.rejects(plan(files, { trust }), broken(/does not begin as a signed message/));
    }
  });

  test('signed text in another form than the one that is read is refused', async () => {
    const files = makeArchive();
    files.delete('dists/trixie/Release');
    files.delete('dists/trixie/Release.gpg');
    // gpgv goes past packets that it does not know, and finds a genuine signature behind them.
    const evil = `\nDate: ${DATE}\nSHA256:\n ${'0'.repeat(64)} 1 a\n`;
    files.set('dists/trixie/InRelease', Buffer.from(`\ufeff${evil}`));
    for (const trust of ['required', 'if-present'] as const)
      await assert.rejects(plan(files, { trust }), broken(/does not begin as a signed message/));
  });

  test('the genuine Release of another suite is for a person to look at', async () => {
    const named = (head: string, name = 'trixie') => {
      const files = [...makeArchive('', { head })];
      const suites = [{ archive: '', name, components: [] }];
      return plan(new Map(files.map(([path, bytes]) => [path.replace('trixie', name), bytes])), { suites });
    };
    for (const head of ['Suite: stable\nCodename: trixie\n', 'Suite: trixie\nCodename: x\n', ''])
      assert.equal((await named(head)).doubts, undefined, head);
    assert.equal((await named('Suite: oldstable\nCodename: buster\n', 'buster/updates')).doubts, undefined);
    const { doubts = [] } = await named('Suite: oldstable\nCodename: bookworm\n');
    assert.deepEqual(doubts, ['dists/trixie/Release is signed as that of oldstable, bookworm, and not of trixie']);
    assert.equal((await named('Codename: trixie\n', 'trixie-security')).doubts?.length, 1);
  });

  test('an index that is another, larger than promised or not there is refused', async () => {
    const path = 'main/binary-amd64/Packages.gz';
    const other = gzipSync('Package: evil\nFilename: evil.deb\nSize: 1\nSHA256: '.concat('0'.repeat(64)));
    await assert.rejects(plan(makeArchive('', { tamper: (indices) => indices.set(path, other) })), broken(/./));
    await assert.rejects(
      plan(makeArchive('', { tamper: (indices) => indices.delete(path) })),
      broken(/does not have it/),
    );
    const change = (indices: Map<string, Buffer>) => indices.set(path, gzipSync(Buffer.alloc(1 << 20, 'A: b\n')));
    await assert.rejects(plan(makeArchive('', { change })), broken(/bytes are packed in it/));
  });

  test('files outside of the archive are refused', async () => {
    for (const filename of ['../../etc/passwd', '/etc/passwd', 'pool/../../x', 'http://else.where/x.deb']) {
      const text = `Package: evil\nFilename: ${filename}\nSize: 1\nSHA256: ${'0'.repeat(64)}\n`;
      const change = (indices: Map<string, Buffer>) => {
        indices.set('main/binary-amd64/Packages', Buffer.from(text));
        indices.set('main/binary-amd64/Packages.gz', gzipSync(text));
      };
      await assert.rejects(plan(makeArchive('', { change })), broken(/package evil, .* leads out/), filename);
    }
    const sums = Buffer.from(`${'0'.repeat(64)}  netboot/debian-installer/../../../../../x\n`);
    const change = (indices: Map<string, Buffer>) => {
      indices.set('main/installer-amd64/current/images/SHA256SUMS', sums);
    };
    await assert.rejects(plan(makeArchive('', { change }), { withInstaller: true }), broken(/leads out of it/));
    await assert.rejects(
      plan(makeArchive(), { suites: [{ archive: '..', name: 'trixie', components: [] }] }),
      broken(/out of/),
    );
  });
});
