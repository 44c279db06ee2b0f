import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Status } from '../../src/http/api/ports.ts';
import type { MachineView } from '../../src/http/api/views.ts';
import { macModel } from '../../src/machine/mac-model.ts';
import { needs } from '../needs.ts';
import { addTestMac, LIST, SELECT, type TestMac } from '../support/fake-mac.ts';
import { cli, configuration, GRUB, MM1, MM2, SERVER, startNetboot, US } from '../support/netboot.ts';
import { ip, openSegment, runProgram } from '../support/segment.ts';
import { newFolder, type TestServer } from '../support/server.ts';

/*
 * Macs on a real segment: who is answered where, what is told, and how a Mac goes the way of a PC.
 */

/** Sends what must not be answered, then something that is: no reply can come after that one any more. */
async function assertSilence(mac: TestMac, send: () => number, prove: () => Promise<unknown>): Promise<void> {
  const xid = send().toString(16).padStart(8, '0');
  await prove();
  assert.deepEqual(
    mac.replayer.heard.filter((one) => one.xid === xid).map(({ type }) => type),
    [],
  );
}

/** Loads a file by TFTP in the Mac's place, with the options that firmware asks for. */
async function load({ client }: TestMac, file: string, blockSize: number): Promise<number> {
  const target = join(newFolder('tftp'), 'file');
  const command = ['curl', '-sS', '--tftp-blksize', String(blockSize), '-o', target, `tftp://${SERVER}/${file}`];
  const { code, text } = await runProgram([...client.prefix, ...command, '-w', '%{size_download}']);
  assert.equal(code, 0, text);
  return Number(text);
}

/** The relay's subnet lies behind the Mac's namespace, which holds the relay's address and that of a Mac there. */
async function relayed(server: TestServer, mac: TestMac): Promise<void> {
  const { client, replayer } = mac;
  for (const address of ['10.7.0.1', '10.7.0.51']) {
    ip(`-n ${client.namespace} address add ${address}/32 dev ${client.interfaceName}`);
  }
  ip(`route add 10.7.0.0/24 via ${MM1.address}`);
  const bytes = Buffer.alloc(300);
  const header = '01010601 4d414333 00000000 0a070033 00000000 00000000 0a070001';
  Buffer.from(header.replaceAll(' ', ''), 'hex').copy(bytes);
  Buffer.from(MM1.mac.replaceAll(':', ''), 'hex').copy(bytes, 28);
  const model = Buffer.from('AAPLBSDPC/i386/Macmini6,2').toString('hex');
  const area = LIST.replaceAll(' ', '');
  Buffer.from(`63825363 350108 3c19${model} 2b07${area} 5204 0102abcd ff`.replaceAll(' ', ''), 'hex').copy(bytes, 236);
  replayer.send(bytes, { address: '10.7.0.1', port: 67 }, { address: SERVER, port: 67 });
  const reply = await replayer.reply(0x4d41_4333);
  assert.deepEqual([reply.source, reply.ciaddr, reply.giaddr], [SERVER, '10.7.0.51', '10.7.0.1']);
  assert.equal(reply.order.at(-1), 82);
  await server.event('bsdp.list', { machine: 'mm1', network: 'far', address: '10.7.0.51' });
}

test('Startup Disk: a request from port 1000 is answered there, one from 1024 is not', async (t) => {
  if (!needs(t, 'ip', ...GRUB)) return;
  const rack = await openSegment(t);
  const server = await startNetboot(t, { yaml: configuration() });
  const mac = await addTestMac(t, rack, MM1);
  const reply = await mac.ask(`${LIST} 050203e8 0c022000`, { port: 1000 });
  assert.deepEqual([reply.toPort, reply.sourcePort, reply.source], [1000, 67, SERVER]);
  const confirmed = await mac.ask(`${SELECT} 050203e8 ${US} 080481000089`, { port: 1000 });
  assert.deepEqual([confirmed.toPort, confirmed.file], [1000, 'mac/x86_64.efi']);
  await assertSilence(
    mac,
    () => mac.inform(`${LIST} 05020400`, { port: 1024 }),
    () => mac.ask(LIST),
  );
  await server.event('bsdp.ignored', { machine: 'mm1', code: 'bad-port' });
});

test('what is not answered is told once an hour with its reason, and counted in status', async (t) => {
  if (!needs(t, 'ip', ...GRUB)) return;
  const rack = await openSegment(t);
  const server = await startNetboot(t, { yaml: configuration({ install: 'manual' }) });
  const [mm1, mm2] = [await addTestMac(t, rack, MM1), await addTestMac(t, rack, MM2)];
  const bad: readonly (readonly [string, object?])[] = [
    [LIST],
    [LIST],
    ['010101'],
    ['010101 02020200'],
    ['010101 0208'],
    [`${LIST} 0a00`],
    [`${SELECT} 080481000089`],
    [`${SELECT} 0304ac160a63 080481000089`],
    [LIST, { model: 'Macmini8,1' }],
    [LIST, { model: 'Mac14,3', arch: 'arm' }],
    [LIST, { model: 'PowerMac3,1', arch: 'ppc' }],
  ];
  for (const [area, more] of bad) mm1.inform(area, more);
  mm2.inform(LIST);
  const t2 = macModel('Macmini8,1');
  await server.event('bsdp.cannot-boot', { machine: 'mm1', reason: t2.kind === 'unsupported' ? t2.reason : '' });
  await server.event('bsdp.ignored', { machine: 'mm2', code: 'not-armed', reason: 'no profile is set for it' });
  const { netboot } = await cli<Status>(server, 'status');
  assert.deepEqual(netboot, {
    'ignored: not-armed': 3,
    'ignored: no-version': 1,
    'ignored: other-version': 1,
    'ignored: bad-options': 1,
    'ignored: netboot-1': 1,
    'ignored: no-server': 1,
    'ignored: other-server': 1,
    'ignored: cannot-boot': 3,
  });
  const told = server.events.filter(({ id, machine }) => id === 'bsdp.ignored' && machine === 'mm1');
  assert.deepEqual(told.map(({ data }) => data?.code).sort(), [
    'bad-options',
    'netboot-1',
    'no-server',
    'no-version',
    'not-armed',
    'other-server',
    'other-version',
  ]);
  assert.deepEqual([...mm1.replayer.heard, ...mm2.replayer.heard], []);
  const text = await runProgram([join(import.meta.dirname, '..', '..', 'rackready'), 'status', '--data', server.data]);
  assert.match(text.text, /ignored: not-armed +3/);
});

test('a Mac goes the way of a PC: offered, loaded, told to install, held back when its grant is gone', async (t) => {
  if (!needs(t, 'ip', 'curl', ...GRUB)) return;
  const rack = await openSegment(t);
  const server = await startNetboot(t, { yaml: configuration({ install: 'manual' }) });
  const mac = await addTestMac(t, rack, MM1);
  assert.equal((await mac.lease()).yiaddr, MM1.address);
  await server.event('mac.seen', { machine: 'mm1', model: 'Macmini6,2', firmware: '64-bit EFI' });
  mac.inform(LIST);
  await server.event('bsdp.ignored', { machine: 'mm1', code: 'not-armed', reason: 'no installation is granted' });
  await cli(server, 'install', 'mm1');
  const { machine } = { machine: await cli<MachineView>(server, 'machines', 'show', 'mm1') };
  assert.deepEqual(machine.mac?.offered, [
    { image: '(automatic)', title: 'Install debian', bootFile: 'mac/x86_64.efi' },
  ]);
  assert.equal(machine.mac?.model, 'Macmini6,2');

  const listed = await mac.ask(LIST);
  assert.deepEqual(
    listed.bsdp.images.map(({ name }) => name),
    ['Install debian'],
  );
  const selected = await mac.ask(`${SELECT} ${US} 080481000089`);
  assert.ok((await load(mac, selected.file, 8192)) > 100_000);
  const start = await server.event('tftp.start', { machine: 'mm1', file: selected.file });
  assert.equal(start.data?.blockSize, 1468, 'never as large as Apple asks for');

  // The firmware could not run it: no GRUB is heard before the Mac asks again.
  await server.event('tftp.done', { machine: 'mm1', file: selected.file });
  await mac.ask(LIST);
  const unstarted = await server.event('bsdp.not-started', { machine: 'mm1', bootFile: selected.file });
  assert.match(String(unstarted.data?.next), /set firmware: efi32 for mm1/);

  // This time it runs: GRUB asks for its configuration, with backslashes in the name as Apple's booter has them.
  await mac.ask(`${SELECT} ${US} 080481000089`);
  await load(mac, `%5C${selected.file.replace('/', '%5C')}`, 512);
  await load(mac, '/boot/grub/grub.cfg-01-a8-20-66-34-ff-e9', 512);
  await server.event('boot.config', { machine: 'mm1', decision: 'install', profile: 'debian' });
  await cli(server, 'cancel', 'mm1');
  const before = server.events.filter(({ id }) => id === 'bsdp.not-started').length;
  const refused = await mac.ask(`${SELECT} ${US} 080481000089`);
  assert.equal(refused.bsdp.message, 'failed');
  await server.event('bsdp.failed', { machine: 'mm1', imageId: '0x81000089' });
  assert.equal(server.events.filter(({ id }) => id === 'bsdp.not-started').length, before);
});

test('what a Mac chose survives a restart, and booting from the disk is told to GRUB', async (t) => {
  if (!needs(t, 'ip', 'curl', ...GRUB)) return;
  const rack = await openSegment(t);
  const yaml = configuration({
    install: 'manual',
    more: 'images:\n  disk: { kind: localboot, index: 2 }\n  other: { kind: localboot, index: 3, default: true }\n',
  });
  const first = await startNetboot(t, { yaml });
  const mac = await addTestMac(t, rack, MM1);
  await mac.lease();
  const listed = await mac.ask(LIST);
  assert.deepEqual([listed.bsdp.defaultImage?.index, listed.bsdp.selected], [3, undefined]);
  await mac.ask(`${SELECT} ${US} 080401000002`);
  await first.stop();
  const server = await startNetboot(t, { config: first.config, data: first.data });
  assert.deepEqual((await mac.ask(LIST)).bsdp.selected?.index, 2);
  await cli(server, 'install', 'mm1');
  await load(mac, '/boot/grub/grub.cfg-01-a8-20-66-34-ff-e9', 512);
  await server.event('boot.config', { machine: 'mm1', decision: 'local', reason: 'that was chosen on the Mac' });
  // Under a grant the old choice does not stand in the way.
  assert.deepEqual((await mac.ask(LIST)).bsdp.selected, undefined);
});

test('two rackready hosts do not confirm each other’s selections', async (t) => {
  if (!needs(t, 'ip', ...GRUB)) return;
  const rack = await openSegment(t);
  const host = await rack.addClient('two', { mac: '02:00:00:00:00:02' });
  ip(`-n ${host.namespace} address add 172.22.10.3/24 dev ${host.interfaceName}`);
  const one = await startNetboot(t, { yaml: configuration() });
  const place = { address: '172.22.10.3', interface: host.interfaceName, mode: 'proxy' };
  const two = await startNetboot(t, { yaml: configuration(place), prefix: host.prefix });
  const mac = await addTestMac(t, rack, MM1);
  const xid = mac.inform(LIST);
  const lists = [
    await mac.replayer.reply(xid, ({ source }) => source === SERVER),
    await mac.replayer.reply(xid, ({ source }) => source === '172.22.10.3'),
  ];
  assert.deepEqual(
    lists.map(({ options }) => options.get(54)),
    ['ac160a02', 'ac160a03'],
  );
  const chosen = await mac.ask(`${SELECT} 0304ac160a03 080481000089`);
  assert.deepEqual([chosen.source, chosen.bsdp.message], ['172.22.10.3', 'select']);
  await one.event('bsdp.ignored', { machine: 'mm1', code: 'other-server' });
  const again = await mac.ask(`${SELECT} ${US} 080481000089`);
  assert.deepEqual([again.source, again.bsdp.message], [SERVER, 'select']);
  await two.event('bsdp.ignored', { machine: 'mm1', code: 'other-server' });
  assert.equal(mac.replayer.heard.filter(({ xid: id }) => id === chosen.xid || id === again.xid).length, 2);
});

test('beside another DHCP server (proxy mode), and across a relay', async (t) => {
  if (!needs(t, 'ip', ...GRUB)) return;
  const rack = await openSegment(t);
  const far = `  far: { subnet: 10.7.0.0/24, address: ${SERVER}, router: 10.7.0.1, dhcp: { mode: proxy } }\n`;
  const server = await startNetboot(t, {
    yaml: configuration({ mode: 'proxy' }).replace('profiles:\n', `${far}profiles:\n`),
  });
  const mac = await addTestMac(t, rack, MM1);
  const { bsdp } = await mac.ask(LIST);
  assert.equal(bsdp.images.length, 1);
  await relayed(server, mac);
});
