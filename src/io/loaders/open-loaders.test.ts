import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fakeGrubHost, goodTool, imagePath, put } from '../../../test/support/fake-grub-host.ts';
import type { Emit } from '../../event/event.ts';
import { openLoaders } from './open-loaders.ts';

test('openLoaders() builds what the host can build and lists its modules', async (t) => {
  const host = await fakeGrubHost(t);
  const catalog = await host.open();
  assert.deepEqual(catalog.platforms['bios-x86'], { grub: 'boot/grub/i386-pc/core.0', grubHasHttp: true });
  assert.equal(await readFile(imagePath(catalog), 'utf8'), 'image for i386-pc-pxe\n');
  assert.equal(
    catalog.files.get('boot/grub/i386-pc/extra.mod'),
    join(host.tools.root, 'usr/lib/grub/i386-pc/extra.mod'),
  );
  assert.ok(catalog.files.has('boot/grub/i386-pc/moddep.lst'));
  assert.ok(!catalog.files.has('boot/grub/i386-pc/kernel.img'));
  assert.ok(host.events.includes('loader.built bios-x86'));
  assert.deepEqual(
    (await readdir(host.cacheFolder)).filter((name) => name.startsWith('.')),
    [],
  );
});

test('openLoaders() gives grub-mkimage the prefix after the memory disk, which would replace it', async (t) => {
  const host = await fakeGrubHost(t);
  await host.open();
  assert.match(
    await readFile(join(host.folder, 'tool/calls'), 'utf8'),
    / -m \S+memdisk\.tar -p \/boot\/grub memdisk tar /,
  );
});

test('openLoaders() names each missing loader with its package, and tells of the missing GRUBs', async (t) => {
  const host = await fakeGrubHost(t);
  const { missing } = await host.open();
  const install = (platform: string, loader: string) =>
    missing.find((entry) => entry.platform === platform && entry.loader === loader)?.install ?? '';
  assert.equal(install('bios-x86', 'grub'), '');
  assert.equal(install('uefi-x64', 'grub'), 'apt-get install grub-efi-amd64-bin');
  assert.equal(install('uefi-ia32', 'grub'), 'apt-get install grub-efi-ia32-bin');
  assert.match(install('uefi-arm64', 'grub'), /apt-get install grub-efi-arm64-bin/);
  assert.match(install('uefi-x64', 'shim'), /^apt-get install shim-signed/);
  assert.equal(install('bios-x86', 'ipxe'), 'apt-get install ipxe');
  const told = host.events.filter((text) => text.startsWith('loader.missing'));
  assert.deepEqual(
    told,
    ['uefi-x64', 'uefi-ia32', 'uefi-arm64'].map((name) => `loader.missing ${name}`),
  );
});

test('openLoaders() without grub-mkimage names grub-common', async (t) => {
  const host = await fakeGrubHost(t);
  await rm(join(host.folder, 'tool'), { recursive: true });
  const { missing } = await host.open();
  assert.equal(missing.find((entry) => entry.platform === 'bios-x86')?.install, 'apt-get install grub-common');
});

test('openLoaders() names the module without which no image can find its configuration', async (t) => {
  const host = await fakeGrubHost(t);
  await rm(join(host.tools.root, 'usr/lib/grub/i386-pc/pxe.mod'));
  const { missing, platforms } = await host.open();
  assert.match(missing.find((entry) => entry.platform === 'bios-x86')?.reason ?? '', /pxe\.mod is not there/);
  assert.equal(platforms['bios-x86'].grub, undefined);
});

test('openLoaders() leaves out HTTP where the host’s GRUB has none', async (t) => {
  const host = await fakeGrubHost(t);
  await rm(join(host.tools.root, 'usr/lib/grub/i386-pc/http.mod'));
  assert.equal((await host.open()).platforms['bios-x86'].grubHasHttp, false);
});

test('openLoaders() hands on what grub-mkimage complains about', async (t) => {
  const host = await fakeGrubHost(t);
  await writeFile(
    join(host.folder, 'tool/grub-mkimage'),
    '#!/bin/sh\n[ "$1" = --version ] && exit\necho "error: no room" >&2; exit 1\n',
  );
  const { missing } = await host.open();
  assert.match(missing.find((entry) => entry.platform === 'bios-x86')?.reason ?? '', /error: no room/);
});

test('openLoaders() tells of a list of imported loaders that cannot be read as that, with the file and what to type', async (t) => {
  const host = await fakeGrubHost(t);
  const imported = join(host.folder, 'imported-loaders');
  const list = join(imported, 'index.json');
  await put(list, '{ "version"');
  const told: (readonly [string, object])[] = [];
  const emit: Emit = (id, _subject, data) => void told.push([id, data]);
  const { missing } = await openLoaders({ cacheFolder: host.cacheFolder, tools: host.tools, emit, imported });
  const [damaged] = told
    .filter(([id]) => id === 'loader.list-damaged')
    .map(([, data]) => data as Record<string, string>);
  assert.equal(
    damaged?.reason,
    `The list of imported boot loaders ${list} cannot be read: it is damaged, or of a newer version`,
  );
  assert.ok(damaged?.next?.includes(`: sudo mv ${list} ${list}.damaged && sudo ./rackready bundle import `));
  for (const { reason } of missing) assert.match(reason, /their list cannot be read$/);
});

test('a second start builds nothing', async (t) => {
  const host = await fakeGrubHost(t);
  const first = imagePath(await host.open());
  assert.equal(imagePath(await host.open()), first);
  assert.equal(await host.builds(), 1);
  assert.equal(host.events.filter((text) => text.startsWith('loader.built')).length, 1);
});

test('another script, another module and another dependency make another image', async (t) => {
  const host = await fakeGrubHost(t);
  const paths = new Set([imagePath(await host.open())]);
  paths.add(imagePath(await host.open('reboot\n')));
  await writeFile(join(host.tools.root, 'usr/lib/grub/i386-pc/net.mod'), 'newer');
  paths.add(imagePath(await host.open()));
  await writeFile(join(host.tools.root, 'usr/lib/grub/i386-pc/dependency.mod'), 'newer');
  paths.add(imagePath(await host.open()));
  assert.equal(paths.size, 4);
  await writeFile(join(host.tools.root, 'usr/lib/grub/i386-pc/extra.mod'), 'not part of the image');
  await host.open();
  assert.equal(await host.builds(), 4);
});

const damages: Readonly<Record<string, (path: string) => Promise<void>>> = {
  'cut short': (path) => truncate(path, 3),
  'with another byte': (path) => writeFile(path, 'jmage for i386-pc-pxe\n'),
  'without its digest': (path) => rm(`${path}.sha256`),
  'that is empty': (path) => truncate(path, 0),
};
for (const [how, damage] of Object.entries(damages)) {
  test(`openLoaders() rebuilds an image ${how}`, async (t) => {
    const host = await fakeGrubHost(t);
    const path = imagePath(await host.open());
    await damage(path);
    assert.equal(imagePath(await host.open()), path);
    assert.equal(await readFile(path, 'utf8'), 'image for i386-pc-pxe\n');
    assert.equal(await host.builds(), 2);
  });
}

test('a start that was killed in the middle of a build leaves nothing that is taken for an image', async (t) => {
  const host = await fakeGrubHost(t);
  const tool = join(host.folder, 'tool/grub-mkimage');
  // Says that half of the image is written, and then waits to be killed.
  await writeFile(
    tool,
    '#!/bin/sh\n[ "$1" = --version ] && exec echo "fake 1"\nprintf half > "$4"; echo "half $$" >&3; exec sleep 600\n',
  );
  const program = `
    import { openLoaders } from ${JSON.stringify(new URL('open-loaders.ts', import.meta.url).href)};
    const embedded = () => ({ early: 'configfile x\\n', scriptName: 'x', script: 'exit\\n', prefix: '/boot/grub' });
    await openLoaders({ ...${JSON.stringify({ cacheFolder: host.cacheFolder, tools: host.tools })}, emit: () => {}, embedded });`;
  // Descriptor 3 of the tool is a fifo that this test reads: a child of the child does not inherit ours.
  const fifo = join(host.folder, 'fifo');
  await once(spawn('mkfifo', [fifo]), 'exit');
  await writeFile(tool, (await readFile(tool, 'utf8')).replace('>&3', `> ${fifo}`));
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' });
  const toolPid = Number((await readFile(fifo, 'utf8')).split(' ')[1]);
  child.kill('SIGKILL');
  await once(child, 'exit');
  process.kill(toolPid, 'SIGKILL');
  await writeFile(tool, goodTool);
  const path = imagePath(await host.open());
  assert.equal(await readFile(path, 'utf8'), 'image for i386-pc-pxe\n');
});

test('openLoaders() says which folder it cannot write', async (t) => {
  const host = await fakeGrubHost(t);
  await writeFile(host.cacheFolder, 'a file where the folder should be');
  await assert.rejects(host.open(), { name: 'ProvisionError', code: 'store-failed', message: /loader cache/ });
});

test('an EFI file for another CPU is not offered as iPXE', async (t) => {
  const host = await fakeGrubHost(t);
  const header = (machine: string) =>
    Buffer.from(`4d5a${'00'.repeat(58)}4000000050450000${machine}${'00'.repeat(18)}`, 'hex');
  await put(join(host.tools.root, 'usr/lib/ipxe/ipxe.efi'), header('4c01'));
  await put(join(host.tools.root, 'usr/lib/ipxe/snponly.efi'), header('6486'));
  await put(join(host.tools.root, 'usr/lib/ipxe/undionly.kpxe'), 'bios');
  const { files, platforms } = await host.open();
  assert.match(files.get(platforms['uefi-x64'].ipxe ?? '') ?? '', /snponly\.efi$/);
  assert.match(files.get(platforms['uefi-ia32'].ipxe ?? '') ?? '', /ipxe\.efi$/);
  assert.equal(platforms['uefi-arm64'].ipxe, undefined);
  assert.equal(platforms['bios-x86'].ipxe, 'ipxe/undionly.kpxe');
});
