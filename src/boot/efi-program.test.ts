import assert from 'node:assert/strict';
import { test } from 'node:test';
import { efiMachineOf, isSignedEfi } from './efi-program.ts';

/** "MZ", the header's place at 0x3c, "PE\0\0" there, and the machine behind it. */
function program(machine: number, at = 0x80): Uint8Array {
  const bytes = new Uint8Array(512);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0x5a4d, true);
  view.setUint32(0x3c, at, true);
  view.setUint32(at, 0x4550, true);
  view.setUint16(at + 4, machine, true);
  return bytes;
}

test('efiMachineOf() tells what firmware a program is for', () => {
  const kinds = [0x8664, 0x14c, 0xaa64, 0x1c2, 0x5064].map((machine) => efiMachineOf(program(machine)));
  assert.deepEqual(kinds, ['x64', 'ia32', 'arm64', 'arm', undefined]);
});

test('what is no EFI program, or is cut off before its header ends, is nothing', () => {
  assert.equal(efiMachineOf(new Uint8Array(0)), undefined);
  assert.equal(efiMachineOf(new Uint8Array(512)), undefined);
  const whole = program(0x8664);
  for (const length of [2, 0x3f, 0x40, 0x85]) assert.equal(efiMachineOf(whole.subarray(0, length)), undefined);
  assert.equal(efiMachineOf(program(0x8664).fill(0xff, 0x3c, 0x40)), undefined);
});

test('isSignedEfi() sees the directory of signatures', () => {
  const widths = [
    { magic: 0x20b, directories: 112 },
    { magic: 0x10b, directories: 96 },
  ];
  for (const { magic, directories } of widths) {
    const bytes = program(0x8664);
    const view = new DataView(bytes.buffer);
    assert.equal(isSignedEfi(bytes), undefined, 'no optional header that is known');
    view.setUint16(0x98, magic, true);
    assert.equal(isSignedEfi(bytes), false);
    view.setUint32(0x98 + directories + 4 * 8 + 4, 1500, true);
    assert.equal(isSignedEfi(bytes), true);
    assert.equal(isSignedEfi(bytes.subarray(0, 0x98 + directories)), undefined);
  }
  assert.equal(isSignedEfi(new Uint8Array(512)), undefined);
});
