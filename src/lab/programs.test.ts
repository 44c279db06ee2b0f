import assert from 'node:assert/strict';
import { test } from 'node:test';
import { debianPackageOf, findProgram } from './programs.ts';

test('findProgram() looks into the system folders that an ordinary user has not in PATH', () => {
  assert.match(findProgram('sh', '') ?? '', /^\/(usr\/)?bin\/sh$/);
  assert.equal(findProgram('no-such-program-here'), undefined);
});

test('findProgram() prefers PATH, and ignores relative folders in it', () => {
  assert.equal(findProgram('sh', '.:bin:/bin'), '/bin/sh');
});

test('debianPackageOf() names the package of programs and files', () => {
  assert.equal(debianPackageOf('dhcpd'), 'isc-dhcp-server');
  assert.equal(debianPackageOf('/usr/share/OVMF/OVMF32_CODE_4M.secboot.fd'), 'ovmf-ia32');
  assert.equal(debianPackageOf('/usr/share/OVMF/OVMF_CODE_4M.fd'), 'ovmf');
  assert.equal(debianPackageOf('/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed'), 'grub-efi-amd64-signed');
  assert.equal(debianPackageOf('nobody-knows'), undefined);
});
