import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { needs } from '../../../test/needs.ts';
import { collect, inPieces } from '../../../test/support/mirror-reader.ts';
import { openedStream } from './decompress.ts';

const TEXT = Buffer.from(Array.from({ length: 4_000 }, (_, index) => `Package: number-${index * 7919}\n`).join(''));

const PACKERS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gz: (bytes) => gzipSync(bytes),
  zst: (bytes) => zstdCompressSync(bytes),
  xz: (bytes) => execFileSync('xz', ['-c'], { input: bytes, maxBuffer: 1 << 28 }),
};

const isBroken = { code: 'upstream-failed' };
const open = (bytes: Uint8Array, name: string, most = 1 << 30, size = 1_000) =>
  collect(openedStream(inPieces(bytes, size), name, most));

describe('what upstream has compressed', () => {
  for (const [suffix, pack] of Object.entries(PACKERS)) {
    const name = `dists/a/Packages.${suffix}`;

    test(`.${suffix} comes out as it was, however its pieces are cut`, async (t) => {
      if (!needs(t, 'xz')) return;
      const packed = pack(TEXT);
      for (const size of [7, 1_000, 1 << 20]) assert.ok((await open(packed, name, 1 << 30, size)).equals(TEXT));
    });

    test(`.${suffix} that is cut off anywhere is broken, never shorter`, async (t) => {
      if (!needs(t, 'xz')) return;
      const packed = pack(TEXT.subarray(0, 3_000));
      for (let length = 0; length < packed.length; length += 13) {
        await assert.rejects(open(packed.subarray(0, length), name), isBroken, `the first ${length} bytes`);
      }
    });

    test(`.${suffix} that is a bomb stops at the cap`, async (t) => {
      if (!needs(t, 'xz')) return;
      const bomb = pack(Buffer.alloc(64 << 20));
      await assert.rejects(open(bomb, name, 1 << 20), { ...isBroken, message: /more than 1048576 bytes are packed/ });
      assert.equal((await open(bomb, name, 64 << 20)).length, 64 << 20);
    });

    test(`.${suffix} with other bytes in it is broken`, async (t) => {
      if (!needs(t, 'xz')) return;
      await assert.rejects(open(TEXT, name), isBroken);
    });
  }

  test('a name without such a suffix is read as it stands, up to the cap', async () => {
    assert.ok((await open(TEXT, 'repodata/primary.xml')).equals(TEXT));
    await assert.rejects(open(TEXT, 'repodata/primary.xml', 10), isBroken);
  });

  test('what the source fails with arrives as it is', async (t) => {
    if (!needs(t, 'xz')) return;
    const failure = new Error('the line went dead');
    for (const [suffix, pack] of Object.entries(PACKERS)) {
      const packed = pack(TEXT);
      const source = async function* () {
        yield packed.subarray(0, 100);
        throw failure;
      };
      await assert.rejects(collect(openedStream(source(), `a.${suffix}`, 1 << 30)), (error) => error === failure);
    }
  });

  test('a reader that has seen enough may stop', async (t) => {
    if (!needs(t, 'xz')) return;
    for (const [suffix, pack] of Object.entries(PACKERS)) {
      let isReturned = false;
      const packed = pack(TEXT);
      const source = async function* () {
        try {
          for (;;) yield packed.subarray(0, 50);
        } finally {
          isReturned = true;
        }
      };
      await assert.rejects(async () => {
        for await (const piece of openedStream(source(), `a.${suffix}`, 1 << 30)) {
          if (piece.length > 0) throw new Error('seen enough');
        }
      });
      assert.ok(isReturned, `the source of .${suffix} is told`);
    }
  });
});
