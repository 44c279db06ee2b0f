import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normalizePath } from './path.ts';

const accepted: readonly (readonly [target: string, path: string, query?: string])[] = [
  ['/os/debian-12/linux', '/os/debian-12/linux'],
  ['//grubx64.efi', '/grubx64.efi'],
  ['/secure//grubx64.efi', '/secure/grubx64.efi'],
  ['/grub/./x86_64-efi/grub.cfg', '/grub/x86_64-efi/grub.cfg'],
  ['/boot/grub/machine/00%3A25%3A90%3A96%3Ac4%3A9a.cfg', '/boot/grub/machine/00:25:90:96:c4:9a.cfg'],
  ['/a%20b/caf%C3%A9', '/a b/café'],
  ['/EFI%5CBOOT%5CBOOTX64.EFI', '/EFI/BOOT/BOOTX64.EFI'],
  ['/%252e%252e/x', '/%2e%2e/x'],
  ['/answer/token/', '/answer/token/'],
  ['/', '/'],
  ['', '/'],
  ['///', '/'],
  ['/x/.', '/x/'],
  ['/x#part', '/x'],
  ['/report/t/failed?reason=no+disk', '/report/t/failed', 'reason=no+disk'],
  ['/x?a?b', '/x', 'a?b'],
  ['http://172.22.10.2:8080/os/linux?x', '/os/linux', 'x'],
  ['HTTP://host', '/'],
  ['/...', '/...'],
];

for (const [target, path, query = ''] of accepted) {
  test(`normalizePath() makes ${path} of ${JSON.stringify(target)}`, () => {
    assert.deepEqual(normalizePath(target), { kind: 'path', path, query });
  });
}

const refused: readonly (readonly [target: string, status: 400 | 414, reason: RegExp])[] = [
  ['/../etc/passwd', 400, /leaves the boot folder/],
  ['/os/../../etc/passwd', 400, /leaves/],
  ['/%2e%2e/etc/passwd', 400, /leaves/],
  ['/%2E./etc/passwd', 400, /leaves/],
  ['/..%2fetc%2fpasswd', 400, /leaves/],
  ['/..%5cwindows', 400, /leaves/],
  ['/..\\windows', 400, /leaves/],
  ['/os/..', 400, /leaves/],
  ['http://host/../x', 400, /leaves/],
  ['/a%00.efi', 400, /control characters/],
  ['/a%0d%0aSet-Cookie:x', 400, /control characters/],
  ['/a%7f', 400, /control characters/],
  ['/a%C2%85', 400, /control characters/],
  ['/%', 400, /malformed/],
  ['/%zz', 400, /malformed/],
  ['/%ff%fe', 400, /malformed/],
  ['/%c0%ae%c0%ae/x', 400, /malformed/],
  ['etc/passwd', 400, /slash/],
  ['*', 400, /slash/],
  [`/${'a'.repeat(1024)}`, 414, /longer than 1024/],
];

for (const [target, status, reason] of refused) {
  test(`normalizePath() refuses ${JSON.stringify(target.slice(0, 40))} with ${status}`, () => {
    const result = normalizePath(target);
    assert.equal(result.kind, 'refused');
    if (result.kind !== 'refused') return;
    assert.equal(result.status, status);
    assert.match(result.reason, reason);
    assert.match(result.shown, /^[\x20-\x7e]{0,80}$/);
  });
}
