import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { needs } from '../../test/needs.ts';
import { hexOf, readerOf, trusting } from '../../test/support/mirror-reader.ts';
import { readKeys } from '../io/mirror/gpgv.ts';
import { planLayout } from './plan-layout.ts';
import { planSums } from './plan-sums.ts';
import { type MirrorPreset, mirrorPreset, mirrorPresetNames } from './presets.ts';
import { folderInTree } from './tree-path.ts';

const presets = mirrorPresetNames
  .map((name) => name.replace('NN', '44'))
  .flatMap((name) =>
    (['x86_64', 'aarch64'] as const).flatMap((arch): [string, MirrorPreset][] => {
      const preset = mirrorPreset(name, arch);
      return preset === undefined ? [] : [[`${name} for ${arch}`, preset]];
    }),
  );

describe('presets', () => {
  test('there is one for every system that is promised, and none for others', () => {
    const systems =
      'centos-7 centos-stream-9 centos-stream-10 rocky-8 rocky-9 rocky-10 alma-8 alma-9 alma-10 fedora-44 debian-12 debian-13 ubuntu-22.04 ubuntu-24.04 ubuntu-26.04 opensuse-leap-15.6';
    for (const name of systems.split(' ')) assert.ok(mirrorPreset(name), name);
    for (const name of ['centos-8', 'fedora-', 'fedora-NN', '__proto__', ''])
      assert.equal(mirrorPreset(name), undefined);
    assert.equal(mirrorPreset('centos-7', 'aarch64'), undefined);
    assert.equal(mirrorPreset('centos-7')?.isFrozen, true);
  });

  test('all of their paths are below the root', () => {
    for (const [name, { layout, installFrom, boot, from }] of presets) {
      assert.doesNotMatch(from, /\/$/, name);
      const folders = [
        installFrom,
        ...(boot ? [boot.kernel, boot.initrd] : []),
        ...(layout.kind === 'yum' ? [...layout.options.repositories, ...layout.options.optionalFiles] : []),
        ...(layout.kind === 'apt' ? layout.options.suites.map(({ archive }) => archive) : []),
      ];
      for (const folder of folders) assert.equal(folderInTree('', folder), folder, name);
    }
  });

  test('their layouts are the same after they were sent as JSON', () => {
    for (const [name, { layout }] of presets) assert.deepEqual(JSON.parse(JSON.stringify(layout)), layout, name);
  });

  test('trust is never less than demanded where the metadata are signed', () => {
    for (const [name, { layout, trust }] of presets) if (layout.kind !== 'yum') assert.equal(trust, 'required', name);
  });

  test('all but those of some releases of Fedora know who signs them, and have the key', () => {
    for (const [name, { keys }] of presets) {
      assert.notEqual(keys.kind, 'operator', name);
      assert.notEqual(keys.fingerprints.length, 0, name);
      for (const fingerprint of keys.fingerprints) assert.match(fingerprint, /^[0-9A-F]{40}$/, name);
    }
    assert.equal(mirrorPreset('fedora-42')?.keys.kind, 'operator');
    assert.deepEqual(mirrorPreset('fedora-60')?.keys.fingerprints, []);
  });

  test('the fingerprints are those of the files that are shipped or named, and shipped files have no other keys', async (t) => {
    for (const [name, { keys }] of presets) {
      if (keys.kind === 'operator' || (keys.kind === 'package' && !needs(t, keys.file))) continue;
      const file =
        keys.kind === 'package' ? keys.file : fileURLToPath(new URL(`../../keys/${keys.file}`, import.meta.url));
      const inFile = new Set((await readKeys(file)).map(({ fingerprint }) => fingerprint));
      for (const fingerprint of keys.fingerprints) assert.ok(inFile.has(fingerprint), `${name}: ${fingerprint}`);
      if (keys.kind === 'shipped') assert.equal(inFile.size, keys.fingerprints.length, name);
    }
  });
});

test('each kind of layout is read by its own planner', async () => {
  const firstRead: Readonly<Record<string, string>> = {
    'rocky-9': 'BaseOS/x86_64/os/.treeinfo',
    'debian-13': 'debian/dists/trixie/InRelease',
    'ubuntu-24.04': '24.04/SHA256SUMS',
    'centos-7': 'os/x86_64/.treeinfo',
    'fedora-44': 'releases/44/Everything/x86_64/os/.treeinfo',
    'opensuse-leap-15.6': '.treeinfo',
  };
  for (const [name, path] of Object.entries(firstRead)) {
    const reader = readerOf(new Map());
    const { layout } = mirrorPreset(name) ?? {};
    assert.ok(layout);
    await assert.rejects(planLayout(reader, trusting, layout, { trust: 'none', exclude: [], now: 0 }), {
      code: 'upstream-failed',
    });
    assert.equal(reader.asked[0], path, name);
  }
});

describe('a tree with nothing but a signed list of checksums', () => {
  const sum = hexOf('sha256', 'iso');
  const lines = ['ubuntu-24.04.3-desktop-amd64.iso', 'ubuntu-24.04.3-live-server-amd64.iso', '../evil.iso'];
  const files = new Map<string, Uint8Array>([
    ['24.04/SHA256SUMS', Buffer.from(lines.map((name) => `${sum} *${name}\n`).join(''))],
    ['24.04/SHA256SUMS.gpg', Buffer.from('signature')],
  ]);
  const { layout } = mirrorPreset('ubuntu-24.04') ?? {};
  assert.ok(layout?.kind === 'sums');

  test('has what fits, and the list last', async () => {
    const plan = await planLayout(readerOf(files), trusting, layout, { trust: 'required', exclude: [], now: 0 });
    assert.deepEqual(plan.files[0], {
      path: '24.04/ubuntu-24.04.3-live-server-amd64.iso',
      digests: [{ algorithm: 'sha256', hex: sum }],
      role: 'boot',
      isOptional: false,
    });
    assert.deepEqual(plan.entries, ['24.04/SHA256SUMS.gpg', '24.04/SHA256SUMS']);
  });

  test('must be signed, must list something, and nothing outside of the tree', async () => {
    const plan = (table: ReadonlyMap<string, Uint8Array>, wanted = 'live') =>
      planSums(readerOf(table), trusting, {
        trust: 'required',
        sums: layout.options.sums.map((one) => ({ ...one, wanted })),
      });
    const unsigned = new Map(files);
    unsigned.delete('24.04/SHA256SUMS.gpg');
    await assert.rejects(plan(unsigned), { code: 'signature-refused' });
    await assert.rejects(plan(files, 'arm64'), { code: 'upstream-failed', message: /lists nothing that fits/ });
    const escaping = layout.options.sums.map((one) => ({ ...one, folder: '', wanted: 'evil' }));
    const top = new Map([...files].map(([path, bytes]) => [path.replace('24.04/', ''), bytes]));
    const made = planSums(readerOf(top), trusting, { trust: 'none', sums: escaping });
    await assert.rejects(made, { code: 'upstream-failed', message: /leads out of the tree/ });
    await assert.rejects(plan(new Map()), { code: 'upstream-failed', message: /does not have it/ });
  });
});
