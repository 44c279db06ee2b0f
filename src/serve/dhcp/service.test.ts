import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { addressHex, book, lease, network, requestBytes } from '../../../test/support/dhcp.ts';
import { macContext, memoryMacs } from '../../../test/support/macs.ts';
import { classifyClient } from '../../boot/classify.ts';
import type { ChangeResult, LeaseChange } from '../../lease/lease.ts';
import { formatIpv4, ipv4 } from '../../net/ipv4.ts';
import { mac } from '../../net/mac.ts';
import { decodePacket } from '../../wire/dhcp4/packet.ts';
import { createDhcpService, type DhcpPorts, type Outgoing } from './service.ts';
import type { Reception } from './verdict.ts';

const BROADCAST: Reception = { interface: 'br0', source: { address: ipv4('0.0.0.0'), port: 68 }, port: 67 };
const STRANGER = mac('02:00:00:00:00:99');

/** A service over ports that the test holds in its hands: a commit ends when the test says so. */
function bench(parts: Partial<DhcpPorts> & { readonly conflictProbe?: boolean } = {}) {
  const networks = [network({ dhcp: { conflictProbe: parts.conflictProbe ?? false } })];
  const sent: Outgoing[] = [];
  const told: string[] = [];
  const commits: {
    changes: readonly LeaseChange[];
    end: (results: ChangeResult[]) => void;
    fail: (error: Error) => void;
  }[] = [];
  const ports: DhcpPorts = {
    book: book(networks),
    store: {
      load: async () => [],
      commit: (changes) => new Promise((end, fail) => commits.push({ changes, end, fail })),
    },
    emit: (id) => told.push(id),
    now: () => 1000,
    setup: () => ({
      networks,
      machineByMac: () => undefined,
      classify: classifyClient,
      answerBoot: () => ({ kind: 'none' }),
      mac: macContext(),
    }),
    macs: memoryMacs(),
    send: (datagram) => sent.push(datagram),
    isInUse: async () => false,
    isOwnMac: () => false,
    ...parts,
  };
  const service = createDhcpService(ports);
  const request = { type: 3, mac: STRANGER, options: { 54: addressHex('172.22.10.2'), 50: addressHex('172.22.10.9') } };
  return {
    ports,
    service,
    sent,
    told,
    commits,
    request: requestBytes(request),
    discover: requestBytes({ type: 1, mac: STRANGER }),
  };
}

/** Lets promises that are already resolved run. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('an ACK leaves only after the lease is committed', async () => {
  const { service, sent, told, commits, request, ports } = bench();
  service.receive(request, BROADCAST);
  await settle();
  assert.equal(commits.length, 1);
  assert.deepEqual([sent.length, told.includes('dhcp.ack')], [0, false]);
  commits[0]?.end([{ kind: 'written' }]);
  await settle();
  assert.deepEqual([sent.length, told.includes('dhcp.ack')], [1, true]);
  assert.equal(ports.book.leaseAt(ipv4('172.22.10.9'))?.state, 'bound');
});

test('a lease that cannot be written is not acknowledged, and its address is free again', async () => {
  const { service, sent, commits, request, ports } = bench();
  service.receive(request, BROADCAST);
  assert.ok(ports.book.leaseAt(ipv4('172.22.10.9')), 'held while it is being written');
  commits[0]?.fail(new Error('disk full'));
  await settle();
  assert.equal(sent.length, 0);
  assert.equal(ports.book.leaseAt(ipv4('172.22.10.9')), undefined);
  assert.equal(service.counters().unwritten, 1);
});

test('an address that the store gives to somebody else is not acknowledged', async () => {
  const { service, sent, commits, request } = bench();
  service.receive(request, BROADCAST);
  commits[0]?.end([{ kind: 'taken', holder: mac('02:00:00:00:00:01') }]);
  await settle();
  assert.equal(sent.length, 0);
});

test('an address that the store knows somebody else to have is told, and not offered again', async () => {
  const { service, told, sent, commits, request, discover } = bench();
  service.receive(request, BROADCAST);
  commits[0]?.end([{ kind: 'taken', holder: mac('02:00:00:00:00:01') }]);
  await settle();
  assert.ok(told.includes('dhcp.no-address'));
  service.receive(requestBytes({ type: 1, mac: STRANGER, options: { 50: addressHex('172.22.10.9') } }), BROADCAST);
  service.receive(discover, BROADCAST);
  const offered = sent.map(({ bytes }) => formatIpv4(decodePacket(bytes).yiaddr));
  assert.equal(offered.length, 2);
  assert.ok(!offered.includes('172.22.10.9'), `${offered}`);
});

test('a client that cannot be given another address keeps the one that it has', async () => {
  const { service, commits, request, ports } = bench();
  ports.book.put(lease('172.22.10.8', STRANGER));
  service.receive(request, BROADCAST);
  assert.equal(ports.book.leaseAt(ipv4('172.22.10.8'))?.state, 'released');
  commits[0]?.fail(new Error('disk full'));
  await settle();
  assert.equal(ports.book.leaseAt(ipv4('172.22.10.9')), undefined);
  assert.equal(ports.book.leaseAt(ipv4('172.22.10.8'))?.state, 'bound');
  assert.equal(ports.book.leaseOf('management', STRANGER)?.address, ipv4('172.22.10.8'));
});

test('a lease that is renewed while an operator releases it stays, in memory as on the disk', async () => {
  const { service, commits, request, ports } = bench();
  const held = lease('172.22.10.9', STRANGER);
  ports.book.put(held);
  const released = service.apply({ kind: 'put', at: 1000, lease: { ...held, state: 'released' } });
  service.receive(request, BROADCAST);
  for (const { end } of commits) end([{ kind: 'written' }]);
  await released;
  await settle();
  assert.deepEqual(
    commits.map(({ changes: [change] }) => change?.kind === 'put' && change.lease.state),
    ['released', 'bound'],
  );
  assert.equal(ports.book.leaseAt(ipv4('172.22.10.9'))?.state, 'bound');
});

test('an offer that cannot be made after a probe is told, and ends nothing', async () => {
  let answers = 0;
  const { service, told, discover } = bench({
    conflictProbe: true,
    now: () => {
      if (++answers > 3) throw new RangeError('a value that no packet holds');
      return 1000;
    },
  });
  service.receive(discover, BROADCAST);
  await settle();
  assert.ok(told.includes('dhcp.malformed'));
});

test('an offer is sent at once, written nowhere, and held', async () => {
  const { service, sent, commits, discover, ports } = bench();
  service.receive(discover, BROADCAST);
  assert.deepEqual([sent.length, commits.length], [1, 0]);
  const offered = decodePacket(sent[0]?.bytes ?? new Uint8Array()).yiaddr;
  assert.equal(ports.book.offeredTo(offered, 1000), STRANGER);
  service.receive(discover, BROADCAST);
  assert.equal(decodePacket(sent[1]?.bytes ?? new Uint8Array()).yiaddr, offered);
});

test('an address is asked after once, and offered when nobody answers', async () => {
  const asked: string[] = [];
  const { service, sent, discover } = bench({
    conflictProbe: true,
    isInUse: async (_, address) => {
      asked.push(formatIpv4(address));
      return false;
    },
  });
  service.receive(discover, BROADCAST);
  service.receive(discover, BROADCAST);
  assert.equal(sent.length, 0);
  await settle();
  assert.equal(asked.length, 1);
  assert.equal(sent.length, 1);
  assert.equal(formatIpv4(decodePacket(sent[0]?.bytes ?? new Uint8Array()).yiaddr), asked[0]);
});

test('an address where somebody answers is set aside, and the next DISCOVER gets another', async () => {
  const inUse = new Set<string>();
  const { service, sent, told, commits, discover } = bench({
    conflictProbe: true,
    isInUse: async (_, address) => {
      if (inUse.size === 0) inUse.add(formatIpv4(address));
      return inUse.has(formatIpv4(address));
    },
  });
  service.receive(discover, BROADCAST);
  await settle();
  commits[0]?.end([{ kind: 'written' }]);
  await settle();
  assert.ok(told.includes('dhcp.conflict'));
  assert.equal(sent.length, 0);
  service.receive(discover, BROADCAST);
  await settle();
  assert.equal(sent.length, 1);
  assert.ok(!inUse.has(formatIpv4(decodePacket(sent[0]?.bytes ?? new Uint8Array()).yiaddr)));
});

test('what cannot be read is counted and dropped, whatever it is', () => {
  const { service, sent, told } = bench();
  const hostile = [
    new Uint8Array(0),
    new Uint8Array(235),
    new Uint8Array(1500).fill(0xff),
    requestBytes({ type: 99 }),
    requestBytes({ type: 1, options: { 50: 'hex:0102' } }),
    requestBytes({ type: 3, options: { 54: 'hex:01' } }),
    requestBytes({ type: 1, options: { 51: 'hex:010203' } }),
  ];
  for (const datagram of hostile) service.receive(datagram, BROADCAST);
  assert.equal(service.counters().malformed, hostile.length);
  assert.deepEqual(sent, []);
  assert.equal(told.filter((id) => id === 'dhcp.malformed').length, hostile.length);
});

test('a request whose options break off before its message type is no BOOTP request, and gets no lease without end', () => {
  const { service, commits, sent } = bench();
  const bootp = requestBytes({ mac: STRANGER });
  const cut = Uint8Array.from(bootp);
  cut.set([55, 200], 240);
  service.receive(cut, BROADCAST);
  assert.deepEqual([commits.length, sent.length, service.counters().ignored], [0, 0, 1]);
  service.receive(bootp, BROADCAST);
  assert.equal(commits.length, 1);
});

test('captured requests with bytes changed at random never throw, and never get two replies', () => {
  const captures: { dhcp: { hex: string }[] }[] = JSON.parse(
    readFileSync(new URL('../../../test/fixtures/netboot-captures.json', import.meta.url), 'utf8'),
  );
  const datagrams = captures.flatMap(({ dhcp }) => dhcp.map(({ hex }) => Uint8Array.from(Buffer.from(hex, 'hex'))));
  const change = fc.tuple(fc.nat(600), fc.nat(255));
  const runs = fc.tuple(fc.nat(datagrams.length - 1), fc.array(change, { maxLength: 12 }), fc.nat(600));
  const { service, sent } = bench();
  fc.assert(
    fc.property(runs, ([index, changes, cut]) => {
      const bytes = Uint8Array.from(datagrams[index] ?? []).slice(0, 200 + cut);
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      const before = sent.length;
      service.receive(bytes, BROADCAST);
      assert.ok(sent.length - before <= 1);
    }),
    { numRuns: process.env.CI ? 20_000 : 3_000 },
  );
});

test('our own requests are not answered, and other servers’ clients are remembered by address', () => {
  const own = bench({ isOwnMac: () => true });
  own.service.receive(own.discover, BROADCAST);
  assert.equal(own.sent.length, 0);
  const { service } = bench();
  const other = {
    type: 3,
    mac: STRANGER,
    options: { 54: addressHex('172.22.10.254'), 50: addressHex('172.22.10.77') },
  };
  service.receive(requestBytes(other), BROADCAST);
  assert.equal(service.observedAt(ipv4('172.22.10.77')), STRANGER);
});
