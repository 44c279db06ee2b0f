import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { BootPath, LoaderCatalog } from '../../src/boot/loaders.ts';
import { openLoaders } from '../../src/io/loaders/open-loaders.ts';
import type { RackClient } from '../../src/lab/rack.ts';
import { needs } from '../needs.ts';
import { bareHost } from '../support/bare-host.ts';
import { openSegment, runProgram } from '../support/segment.ts';
import { newFolder, rackready, startServer, writeConfig } from '../support/server.ts';

/*
 * A host with Debian's packages bundles a profile; another one has none of them, takes the archive, and gives the very same boot
 * loaders to firmware.
 */

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname;
const ADDRESS = '172.22.10.2';
const NETWORK = `networks:
  n: { interface: br0, subnet: 172.22.10.0/24, address: ${ADDRESS}, dhcp: { mode: authoritative, conflictProbe: false } }
`;

/** An archive of a profile, and what the host that made it gives to firmware itself. */
async function makeArchive(data: string) {
  const files = newFolder('files');
  for (const name of ['linux', 'initrd.gz', 'own.liquid']) writeFileSync(join(files, name), `${name}\n`);
  const config = writeConfig(`${NETWORK}profiles:
  own: { os: custom, kernel: ${files}/linux, initrd: ${files}/initrd.gz, answerFile: ${files}/own.liquid }
`);
  const file = join(newFolder('usb'), 'own.tar.zst');
  const made = await rackready(data, 'bundle', 'own', '-o', file, '--address', ADDRESS, '--config', config);
  assert.equal(made.code, 0, made.text);
  return { file, text: made.text };
}

async function ownLoaders(): Promise<LoaderCatalog> {
  return openLoaders({ cacheFolder: newFolder('own-loaders'), emit: () => {}, servers: [ADDRESS] });
}

/** One of each kind, and every file of the chain by shim. */
const ASKED: readonly BootPath[] = [
  ...['boot/grub/i386-pc/core.0', 'boot/grub/i386-pc/normal.mod', 'boot/grub/i386-pc/moddep.lst'],
  ...['boot/grub/x86_64-efi/core.efi', 'boot/grub/x86_64-efi/linux.mod', 'boot/grub/i386-efi/core.efi'],
  ...['secure/shimx64.efi', 'secure/grubx64.efi', 'secure/mmx64.efi'],
  ...['ipxe/undionly.kpxe', 'ipxe/ipxe.efi', 'mac/x86_64.efi', 'mac/i386.efi', 'mac/fat.efi'],
];

async function fetchBoth(client: RackClient, path: BootPath): Promise<Buffer> {
  const folder = newFolder('fetched');
  const files = ['tftp', 'curl', 'http'].map((name) => join(folder, name));
  const [byTftp = '', byCurl = '', byHttp = ''] = files;
  const ways = [
    ['tftp', '-m', 'binary', ADDRESS, '-c', 'get', path, byTftp],
    ['curl', '-sSf', '--tftp-blksize', '1428', '-o', byCurl, `tftp://${ADDRESS}/${path}`],
    ['curl', '-sSf', '-o', byHttp, `http://${ADDRESS}/${path}`],
  ];
  for (const way of ways) {
    const ran = await runProgram([...client.prefix, ...way], 120_000);
    assert.equal(ran.code, 0, `${way.join(' ')}: ${ran.text}`);
  }
  const [first = Buffer.alloc(0), ...others] = files.map((file) => readFileSync(file));
  for (const other of others) assert.ok(other.equals(first), `${path} is the same by all ways`);
  return first;
}

function hasLoaders(t: TestContext): boolean {
  return needs(
    t,
    ...['ip', 'curl', 'tftp', 'unshare', 'grub-mkimage', 'grub-glue-efi', 'dpkg-deb'],
    ...['/usr/lib/grub/i386-pc', '/usr/lib/grub/x86_64-efi', '/usr/lib/grub/i386-efi'],
    ...['/usr/lib/shim/shimx64.efi.signed', '/usr/lib/grub/x86_64-efi-signed', '/usr/lib/ipxe/ipxe.efi'],
  );
}

test('a host without packages of boot loaders gives out those of the archive, byte by byte', async (t) => {
  if (!hasLoaders(t)) return;
  const rack = await openSegment(t);
  const { file, text } = await makeArchive(newFolder('first'));
  assert.match(text, /boot loaders: grub for bios-x86, .*grub for uefi-x64, .*shim for uefi-x64/);
  const own = await ownLoaders();

  const config = writeConfig(`${NETWORK}machines:\n  m1: { mac: "02:00:00:00:00:0b", address: 172.22.10.55 }\n`);
  const server = await startServer(t, { config, prefix: bareHost() });
  await server.event('loader.missing', { platform: 'bios-x86' });
  const bare = await server.rackready('status');
  assert.doesNotMatch(bare.text, /imported archive|packages of this host/);
  const imported = await server.rackready('bundle', 'import', file);
  assert.equal(imported.code, 0, imported.text);
  assert.match(imported.text, /keep grub for bios-x86 \(grub-pc-bin \S+\)/);
  for (const platform of ['bios-x86', 'uefi-x64', 'uefi-ia32'])
    await server.event('loader.imported', { platform, loader: 'grub', packages: /^grub-/ });

  const client = await rack.addClient('pc', { mac: '00:25:90:96:c4:79' });
  const address = ['ip', 'address', 'add', '172.22.10.92/24', 'dev', client.interfaceName];
  assert.equal((await runProgram([...client.prefix, ...address])).code, 0);
  for (const path of ASKED) {
    const wanted = own.filesFrom.get(ADDRESS)?.get(path) ?? own.files.get(path) ?? assert.fail(`no ${path} here`);
    assert.ok((await fetchBoth(client, path)).equals(readFileSync(wanted)), `${path} is that of the first host`);
  }

  const sent = { bios: 'i386-pc/core.0', 'uefi-x64': 'x86_64-efi/core.efi', 'uefi-ia32': 'i386-efi/core.efi' };
  for (const [firmware, bootFile] of Object.entries(sent)) {
    const rendered = await server.rackready('render', 'm1', '--firmware', firmware);
    assert.ok(rendered.text.includes(`boot/grub/${bootFile}`), `${firmware}: ${rendered.text}`);
  }
  const status = await server.rackready('status');
  assert.match(status.text, /bios-x86 +grub +an imported archive, grub-pc-bin \d/);
  assert.match(status.text, /uefi-x64 +shim +an imported archive, .*shim-signed \d/);
  const ran = await runProgram([
    ...bareHost(),
    ...[process.execPath, MAIN, 'doctor', '--data', server.data, '--config', config],
  ]);
  assert.match(ran.text, /boot loaders: bios-x86: grub \(imported, grub-pc-bin \d/);
  const licences = readdirSync(join(server.data, 'imported-loaders/licences'));
  assert.ok(licences.some((name) => /^grub-pc-bin_/.test(name)) && licences.some((name) => /^shim-signed_/.test(name)));

  await t.test('it passes them on in an archive of its own', async () => {
    const passed = join(newFolder('usb'), 'passed.tar');
    const args = ['bundle', 'own', '-o', passed, '--data', server.data, '--config', config];
    const bundled = await runProgram([...bareHost(), process.execPath, MAIN, ...args]);
    assert.equal(bundled.code, 0, bundled.text);
    assert.match(bundled.text, /boot loaders: .*grub for bios-x86/);
    assert.ok(tarNames(passed).includes(`objects/${sumOf(own.files.get('secure/shimx64.efi') ?? '')}`));
  });

  await t.test('a damaged one is not sent, and the same archive mends it', async () => {
    await server.stop();
    const path = own.filesFrom.get(ADDRESS)?.get('boot/grub/i386-pc/core.0') ?? '';
    const object = join(server.data, 'imported-loaders/objects', sumOf(path));
    assert.ok(existsSync(object));
    writeFileSync(object, 'damaged');
    const again = await startServer(t, { config, data: server.data, prefix: bareHost() });
    await again.event('loader.damaged', { platform: 'bios-x86', loader: 'grub', reason: /core\.0/ });
    const mended = await again.rackready('bundle', 'import', file);
    assert.equal(mended.code, 0, mended.text);
    await again.event('loader.imported', { platform: 'bios-x86', loader: 'grub' });
    assert.ok((await fetchBoth(client, 'boot/grub/i386-pc/core.0')).equals(readFileSync(path)));
    await again.stop();
  });

  await t.test('a list of them that is damaged is told as that, and the same archive mends it', async () => {
    const list = join(server.data, 'imported-loaders/index.json');
    writeFileSync(list, '{ "version"');
    const again = await startServer(t, { config, data: server.data, prefix: bareHost() });
    const told = await again.event('loader.list-damaged', { reason: /index\.json cannot be read: it is damaged/ });
    const next = String(told.data?.next);
    assert.ok(next.includes(`mv ${list} ${list}.damaged && `), next);
    await again.event('loader.missing', { platform: 'bios-x86', reason: /their list cannot be read/ });
    const doctor = [process.execPath, MAIN, 'doctor', '--data', server.data, '--config', config];
    assert.match((await runProgram([...bareHost(), ...doctor])).text, /imported boot loaders: .*index\.json.*sudo mv /);
    renameSync(list, `${list}.damaged`);
    const mended = await rackready(again.data, 'bundle', 'import', file);
    assert.equal(mended.code, 0, mended.text);
    await again.event('loader.imported', { platform: 'bios-x86', loader: 'grub' });
    await again.stop();
  });

  await t.test('packages of the host itself always win', async () => {
    const third = await startServer(t, { config, data: server.data });
    const shown = await third.rackready('status');
    assert.match(shown.text, /bios-x86 +grub +packages of this host/);
    assert.doesNotMatch(shown.text, /imported archive/);
    const doctor = await third.rackready('doctor');
    assert.match(doctor.text, /bios-x86: grub \(grub-pc-bin \d/);
  });
});

function sumOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** The names in an archive, by their headers: it has files of a few megabytes only. */
function tarNames(file: string): string[] {
  const bytes = readFileSync(file);
  const names: string[] = [];
  for (let at = 0; (bytes[at] ?? 0) !== 0; ) {
    names.push(bytes.toString('latin1', at, at + 100).replace(/\0.*$/s, ''));
    at += 512 + Math.ceil(Number.parseInt(bytes.toString('latin1', at + 124, at + 135), 8) / 512) * 512;
  }
  return names;
}
