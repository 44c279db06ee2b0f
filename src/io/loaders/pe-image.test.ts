import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { needs } from '../../../test/needs.ts';
import { DecodeError } from '../../wire/decode-error.ts';
import { decodePeImage } from './pe-image.ts';

/** MZ header, PE header without optional header, one section ".sbat" with the 5 bytes "hello" padded to 8. */
const small = Uint8Array.from(
  Buffer.from(
    `4d5a${'00'.repeat(58)}40000000${'50450000'}64860100000000000000000000000000${'00000000'}` +
      `2e73626174000000${'05000000'}00100000${'08000000'}80000000${'00'.repeat(16)}68656c6c6f000000`,
    'hex',
  ),
);

/** The same with the section's name in a string table behind the file's sections, as shim has .sbatlevel. */
function withLongName(): Uint8Array {
  const bytes = new Uint8Array([...small, ...Buffer.from('0f0000002e736261746c6576656c00', 'hex')]);
  bytes.set(Buffer.from('2f34000000000000', 'hex'), 0x58);
  bytes.set([small.length], 0x40 + 12);
  return bytes;
}

test('decodePeImage() reads machine type and sections without their padding', () => {
  const image = decodePeImage(small);
  assert.equal(image.machine, 0x8664);
  assert.deepEqual([...image.sections], [['.sbat', new Uint8Array(Buffer.from('hello'))]]);
});

test('decodePeImage() finds names of more than eight bytes in the string table', () => {
  assert.deepEqual([...decodePeImage(withLongName()).sections.keys()], ['.sbatlevel']);
});

test('decodePeImage() gives a DecodeError for every shortened image and for other files', () => {
  for (let length = 0; length < small.length - 3; length++)
    assert.throws(() => decodePeImage(small.slice(0, length)), DecodeError, `${length} bytes`);
  assert.throws(() => decodePeImage(Buffer.from('#!ipxe\n'.padEnd(200))), DecodeError);
});

test('decodePeImage() reads offsets in a view that does not start at its buffer’s beginning', () => {
  const shifted = new Uint8Array(small.length + 7);
  shifted.set(small, 7);
  assert.equal(decodePeImage(shifted.subarray(7)).sections.size, 1);
});

test('decodePeImage() reads the distribution’s shim and GRUB', (t) => {
  const shim = '/usr/lib/shim/shimx64.efi.signed';
  const grub = '/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed';
  if (!needs(t, shim, grub)) return;
  const [first, second] = [shim, grub].map((path) => decodePeImage(readFileSync(path)));
  assert.equal(first?.machine, 0x8664);
  assert.equal(second?.machine, 0x8664);
  assert.ok(first?.sections.has('.sbat') && first.sections.has('.sbatlevel'));
  assert.ok(second?.sections.has('.sbat'));
});

test('decodePeImage() reads the machine type of a 32-bit EFI module image', (t) => {
  const monolithic = '/usr/lib/grub/i386-efi/monolithic/grubnetia32.efi';
  if (!needs(t, monolithic)) return;
  assert.equal(decodePeImage(readFileSync(monolithic)).machine, 0x14c);
});
