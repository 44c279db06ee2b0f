import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import type { RackClient } from '../../src/lab/rack.ts';
import { needs } from '../needs.ts';
import { addressHex, requestBytes } from '../support/dhcp.ts';
import { runUdhcpc, startDhclient } from '../support/dhcp-clients.ts';
import { followStories } from '../support/fake-pc.ts';
import { ACK, OFFER, optionText } from '../support/reply.ts';
import {
  capture,
  ip,
  openReplayer,
  openSegment,
  type Running,
  runProgram,
  startProgram,
  tshark,
} from '../support/segment.ts';
import { newFolder, startServer } from '../support/server.ts';

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname;
const SERVER = '172.22.10.2';
const UNKNOWN = '02:00:00:00:00:99';
const PXE_UEFI = {
  60: 'PXEClient:Arch:00007:UNDI:003000',
  93: 'hex:0007',
  94: 'hex:010300',
  57: 'hex:05c0',
  55: 'hex:01030c0f3642433c61',
};

function network(mode: string, more = ''): string {
  return `
networks:
  management:
    interface: br0
    subnet: 172.22.10.0/24
    address: ${SERVER}
    router: 172.22.10.1
    domain: lonimbus.com
    dhcp:
      mode: ${mode}
${more}`;
}

const POOL = '      conflictProbe: false\n      pools: [{ range: 172.22.10.5-172.22.10.30 }]\n';

/** ISC dhcpd on a client's interface, as the network's own DHCP server. */
async function startDhcpd(t: TestContext, client: RackClient, address: string, words = ''): Promise<Running> {
  ip(`-n ${client.namespace} address add ${address}/24 dev ${client.interfaceName}`);
  const folder = newFolder('dhcpd');
  const config = join(folder, 'dhcpd.conf');
  const leases = join(folder, 'leases');
  writeFileSync(
    config,
    `authoritative; ping-check off;
subnet 172.22.10.0 netmask 255.255.255.0 { range 172.22.10.100 172.22.10.120; option routers ${address}; ${words} }
`,
  );
  writeFileSync(leases, '');
  const argv = ['dhcpd', '-4', '-d', '-cf', config, '-lf', leases, '-pf', join(folder, 'pid'), client.interfaceName];
  const dhcpd = startProgram(t, [...client.prefix, ...argv]);
  await dhcpd.printed(/Server starting service/);
  return dhcpd;
}

test('proxy mode: the address from ISC dhcpd, boot information from us, on ports 67 and 4011', async (t) => {
  if (!needs(t, 'ip', 'dhcpd', '/usr/lib/grub/x86_64-efi')) return;
  const rack = await openSegment(t);
  await startDhcpd(t, await rack.addClient('isc', { mac: '02:00:00:00:00:01' }), '172.22.10.3');
  const server = await startServer(t, { yaml: network('proxy') });
  const other = await server.event('dhcp.other-server', { server: '172.22.10.3', serverMac: '02:00:00:00:00:01' });
  assert.equal(other.data?.mode, 'proxy');
  const client = await rack.addClient('cli', { mac: UNKNOWN });
  const replayer = await openReplayer(t, client);
  const discover = requestBytes({ mac: UNKNOWN, type: 1, xid: 21, flags: 0x8000, options: PXE_UEFI });
  replayer.broadcast(discover);
  const [ours, theirs] = await Promise.all([
    replayer.reply(21, ({ source }) => source === SERVER),
    replayer.reply(21, ({ source }) => source === '172.22.10.3'),
  ]);
  assert.match(theirs.yiaddr, /^172\.22\.10\.1[0-2][0-9]$/);
  assert.equal(ours.type, OFFER);
  assert.equal(ours.yiaddr, '0.0.0.0');
  assert.equal(ours.siaddr, SERVER);
  assert.match(ours.file, /grub|efi/);
  assert.equal(optionText(ours, 60), 'PXEClient');
  for (const code of [1, 3, 6, 51, 58, 59]) assert.equal(ours.options.has(code), false, `option ${code}`);
  const request = requestBytes({
    mac: UNKNOWN,
    type: 3,
    xid: 22,
    flags: 0x8000,
    options: { ...PXE_UEFI, 50: addressHex(theirs.yiaddr), 54: addressHex('172.22.10.3') },
  });
  const ack = await replayer.ask(request, ({ type }) => type === ACK);
  assert.equal(ack.source, '172.22.10.3');
  ip(`-n ${client.namespace} address add ${ack.yiaddr}/24 dev ${client.interfaceName}`);
  const again = requestBytes({ mac: UNKNOWN, type: 3, xid: 23, ciaddr: ack.yiaddr, options: PXE_UEFI });
  replayer.send(again, { address: ack.yiaddr, port: 4011 }, { address: SERVER, port: 4011 });
  const boot = await replayer.reply(23);
  assert.equal(boot.type, ACK);
  assert.equal(boot.sourcePort, 4011);
  assert.equal(boot.file, ours.file);
  // All that was said on port 67 for transaction 22 came from the other server.
  assert.deepEqual(
    replayer.heard.filter(({ xid }) => xid === '00000016').map(({ source }) => source),
    ['172.22.10.3'],
  );
});

test('observe mode answers nothing, and tells what it would have answered', async (t) => {
  if (!needs(t, 'ip', 'udhcpc', 'tcpdump', 'tshark')) return;
  const rack = await openSegment(t);
  // Before the server: a bridge without ports has no carrier, and drops what is sent.
  const client = await rack.addClient('cli', { mac: UNKNOWN });
  const close = await capture(t, 'br0', join(newFolder('capture'), 'observe.pcap'));
  const server = await startServer(t, { yaml: network('observe', POOL) });
  const refused = await runUdhcpc(client);
  assert.doesNotMatch(refused.text, /bound/);
  const told = await server.event('dhcp.would-answer', { mac: UNKNOWN });
  assert.match(String(told.data?.answer), /OFFER 172\.22\.10\.\d+/i);
  const file = await close();
  // The kernel itself joins multicast groups; what programs send is UDP.
  const ours = '(eth.src == 02:00:ac:16:0a:02 || ip.src == 172.22.10.2) && udp';
  assert.deepEqual(await tshark(file, ours, 'frame.number', '_ws.col.Info'), [], 'not one datagram from us');
  assert.equal(
    (await tshark(file, 'dhcp.option.dhcp == 1', 'udp.srcport')).length >= 1,
    true,
    'the capture has the DISCOVERs',
  );
});

test('on an observed network the boots of another server are stories, marked as only observed', async (t) => {
  if (!needs(t, 'ip', 'dhcpd')) return;
  const rack = await openSegment(t);
  const server = await startServer(t, { yaml: network('observe', POOL) });
  const words = 'filename "pxelinux.0"; next-server 172.22.10.9;';
  await startDhcpd(t, await rack.addClient('isc', { mac: '02:00:00:00:00:01' }), '172.22.10.3', words);
  const replayer = await openReplayer(t, await rack.addClient('cli', { mac: UNKNOWN }));
  const stream = followStories(t, server.data);
  const asked = { mac: UNKNOWN, flags: 0x8000, options: PXE_UEFI };
  replayer.broadcast(requestBytes({ ...asked, type: 1, xid: 51 }));
  const offer = await replayer.reply(51, ({ source }) => source === '172.22.10.3');
  const answered = await stream.until(({ stages }) => stages[0]?.words.bootFile === 'pxelinux.0');
  assert.equal(answered.isObserved, true);
  const taken = { 50: addressHex(offer.yiaddr), 54: addressHex('172.22.10.3') };
  replayer.broadcast(requestBytes({ ...asked, type: 3, xid: 52, options: { ...PXE_UEFI, ...taken } }));
  const took = await stream.until(({ address }) => address === offer.yiaddr);
  assert.deepEqual(
    [took.mac, took.firmware, took.outcome, took.diagnoses],
    [UNKNOWN, 'PXE firmware, uefi-x64', 'running', []],
  );
  const argv = [process.execPath, MAIN, 'story', UNKNOWN, '--data', server.data];
  assert.match((await runProgram(argv)).text, /only observed.*PXE firmware, uefi-x64/);
});

test('another DHCP server on an authoritative network is told with its address and MAC', async (t) => {
  if (!needs(t, 'ip', 'dhcpd')) return;
  const rack = await openSegment(t);
  await startDhcpd(t, await rack.addClient('isc', { mac: '02:00:00:00:00:01' }), '172.22.10.3');
  const server = await startServer(t, { yaml: network('authoritative', POOL) });
  const told = await server.event('dhcp.stranger', { server: '172.22.10.3', serverMac: '02:00:00:00:00:01' });
  assert.match(String(told.data?.offered), /^172\.22\.10\.1[0-2][0-9]$/);
  const replayer = await openReplayer(t, await rack.addClient('cli', { mac: UNKNOWN }));
  replayer.broadcast(requestBytes({ mac: UNKNOWN, type: 1, xid: 31 }));
  const theirs = await replayer.reply(31, ({ source }) => source === '172.22.10.3');
  await replayer.reply(31, ({ source }) => source === SERVER);
  replayer.broadcast(
    requestBytes({
      mac: UNKNOWN,
      type: 3,
      xid: 32,
      options: { 50: addressHex(theirs.yiaddr), 54: addressHex('172.22.10.3') },
    }),
  );
  await server.event('dhcp.chose-other', { mac: UNKNOWN, server: '172.22.10.3' });
});

test('a client behind a relay gets an address of a network that has no interface here', async (t) => {
  if (!needs(t, 'ip', 'udhcpc', 'dhcrelay')) return;
  const rack = await openSegment(t);
  const relay = await rack.addClient('relay', { mac: '02:00:00:00:00:0a' });
  ip(`-n ${relay.namespace} address add 172.22.10.9/24 dev ${relay.interfaceName}`);
  ip(`netns add far`);
  ip(`link add down0 netns ${relay.namespace} type veth peer name eth0 netns far address ${UNKNOWN}`);
  ip(`-n ${relay.namespace} address add 10.77.0.1/24 dev down0`);
  ip(`-n ${relay.namespace} link set down0 up`);
  ip('-n far link set eth0 up');
  t.after(() => ip('netns delete far'));
  ip('route add 10.77.0.0/24 via 172.22.10.9');
  const yaml = `${network('authoritative', POOL)}
  remote:
    subnet: 10.77.0.0/24
    address: ${SERVER}
    router: 10.77.0.1
    dhcp: { mode: authoritative, conflictProbe: false, pools: [{ range: 10.77.0.50-10.77.0.59 }] }
`;
  const server = await startServer(t, { yaml });
  const argv = ['dhcrelay', '-4', '-d', '-a', '-id', 'down0', '-iu', relay.interfaceName, SERVER];
  const dhcrelay = startProgram(t, [...relay.prefix, ...argv]);
  await dhcrelay.printed(/Sending on\s+Socket/);
  const far: RackClient = { namespace: 'far', interfaceName: 'eth0', prefix: ['ip', 'netns', 'exec', 'far'] };
  const { text } = await runUdhcpc(far);
  assert.match(text, /bound ip=10\.77\.0\.5\d subnet=255\.255\.255\.0 router=10\.77\.0\.1 /);
  assert.match(text, /serverid=172\.22\.10\.2\./);
  const discover = await server.event('dhcp.discover', { mac: UNKNOWN, network: 'remote' });
  assert.equal(discover.data?.via, 'relay 10.77.0.1');
});

test('two interfaces with a server on each: every machine is answered on its own segment', async (t) => {
  if (!needs(t, 'ip', 'udhcpc')) return;
  const racks = [
    await openSegment(t),
    await openSegment(t, { bridge: 'br1', address: '10.5.0.1/24', bridgeMac: '02:00:0a:05:00:01' }),
  ] as const;
  const yaml = `${network('authoritative', POOL)}
  second:
    interface: br1
    subnet: 10.5.0.0/24
    address: 10.5.0.1
    dhcp: { mode: authoritative, conflictProbe: false, pools: [{ range: 10.5.0.50-10.5.0.59 }] }
`;
  await startServer(t, { yaml });
  const clients = [await racks[0].addClient('a'), await racks[1].addClient('b')] as const;
  const [a, b] = await Promise.all(clients.map((client) => runUdhcpc(client)));
  assert.match(a?.text ?? '', /bound ip=172\.22\.10\.\d+ .*serverid=172\.22\.10\.2\./);
  assert.match(b?.text ?? '', /bound ip=10\.5\.0\.5\d .*serverid=10\.5\.0\.1\./);
});

test('tshark has no complaint about anything that we send', async (t) => {
  if (!needs(t, 'ip', 'udhcpc', 'dhclient', 'tcpdump', 'tshark')) return;
  const rack = await openSegment(t);
  const server = await startServer(t, {
    yaml: network('authoritative', POOL),
  });
  const close = await capture(t, 'br0', join(newFolder('capture'), 'all.pcap'));
  await runUdhcpc(await rack.addClient('udhcpc'));
  await startDhclient(t, await rack.addClient('dhclient')).running.printed(/BOUND/);
  const client = await rack.addClient('cli', { mac: UNKNOWN });
  const replayer = await openReplayer(t, client);
  const mac = UNKNOWN;
  const wire = [
    requestBytes({ mac, type: 1, xid: 41, options: PXE_UEFI }),
    requestBytes({
      mac,
      type: 1,
      xid: 42,
      flags: 0x8000,
      options: { ...PXE_UEFI, 60: 'HTTPClient:Arch:00016:UNDI:003000', 93: 'hex:0010' },
    }),
    requestBytes({
      mac,
      type: 1,
      xid: 43,
      options: {
        60: 'PXEClient:Arch:00000:UNDI:002001',
        77: 'iPXE',
        93: 'hex:0000',
        97: `hex:00${'11'.repeat(16)}`,
        175: 'hex:130101',
      },
    }),
    requestBytes({ mac, type: 3, xid: 44, options: { 50: addressHex('10.9.9.9') } }),
    requestBytes({ mac, type: 1, xid: 45, options: { 61: `hex:ff${'22'.repeat(18)}` } }),
  ];
  for (const bytes of wire) await replayer.ask(bytes);
  ip(`-n cli address add 172.22.10.200/24 dev ${client.interfaceName}`);
  replayer.send(
    requestBytes({ mac, type: 8, xid: 46, ciaddr: '172.22.10.200' }),
    { address: '172.22.10.200', port: 68 },
    { address: SERVER, port: 67 },
  );
  await replayer.reply(46);
  replayer.send(
    requestBytes({ mac, type: 3, xid: 47, ciaddr: '172.22.10.200', options: PXE_UEFI }),
    { address: '172.22.10.200', port: 4011 },
    { address: SERVER, port: 4011 },
  );
  await replayer.reply(47);
  await server.event('dhcp.inform');
  const file = await close();
  const ours = 'ip.src == 172.22.10.2 && dhcp';
  const kinds = (await tshark(file, ours, 'dhcp.option.dhcp')).map(([type]) => type);
  assert.ok(kinds.length >= 10, `the capture has our replies: ${kinds}`);
  const complaints = '(_ws.malformed || _ws.expert.severity >= 0x400000)';
  assert.deepEqual(await tshark(file, `${ours} && ${complaints}`, 'frame.number', '_ws.expert.message'), []);
  // The kernel leaves the checksum of its own datagrams to a card that a bridge does not have; frames of ours have one.
  const checking = ['-o', 'udp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE'];
  const built = `${ours} && (dhcp.id == 41 || dhcp.id == 43 || dhcp.id == 45)`;
  const good = await runProgram(['tshark', '-r', file, ...checking, '-Y', `${built} && udp.checksum.status == 1`]);
  assert.equal(good.text.split('\n').filter((line) => line.includes('DHCP')).length, 3, good.text);
});
