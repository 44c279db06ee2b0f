import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorText, notFoundText } from './error-text.ts';
import { negotiate, smallerCap } from './negotiate.ts';
import { toNetascii } from './netascii.ts';

const limits = { mtu: 1500, maxBlockSize: 65464, maxWindow: 16 };
type Asked = Record<string, string>;
type About = Partial<Parameters<typeof negotiate>[1]>;

const rows: readonly [what: string, asked: Asked, answer: Asked, about?: About][] = [
  ['nothing asked, nothing answered', {}, {}],
  ['OVMF', { tsize: '0', blksize: '1468', windowsize: '4' }, { tsize: '4711', blksize: '1468', windowsize: '4' }],
  ['GRUB keeps its smaller block', { blksize: '1024', tsize: '0' }, { blksize: '1024', tsize: '4711' }],
  ['a block never exceeds the MTU', { blksize: '8192' }, { blksize: '1468' }],
  ['a tunnel carries less', { blksize: '1468' }, { blksize: '1388' }, { limits: { ...limits, mtu: 1420 } }],
  ['the operator may cap it', { blksize: '1468' }, { blksize: '1024' }, { limits: { ...limits, maxBlockSize: 1024 } }],
  ['a client that lost blocks gets smaller ones', { blksize: '1468' }, { blksize: '512' }, { clientCap: 512 }],
  ['a jumbo MTU is used', { blksize: '8192' }, { blksize: '8192' }, { limits: { ...limits, mtu: 9000 } }],
  ['a block size of 7 is ignored, the rest is not', { blksize: '7', tsize: '0' }, { tsize: '4711' }],
  ['values that are no numbers are ignored', { blksize: 'big', timeout: '-1', windowsize: '', tsize: '0x0' }, {}],
  ['timeout is answered as asked', { timeout: '5' }, { timeout: '5' }],
  ['timeout 0 and 256 are ignored', { timeout: '256' }, {}],
  ['a window is capped', { windowsize: '64' }, { windowsize: '16' }],
  ['windows can be switched off', { windowsize: '4' }, {}, { limits: { ...limits, maxWindow: 1 } }],
  ['window 0 is ignored', { windowsize: '0' }, {}],
  ['unknown options are ignored', { multicast: '', utimeout: '9', rollover: '0' }, {}],
  [
    'netascii answers neither size nor window',
    { tsize: '0', windowsize: '4', blksize: '1024' },
    { blksize: '1024' },
    { mode: 'netascii' },
  ],
];
for (const [what, asked, answer, about] of rows) {
  test(`negotiate(): ${what}`, () => {
    const result = negotiate(new Map(Object.entries(asked)), { sizeBytes: 4711, mode: 'octet', limits, ...about });
    assert.deepEqual(Object.fromEntries(result.accepted), answer);
    assert.equal(result.blockSize, Number(answer.blksize ?? 512));
    assert.equal(result.window, Number(answer.windowsize ?? 1));
    assert.equal(result.timeoutSeconds, answer.timeout === undefined ? undefined : Number(answer.timeout));
    assert.equal(result.asksSize, answer.tsize !== undefined);
  });
}

test('smallerCap() goes to 1024, then to 512', () => {
  assert.deepEqual([1468, 1025, 1024, 600].map(smallerCap), [1024, 1024, 512, 512]);
});

test('errorText() stays printable and within 100 characters', () => {
  assert.equal(errorText('a\nb\u00e9'), 'a?b?');
  assert.equal(errorText('x'.repeat(101)), `${'x'.repeat(97)}...`);
});

test('notFoundText() names the near file, and keeps that when the name is long', () => {
  assert.equal(notFoundText('boot/x.efi', 'boot/X.EFI'), 'file not found: boot/x.efi (did you mean boot/X.EFI?)');
  assert.equal(notFoundText('a', undefined), 'file not found: a');
  assert.equal(notFoundText('y'.repeat(90), 'z'), 'file not found (did you mean z?)');
  assert.equal(notFoundText('y'.repeat(300), undefined).length, 100);
});

test('toNetascii() writes line feeds as CR LF and carriage returns as CR NUL', () => {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
  assert.equal(text(toNetascii(Buffer.from('a\nb\r\n\r'))), 'a\r\nb\r\0\r\n\r\0');
  assert.equal(text(toNetascii(Buffer.from(''))), '');
});
