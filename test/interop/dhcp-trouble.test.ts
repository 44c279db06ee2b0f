import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Rack } from '../../src/lab/rack.ts';
import { formatIpv4 } from '../../src/net/ipv4.ts';
import { openStore } from '../../src/store/sqlite/open-store.ts';
import { needs } from '../needs.ts';
import { addressHex, requestBytes } from '../support/dhcp.ts';
import { runUdhcpc } from '../support/dhcp-clients.ts';
import { ACK, OFFER } from '../support/reply.ts';
import { openReplayer, openSegment, type Replayer, runProgram, startProgram } from '../support/segment.ts';
import { launchServer, newFolder, startServer, writeConfig } from '../support/server.ts';

const SERVER = '172.22.10.2';
const A = '02:00:00:00:00:0a';
const B = '02:00:00:00:00:0b';

function configuration(range = '172.22.10.5-172.22.10.30', leaseTime = '1h'): string {
  return `
networks:
  management:
    interface: br0
    subnet: 172.22.10.0/24
    address: ${SERVER}
    dhcp: { mode: authoritative, conflictProbe: false, leaseTime: ${leaseTime}, pools: [{ range: ${range} }] }
`;
}

const discover = (mac: string, xid: number) => requestBytes({ mac, xid, type: 1, flags: 0x8000 });
const request = (mac: string, xid: number, address: string) =>
  requestBytes({ mac, xid, type: 3, flags: 0x8000, options: { 50: addressHex(address), 54: addressHex(SERVER) } });

async function lease(replayer: Replayer, mac: string, xid: number): Promise<string> {
  const offer = await replayer.ask(discover(mac, xid), ({ type }) => type === OFFER);
  const ack = await replayer.ask(request(mac, xid + 1, offer.yiaddr), ({ type }) => type === ACK);
  return ack.yiaddr;
}

async function client(t: TestContext, rack: Rack): Promise<Replayer> {
  return openReplayer(t, await rack.addClient('cli', { mac: A }));
}

test('port 67 in use: the message names the program that holds it; it is tried again, and then works', async (t) => {
  if (!needs(t, 'ip', 'dnsmasq', 'udhcpc')) return;
  const rack = await openSegment(t);
  const words = '--no-daemon --conf-file=/dev/null --user=root --port=0 --dhcp-range=172.22.10.100,172.22.10.110';
  const leases = `--dhcp-leasefile=${join(newFolder('dnsmasq'), 'leases')}`;
  const dnsmasq = startProgram(t, ['dnsmasq', ...words.split(' '), leases, '--interface=br0']);
  await dnsmasq.printed(/DHCP, IP range/);
  const server = await startServer(t, { yaml: configuration() });
  const told = await server.event('server.cannot-listen', { where: 'br0' });
  assert.match(String(told.data?.reason), new RegExp(`dnsmasq \\(process ${dnsmasq.child.pid}\\)`));
  assert.notEqual(String(told.data?.next), '');
  await dnsmasq.stop();
  await server.event('server.listening', { where: /br0, ports 67/ });
  assert.match((await runUdhcpc(await rack.addClient('cli'))).text, /bound ip=/);
  assert.equal(
    server.events.filter(({ id }) => id === 'server.cannot-listen').length,
    1,
    'told once, not at every try',
  );
});

test('an interface that is missing at the start, comes, goes away and comes back', async (t) => {
  if (!needs(t, 'ip', 'udhcpc')) return;
  const server = await startServer(t, { yaml: configuration() });
  await server.event('interface.gone', { name: 'br0' });
  const first = await openSegment(t);
  await server.event('server.listening', { where: /br0, ports 67/ });
  const lost = server.nextEvent('interface.gone', { name: 'br0' });
  const before = await runUdhcpc(await first.addClient('cli', { mac: A }));
  assert.match(before.text, /bound ip=/);
  await first.close();
  await lost;
  const listening = server.nextEvent('server.listening', { where: /br0, ports 67/ });
  const second = await openSegment(t);
  await listening;
  const after = await runUdhcpc(await second.addClient('cli', { mac: A }));
  assert.equal(/ip=\S+/.exec(after.text)?.[0], /ip=\S+/.exec(before.text)?.[0], 'the lease was kept');
});

test('a full pool is told with its reason, and works again when somebody releases', async (t) => {
  if (!needs(t, 'ip')) return;
  const rack = await openSegment(t);
  const server = await startServer(t, { yaml: configuration('172.22.10.5-172.22.10.5') });
  const replayer = await client(t, rack);
  assert.equal(await lease(replayer, A, 100), '172.22.10.5');
  replayer.broadcast(discover(B, 110));
  const told = await server.event('dhcp.no-address', { mac: B });
  assert.match(String(told.data?.reason), /all 1 pool addresses of network management are in use/);
  const release = requestBytes({
    mac: A,
    xid: 120,
    type: 7,
    ciaddr: '172.22.10.5',
    options: { 54: addressHex(SERVER) },
  });
  replayer.broadcast(release);
  await server.event('dhcp.release', { mac: A });
  assert.equal(await lease(replayer, B, 130), '172.22.10.5');
});

test('a full disk: no ACK without a lease on disk, the reason is told, and it recovers', async (t) => {
  if (!needs(t, 'ip', 'mount')) return;
  const rack = await openSegment(t);
  const data = newFolder('full');
  const mounted = await runProgram(['mount', '-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', data]);
  assert.equal(mounted.code, 0, mounted.text);
  const server = await startServer(t, { yaml: configuration(), data });
  t.after(() => runProgram(['umount', '-l', data]));
  const replayer = await client(t, rack);
  const address = await lease(replayer, A, 200);
  await fill(data);
  const offer = await replayer.ask(discover(B, 210), ({ type }) => type === OFFER);
  // Lease after lease, until the database's file has no room left inside either.
  let xid = 220;
  const failed = server.event('store.failed');
  const isFailed = failed.then(() => true);
  while (!(await Promise.race([isFailed, flood(replayer, xid)]))) xid += 1000;
  const { data: reason } = await failed;
  assert.match(String(reason?.reason), /full|space/i);
  const before = replayer.heard.filter(({ type }) => type === ACK).length;
  const ignored = request(B, 9000, offer.yiaddr);
  replayer.broadcast(ignored);
  // An OFFER needs no disk: when it comes, the REQUEST before it has been dealt with.
  await replayer.ask(discover('02:00:00:00:00:0c', 9001), ({ type }) => type === OFFER);
  assert.equal(replayer.heard.filter(({ type, mac }) => type === ACK && mac === B).length, 0, `${before} ACKs before`);
  rmSync(join(data, 'filler'));
  await server.event('store.recovered');
  const ack = await replayer.ask(request(B, 9002, offer.yiaddr), ({ type }) => type === ACK);
  assert.equal(ack.yiaddr, offer.yiaddr);
  assert.equal((await replayer.ask(request(A, 9003, address), ({ type }) => type === ACK)).yiaddr, address);
});

/** Fills the rest of a file system with one file. */
async function fill(folder: string): Promise<void> {
  const { text } = await runProgram(['dd', 'if=/dev/zero', `of=${join(folder, 'filler')}`, 'bs=4096']);
  assert.match(text, /No space left/);
}

/** A hundred renewals of a lease; resolves false when an OFFER after them has come. */
async function flood(replayer: Replayer, xid: number): Promise<boolean> {
  for (let count = 0; count < 100; count++) replayer.broadcast(request(A, xid + count, '172.22.10.5'));
  await replayer.ask(discover('02:00:00:00:00:0d', xid + 999), ({ type }) => type === OFFER);
  return false;
}

test('a data folder that cannot be written ends the start with a clear message', async (t) => {
  if (!needs(t, 'ip', 'mount')) return;
  const data = newFolder('read-only');
  await runProgram(['mount', '-t', 'tmpfs', '-o', 'ro', 'tmpfs', data]);
  t.after(() => runProgram(['umount', '-l', data]));
  const server = launchServer(t, { yaml: configuration(), data });
  assert.equal(await server.ended, 'rackready up ended with exit code 69');
  const said = server.otherLines.join('\n');
  assert.match(said, new RegExp(data));
  assert.match(said, /read-only/i);
  assert.doesNotMatch(said, /^\s+at /m, 'a message, not a stack trace');
});

test('a second server on one data folder is refused with a clear message; the first one goes on', async (t) => {
  if (!needs(t, 'ip')) return;
  const rack = await openSegment(t);
  const config = writeConfig(configuration());
  const first = await startServer(t, { config });
  const second = launchServer(t, { config, data: first.data });
  assert.equal(await second.ended, 'rackready up ended with exit code 69');
  assert.match(second.otherLines.join('\n'), new RegExp(`${first.data}.*(used|busy|another)`, 'i'));
  await lease(await client(t, rack), A, 300);
});

test('killed at any moment under load: every lease that was acknowledged is there afterwards', async (t) => {
  if (!needs(t, 'ip')) return;
  const rack = await openSegment(t, { address: '172.22.10.2/16' });
  const yaml = configuration('172.22.16.0-172.22.31.255').replace('172.22.10.0/24', '172.22.0.0/16');
  const config = writeConfig(yaml);
  const data = newFolder('killed');
  const replayer = await client(t, rack);
  const acked = new Map<string, string>();
  for (let round = 0; round < 4; round++) {
    const server = await startServer(t, { config, data });
    const target = acked.size + 40 + round * 111;
    await loadUntil(replayer, acked, round, target);
    await server.kill();
    note(replayer, acked);
  }
  assert.ok(acked.size >= 800, `${acked.size} leases were acknowledged`);
  const store = await openStore({ folder: data });
  t.after(() => store.close());
  const kept = new Map(
    (await store.leases.load()).map(({ address, client: mac }) => [String(mac), formatIpv4(address)]),
  );
  for (const [mac, address] of acked) assert.equal(kept.get(mac), address, mac);
});

/** Requests of many clients at once, without waiting for one before the next, until so many have their ACK. */
async function loadUntil(replayer: Replayer, acked: Map<string, string>, round: number, target: number): Promise<void> {
  for (let next = 0; acked.size < target; next += 50) {
    for (let count = next; count < next + 50; count++) {
      const tail = count.toString(16).padStart(4, '0');
      const mac = `02:00:00:0${round + 1}:${tail.slice(0, 2)}:${tail.slice(2)}`;
      // A free address is confirmed without a DISCOVER before it (INIT-REBOOT): one message, one commit.
      const address = `172.22.${16 + round * 4 + (count >> 8)}.${count & 255}`;
      replayer.broadcast(
        requestBytes({ mac, xid: (round << 16) + count, type: 3, flags: 0x8000, options: { 50: addressHex(address) } }),
      );
    }
    await replayer.reply((round << 16) + next + 25, ({ type }) => type === ACK);
    note(replayer, acked);
  }
}

function note(replayer: Replayer, acked: Map<string, string>): void {
  for (const { type, mac, yiaddr } of replayer.heard) if (type === ACK) acked.set(mac, yiaddr);
}

const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';

test('a clock that is set forward takes nobody’s lease away, neither now nor after a restart', async (t) => {
  if (!needs(t, 'ip', FAKETIME)) return;
  const rack = await openSegment(t);
  const config = writeConfig(configuration('172.22.10.5-172.22.10.5'));
  const data = newFolder('clock');
  const clockFile = join(newFolder('faketime'), 'offset');
  const setClock = (offset: string) => writeFileSync(clockFile, `${offset}\n`);
  const startWithFakeClock = async () => {
    const fake = {
      LD_PRELOAD: FAKETIME,
      FAKETIME_TIMESTAMP_FILE: clockFile,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
    Object.assign(process.env, fake);
    try {
      return await startServer(t, { config, data });
    } finally {
      for (const name of Object.keys(fake)) delete process.env[name];
    }
  };
  setClock('+0');
  const server = await startWithFakeClock();
  const replayer = await client(t, rack);
  const address = await lease(replayer, A, 600);
  setClock('+2d');
  const jumped = await server.event('clock.jumped');
  assert.ok(Math.abs(Number(jumped.data?.seconds) - 172_800) < 10, jumped.text);
  replayer.broadcast(discover(B, 610));
  await server.event('dhcp.no-address', { mac: B });
  await server.kill();
  const again = await startWithFakeClock();
  replayer.broadcast(discover(B, 620));
  await again.event('dhcp.no-address', { mac: B });
  const ack = await replayer.ask(request(A, 621, address), ({ type }) => type === ACK);
  assert.equal(ack.yiaddr, address);
});

test('a good edit is in force without a restart; a bad one is refused with file:line:column', async (t) => {
  if (!needs(t, 'ip')) return;
  const rack = await openSegment(t);
  const server = await startServer(t, { yaml: configuration() });
  const replayer = await client(t, rack);
  const good = `${configuration('172.22.10.40-172.22.10.49')}machines:\n  pc: { mac: "${B}", address: 172.22.10.60 }\n`;
  const loaded = server.nextEvent('config.loaded', { machines: 1 });
  writeFileSync(server.config, good);
  await loaded;
  assert.equal(await lease(replayer, B, 500), '172.22.10.60');
  assert.match(await lease(replayer, A, 510), /^172\.22\.10\.4\d$/);
  const refused = server.nextEvent('config.refused');
  writeFileSync(server.config, good.replace('mode: authoritative', 'mode: authoritativ'));
  process.kill(server.pid, 'SIGHUP');
  const problems = String((await refused).data?.problems);
  assert.match(problems, /rackready\.yaml:7:\d+: networks\.management\.dhcp\.mode: /);
  assert.match(problems, /authoritative/);
  assert.equal(await lease(replayer, B, 520), '172.22.10.60', 'the one in force stays');
  assert.match(readFileSync(server.config, 'utf8'), /authoritativ,/);
});
