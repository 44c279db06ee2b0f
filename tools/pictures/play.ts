import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rack } from '../../src/lab/rack.ts';
import { runUdhcpc } from '../../test/support/dhcp-clients.ts';
import { cli } from '../../test/support/netboot.ts';
import { ip, openSegment, startProgram } from '../../test/support/segment.ts';
import { newFolder, startServer, type TestServer } from '../../test/support/server.ts';
import { addPc, type Pc } from './pc.ts';
import { CONFIG, macOf, type Name, SERVER, TEMPLATE, yaml } from './rack-config.ts';

/* A rack on which much happens at once: machines that are installed, that are being installed, that wait, and that fail. */

const PROJECT = join(import.meta.dirname, '..', '..');
/** GRUB's images of the last run: they take half a minute to make. */
const LOADERS = join(PROJECT, 'node_modules', '.cache', 'pictures', 'loaders');
const BUILT_IN = join(PROJECT, 'templates', 'answer', 'el.ks.liquid');
const ROCKY = { 'images/pxeboot/vmlinuz': 13_000_000, 'images/pxeboot/initrd.img': 88_000_000 };
const DISK = 'disk=/dev/sda id=/dev/disk/by-id/ata-INTEL_SSDSC2KG480G8_BTYG9123 bytes=480103981056 nic=eno1';

/** Paths of a deploy host, in the tool's own view of the file system only. */
export function furnish(): void {
  const overlay = `lowerdir=/etc,upperdir=${newFolder('etc')},workdir=${newFolder('etc-work')}`;
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', overlay, '/etc']);
  execFileSync('mount', ['-t', 'tmpfs', 'rackready-srv', '/srv']);
  mkdirSync('/etc/rackready', { recursive: true });
  writeFileSync(CONFIG, yaml);
  const own = '# Only the system disk is erased; what users have stored stays.\n# The disk:';
  writeFileSync(TEMPLATE, readFileSync(BUILT_IN, 'utf8').replace('# The disk:', own));
  mkdirSync('/srv/rocky-9/images/pxeboot', { recursive: true });
  for (const [name, size] of Object.entries(ROCKY)) {
    writeFileSync(join('/srv/rocky-9', name), '');
    truncateSync(join('/srv/rocky-9', name), size);
  }
}

async function startWithLoaders(t: TestContext): Promise<TestServer> {
  const data = newFolder('data');
  if (existsSync(LOADERS)) {
    cpSync(LOADERS, join(data, 'loaders'), { recursive: true });
    // By this file the server knows that the folder is its own.
    writeFileSync(join(data, 'rackready.lock'), '');
  }
  const server = await startServer(t, { config: CONFIG, data });
  cpSync(join(data, 'loaders'), LOADERS, { recursive: true });
  return server;
}

/** Asks for the loader, and says nothing to what comes. */
const ASK = `
  const words = ['boot/grub/x86_64-efi/core.efi', 'octet', 'tsize', '0', 'blksize', '1468', 'windowsize', '4'];
  const socket = require('node:dgram').createSocket('udp4').bind();
  socket.send(Buffer.from('\\0\\x01' + words.join('\\0') + '\\0'), 69, '${SERVER}');
`;

interface Stage {
  readonly t: TestContext;
  readonly rack: Rack;
  readonly server: TestServer;
  pc(name: Name): Promise<Pc>;
  grant(name: Name): Promise<void>;
}

/** Resolves when the rack is as the pictures are to show it. What still goes on then goes on until the test ends. */
export async function play(t: TestContext): Promise<TestServer> {
  const rack = await openSegment(t);
  const server = await startWithLoaders(t);
  const stage: Stage = {
    t,
    rack,
    server,
    pc: (name) => addPc(rack, macOf(name)),
    grant: async (name) => void (await cli(server, 'install', name)),
  };
  await Promise.all([strangers(stage), stuck(stage), installed(stage, 'web1'), brokenInstaller(stage)]);
  await Promise.all([installed(stage, 'db1'), installed(stage, 'login1'), installed(stage, 'web2')]);
  await Promise.all([loading(stage), installing(stage, 'web3'), stage.grant('build1'), silent(stage)]);
  return server;
}

/** A host without a configuration, which hears another DHCP server and machines; gives its data folder. */
export async function listen(t: TestContext): Promise<string> {
  const rack = await openSegment(t);
  execFileSync('mount', ['-t', 'tmpfs', 'rackready-srv', '/srv']);
  const home = '/srv/rackready';
  mkdirSync(home);
  const data = join(newFolder('up'), 'data');
  // It is looked for when the server starts.
  await foreignServer(t, rack);
  const up = `cd ${home} && exec ${join(PROJECT, 'rackready')} up --data ${data} --json`;
  await startProgram(t, ['sh', '-c', up]).printed(/server\.started/, 120_000);
  for (const unknown of ['3c:ec:ef:41:7a:02', '3c:ec:ef:41:7b:9e']) {
    const machine = await addPc(rack, unknown);
    await machine.dhcp('uefi');
  }
  return data;
}

/** It knows nothing of the rack's own machines. */
async function foreignServer(t: TestContext, rack: Rack): Promise<void> {
  const foreign = await rack.addClient('foreign', { mac: '52:54:00:12:34:56' });
  ip(`-n ${foreign.namespace} address add 172.22.10.3/24 dev ${foreign.interfaceName}`);
  const words = ['-d', '-C', '/dev/null', '-p', '0', '--user=root', '--dhcp-range=172.22.10.240,172.22.10.250,1h'];
  const only = ['--dhcp-mac=set:rack,00:25:90:*:*:*', '--dhcp-ignore=tag:rack'];
  const file = `--dhcp-leasefile=${join(newFolder('dnsmasq'), 'leases')}`;
  const other = startProgram(t, [...foreign.prefix, 'dnsmasq', ...words, ...only, file]);
  await other.printed(/DHCP, IP range/, 60_000);
}

/** Another DHCP server, which answers one machine, and machines that nobody has named. */
async function strangers({ t, rack, server }: Stage): Promise<void> {
  await foreignServer(t, rack);
  const unknown = await addPc(rack, '3c:ec:ef:41:7a:02');
  await unknown.dhcp('uefi');
  const second = await addPc(rack, '3c:ec:ef:41:7b:9e');
  await second.dhcp('uefi');
  await second.load('boot/grub/x86_64-efi/core.efi');
  const printer = await rack.addClient('printer', { mac: '00:1b:a9:0c:11:7e' });
  const isTold = () => server.events.some(({ id }) => id === 'dhcp.stranger');
  for (let tries = 0; tries < 5 && !isTold(); tries++) await runUdhcpc(printer, '-x', 'hostname:printer-room12');
}

/** From a healthy boot to the installed system. */
async function installed({ pc, grant }: Stage, name: Name): Promise<void> {
  await grant(name);
  const machine = await pc(name);
  const token = await machine.boot();
  await machine.install(token, DISK);
  await sleep(4000);
  await machine.post(`/report/${token}/done`);
  await sleep(1500);
  await machine.dhcp('system');
}

async function installing({ pc, grant }: Stage, name: Name): Promise<void> {
  await grant(name);
  const machine = await pc(name);
  await machine.install(await machine.boot(), DISK);
}

/** Its installer finds no disk that it may erase. */
async function brokenInstaller({ pc, grant }: Stage): Promise<void> {
  await grant('store1');
  const machine = await pc('store1');
  const token = await machine.boot();
  await machine.install(token, '');
  await machine.post(`/report/${token}/failed`, 'no disk of at least 2 TB: sda has 480 GB');
}

/** Loads its ramdisk while the picture is taken. */
async function loading({ pc, grant }: Stage): Promise<void> {
  await grant('db2');
  const machine = await pc('db2');
  await machine.bootSlowly();
}

/** Its loader was sent, and asks for nothing more. */
async function silent({ pc }: Stage): Promise<void> {
  const machine = await pc('gpu1');
  await machine.dhcp('uefi');
  await machine.load('boot/grub/x86_64-efi/core.efi');
}

/** No large packet reaches it: it never acknowledges the first block. */
async function stuck({ t, rack, grant }: Stage): Promise<void> {
  await grant('store2');
  const machine = await addPc(rack, macOf('store2'));
  const { prefix } = machine.client;
  for (const _ of [1, 2]) {
    await machine.dhcp('uefi');
    await sleep(600);
    startProgram(t, [...prefix, process.execPath, '-e', ASK]);
    await sleep(45_000);
  }
}
