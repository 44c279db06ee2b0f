import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { makeBundle } from '../../../test/support/bundles.ts';
import { newFolder } from '../../../test/support/server.ts';
import { encodeTarHeader, tarEnd, tarPadding, tarSum } from '../loaders/tar.ts';
import { openPool } from '../mirror/pool.ts';
import { watchSpace } from '../mirror/space.ts';
import { headSum } from './bundle-head.ts';
import { openImportStore } from './import-store.ts';
import { openBundle, readBundle } from './read-bundle.ts';
import { readTar } from './read-tar.ts';
import { writeBundle } from './write-bundle.ts';

const FILES = { 'Packages/a.rpm': 'a', 'Packages/b.rpm': 'b'.repeat(5000), 'images/vmlinuz': 'kernel' };
const QUIET = { onPlan: () => {}, signal: new AbortController().signal, onBytes: () => {}, onFile: () => {} };

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const read = (bytes: Uint8Array, size = 4096) => readBundle(inPieces(bytes, size), QUIET);
const refused = { code: 'bundle-refused' };

function tar(...files: readonly (readonly [name: string, text: string])[]): Buffer {
  const parts = files.flatMap(([name, text]) => [
    encodeTarHeader(name, text.length),
    Buffer.from(text),
    tarPadding(text.length),
  ]);
  return Buffer.concat([...parts, tarEnd]);
}

const withHead = (text: string) => tar(['bundle.json', text], ['bundle.json.sha256', headSum(Buffer.from(text))]);

/** The header at an offset with other bytes, and the checksum that belongs to them. */
function withHeader(archive: Buffer, at: number, change: (header: Buffer) => void): Buffer {
  const changed = Buffer.from(archive);
  const header = changed.subarray(at, at + 512);
  change(header);
  header.write(`${tarSum(header).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return changed;
}

describe('readBundle()', () => {
  test('gives back what was packed, however it comes in pieces', async () => {
    const { archive, head } = await makeBundle(FILES);
    for (const size of [1, 511, 512, 513, 1 << 20]) {
      const bundle = await read(archive, size);
      assert.deepEqual(bundle.head, head);
      assert.deepEqual([...(bundle.manifests.get('m')?.keys() ?? [])], Object.keys(FILES).sort());
    }
  });

  test('every archive that is cut is refused', async () => {
    const { archive } = await makeBundle(FILES);
    for (let length = 0; length < archive.length; length += length > archive.length - 1100 ? 1 : 97) {
      await assert.rejects(read(archive.subarray(0, length)), refused, `${length} of ${archive.length} bytes`);
    }
  });

  test('every archive with a changed bit is refused', async () => {
    const { archive } = await makeBundle(FILES);
    for (let at = 0; at < archive.length; at += 13) {
      const changed = Buffer.from(archive);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      await assert.rejects(read(changed), refused, `bit ${at % 8} of byte ${at} of ${archive.length}`);
    }
  });

  test('nothing that is not named is taken: not by another name, another kind, twice, or behind the end', async () => {
    const { archive } = await makeBundle(FILES);
    const first = archive.indexOf('objects/');
    const second = archive.indexOf('objects/', first + 512);
    const name = (text: string) => (header: Buffer) => {
      header.fill(0, 0, 100);
      header.write(text, 0, 'latin1');
    };
    const kind = (letter: string) => (header: Buffer) => void header.write(letter, 156, 'latin1');
    const hostile: Readonly<Record<string, Buffer>> = {
      'a path that leads out': withHeader(archive, second, name(`objects/../../../../etc/cron.d/x`)),
      'an absolute path': withHeader(archive, second, name('/etc/passwd')),
      'a content that nothing names': withHeader(archive, second, name(`objects/${'0'.repeat(64)}`)),
      'a link': withHeader(archive, second, kind('2')),
      'a hard link': withHeader(archive, second, kind('1')),
      'a folder': withHeader(archive, second, kind('5')),
      'a device': withHeader(archive, second, kind('3')),
      'a long name': withHeader(archive, second, kind('L')),
      'a negative length': withHeader(archive, second, (header) => void header.write('-0000000001', 124, 'latin1')),
      'a length beyond all measure': withHeader(archive, second, (header) => void header.fill(0xff, 124, 136)),
      'a head that is not the first': Buffer.concat([archive.subarray(first, second), archive]),
      'something twice': Buffer.concat([archive.subarray(0, -1024), archive.subarray(second)]),
      'something behind the end': Buffer.concat([archive, Buffer.from('x'.repeat(512))]),
      'no archive': Buffer.from('x'.repeat(5000)),
      'an empty archive': tarEnd,
      'a head without a checksum': tar(['bundle.json', '{}']),
      'an empty head': withHead(''),
      'another head': withHead('{"format":"rackready bundle","version":1}'),
    };
    for (const [what, bytes] of Object.entries(hostile)) await assert.rejects(read(bytes), refused, what);
    await assert.rejects(read(withHead('{"format":"rackready bundle","version":3}')), {
      ...refused,
      message: /take a newer rackready/,
    });
  });

  test('a head that leads out of its folders is refused', async () => {
    for (const name of ['../x', 'a/b', '', '.hidden', 'a\0b']) {
      const { archive } = await makeBundle(FILES, (head) => ({
        ...head,
        files: head.files.map((file) => ({ ...file, name })),
      }));
      await assert.rejects(
        read(archive),
        { ...refused, message: /bundle\.json is not as it should be, at files\.0\.name/ },
        name,
      );
    }
    const { archive } = await makeBundle(FILES, (head) => ({
      ...head,
      mirrors: head.mirrors.map((mirror) => ({ ...mirror, name: '../m' })),
    }));
    await assert.rejects(read(archive), refused);
  });

  test('a manifest that leads out of its tree is refused', async () => {
    const { archive } = await makeBundle({ ...FILES, '../../x': 'x' });
    await assert.rejects(read(archive), { ...refused, message: /cannot be read: line 1 is no entry/ });
  });

  test('a refused archive leaves nothing: contents come into the pool only when all of it is right', async () => {
    const { archive } = await makeBundle(FILES);
    const root = newFolder('import');
    const pool = openPool(join(root, 'pool'));
    const store = openImportStore(join(root, 'import'), pool, watchSpace(root, 0));
    await assert.rejects(readBundle(inPieces(archive.subarray(0, -1024), 700), { ...QUIET, store }), refused);
    assert.deepEqual(readdirSync(join(root, 'pool')), []);
    const { required } = await readBundle(inPieces(archive, 700), { ...QUIET, store });
    store.release(required.keys());
    for (const [sha256, bytes] of required) assert.equal(pool.sizeOf(sha256), bytes);
    store.clear();
    assert.ok(!existsSync(join(root, 'import')));
  });

  test('compressed, it is found out by what it begins with; what is not whole is refused', async () => {
    const { archive, head } = await makeBundle(FILES);
    const file = join(newFolder('zst'), 'any.name');
    const packed = zstdCompressSync(archive);
    writeFileSync(file, packed);
    assert.deepEqual((await readBundle(await openBundle(file), QUIET)).head, head);
    for (const length of [4, 5, packed.length / 2, packed.length - 1]) {
      writeFileSync(file, packed.subarray(0, length));
      const reading = openBundle(file).then((source) => readBundle(source, QUIET));
      await assert.rejects(reading, refused, `${length} bytes`);
    }
    await assert.rejects(openBundle('/nowhere'), { ...refused, message: /cannot be read/ });
    const folder = newFolder('no-file');
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    for (const path of [folder, join(folder, 'pipe'), '/dev/zero'])
      await assert.rejects(openBundle(path), { ...refused, message: /cannot be read: it is no file/ }, path);
  });

  test('what becomes huge when it is decompressed is refused early', { timeout: 120_000 }, async () => {
    const { archive, head } = await makeBundle(FILES);
    const file = join(newFolder('bomb'), 'bomb.tar.zst');
    const pack = (...pieces: readonly Uint8Array[]) => {
      writeFileSync(file, zstdCompressSync(Buffer.concat(pieces)));
      assert.ok(statSync(file).size < 100_000);
    };
    const reading = async () => readBundle(await openBundle(file), QUIET);
    const zeros = Buffer.alloc(64 << 20);
    pack(archive, zeros);
    await assert.rejects(reading(), { ...refused, message: /something stands behind its end/ });
    pack(zeros);
    await assert.rejects(reading(), { ...refused, message: /something stands behind its end/ });
    pack(encodeTarHeader('bundle.json', 8 * 1024 ** 4), zeros);
    await assert.rejects(reading(), { ...refused, message: /bundle\.json is longer than/ });
    const huge = await makeBundle(FILES, () => ({
      ...head,
      files: head.files.map((one) => ({ ...one, bytes: 1024 ** 4 })),
    }));
    const root = newFolder('import');
    const store = openImportStore(join(root, 'import'), openPool(join(root, 'pool')), watchSpace(root, 0));
    const onPlan = ({ required }: { required: ReadonlyMap<string, number> }) =>
      watchSpace(root, 0).require([...required.values()].reduce((sum, bytes) => sum + bytes, 0) * 1000, 1);
    const importing = readBundle(inPieces(huge.archive, 4096), { ...QUIET, store, onPlan });
    await assert.rejects(importing, { code: 'disk-full' });
    assert.deepEqual(readdirSync(join(root, 'import')), []);
  });
});

describe('writeBundle()', () => {
  const how = { signal: new AbortController().signal, onBytes: () => {}, onFile: () => {} };

  test('tar lists what it wrote; a damaged content ends it and leaves nothing', async () => {
    const folder = newFolder('pack');
    const content = join(folder, 'content');
    writeFileSync(content, 'abc');
    const sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    const packing = { head: '{}\n', contents: [{ sha256, bytes: 3, path: content }] };
    const file = join(folder, 'x.tar');
    const packed = await writeBundle(packing, file, how);
    assert.equal(packed.bytes, readFileSync(file).length);
    assert.equal(execFileSync('tar', ['-tf', file]).toString(), `bundle.json\nbundle.json.sha256\nobjects/${sha256}\n`);
    writeFileSync(content, 'abd');
    await assert.rejects(writeBundle(packing, join(folder, 'y.tar'), how), {
      code: 'store-failed',
      message: /does not have its checksum, so no archive is made/,
    });
    assert.ok(!existsSync(join(folder, 'y.tar')) && !existsSync(join(folder, 'y.tar.part')));
  });

  test('a file of 9 GB has a length that tar and we read', async () => {
    const bytes = 9 * 1024 ** 3;
    const header = encodeTarHeader('large', bytes);
    // Its bytes are not there, which tar says besides.
    const listed = spawnSync('tar', ['-tvf', '-'], { input: Buffer.concat([header, tarEnd]) }).stdout.toString();
    assert.match(listed, new RegExp(`${bytes}`));
    const first = await readTar(inPieces(header, 512)).next();
    assert.equal(first.value?.bytes, bytes);
  });
});
