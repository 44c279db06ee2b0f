import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { normalizeFileName } from './file-name.ts';

const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));

const names: readonly [what: string, raw: string, name: string, trimmed: boolean][] = [
  ['a plain name', 'pxelinux.0', 'pxelinux.0', false],
  ['a leading slash', '/boot/grub/x.mod', 'boot/grub/x.mod', false],
  ['the END option of DHCP glued on', 'core.0\xff', 'core.0', true],
  ['the next DHCP option glued on', 'core.0\x06\x04', 'core.0', true],
  ['what stands behind a zero octet', 'core.0\0junk', 'core.0', false],
  ['backslashes of the Windows boot manager', '\\Boot\\BCD', 'Boot/BCD', false],
  ['doubled slashes of shim', 'efi/deb//grubx64.efi', 'efi/deb/grubx64.efi', false],
  ['"." parts', './a/./b', 'a/b', false],
  ['a tftp URL', 'tftp://172.22.10.2/efi/x.efi', 'efi/x.efi', false],
  ['a tftp URL with backslashes', 'TFTP:\\\\host\\x', 'x', false],
  [
    'an http URL, whose host the resolver looks at',
    'http://172.22.10.2//a/./x.efi',
    'http://172.22.10.2/a/x.efi',
    false,
  ],
  ['a space inside', 'a b.cfg', 'a b.cfg', false],
  ['dots that are no parent', '..a/b..', '..a/b..', false],
  ['UTF-8 inside', 'caf\xc3\xa9.img', 'café.img', false],
  ['Latin-1 inside', 'caf\xe9.img', 'café.img', false],
];
for (const [what, raw, name, trimmed] of names) {
  test(`normalizeFileName() reads ${what}`, () => {
    assert.deepEqual(normalizeFileName(bytes(raw)), { kind: 'name', name, trimmed });
  });
}

const refused: readonly [what: string, raw: string, reason: RegExp][] = [
  ['a parent folder', '../etc/passwd', /leaves the boot folder/],
  ['a parent folder inside', 'a/../../b', /leaves the boot folder/],
  ['a parent folder that would stay inside', 'a/../b', /leaves the boot folder/],
  ['a parent folder with backslashes', '..\\..\\etc\\passwd', /leaves the boot folder/],
  ['a parent folder as the end', 'a/..', /leaves the boot folder/],
  ['a parent folder before junk', 'a/..\xff', /leaves the boot folder/],
  ['no name', '', /names no file/],
  ['a parent folder in an http URL', 'http://172.22.10.2/../x', /leaves the boot folder/],
  ['a parent folder as the host of an http URL', 'http://../x', /leaves the boot folder/],
  ['an http URL without a path', 'http://172.22.10.2/', /names no file/],
  ['slashes only', '///', /names no file/],
  ['junk only', '\xff\xff', /names no file/],
  ['a control character', 'a\nb', /control characters/],
  ['a long name', 'x'.repeat(513), /longer than 512/],
];
for (const [what, raw, reason] of refused) {
  test(`normalizeFileName() refuses ${what}`, () => {
    const result = normalizeFileName(bytes(raw));
    assert.equal(result.kind, 'refused');
    assert.match(result.kind === 'refused' ? result.reason : '', reason);
  });
}

test('normalizeFileName() takes 512 bytes', () => {
  assert.equal(normalizeFileName(bytes('x'.repeat(512))).kind, 'name');
});

test('normalizeFileName() never lets a name out of the folder', () => {
  const piece = fc.constantFrom('..', '.', '/', '\\', 'a', '\0', '\xff', 'tftp://', 'http://', '\x01', '%2e');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const result = normalizeFileName(bytes(pieces.join('')));
      if (result.kind === 'refused') return;
      const path = result.name.replace(/^http:\/\/[^/]*\//, '');
      assert.doesNotMatch(path, /^\/|\\|\/\/|\0|\/$/);
      assert.ok(!result.name.split('/').includes('..'));
    }),
  );
});
