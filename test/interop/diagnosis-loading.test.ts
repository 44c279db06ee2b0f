import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../needs.ts';
import { cli } from '../support/netboot.ts';
import { type Box, openScene, rackOf } from '../support/provoke.ts';
import { ip, runProgram } from '../support/segment.ts';
import { newFolder } from '../support/server.ts';

/** Failures of loading and installing, made for real: what firmware, loaders and installers ask for is asked with curl. */

/** A folder for `server.bootFolder`. */
function folderOf(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = newFolder('boot');
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

/** The beginning of an EFI program for a processor. */
function program(machine: number): Uint8Array {
  const bytes = Buffer.alloc(100_000);
  bytes.write('MZ');
  bytes.writeUInt32LE(0x80, 0x3c);
  bytes.write('PE\0\0', 0x80);
  bytes.writeUInt16LE(machine, 0x84);
  return bytes;
}

const FILES = {
  'old/bootia32.efi': program(0x014c),
  'old/empty.efi': '',
  'old/shimx64.efi': program(0x8664),
  'old/grubx64.efi': program(0x8664),
  'old/pxelinux.0': Buffer.alloc(40_000),
  'old/core.0': Buffer.alloc(40_000),
  'old/kernel': Buffer.alloc(200_000),
  'ipxe/undionly.kpxe': Buffer.alloc(60_000),
  'small.bin': 'small',
};

const profiles = (folder: string) => `
server: { bootFolder: ${folder} }
profiles:
  debian: { os: debian-12, kernel: ${folder}/old/kernel, initrd: ${folder}/small.bin, source: ${folder} }
`;

test('boot files that are not there, empty, for another firmware, or a URL', async (t) => {
  if (!needs(t, 'ip', 'curl')) return;
  const scene = await openScene(t, rackOf({ text: profiles(folderOf(FILES)) }));
  const load = async (number: number, name: string, ...args: string[]): Promise<Box> => {
    const box = await scene.addBox(t, number);
    await box.lease('pxe');
    await box.tftp(name, ...args);
    return box;
  };
  const gone = await load(1, 'old/missing.efi');
  assert.match((await scene.expect(gone, 'boot-file-not-there', 5)).cause, /old\/missing\.efi, which is not here/);
  // curl takes a size of 0 for an error and says nothing more; without options it loads.
  await scene.expect(await load(2, 'old/empty.efi', '--tftp-no-options'), 'empty-boot-file', 5);
  const ia32 = await load(3, 'old/bootia32.efi');
  assert.match((await scene.expect(ia32, 'wrong-architecture', 30)).cause, /made for ia32, .* runs x64/);
  const url = await load(4, 'http://172.22.10.9/ipxe.efi');
  await scene.expect(url, 'url-as-file-name', 5);
  const tail = await scene.expect(await load(7, 'old/core.0%ff'), 'name-with-tail');
  assert.equal(tail.applied, 'served old/core.0 under its proper name');
  const ours = await scene.expect(await load(8, 'http://172.22.10.2/old/core.0'), 'url-as-file-name');
  assert.match(ours.applied ?? '', /served the file by TFTP/);
  const blocked = await scene.addBox(t, 5);
  await blocked.lease('pxe');
  assert.deepEqual(await scene.diagnose(blocked, 10), [], 'ten seconds are nothing');
  await scene.expect(blocked, 'boot-file-not-asked', 40);
  const http = await scene.addBox(t, 6);
  await http.lease('http');
  await scene.expect(http, 'http-boot-not-asked', 40);
});

test('loaders that stop: GRUB for disks, rejected by shim, without HTTP, without a configuration; PXELINUX without its library', async (t) => {
  if (!needs(t, 'ip', 'curl')) return;
  const scene = await openScene(t, rackOf({ text: profiles(folderOf(FILES)) }));
  const load = async (number: number, ...names: string[]): Promise<Box> => {
    const box = await scene.addBox(t, number);
    await box.lease('pxe');
    for (const name of names) await box.tftp(name);
    return box;
  };
  await scene.expect(await load(1, 'old/shimx64.efi', 'old/grubx64.efi'), 'grub-without-network', 40);
  const rejected = await load(2, 'old/shimx64.efi', 'old/grubx64.efi', 'old/grubx64.efi');
  assert.match((await scene.expect(rejected, 'secure-boot-rejected', 40)).cause, /2 times/);
  const lost = await load(3, 'old/shimx64.efi', 'revocations_sku.efi', 'grubx64.efi');
  const alias = await scene.expect(lost, 'shim-lost-folder');
  assert.equal(alias.applied, 'gave it old/grubx64.efi');
  await scene.expect(await load(4, 'old/core.0', 'old/grub.cfg-01-02-00', 'old/grub.cfg'), 'grub-config-missing', 40);
  await scene.expect(await load(5, 'old/pxelinux.0', 'old/ldlinux.c32'), 'ldlinux-missing', 5);
  const http = await scene.addBox(t, 6);
  await http.lease('http');
  await http.http('/old/shimx64.efi', 'UefiHttpBoot/1.0');
  await http.http('//grubx64.efi', 'UefiHttpBoot/1.0');
  const found = (await scene.diagnose(http, 40)).map(({ rule }) => rule);
  assert.ok(found.includes('grub-without-http'), `${found}`);
  const loop = await load(7, 'ipxe/undionly.kpxe');
  await loop.lease('ipxe');
  await loop.tftp('ipxe/undionly.kpxe');
  await scene.expect(loop, 'ipxe-loop', 5);
});

test('a path that carries less than full frames: smaller blocks until they arrive', async (t) => {
  if (!needs(t, 'ip', 'curl')) return;
  const scene = await openScene(t, rackOf({ text: profiles(folderOf(FILES)) }));
  const box = await scene.addBox(t, 1);
  await box.lease('pxe');
  await box.tftp('small.bin');
  ip(`-n ${box.client.namespace} link set ${box.client.interfaceName} mtu 1200`);
  const shrunk = scene.server.event('tftp.smaller-blocks', { mac: box.mac });
  const stuck = box.tftp('old/kernel', '--tftp-blksize', '1468', '-m', '9');
  await shrunk;
  assert.notEqual((await stuck).code, 0, 'the first try does not get through');
  const found = await scene.expect(box, 'path-mtu');
  assert.match(found.cause, /1468 bytes, does not reach sm1 .*: the path carries less than 1500 bytes/);
  assert.equal(found.applied, 'its next transfers have blocks of 1024 bytes');
  const again = await box.tftp('old/kernel', '--tftp-blksize', '1468');
  assert.equal(again.code, 0, again.text);
  const done = await scene.server.event('tftp.done', { mac: box.mac, file: 'old/kernel' });
  assert.equal(done.data?.blockSize, 1024);
  assert.deepEqual(await scene.diagnose(box), []);
});

test('a kernel that crawls over HTTP: told when it is there, and not when the installer runs', async (t) => {
  if (!needs(t, 'ip', 'curl', 'tc')) return;
  const folder = folderOf({ ...FILES, 'old/kernel': Buffer.alloc(9_000_000) });
  const scene = await openScene(t, rackOf({ text: profiles(folder) }));
  const box = await scene.addBox(t, 1);
  await cli(scene.server, 'install', box.name);
  await box.lease('ipxe');
  await box.http('/ipxe/boot.ipxe');
  const shaped = await runProgram('tc qdisc add dev br0 root tbf rate 1600kbit burst 1600 latency 400ms'.split(' '));
  assert.equal(shaped.code, 0, shaped.text);
  const path = '/os/debian/linux';
  const load = ['curl', '-sS', '--fail', '-o', '/dev/null', '-A', 'iPXE/1.21.1', `http://172.22.10.2${path}`];
  const loaded = await runProgram([...box.client.prefix, ...load], 300_000);
  assert.equal(loaded.code, 0, loaded.text);
  const done = await scene.server.event('http.done', { mac: box.mac, path });
  const slow = await scene.expect(box, 'slow-transfer');
  assert.match(
    slow.cause,
    /^sm1 \(.*\) took \d+ (s|min) for \/os\/debian\/linux over HTTP \([\d.]+ kB\/s\)$/,
    JSON.stringify(done),
  );
  assert.match(slow.remedy, /^Look at the speed /);
  await box.lease('installer');
  assert.deepEqual(await scene.diagnose(box), []);
});

test('a firewall that drops what does not come from port 69', async (t) => {
  if (!needs(t, 'ip', 'curl', 'nft')) return;
  const scene = await openScene(t, rackOf({ text: profiles(folderOf(FILES)) }));
  const box = await scene.addBox(t, 1);
  await box.lease('pxe');
  const rules = 'table ip drops { chain in { type filter hook input priority 0; udp sport 1024-65535 drop; }; }';
  const made = await runProgram([...box.client.prefix, 'nft', rules]);
  assert.equal(made.code, 0, made.text);
  const loading = box.tftp('old/kernel', '-m', '12');
  await scene.server.event('tftp.unanswered', { mac: box.mac });
  await scene.expect(box, 'tftp-answers-lost');
  await loading;
});

test('installers: no kernel, no initrd, no answers, refused answers, a mirror with holes, an install loop', async (t) => {
  if (!needs(t, 'ip', 'curl')) return;
  const folder = folderOf(FILES);
  const scene = await openScene(t, rackOf({ text: profiles(folder) }));
  const { server } = scene;
  const boot = async (number: number): Promise<Box> => {
    const box = await scene.addBox(t, number);
    await cli(server, 'install', box.name);
    await box.lease('ipxe');
    await box.http('/ipxe/boot.ipxe');
    return box;
  };
  const kernel = (box: Box) => box.http('/os/debian/linux');
  const initrd = (box: Box) => box.http('/os/debian/initrd');

  await scene.expect(await boot(1), 'config-no-kernel', 90);
  const bare = await boot(2);
  await kernel(bare);
  await scene.expect(bare, 'initrd-missing', 90);
  const silent = await boot(3);
  await kernel(silent);
  await initrd(silent);
  await scene.expect(silent, 'installer-silent', 240);
  await silent.lease('installer');
  assert.deepEqual(await scene.diagnose(silent, 20), []);
  await scene.expect(silent, 'answer-not-asked', 90);
  await silent.http('/answer/NOBODYS/preseed.cfg', 'debian-installer');
  assert.match((await scene.expect(silent, 'answer-refused')).remedy, /rackready install sm3/);

  const looping = await boot(4);
  await kernel(looping);
  await initrd(looping);
  await looping.lease('installer');
  const script = await runProgram([...looping.client.prefix, 'curl', '-sS', 'http://172.22.10.2/ipxe/boot.ipxe']);
  const path = /http:\/\/172\.22\.10\.2(\/answer\/\S+)/.exec(script.text)?.[1];
  assert.ok(path, script.text);
  await looping.http(path, 'debian-installer');
  await server.event('answer.fetched', { machine: 'sm4' });
  await looping.http('/tree/debian/dists/bookworm/Release', 'debian-installer');
  const holes = await scene.expect(looping, 'repository-incomplete', 60);
  assert.match(holes.cause, /dists\/bookworm\/Release/);
  await looping.lease('ipxe');
  await looping.http('/ipxe/boot.ipxe');
  await server.event('boot.held', { machine: 'sm4' });
  const loop = (await scene.diagnose(looping))[0];
  assert.equal(loop?.rule, 'install-loop');
  assert.match(loop?.applied ?? '', /held/);

  const local = await scene.addBox(t, 5);
  for (let round = 0; round < 2; round++) {
    await local.lease('ipxe');
    await local.http('/ipxe/boot.ipxe');
  }
  assert.deepEqual(await scene.diagnose(local), []);
  await local.lease('ipxe');
  await scene.expect(local, 'local-boot-loop');

  rmSync(join(folder, 'old/kernel'));
  const gone = await boot(6);
  await kernel(gone);
  assert.match((await scene.expect(gone, 'kernel-not-there')).cause, /old\/kernel, which is not there/);
});
