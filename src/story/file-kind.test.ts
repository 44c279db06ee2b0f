import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileKind } from './file-kind.ts';

for (const [file, kind] of [
  ['boot/core.efi', 'loader'],
  ['/os/debian/initrd', 'kernel'],
  ['/mirror/el@20260101T000000-1a2b3c/images/pxeboot/vmlinuz', 'kernel'],
  ['/mirror/el/BaseOS/x86_64/os/images/updates.img', 'installer'],
  ['/mirror/el/EFI/BOOT/grubx64.efi', 'loader'],
  ['/answer/…/preseed.cfg', 'installer'],
  ['/something/else', 'any'],
] as const) {
  test(`${file}: ${kind}`, () => assert.equal(fileKind(file), kind));
}
