import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import {
  EMBEDDED_SCRIPT_NAME,
  GRUB_PREFIX,
  renderEarlyConfig,
  renderEmbeddedScript,
} from '../../src/boot/grub-embedded.ts';
import { renderMacScript } from '../../src/boot/grub-embedded-mac.ts';
import type { LoaderCatalog } from '../../src/boot/loaders.ts';
import { openLoaders } from '../../src/io/loaders/open-loaders.ts';
import { decodePeImage } from '../../src/io/loaders/pe-image.ts';
import { needs } from '../needs.ts';
import { bootMachine, exportFiles, type MachineOptions, machineNeeds } from './loaders-machine.ts';

let folder = '';
const built: string[] = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loaders-'));
});
after(() => rm(folder, { recursive: true, force: true }));

/** The real tools, with tries short enough for a test. */
function open(servers: readonly string[] = []): Promise<LoaderCatalog> {
  return openLoaders({
    cacheFolder: join(folder, 'cache'),
    emit: (id, _subject, data) => {
      if (id === 'loader.built') built.push((data as { platform: string }).platform);
    },
    servers,
    embedded: (kind, server) => {
      const options = { tries: 2, waitSeconds: 1, server };
      return {
        early: renderEarlyConfig(),
        scriptName: EMBEDDED_SCRIPT_NAME,
        script: kind === 'mac' ? renderMacScript(options) : renderEmbeddedScript({ ...options, firmware: kind }),
        prefix: GRUB_PREFIX,
      };
    },
  });
}

/** A folder for one machine, with the images that match. */
async function machineFolder(t: TestContext, wanted: RegExp, configurations: Readonly<Record<string, string>>) {
  const own = await mkdtemp(join(folder, 'machine-'));
  t.after(() => rm(own, { recursive: true, force: true }));
  await mkdir(join(own, 'tftp'));
  await exportFiles(await open(), own, wanted);
  for (const [name, text] of Object.entries(configurations)) {
    await mkdir(dirname(join(own, 'tftp', name)), { recursive: true });
    await writeFile(join(own, 'tftp', name), text);
  }
  return own;
}

const grubs = {
  bios: { image: 'boot/grub/i386-pc/core.0', module: '/usr/lib/grub/i386-pc/kernel.img', platform: 'bios-x86' },
  'uefi-x64': {
    image: 'boot/grub/x86_64-efi/core.efi',
    module: '/usr/lib/grub/x86_64-efi/kernel.img',
    platform: 'uefi-x64',
  },
  'uefi-ia32': {
    image: 'boot/grub/i386-efi/core.efi',
    module: '/usr/lib/grub/i386-efi/kernel.img',
    platform: 'uefi-ia32',
  },
} as const;

test('the real grub-mkimage makes an image for each platform, once, and small enough for PXE', async (t) => {
  if (!needs(t, 'grub-mkimage', ...Object.values(grubs).map((grub) => grub.module))) return;
  const catalog = await open();
  for (const grub of Object.values(grubs)) {
    const path = catalog.files.get(grub.image) ?? '';
    assert.equal(catalog.platforms[grub.platform].grub, grub.image);
    assert.equal(catalog.platforms[grub.platform].grubHasHttp, true);
    if (grub.platform !== 'bios-x86')
      assert.equal(decodePeImage(await readFile(path)).machine, grub.platform === 'uefi-x64' ? 0x8664 : 0x14c);
  }
  // A BIOS image is loaded below 640 KiB, beside the firmware's and the ROM's own memory.
  assert.ok((await stat(catalog.files.get(grubs.bios.image) ?? '')).size < 450_000);
  const before = built.length;
  await open();
  assert.equal(built.length, before);
});

const report = `
echo "MARK root=$root prefix=$prefix"
echo "MARK server=$net_default_server mac=$net_default_mac"
echo "MARK mine=$rackready_server,$rackready_mac,$rackready_protocol"
cat "(http,$net_default_server)/over-http"
cat "(http,$net_default_server:8080)/over-http"
echo "MARK end"
echo "(the BIOS shows a character only when the next one comes)"
sleep 600
`;

/** QEMU's network hands what is sent to 10.0.2.2 to this host's 127.0.0.1. */
async function listenHttp(t: TestContext): Promise<void> {
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  for (const port of [80, 8080]) {
    const text = `PORT ${port} `;
    const server = createServer((_request, response) => response.setHeader('Content-Length', text.length).end(text));
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    t.after(() => server.close());
  }
}

for (const [firmware, grub] of Object.entries(grubs)) {
  test(`${firmware} firmware boots our image, which asks for its machine’s configuration and nothing else`, async (t) => {
    const kind = firmware as MachineOptions['firmware'];
    if (!needs(t, 'grub-mkimage', 'ip', grub.module, ...machineNeeds(kind))) return;
    await listenHttp(t);
    const own = await machineFolder(t, new RegExp(`^${grub.image}$`), {
      'boot/grub/grub.cfg-01-52-54-00-00-00-01': report,
    });
    const { console, asked } = await bootMachine({
      ...{ firmware: kind, folder: own, bootFile: `/${grub.image}` },
      ...{ mac: '52:54:00:00:00:01', until: 'MARK end' },
    });
    assert.match(console, /MARK root=tftp,10\.0\.2\.2 prefix=\(tftp,10\.0\.2\.2\)\/boot\/grub/);
    assert.match(console, /MARK server=10\.0\.2\.2 mac=52:54:00:00:00:01/);
    assert.match(console, /MARK mine=10\.0\.2\.2,52-54-00-00-00-01,tftp/);
    assert.match(console, /PORT 80 .*PORT 8080 /);
    const configurations = asked.map((name) => name.replace(/^\/+/, '/')).filter((name) => name !== `/${grub.image}`);
    assert.deepEqual(configurations, ['/boot/grub/grub.cfg-01-52-54-00-00-00-01']);
  });
}

const macs = { 'uefi-x64': 'mac/x86_64.efi', 'uefi-ia32': 'mac/i386.efi' } as const;

/** A disk that UEFI starts a Mac's image from, in the place of Apple's firmware, which loads it from the network. */
async function efiDisk(own: string, catalog: LoaderCatalog, firmware: keyof typeof macs, server?: string) {
  const files = server === undefined ? catalog.files : catalog.filesFrom.get(server);
  const name = firmware === 'uefi-x64' ? 'BOOTX64.EFI' : 'BOOTIA32.EFI';
  await mkdir(join(own, 'disk', 'EFI', 'BOOT'), { recursive: true });
  await copyFile(files?.get(macs[firmware]) ?? '', join(own, 'disk', 'EFI', 'BOOT', name));
  return join(own, 'disk');
}

for (const firmware of ['uefi-x64', 'uefi-ia32'] as const) {
  test(`${firmware} without a lease, as a Mac leaves it: our image gets one and asks for the configuration by MAC`, async (t) => {
    if (!needs(t, 'grub-mkimage', 'ip', grubs[firmware].module, ...machineNeeds(firmware))) return;
    await listenHttp(t);
    const own = await machineFolder(t, /^$/, { 'boot/grub/grub.cfg-01-52-54-00-00-00-04': report });
    // With 32 bits without an address of its own: then the lease's next server is asked.
    const server = firmware === 'uefi-x64' ? '10.0.2.2' : undefined;
    const catalog = await open(server === undefined ? [] : [server]);
    const { console, asked } = await bootMachine({
      ...{ firmware, folder: own, bootFile: 'not-used', efiDisk: await efiDisk(own, catalog, firmware, server) },
      ...{ mac: '52:54:00:00:00:04', until: 'MARK end' },
    });
    assert.match(console, /this Mac asks for its address/);
    assert.match(console, /MARK root=tftp,10\.0\.2\.2 prefix=\(tftp,10\.0\.2\.2\)\/boot\/grub/);
    assert.match(console, /MARK server=10\.0\.2\.2 mac=52:54:00:00:00:04/);
    assert.match(console, /MARK mine=10\.0\.2\.2,52-54-00-00-00-04,tftp/);
    assert.match(console, /PORT 80 .*PORT 8080 /);
    assert.deepEqual(asked, ['/boot/grub/grub.cfg-01-52-54-00-00-00-04']);
  });
}

test('a Mac’s image without a configuration says what it asked for, and gives the machine back to the firmware', async (t) => {
  if (!needs(t, 'grub-mkimage', grubs['uefi-x64'].module, ...machineNeeds('uefi-x64'))) return;
  const own = await machineFolder(t, /^$/, {});
  const catalog = await open();
  const { console, asked } = await bootMachine({
    ...{ firmware: 'uefi-x64', folder: own, bootFile: 'not-used' },
    ...{ efiDisk: await efiDisk(own, catalog, 'uefi-x64'), mac: '52:54:00:00:00:05' },
    // OVMF's setup: Debian's GRUB 2.06 ends with success whatever `exit` is told, and the setup comes after a success.
    until: 'starting Boot0000 "UiApp"',
  });
  assert.match(console, /This Mac has no boot configuration/);
  assert.match(console, /asked: +10\.0\.2\.2, by tftp/);
  assert.match(console, /for: +\(tftp,10\.0\.2\.2\)\/boot\/grub\/grub\.cfg-01-52-54-00-00-00-05/);
  assert.match(console, /Try 2 of 2 failed/);
  assert.deepEqual(asked, ['/boot/grub/grub.cfg-01-52-54-00-00-00-05', '/boot/grub/grub.cfg']);
});

test('grub-glue-efi puts both images for Macs into one file that begins as Apple’s format does', async (t) => {
  const modules = [grubs['uefi-x64'].module, grubs['uefi-ia32'].module];
  if (!needs(t, 'grub-mkimage', 'grub-glue-efi', ...modules)) return;
  const { files, mac } = await open();
  const [fat, efi32, efi64] = await Promise.all(
    [mac.fat, mac.efi32, mac.efi64].map((one) => readFile(files.get(one.kind === 'file' ? one.bootFile : '') ?? '')),
  );
  const words = Array.from({ length: 12 }, (_, index) => fat?.readUInt32LE(index * 4) ?? 0);
  const [at32 = 0, size32 = 0, at64 = 0, size64 = 0] = [words[4], words[5], words[9], words[10]];
  // Magic, two entries: processor, subtype, place, size, alignment.
  assert.deepEqual([...words.slice(0, 4), ...words.slice(7, 9)], [0x0ef1fab9, 2, 7, 3, 0x01000007, 3]);
  assert.ok(fat?.subarray(at32, at32 + size32).equals(efi32 ?? Buffer.alloc(0)));
  assert.ok(fat?.subarray(at64, at64 + size64).equals(efi64 ?? Buffer.alloc(0)));
});

test('an image without a configuration says what it asked for, and gives the machine back to the firmware', async (t) => {
  if (!needs(t, 'grub-mkimage', grubs.bios.module, ...machineNeeds('bios'))) return;
  const own = await machineFolder(t, new RegExp(`^${grubs.bios.image}$`), {});
  const { console, asked } = await bootMachine({
    ...{ firmware: 'bios', folder: own, bootFile: `/${grubs.bios.image}` },
    ...{ mac: '52:54:00:00:00:02', until: 'Booting from Hard Disk' },
  });
  assert.match(console, /This machine has no boot configuration/);
  assert.match(console, /asked: +10\.0\.2\.2, by tftp/);
  assert.match(console, /for: +\(tftp,10\.0\.2\.2\)\/boot\/grub\/grub\.cfg-01-52-54-00-00-00-02/);
  assert.match(console, /Try 2 of 2 failed/);
  const configurations = asked.filter((name) => !name.endsWith('core.0'));
  assert.deepEqual(configurations, ['/boot/grub/grub.cfg-01-52-54-00-00-00-02', '/boot/grub/grub.cfg']);
});

test('with Secure Boot on, the signed shim and GRUB start and read /grub/grub.cfg', async (t) => {
  const signed = ['/usr/lib/shim/shimx64.efi.signed', '/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed'];
  if (!needs(t, ...signed, ...machineNeeds('secure-boot'))) return;
  const own = await machineFolder(t, /^secure\//, {
    'grub/grub.cfg': 'echo "MARK lockdown=$lockdown"\necho "MARK end"\nsleep 5\n',
  });
  const { console, asked } = await bootMachine({
    ...{ firmware: 'secure-boot', folder: own, bootFile: 'secure/shimx64.efi' },
    ...{ mac: '52:54:00:00:00:03', until: 'MARK end' },
  });
  assert.match(console, /MARK lockdown=y/);
  const names = asked.map((name) => name.replace(/^\/+/, ''));
  assert.ok(
    names.includes('secure/shimx64.efi') && names.includes('secure/grubx64.efi') && names.includes('grub/grub.cfg'),
  );
});
