import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { needs } from '../../../test/needs.ts';
import { DecodeError } from '../../wire/decode-error.ts';
import { decodePeImage, type PeImage } from './pe-image.ts';
import { parseSbat, sbatLevelOf, sbatOf, whyRefused } from './sbat.ts';

/** The 93 bytes of .sbatlevel in Debian's shim 16.1-2. */
const level = Buffer.from(
  '0000000008000000290000007362' +
    '61742c312c323032353032313830300a7368696d2c340a677275622c350a00736261742c312c323032353035313030300a' +
    '7368696d2c340a677275622c350a677275622e70726f786d6f782c320a00',
  'hex',
);
const grub206 =
  'sbat,1,SBAT Version,sbat,1,https://…\ngrub,5,Free Software Foundation,grub,2.06,https://…\ngrub.debian,5,Debian\n';

function imageWith(name: string, contents: Uint8Array): PeImage {
  return { machine: 0x8664, sections: new Map([[name, new Uint8Array(contents)]]) };
}

test('parseSbat() reads component and generation, and skips what is neither', () => {
  assert.deepEqual(
    [...parseSbat(`${grub206}\nnonsense\n,7\n`)],
    [
      ['sbat', 1],
      ['grub', 5],
      ['grub.debian', 5],
    ],
  );
});

test('sbatOf() stops at the padding and knows an image without the section', () => {
  assert.equal(sbatOf(imageWith('.sbat', Buffer.from('grub,4,x\n\0\0\0grub,9,y\n')))?.get('grub'), 4);
  assert.equal(sbatOf(imageWith('.text', Buffer.alloc(4))), undefined);
});

test('sbatLevelOf() reads what shim demands by itself, not what it would demand on request', () => {
  const demands = sbatLevelOf(imageWith('.sbatlevel', level));
  assert.deepEqual(
    [...(demands ?? [])],
    [
      ['sbat', 1],
      ['shim', 4],
      ['grub', 5],
    ],
  );
  assert.equal(sbatLevelOf(imageWith('.text', level)), undefined);
});

test('sbatLevelOf() gives a DecodeError for a short header and for an offset outside', () => {
  assert.throws(() => sbatLevelOf(imageWith('.sbatlevel', level.subarray(0, 11))), DecodeError);
  assert.throws(() => sbatLevelOf(imageWith('.sbatlevel', level.subarray(0, 12))), DecodeError);
});

test('whyRefused() compares only the components that the image has', () => {
  const demands = parseSbat('sbat,1,2025\nshim,4\ngrub,5\n');
  assert.equal(whyRefused(demands, parseSbat(grub206)), undefined);
  assert.match(whyRefused(demands, parseSbat('sbat,1\ngrub,4,x')) ?? '', /grub generation 4, shim demands 5/);
  assert.equal(whyRefused(demands, parseSbat('sbat,1\nsystemd,1,x')), undefined);
  assert.match(whyRefused(demands, undefined) ?? '', /no \.sbat section/);
});

test('the installed shim takes the installed network GRUB, and would not take an older one', (t) => {
  const shimPath = '/usr/lib/shim/shimx64.efi.signed';
  const grubPath = '/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed';
  if (!needs(t, shimPath, grubPath)) return;
  const demands = sbatLevelOf(decodePeImage(readFileSync(shimPath)));
  const grub = sbatOf(decodePeImage(readFileSync(grubPath)));
  assert.ok(demands && grub);
  assert.equal(whyRefused(demands, grub), undefined);
  assert.notEqual(whyRefused(demands, new Map([...grub, ['grub', 1]])), undefined);
});
