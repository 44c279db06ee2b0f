import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fakeGrubHost } from '../../../test/support/fake-grub-host.ts';

const BOTH = ['x86_64-efi', 'i386-efi'] as const;

test('openLoaders() makes an image for each kind of Mac, and one for both', async (t) => {
  const host = await fakeGrubHost(t, ...BOTH);
  const { mac, files } = await host.open();
  assert.deepEqual(mac, {
    efi64: { kind: 'file', bootFile: 'mac/x86_64.efi' },
    efi32: { kind: 'file', bootFile: 'mac/i386.efi' },
    fat: { kind: 'file', bootFile: 'mac/fat.efi' },
  });
  assert.equal(await readFile(files.get('mac/x86_64.efi') ?? '', 'utf8'), 'image for x86_64-efi\n');
  assert.equal(await readFile(files.get('mac/i386.efi') ?? '', 'utf8'), 'image for i386-efi\n');
  assert.equal(
    await readFile(files.get('mac/fat.efi') ?? '', 'utf8'),
    'image for i386-efi\nimage for x86_64-efi\n',
    'grub-glue-efi is given the 32-bit one as -3 and the 64-bit one as -6',
  );
});

test('each of our addresses has images of its own, and a second start builds nothing', async (t) => {
  const host = await fakeGrubHost(t, ...BOTH);
  const servers = ['10.1.0.2', '10.2.0.2'];
  const { files, filesFrom } = await host.open('exit\n', servers);
  for (const name of ['mac/x86_64.efi', 'mac/i386.efi', 'mac/fat.efi', 'boot/grub/x86_64-efi/core.efi']) {
    const paths = [files, ...servers.map((server) => filesFrom.get(server))].map((one) => one?.get(name));
    assert.equal(new Set(paths).size, name === 'mac/fat.efi' ? 1 : 3, `${name}: ${paths}`);
    assert.ok(!paths.includes(undefined), name);
  }
  // For PCs and Macs, with 32 and 64 bits, without an address and with each of two.
  assert.equal(await host.builds(), 12);
  await host.open('exit\n', servers);
  assert.equal(await host.builds(), 12);
  await host.open('exit\n', [...servers, '10.3.0.2']);
  assert.equal(await host.builds(), 16, 'only the new address is new');
});

test('without grub-glue-efi there is no image for both, and its package is named', async (t) => {
  const host = await fakeGrubHost(t, ...BOTH);
  await rm(host.tools.glue);
  const { mac } = await host.open();
  assert.deepEqual([mac.efi64.kind, mac.efi32.kind], ['file', 'file']);
  const reason = `the program ${host.tools.glue} is not there`;
  assert.deepEqual(mac.fat, { kind: 'not-built', reason, install: 'apt-get install grub-common' });
});

test('what grub-glue-efi complains about is handed on', async (t) => {
  const host = await fakeGrubHost(t, ...BOTH);
  await writeFile(host.tools.glue, '#!/bin/sh\necho "error: no such file" >&2; exit 1\n');
  const { fat } = (await host.open()).mac;
  assert.equal(fat.kind === 'not-built' && fat.reason, 'error: no such file');
});

test('a host with GRUB for one processor names the package for the other, which the image for both needs, too', async (t) => {
  const host = await fakeGrubHost(t, 'x86_64-efi');
  const { mac } = await host.open();
  assert.deepEqual(mac.efi64, { kind: 'file', bootFile: 'mac/x86_64.efi' });
  for (const lacking of [mac.efi32, mac.fat]) {
    assert.equal(lacking.kind === 'not-built' && lacking.install, 'apt-get install grub-efi-ia32-bin');
  }
});

test('the images for Macs have both ways to draw, where the host’s GRUB has them', async (t) => {
  const host = await fakeGrubHost(t, 'x86_64-efi');
  const folder = join(host.tools.root, 'usr/lib/grub/x86_64-efi');
  for (const name of ['efi_gop', 'efi_uga']) await writeFile(join(folder, `${name}.mod`), `module ${name}`);
  await host.open();
  const calls = (await readFile(join(host.folder, 'tool/calls'), 'utf8')).trim().split('\n');
  assert.equal(calls.length, 2);
  for (const call of calls) assert.match(call, / efi_gop efi_uga( |$)/);
});
