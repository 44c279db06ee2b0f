import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { openIso } from '../../src/io/mirror/iso-file.ts';
import { findInIso, type IsoIndex, indexIso, isoKind } from '../../src/mirror/iso/index-iso.ts';
import { needs } from '../needs.ts';
import { runProgram } from '../support/segment.ts';
import { newFolder } from '../support/server.ts';

/* Installation media that xorriso makes, served without extraction: every file has to be found, with its very bytes. */

const LONG = 'a-name-that-is-much-longer-than-a-record-of-a-folder-has-room-for-'.repeat(3);
const DEEP = Array.from({ length: 12 }, (_, index) => `level${index}`).join('/');
const FILES: Readonly<Record<string, string>> = {
  '.treeinfo': '[general]\narch = x86_64\n',
  'images/pxeboot/vmlinuz': 'kernel'.repeat(1_000),
  'Packages/l/libstdc++-11.4.1-3.el9.x86_64.rpm': 'package',
  'Packages/empty.rpm': '',
  'Packages/naïve.rpm': 'utf-8',
  [`Packages/${LONG}.rpm`]: 'long',
  [`${DEEP}/file`]: 'deep',
  ...Object.fromEntries(
    Array.from({ length: 300 }, (_, index) => [`many/file-${index}-${'x'.repeat(40)}`, `${index}`]),
  ),
};
const LINKS: Readonly<Record<string, string>> = {
  'dists/stable': 'trixie',
  debian: '.',
  'images/kernel': 'pxeboot/vmlinuz',
  'up/and/down': '../../images/./kernel',
  'loop-a': 'loop-b',
  'loop-b': 'loop-a',
  outside: '../../../etc/passwd',
  absolute: '/etc/passwd',
  long: `Packages/${LONG}.rpm`,
};

async function makeIso(...options: string[]): Promise<string> {
  const tree = newFolder('medium');
  for (const [path, text] of Object.entries({ ...FILES, 'dists/trixie/Release': 'release' })) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  for (const [path, target] of Object.entries(LINKS)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    symlinkSync(target, join(tree, path));
  }
  const iso = join(newFolder('iso'), 'medium.iso');
  const ran = await runProgram(['xorriso', '-as', 'mkisofs', '-quiet', '-V', 'MEDIUM', ...options, '-o', iso, tree]);
  assert.equal(ran.code, 0, ran.text);
  return iso;
}

function readFrom(iso: string, index: IsoIndex, path: string): string | undefined {
  const found = findInIso(index, path);
  return (
    found &&
    readFileSync(iso)
      .subarray(found.offset, found.offset + found.bytes)
      .toString()
  );
}

describe('an ISO that is served as it is', () => {
  const ways: Readonly<Record<string, readonly string[]>> = {
    'Rock Ridge': ['-R'],
    'Rock Ridge and Joliet': ['-R', '-J', '-joliet-long'],
    'deep folders moved': ['-R', '-rr_reloc_dir', '/rr_moved'],
  };
  for (const [name, options] of Object.entries(ways)) {
    test(`${name}: has every file with its bytes`, async (t) => {
      if (!needs(t, 'xorriso')) return;
      const iso = await makeIso(...options);
      const { index } = await openIso(iso);
      assert.equal(index.label, 'MEDIUM');
      for (const [path, text] of Object.entries(FILES)) assert.equal(readFrom(iso, index, path), text, path);
      const unexpected = [...index.files.keys()].filter((path) => !(path in FILES) && path !== 'dists/trixie/Release');
      assert.deepEqual(unexpected, []);
      assert.equal(isoKind(index), 'anaconda');
    });
  }

  test('links lead to where they say, and nowhere out of the medium', async (t) => {
    if (!needs(t, 'xorriso')) return;
    const iso = await makeIso('-R');
    const { index } = await openIso(iso);
    assert.deepEqual(Object.fromEntries(index.links), LINKS);
    const leadsTo = {
      'dists/stable/Release': 'release',
      'debian/debian/dists/stable/Release': 'release',
      'up/and/down': FILES['images/pxeboot/vmlinuz'],
      long: 'long',
      'loop-a': undefined,
      outside: undefined,
      absolute: undefined,
      '../x': undefined,
      images: undefined,
      'images/nothing': undefined,
      '.treeinfo/x': undefined,
    };
    for (const [path, text] of Object.entries(leadsTo)) assert.equal(readFrom(iso, index, path), text, path);
  });

  test('Joliet and plain names, where there is no Rock Ridge', async (t) => {
    if (!needs(t, 'xorriso')) return;
    const tree = newFolder('medium');
    mkdirSync(join(tree, 'Images'));
    writeFileSync(join(tree, 'Images/Vmlinuz'), 'kernel');
    const iso = join(newFolder('iso'), 'medium.iso');
    for (const [joliet, path] of [
      ['on', 'Images/Vmlinuz'],
      ['off', 'images/vmlinuz'],
    ] as const) {
      const args = ['-outdev', iso, '-blank', 'as_needed', '-rockridge', 'off', '-joliet', joliet, '-map', tree, '/'];
      const ran = await runProgram(['xorriso', ...args]);
      assert.equal(ran.code, 0, ran.text);
      assert.equal(readFrom(iso, (await openIso(iso)).index, path), 'kernel', joliet);
    }
  });

  test('as an upstream it gives what planners read', async (t) => {
    if (!needs(t, 'xorriso')) return;
    const { reader } = await openIso(await makeIso('-R'));
    assert.equal(String(await reader.read('dists/stable/Release', { maxBytes: 100 })), 'release');
    assert.equal((await reader.read('Packages/empty.rpm', { maxBytes: 0 })).length, 0);
    assert.equal(await reader.read('InRelease', { maxBytes: 100 }), 'absent');
    await assert.rejects(reader.read('images/kernel', { maxBytes: 10 }), {
      code: 'upstream-failed',
      message: /more than 10/,
    });
  });

  test('one that is cut off, is no ISO or has any byte of its folders changed is refused or read, nothing else', async (t) => {
    if (!needs(t, 'xorriso')) return;
    const iso = await makeIso('-R');
    const whole = readFileSync(iso);
    const refused = { code: 'upstream-failed' };
    const index = await indexIso('x.iso', whole.length, async ({ offset, bytes }) =>
      whole.subarray(offset, offset + bytes),
    );
    const lastByte = Math.max(...[...index.files.values()].map(({ offset, bytes }) => offset + bytes));
    for (let length = 0; length < lastByte; length += 60_007) {
      truncateSync(iso, 0);
      writeFileSync(iso, whole.subarray(0, length));
      await assert.rejects(openIso(iso), refused, `${length} bytes`);
    }
    const firstFile = Math.min(
      ...[...index.files.values()].filter(({ bytes }) => bytes > 0).map(({ offset }) => offset),
    );
    let count = 0;
    for (let at = 16 * 2048; at < firstFile; at += 257) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ ((at % 255) + 1);
      const read = async ({ offset, bytes }: { offset: number; bytes: number }) =>
        changed.subarray(offset, offset + bytes);
      const failure = await indexIso('x.iso', changed.length, read).then(
        () => undefined,
        (error: { code?: string }) => error,
      );
      if (failure === undefined) continue;
      assert.equal(failure.code, 'upstream-failed', `byte ${at}: ${failure}`);
      count += 1;
    }
    assert.notEqual(count, 0);
    await assert.rejects(openIso('/nowhere.iso'), { ...refused, message: /Cannot read the ISO/ });
  });
});
