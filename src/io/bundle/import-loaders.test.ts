import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { newFolder } from '../../../test/support/server.ts';
import { objectPath, openImported, readIndex } from '../loaders/imported-loaders.ts';
import { type LoaderSet, loaderSet } from '../loaders/loader-set.ts';
import { copyContent, isContent } from './copy-content.ts';
import { compareLoaders, storeLoaders, sweepLoaders } from './import-loaders.ts';

const sumOf = (text: string) => createHash('sha256').update(text).digest('hex');

function openStore() {
  const source = newFolder('source');
  const folder = join(newFolder('data'), 'imported-loaders');
  const keep = (text: string) => {
    writeFileSync(join(source, sumOf(text)), text);
    return { sha256: sumOf(text), bytes: text.length };
  };
  const grub = (version: string, image: string): LoaderSet => ({
    platform: 'bios-x86',
    loader: 'grub',
    hasHttp: true,
    packages: [{ name: 'grub-pc-bin', version, source: `grub2 ${version}`, licence: keep(`licence of ${version}`) }],
    files: [
      { path: 'boot/grub/i386-pc/core.0', ...keep(image) },
      { path: 'boot/grub/i386-pc/core.0', address: '10.0.0.2', ...keep(`${image} for 10.0.0.2`) },
      { path: 'boot/grub/i386-pc/normal.mod', ...keep('normal') },
    ],
  });
  const ipxe = (text: string): LoaderSet => ({
    platform: 'bios-x86',
    loader: 'ipxe',
    hasHttp: false,
    packages: [],
    files: [{ path: 'ipxe/undionly.kpxe', ...keep(text) }],
  });
  const store = (...sets: readonly LoaderSet[]) => storeLoaders(folder, sets, (sha256) => join(source, sha256));
  return { folder, source, grub, ipxe, store };
}

describe('loaders of archives', () => {
  test('a later one takes the place of that for the same firmware, and the others stay', async () => {
    const { folder, grub, ipxe, store } = openStore();
    const [first, second, other] = [grub('2.06-13', 'first'), grub('2.12-9', 'second'), ipxe('ipxe')];
    assert.deepEqual((await compareLoaders(folder, [first])).changes, ['keep grub for bios-x86 (grub-pc-bin 2.06-13)']);
    await store(first, other);
    assert.deepEqual(await compareLoaders(folder, [first, other]), { changes: [], doubts: [] });
    assert.deepEqual(await compareLoaders(folder, [second]), {
      changes: ['keep grub for bios-x86 (grub-pc-bin 2.12-9) in place of (grub-pc-bin 2.06-13)'],
      doubts: [],
    });
    await store(second);
    sweepLoaders(folder);
    assert.deepEqual(
      readIndex(folder).map(({ loader, packages }) => `${loader} ${packages[0]?.version}`),
      ['ipxe undefined', 'grub 2.12-9'],
    );
    assert.ok(!existsSync(objectPath(folder, sumOf('first'))) && existsSync(objectPath(folder, sumOf('second'))));
    assert.deepEqual(readdirSync(join(folder, 'licences')), ['grub-pc-bin_2.12-9']);
    const { doubts } = await compareLoaders(folder, [first]);
    assert.match(doubts.join(), /grub-pc-bin 2\.06-13, which is older than 2\.12-9/);
  });

  test('what is damaged is known, and not the same as what an archive has', async () => {
    const { folder, grub, store } = openStore();
    const set = grub('2.06-13', 'image');
    await store(set);
    for (const damage of [(path: string) => writeFileSync(path, 'imagE'), (path: string) => rmSync(path)]) {
      damage(objectPath(folder, sumOf('image')));
      const [opened] = await openImported(folder);
      assert.match(opened?.problem ?? '', /core\.0 of an imported archive is not there, or damaged/);
      assert.equal((await compareLoaders(folder, [set])).changes.length, 1);
      await store(set);
      assert.equal((await openImported(folder))[0]?.problem, undefined);
    }
    writeFileSync(join(folder, 'index.json'), '{}');
    assert.deepEqual(readIndex(folder), []);
  });

  test('an index that cannot be read is not an empty one: nothing is deleted, nor written over', async () => {
    const { folder, grub, ipxe, store } = openStore();
    await store(grub('2.06-13', 'image'));
    const index = join(folder, 'index.json');
    const damages = {
      'of a newer version': () => writeFileSync(index, '{ "version": 2, "sets": [] }'),
      'cut short': () => writeFileSync(index, '{ "version"'),
      'that the disk does not give': () => {
        rmSync(index);
        mkdirSync(index);
      },
    };
    for (const [what, damage] of Object.entries(damages)) {
      damage();
      const refused = { code: 'store-failed', message: /imported-loaders\/index\.json/ };
      assert.throws(() => sweepLoaders(folder), refused, what);
      await assert.rejects(store(ipxe('ipxe')), refused, what);
      assert.ok(existsSync(objectPath(folder, sumOf('image'))), what);
      assert.ok(!existsSync(objectPath(folder, sumOf('ipxe'))), what);
    }
  });

  test('nothing counts before the index names it', async () => {
    const { folder, source, grub, store } = openStore();
    const set = grub('2.06-13', 'image');
    rmSync(join(source, sumOf('normal')));
    await assert.rejects(store(set), { code: 'store-failed', message: /cannot be read/ });
    assert.deepEqual(readIndex(folder), []);
    sweepLoaders(folder);
    assert.deepEqual(readdirSync(join(folder, 'objects')), []);
  });

  test('an archive cannot name what is no loader of ours, nor of another kind of firmware', () => {
    const file = { sha256: '0'.repeat(64), bytes: 1 };
    const core = { path: 'boot/grub/i386-pc/core.0', ...file };
    const set = { platform: 'bios-x86', loader: 'grub', hasHttp: true, packages: [], files: [core] };
    assert.ok(loaderSet.safeParse(set).success);
    const hostile: Readonly<Record<string, unknown>> = {
      'a path that leads out': { ...set, files: [core, { path: '../../etc/passwd', ...file }] },
      'a path that leads out of its folder': { ...set, files: [core, { path: 'boot/grub/i386-pc/../x.mod', ...file }] },
      'an absolute path': { ...set, files: [core, { path: '/etc/passwd', ...file }] },
      'the configuration of machines': { ...set, files: [core, { path: 'boot/grub/grub.cfg', ...file }] },
      'a file of other firmware': { ...set, files: [core, { path: 'boot/grub/x86_64-efi/core.efi', ...file }] },
      'a file of another loader': { ...set, files: [core, { path: 'ipxe/undionly.kpxe', ...file }] },
      'a file twice': { ...set, files: [core, core] },
      'no image': { ...set, files: [{ path: 'boot/grub/i386-pc/normal.mod', ...file }] },
      'an image for one address only': { ...set, files: [{ ...core, address: '10.0.0.2' }] },
      'a huge file': { ...set, files: [{ ...core, bytes: 1e9 }] },
      'a package that is a path': { ...set, packages: [{ name: '../x', version: '1', source: '' }] },
      'a version that is a path': { ...set, packages: [{ name: 'xx', version: '1/../../x', source: '' }] },
      'an address that is a path': { ...set, files: [core, { ...core, address: '../../x' }] },
    };
    for (const [what, value] of Object.entries(hostile)) assert.ok(!loaderSet.safeParse(value).success, what);
  });
});

describe('copyContent()', () => {
  const held = (path: string, text = 'right') => ({ path, sha256: sumOf(text), bytes: text.length });

  test('takes what is right, with its mode whatever the umask is', async (t) => {
    const before = process.umask(0o077);
    t.after(() => process.umask(before));
    const folder = newFolder('copy');
    writeFileSync(join(folder, 'source'), 'right');
    const target = join(folder, 'target');
    await copyContent(held(join(folder, 'source')), target, { mode: 0o644 });
    assert.equal(readFileSync(target, 'utf8'), 'right');
    assert.equal(statSync(target).mode & 0o777, 0o644);
    assert.ok(await isContent(held(target)));
  });

  test('takes no link, no folder, no pipe, nothing of another length or content, and leaves nothing', async () => {
    const folder = newFolder('copy');
    writeFileSync(join(folder, 'right'), 'right');
    symlinkSync(join(folder, 'right'), join(folder, 'link'));
    mkdirSync(join(folder, 'folder'));
    writeFileSync(join(folder, 'longer'), 'right and more');
    writeFileSync(join(folder, 'wrong'), 'wrong');
    const reasons = {
      link: /is a link/,
      folder: /is no file/,
      longer: /is 14 bytes long, and should be 5/,
      wrong: /does not have its checksum/,
      nothing: /cannot be read/,
    };
    for (const [name, message] of Object.entries(reasons)) {
      const target = join(folder, 'target');
      const refused = { code: 'store-failed', message };
      await assert.rejects(copyContent(held(join(folder, name)), target, { mode: 0o644 }), refused, name);
      assert.ok(!existsSync(target) && !existsSync(`${target}.part`), name);
      assert.ok(!(await isContent(held(join(folder, name)))), name);
    }
  });

  test('a link in the place of the target is replaced, and not followed', async () => {
    const folder = newFolder('copy');
    writeFileSync(join(folder, 'source'), 'right');
    writeFileSync(join(folder, 'victim'), 'victim');
    for (const name of ['target', 'target.part']) symlinkSync(join(folder, 'victim'), join(folder, name));
    await copyContent(held(join(folder, 'source')), join(folder, 'target'), { mode: 0o644 });
    assert.equal(readFileSync(join(folder, 'victim'), 'utf8'), 'victim');
    assert.equal(readFileSync(join(folder, 'target'), 'utf8'), 'right');
  });
});
