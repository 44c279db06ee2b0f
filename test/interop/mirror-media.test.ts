import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { describeMedium } from '../../src/io/mirror/describe-medium.ts';
import { openIso } from '../../src/io/mirror/iso-file.ts';
import { isoKind } from '../../src/mirror/iso/index-iso.ts';
import { needs } from '../needs.ts';
import { run } from '../support/http.ts';
import { hexOf } from '../support/mirror-reader.ts';
import { makeKey } from '../support/openpgp.ts';
import { openSegment, runProgram } from '../support/segment.ts';
import { newFolder, startServer, type TestServer, writeConfig } from '../support/server.ts';

/* Media of all the kinds that distributions make, and imports whose server or medium is not there to the end. */

const BASE = 'http://172.22.10.2/mirror';
const NETWORK =
  'networks:\n  n: { interface: br0, subnet: 172.22.10.0/24, address: 172.22.10.2, dhcp: { mode: authoritative, conflictProbe: false } }\n';

const TREEINFO = '[general]\nfamily = Rocky Linux\nversion = 9.4\narch = x86_64\n[tree]\narch = x86_64\n';
const UBUNTU = {
  '.disk/info': 'Ubuntu-Server 24.04.1 LTS "Noble Numbat" - Release amd64 (20240827)\n',
  'casper/vmlinuz': 'kernel of casper',
  'casper/initrd': 'initrd of casper',
  'casper/Filesystem with a Long Name and Capitals.squashfs': 'squashfs'.repeat(100_000),
};

type Files = Readonly<Record<string, string>>;

async function burn(files: Files, ...options: readonly string[]): Promise<string> {
  const tree = newFolder('medium');
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  const iso = join(newFolder('iso'), 'medium.iso');
  const args = ['-outdev', iso, '-blank', 'as_needed', ...options, '-map', tree, '/'];
  const ran = await runProgram(['xorriso', ...args]);
  assert.equal(ran.code, 0, ran.text);
  return iso;
}

const JOLIET_ONLY = ['-rockridge', 'off', '-joliet', 'on', '-compliance', 'joliet_long_names'] as const;

describe('what a medium is, by what lies on it', () => {
  const media: Readonly<Record<string, { files: Files; kind: string; layout: object }>> = {
    'Rocky Linux, by .treeinfo': {
      files: { '.treeinfo': TREEINFO, 'BaseOS/repodata/repomd.xml': '<x/>', 'AppStream/repodata/repomd.xml': '<x/>' },
      kind: 'anaconda',
      layout: { kind: 'yum', repositories: ['AppStream', 'BaseOS'], suites: [], architectures: [], os: 'rocky-9' },
    },
    'CentOS 6, by .discinfo': {
      files: { '.discinfo': '1400000000.0\nCentOS\nx86_64\n', 'repodata/repomd.xml': '<x/>' },
      kind: 'anaconda',
      layout: { kind: 'yum', repositories: [], suites: [], architectures: [], os: undefined },
    },
    'Debian, by .disk/info and dists': {
      files: {
        '.disk/info': 'Debian GNU/Linux 12.5.0 "Bookworm" - Official amd64 DVD Binary-1\n',
        'dists/bookworm/Release': 'Suite: stable\nArchitectures: all amd64\n',
        // Each folder of an index has one of its own, as on the official media.
        'dists/bookworm/main/binary-amd64/Release': 'Archive: stable\nComponent: main\nArchitecture: amd64\n',
        'dists/bookworm/main/debian-installer/binary-amd64/Release': 'Archive: stable\nArchitecture: amd64\n',
      },
      kind: 'debian',
      layout: { kind: 'apt', repositories: [], suites: ['bookworm'], architectures: ['amd64'] },
    },
    'Ubuntu, by casper': {
      files: UBUNTU,
      kind: 'ubuntu',
      layout: { kind: 'files', repositories: [], suites: [], architectures: [], os: 'ubuntu-24.04' },
    },
    'openSUSE, by its loader': {
      files: { 'boot/x86_64/loader/linux': 'kernel', 'boot/x86_64/loader/initrd': 'i', 'repodata/repomd.xml': '<x/>' },
      kind: 'suse',
      layout: { kind: 'yum', repositories: [], suites: [], architectures: [], os: undefined },
    },
    'none of them': {
      files: { 'README.txt': 'read me' },
      kind: 'unknown',
      layout: { kind: 'files', repositories: [], suites: [], architectures: [] },
    },
  };
  for (const [name, { files, kind, layout }] of Object.entries(media)) {
    for (const [names, options] of [
      ['Rock Ridge', ['-rockridge', 'on']],
      ['Joliet only', JOLIET_ONLY],
    ] as const) {
      test(`${name}, ${names}`, async (t) => {
        if (!needs(t, 'xorriso')) return;
        const iso = await openIso(await burn(files, ...options));
        assert.deepEqual([...iso.index.files.keys()].sort(), Object.keys(files).sort());
        assert.equal(isoKind(iso.index), kind);
        assert.deepEqual(await describeMedium(iso), layout);
      });
    }
  }
});

function mirror(server: TestServer, ...args: string[]) {
  return server.rackready('mirror', ...args);
}

async function openRack(t: TestContext) {
  await openSegment(t);
  return startServer(t, { config: writeConfig(NETWORK) });
}

test('a medium of Ubuntu with Joliet names only: compared as a whole, imported and served', async (t) => {
  if (!needs(t, 'ip', 'curl', 'gpg', 'gpgv', 'xorriso', 'implantisomd5')) return;
  const key = makeKey(t, 'releases');
  const other = makeKey(t, 'somebody');
  const iso = await burn(UBUNTU, ...JOLIET_ONLY);
  assert.equal((await runProgram(['implantisomd5', iso])).code, 0);
  const server = await openRack(t);
  const list = join(newFolder('lists'), 'SHA256SUMS');
  writeFileSync(list, `${hexOf('sha256', readFileSync(iso))} *${basename(iso)}\n`);
  writeFileSync(`${list}.gpg`, key.detached(readFileSync(list)));
  const args = ['import', 'noble', iso, '--checksums', list, '--checksums-key'] as const;

  const stranger = await mirror(server, ...args, other.armouredFile);
  assert.equal(stranger.code, 1, stranger.text);
  assert.match(stranger.text, /SHA256SUMS is not signed as it should be/);
  const changed = join(newFolder('changed'), basename(iso));
  copyFileSync(iso, changed);
  const bytes = readFileSync(changed);
  bytes[bytes.indexOf('squashfssquashfs') + 100_000] = 0x53;
  writeFileSync(changed, bytes);
  for (const [more, said] of [
    [[], /does not have the md5 that was implanted into it/],
    [['--checksums', list, '--checksums-key', key.armouredFile], /has the sha256 [0-9a-f]{64}, not [0-9a-f]{64}/],
    [['--checksums-key', key.armouredFile], /of no use without --checksums/],
  ] as const) {
    const refused = await mirror(server, 'import', 'noble', changed, ...more);
    assert.equal(refused.code, 1, refused.text);
    assert.match(refused.text, said);
  }
  assert.equal(readFileSync(server.config, 'utf8'), NETWORK);

  const imported = await mirror(server, ...args, key.armouredFile);
  assert.equal(imported.code, 0, imported.text);
  assert.match(imported.text, /SHA256SUMS, signed by [0-9A-F]{40}; the md5 that was implanted into it/);
  assert.match(imported.text, /noble: published: /);
  for (const [path, text] of Object.entries(UBUNTU)) {
    const served = await run('curl', ['-sSf', `${BASE}/noble/${encodeURI(path)}`]);
    assert.equal(served.stdout.toString(), text, path);
  }
});

test('a mirror that stays as it is takes an ISO that somebody brings, and nothing else', async (t) => {
  if (!needs(t, 'ip', 'curl', 'xorriso')) return;
  const server = await openRack(t);
  const first = await mirror(server, 'import', 'm', await burn({ note: 'first' }));
  assert.equal(first.code, 0, first.text);
  const written = readFileSync(server.config, 'utf8');
  // As an archive of it has it on another host, too.
  writeFileSync(server.config, written.replace('kind: files', 'kind: files, mode: frozen'));
  const second = await mirror(server, 'import', 'm', await burn({ note: 'second' }));
  assert.equal(second.code, 0, second.text);
  assert.match(readFileSync(server.config, 'utf8'), /mode: frozen/);
  assert.equal((await run('curl', ['-sSf', `${BASE}/m/note`])).stdout.toString(), 'second');
  const sync = await mirror(server, 'sync', 'm');
  assert.equal(sync.code, 1, sync.text);
  assert.match(sync.text, /`mode: frozen`/);
});

describe('a server that goes away in the middle of an import', () => {
  const files = Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`files/${index}`, `${index}`]));

  /** Begins an import, and does something at the moment when its entry is in the configuration. */
  async function importWith(server: TestServer, iso: string, onEntry: () => Promise<void>) {
    const ended = mirror(server, 'import', 'm', iso);
    let isOver = false;
    void ended.then(() => {
      isOver = true;
    });
    while (!isOver && !readFileSync(server.config, 'utf8').includes(iso))
      await new Promise((next) => setTimeout(next, 2));
    await onEntry();
    return ended;
  }

  test('the configuration is as before: without the new mirror, or with the ISO that it had', async (t) => {
    if (!needs(t, 'ip', 'xorriso')) return;
    const iso = await burn(files);
    const server = await openRack(t);
    const gone = await importWith(server, iso, () => server.kill());
    assert.notEqual(gone.code, 0, gone.text);
    assert.match(gone.text, /m is not imported/);
    assert.match(gone.text, /Nothing of it is in the configuration/);
    assert.equal(readFileSync(server.config, 'utf8'), NETWORK);

    const again = await startServer(t, { config: server.config, data: server.data });
    const imported = await mirror(again, 'import', 'm', iso);
    assert.equal(imported.code, 0, imported.text);
    const before = readFileSync(server.config, 'utf8');
    const newer = await burn({ ...files, more: 'more' });
    const update = await importWith(again, newer, () => again.kill());
    assert.match(update.text, /m is not imported/);
    assert.equal(readFileSync(server.config, 'utf8'), before);
    assert.ok(existsSync(join(server.data, 'mirrors/repos/m/state.json')));
  });

  test('where that cannot be done, the message says what is there and what to type', async (t) => {
    if (!needs(t, 'ip', 'xorriso')) return;
    const iso = await burn(files);
    const server = await openRack(t);
    const gone = await importWith(server, iso, async () => {
      writeFileSync(server.config, `${readFileSync(server.config, 'utf8')}]]] {\n`);
      await server.kill();
    });
    assert.equal(gone.code, 1, gone.text);
    assert.match(gone.text, /m is not imported, and mirrors\.m is in .*rackready\.yaml still: /);
    assert.match(gone.text, /take the entry m out of mirrors there, or finish it with: rackready mirror sync m/);
  });
});
