import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Rack } from '../../src/lab/rack.ts';
import { needs } from '../needs.ts';
import { addressHex, requestBytes } from '../support/dhcp.ts';
import { runUdhcpc, startDhclient, startUdhcpc } from '../support/dhcp-clients.ts';
import { ACK, NAK, OFFER, optionAddresses, optionText } from '../support/reply.ts';
import { ip, openReplayer, openSegment, runProgram } from '../support/segment.ts';
import { newFolder, startServer, type TestServer } from '../support/server.ts';

const SM1 = '00:25:90:96:c4:9a';
const UNKNOWN = '02:00:00:00:00:99';
const SERVER = '172.22.10.2';

/** The seed's network, smaller: one reserved machine, a pool, a BOOTP pool. */
function configuration(dhcp: string): string {
  return `
networks:
  management:
    interface: br0
    subnet: 172.22.10.0/24
    address: ${SERVER}
    router: 172.22.10.1
    dns: [172.22.10.1]
    domain: lonimbus.com
    dhcp:
      mode: authoritative
      leaseTime: 6000
      maxLeaseTime: 7200
${dhcp}
machines:
  sm1: { mac: "${SM1}", address: 172.22.10.55 }
`;
}

const POOLS = `      pools:
        - range: 172.22.10.5-172.22.10.30
        - { range: 172.22.10.31-172.22.10.49, clients: bootp }`;
const QUICK = `      conflictProbe: false\n${POOLS}`;

async function open(t: TestContext, dhcp = QUICK): Promise<{ rack: Rack; server: TestServer }> {
  const rack = await openSegment(t);
  const server = await startServer(t, { yaml: configuration(dhcp) });
  return { rack, server };
}

test('udhcpc: lease, renewal, release, and the same address again with another client identifier', async (t) => {
  if (!needs(t, 'ip', 'udhcpc')) return;
  const { rack, server } = await open(t);
  const client = await rack.addClient('cli', { mac: UNKNOWN });
  const first = startUdhcpc(t, client);
  await first.printed(/bound ip=.*\./);
  const line = /bound ip=(\S+) subnet=255\.255\.255\.0 router=172\.22\.10\.1 dns=172\.22\.10\.1 domain=lonimbus\.com/;
  const address = line.exec(first.text())?.[1];
  assert.ok(address, first.text());
  assert.match(first.text(), /lease=6000 serverid=172\.22\.10\.2/);
  first.child.kill('SIGUSR1');
  await first.printed(/renew ip=/);
  await server.event('dhcp.ack', { mac: UNKNOWN, kind: 'renewing', address });
  const released = server.nextEvent('dhcp.release', { mac: UNKNOWN });
  first.child.kill('SIGUSR2');
  assert.equal((await released).data?.address, address);
  await first.stop();
  const again = await runUdhcpc(client, '-C', '-x', '0x3d:ff00112233445566778899aabbccddee');
  assert.match(again.text, new RegExp(`bound ip=${address?.replaceAll('.', '\\.')} `), 'identity is the MAC');
});

test('dhclient with a DUID: reservation, host name, release; its DECLINE sets the address aside', async (t) => {
  if (!needs(t, 'ip', 'dhclient')) return;
  const { rack, server } = await open(t);
  const reserved = await rack.addClient('sm1', { mac: SM1 });
  const duid = 'send dhcp-client-identifier ff:00:00:00:01:00:01:2c:11:22:33:44:55:00:25:90:96:c4:9a;';
  const dhclient = startDhclient(t, reserved, { config: duid });
  await dhclient.running.printed(/BOUND ip=172\.22\.10\.55 domain=lonimbus\.com lease=6000 serverid=172\.22\.10\.2\./);
  const released = server.nextEvent('dhcp.release', { machine: 'sm1', address: '172.22.10.55' });
  await dhclient.release();
  await released;
  const other = await rack.addClient('other', { mac: UNKNOWN });
  const declineFlag = join(newFolder('flag'), 'decline');
  writeFileSync(declineFlag, '');
  const declining = startDhclient(t, other, { declineFlag });
  const declined = await server.event('dhcp.decline', { mac: UNKNOWN });
  // Its configuration waits ten seconds or more after a DECLINE: the next BOUND is with another address.
  const acked = await server.nextEvent('dhcp.ack', { mac: UNKNOWN }, 60_000);
  assert.notEqual(acked.data?.address, declined.data?.address);
  await declining.running.stop();
});

test('bootpc gets a lease without an end, from the BOOTP range', async (t) => {
  if (!needs(t, 'ip', 'bootpc')) return;
  const { rack, server } = await open(t);
  const client = await rack.addClient('cli', { mac: UNKNOWN });
  // bootpc sends by an ordinary socket: without a route the kernel has nowhere to send a broadcast to.
  ip(`-n ${client.namespace} route add default dev ${client.interfaceName}`);
  const acked = server.nextEvent('dhcp.ack', { mac: UNKNOWN, kind: 'bootp' });
  const { text } = await runProgram([
    ...client.prefix,
    'bootpc',
    '--dev',
    client.interfaceName,
    '--timeoutwait',
    '10',
    '--returniffail',
    // It has no address yet and listens by an ordinary socket, which only hears broadcasts.
    '--serverbcast',
  ]);
  const { data } = await acked;
  assert.equal(data?.seconds, null);
  assert.match(String(data?.address), /^172\.22\.10\.(3[1-9]|4[0-9])$/);
  assert.match(text, new RegExp(`IPADDR='${String(data?.address)}'`));
  assert.match(text, /NETMASK='255\.255\.255\.0'/);
  assert.match(text, /SERVER='172\.22\.10\.2'/);
});

/** Requests of real firmware, loaders and installers, recorded in the lab; the hardware address is replaced. */
function recorded(name: string, type: number, mac: string): Buffer {
  interface Capture {
    readonly name: string;
    readonly dhcp: readonly { readonly hex: string }[];
  }
  const file = join(import.meta.dirname, '..', 'fixtures', 'netboot-captures.json');
  const captures = JSON.parse(readFileSync(file, 'utf8')) as readonly Capture[];
  const head = `638253633501${type.toString(16).padStart(2, '0')}`;
  const isWanted = (hex: string) => hex.startsWith('01') && hex.startsWith(head, 472);
  const hex = captures.find((one) => one.name === name)?.dhcp.find((one) => isWanted(one.hex))?.hex;
  assert.ok(hex, `${name} has a message of type ${type}`);
  const bytes = Buffer.from(hex, 'hex');
  Buffer.from(mac.replaceAll(':', ''), 'hex').copy(bytes, 28);
  return bytes;
}

test('one machine, five identities from power-on to the running system: one address', async (t) => {
  if (!needs(t, 'ip', '/usr/lib/grub/i386-pc', '/usr/lib/grub/x86_64-efi')) return;
  const { rack } = await open(t);
  const replayer = await openReplayer(t, await rack.addClient('cli', { mac: UNKNOWN }));
  const mac = UNKNOWN;
  const stages: readonly (readonly [string, Uint8Array])[] = [
    ['UEFI firmware, no client identifier', recorded('efi-shim2', 1, mac)],
    ['iPXE, 01 + MAC', recorded('bios-grub', 1, mac)],
    ['GRUB, nothing but option 53', requestBytes({ mac, type: 1, xid: 0x6655aa01 })],
    ['debian-installer', recorded('di2', 1, mac)],
    [
      'dhclient with a DUID',
      requestBytes({ mac, type: 1, xid: 0x6655aa02, options: { 61: 'hex:ff0000000100012c11223344550242ac110002' } }),
    ],
    ['no identifier at all, a host name', requestBytes({ mac, type: 1, xid: 0x6655aa03, options: { 12: 'web1' } })],
  ];
  const given: string[] = [];
  for (const [stage, discover] of stages) {
    const offer = await replayer.ask(discover, ({ type }) => type === OFFER);
    const request = requestFor(discover, offer.yiaddr);
    const ack = await replayer.ask(request, ({ type }) => type === ACK);
    assert.equal(ack.yiaddr, offer.yiaddr, stage);
    given.push(ack.yiaddr);
  }
  assert.deepEqual(new Set(given).size, 1, given.join(' '));
});

/** The REQUEST that follows an OFFER: the DISCOVER with options 53, 50 and 54 as the client would set them. */
function requestFor(discover: Uint8Array, address: string): Uint8Array {
  const bytes = Buffer.from(discover);
  const end = bytes.indexOf(255, findEnd(bytes));
  const more = Buffer.from(`3204${addressHex(address).slice(4)}3604${addressHex(SERVER).slice(4)}ff`, 'hex');
  const request = Buffer.concat([bytes.subarray(0, end), more]);
  request[request.indexOf(Buffer.from('350101', 'hex'), 240) + 2] = 3;
  return request;
}

function findEnd(bytes: Buffer): number {
  let at = 240;
  while (at < bytes.length && bytes[at] !== 255) at += bytes[at] === 0 ? 1 : 2 + (bytes[at + 1] ?? 0);
  return at;
}

test('with unknown clients off, the reserved machine is served and others are not', async (t) => {
  if (!needs(t, 'ip', 'udhcpc')) return;
  const { rack, server } = await open(t, `      unknownClients: false\n${QUICK}`);
  const other = await rack.addClient('other', { mac: UNKNOWN });
  const refused = await runUdhcpc(other);
  assert.notEqual(refused.code, 0);
  assert.doesNotMatch(refused.text, /bound/);
  await server.event('dhcp.ignored', { mac: UNKNOWN, reason: /unknown clients are off/ });
  const known = await runUdhcpc(await rack.addClient('sm1', { mac: SM1 }));
  assert.match(known.text, /bound ip=172\.22\.10\.55 .*hostname=sm1 /);
});

test('a pool address that somebody uses is found by asking, and not given out', async (t) => {
  if (!needs(t, 'ip', 'udhcpc')) return;
  const { rack, server } = await open(
    t,
    '      conflictProbe: true\n      pools:\n        - range: 172.22.10.5-172.22.10.6',
  );
  const holder = await rack.addClient('holder');
  ip(`-n ${holder.namespace} address add 172.22.10.5/24 dev ${holder.interfaceName}`);
  const client = await rack.addClient('cli', { mac: UNKNOWN });
  const { text } = await runUdhcpc(client, '-r', '172.22.10.5');
  assert.match(text, /bound ip=172\.22\.10\.6 /);
  await server.event('dhcp.conflict', { address: '172.22.10.5' });
});

test('INFORM, RELEASE, DECLINE, INIT-REBOOT and a wrong address, as bytes', async (t) => {
  if (!needs(t, 'ip')) return;
  const { rack, server } = await open(t);
  const client = await rack.addClient('cli', { mac: UNKNOWN });
  ip(`-n ${client.namespace} address add 172.22.10.200/24 dev ${client.interfaceName}`);
  const replayer = await openReplayer(t, client);
  const mac = UNKNOWN;
  const from = { address: '172.22.10.200', port: 68 };
  replayer.send(requestBytes({ mac, type: 8, xid: 1, ciaddr: '172.22.10.200' }), from, { address: SERVER, port: 67 });
  const inform = await replayer.reply(1);
  assert.equal(inform.type, ACK);
  assert.equal(inform.yiaddr, '0.0.0.0');
  for (const code of [51, 58, 59]) assert.equal(inform.options.has(code), false, `option ${code}`);
  assert.deepEqual(optionAddresses(inform, 6), ['172.22.10.1']);
  assert.equal(optionText(inform, 15), 'lonimbus.com');

  const reboot = (xid: number, address: string) =>
    requestBytes({ mac, type: 3, xid, options: { 50: addressHex(address) } });
  assert.equal((await replayer.ask(reboot(2, '10.1.2.3'))).type, NAK, 'another subnet');
  assert.equal((await replayer.ask(reboot(3, '172.22.10.55'))).type, NAK, 'somebody else’s reservation');
  const acked = await replayer.ask(reboot(4, '172.22.10.20'));
  assert.equal(acked.type, ACK, 'a free pool address survives a lost lease file');
  replayer.broadcast(
    requestBytes({ mac, type: 4, xid: 5, options: { 50: addressHex('172.22.10.20'), 54: addressHex(SERVER) } }),
  );
  await server.event('dhcp.decline', { address: '172.22.10.20' });
  const offer = await replayer.ask(requestBytes({ mac, type: 1, xid: 6, options: { 50: addressHex('172.22.10.20') } }));
  assert.notEqual(offer.yiaddr, '172.22.10.20');
});

test('BOOTP: reserved and unknown machines, at most 64 octets of options, none that make it DHCP', async (t) => {
  if (!needs(t, 'ip')) return;
  const { rack } = await open(t);
  const replayer = await openReplayer(t, await rack.addClient('cli', { mac: UNKNOWN }));
  const known = await replayer.ask(requestBytes({ mac: SM1, xid: 11 }));
  assert.equal(known.yiaddr, '172.22.10.55');
  const unknown = await replayer.ask(requestBytes({ mac: UNKNOWN, xid: 12 }));
  assert.match(unknown.yiaddr, /^172\.22\.10\.(3[1-9]|4[0-9])$/);
  for (const reply of [known, unknown]) {
    for (const code of [51, 53, 54, 58, 59]) assert.equal(reply.options.has(code), false, `option ${code}`);
    assert.equal(reply.hex.length / 2, 300);
    assert.deepEqual(optionAddresses(reply, 1), ['255.255.255.0']);
  }
  assert.equal((await replayer.ask(requestBytes({ mac: UNKNOWN, xid: 13 }))).yiaddr, unknown.yiaddr);
});
