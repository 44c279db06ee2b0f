import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressHex, network, requestBytes } from '../../../test/support/dhcp.ts';
import type { Emit } from '../../event/event.ts';
import { ipv4 } from '../../net/ipv4.ts';
import { mac } from '../../net/mac.ts';
import { createStrangers, searchMac, tellChosenServers } from './strangers.ts';

const OURS = ipv4('172.22.10.2');
const THEIRS = ipv4('172.22.10.3');
const HOUR = 3_600_000;

/** An OFFER of `server`, as it comes from the wire. */
function offer(server: string, address = '172.22.10.100', options: Record<number, string> = {}): Uint8Array {
  const bytes = requestBytes({ type: 2, options: { 54: addressHex(server), ...options } });
  bytes[0] = 2;
  bytes.set(Buffer.from(addressHex(address).slice(4), 'hex'), 16);
  return bytes;
}

function open() {
  const told: [string, unknown, unknown][] = [];
  const emit: Emit = (id, subject, data) => void told.push([id, subject, data]);
  return { told, strangers: createStrangers(emit, (address) => address === OURS) };
}

const reply = (payload: Uint8Array, source = THEIRS) => ({ payload, source, sourceMac: mac('02:00:00:00:00:03') });

test('another server on an authoritative network is a warning, with address, MAC and what it offers', () => {
  const { told, strangers } = open();
  strangers.hear(reply(offer('172.22.10.3')), network(), 0);
  assert.deepEqual(told, [
    [
      'dhcp.stranger',
      { network: 'management' },
      { server: '172.22.10.3', serverMac: '02:00:00:00:00:03', mode: 'authoritative', offered: '172.22.10.100' },
    ],
  ]);
});

test('in proxy and observe mode the other server is what is expected', () => {
  for (const mode of ['proxy', 'observe'] as const) {
    const { told, strangers } = open();
    strangers.hear(reply(offer('172.22.10.3')), network({ dhcp: { mode } }), 0);
    assert.deepEqual(
      told.map(([id]) => id),
      ['dhcp.other-server'],
    );
  }
});

test('of more servers than a network can have only the latest are remembered', () => {
  const { told, strangers } = open();
  const hear = (index: number) =>
    strangers.hear(reply(offer(`10.0.${index >> 8}.${index & 255}`)), network({ dhcp: { mode: 'observe' } }), 0);
  for (let index = 1; index <= 10_001; index++) hear(index);
  hear(10_001);
  assert.equal(told.length, 10_001);
  hear(1);
  assert.equal(told.length, 10_002);
});

test('a server is told once an hour, a second one at once', () => {
  const { told, strangers } = open();
  for (const now of [0, 1, HOUR - 1]) strangers.hear(reply(offer('172.22.10.3')), network(), now);
  assert.equal(told.length, 1);
  strangers.hear(reply(offer('172.22.10.4')), network(), HOUR - 1);
  assert.equal(told.length, 2);
  strangers.hear(reply(offer('172.22.10.3')), network(), HOUR);
  assert.equal(told.length, 3);
});

test('the same server on two networks is told for each', () => {
  const { told, strangers } = open();
  strangers.hear(reply(offer('172.22.10.3')), network(), 0);
  strangers.hear(reply(offer('172.22.10.3')), network({ name: 'other' }), 0);
  assert.equal(told.length, 2);
});

test('our own words, also handed on by a relay, are nobody else’s', () => {
  const { told, strangers } = open();
  strangers.hear(reply(offer('172.22.10.2')), network(), 0);
  strangers.hear(reply(offer('172.22.10.3'), OURS), network(), 0);
  assert.deepEqual(told, []);
});

test('an address of another subnet is not shown as offered here', () => {
  const { told, strangers } = open();
  strangers.hear(reply(offer('172.22.10.3', '192.168.0.9')), network(), 0);
  strangers.hear(reply(offer('172.22.10.4', '0.0.0.0')), network(), 0);
  for (const [, , data] of told) assert.equal('offered' in (data as object), false);
  assert.equal(told.length, 2);
});

test('a server that names no identifier is known by its source address', () => {
  const { told, strangers } = open();
  const bytes = requestBytes({ type: 2 });
  bytes[0] = 2;
  strangers.hear(reply(bytes), network(), 0);
  const servers = told.map(([, , data]) => (data as { server: string }).server);
  assert.deepEqual(servers, ['172.22.10.3']);
});

test('requests, BOOTP replies and rubbish are no DHCP server', () => {
  const { told, strangers } = open();
  const bootp = requestBytes({});
  bootp[0] = 2;
  for (const bytes of [requestBytes({ type: 1 }), bootp, new Uint8Array(20), new Uint8Array(300)]) {
    strangers.hear(reply(bytes), network(), 0);
  }
  strangers.hear(reply(offer('172.22.10.3', '172.22.10.9', { 54: 'hex:01' })), network(), 0);
  assert.deepEqual(told, []);
});

test('the search uses the interface’s address, marked as locally administered, never the address itself', () => {
  assert.deepEqual([...searchMac(mac('00:25:90:96:c4:9a'))], [0x02, 0x25, 0x90, 0x96, 0xc4, 0x9a]);
  assert.deepEqual([...searchMac(mac('02:00:ac:16:0a:02'))], [0x00, 0x00, 0xac, 0x16, 0x0a, 0x02]);
});

test('what another server tells a machine about booting is told each time, and so is its refusal', () => {
  const { told, strangers } = open();
  const ack = (options: Record<number, string>) => reply(offer('172.22.10.3', '172.22.10.100', options));
  strangers.hear(ack({ 67: 'pxelinux.0' }), network(), 0);
  strangers.hear(ack({ 67: 'pxelinux.0' }), network(), 1);
  strangers.hear(ack({ 60: 'PXEClient' }), network(), 2);
  strangers.hear(ack({ 60: 'PXEClient', 43: 'hex:060108ff' }), network(), 3);
  const nak = requestBytes({ type: 6, options: { 54: addressHex('172.22.10.3'), 56: 'wrong network' } });
  nak[0] = 2;
  strangers.hear(reply(nak), network(), 4);
  const subject = { mac: '00:25:90:96:c4:9a', network: 'management' };
  const said = { server: '172.22.10.3', message: 'OFFER', address: '172.22.10.100' };
  const named = { ...said, bootFile: 'pxelinux.0', nextServer: '172.22.10.3' };
  assert.deepEqual(
    told.filter(([id]) => id !== 'dhcp.stranger'),
    [
      ['dhcp.other-answer', subject, named],
      ['dhcp.other-answer', subject, named],
      ['dhcp.other-answer', subject, { ...said, vendorClass: 'PXEClient', hasDiscovery: false }],
      ['dhcp.other-answer', subject, { ...said, vendorClass: 'PXEClient', hasDiscovery: true }],
      ['dhcp.other-nak', subject, { server: '172.22.10.3', serverMac: '02:00:00:00:00:03', reason: 'wrong network' }],
    ],
  );
});

test('what is said to our own search, and what says nothing about booting, is no news for a machine', () => {
  const told: string[] = [];
  const searching = mac('00:25:90:96:c4:9a');
  const strangers = createStrangers(
    (id) => void told.push(id),
    (address) => address === OURS,
    searching,
  );
  strangers.hear(reply(offer('172.22.10.3', '172.22.10.100', { 67: 'pxelinux.0' })), network(), 0);
  const plain = open();
  plain.strangers.hear(reply(offer('172.22.10.3')), network(), 0);
  assert.deepEqual([told, plain.told.map(([id]) => id)], [['dhcp.stranger'], ['dhcp.stranger']]);
});

test('a server that machines choose on an observed network is told once an hour, and for each network', () => {
  const told: [string, unknown, unknown][] = [];
  let now = 0;
  const emit = tellChosenServers(
    (id, subject, data) => void told.push([id, subject, data]),
    () => now,
  );
  const request = { message: 'request', answer: 'nothing' } as const;
  const choose = (net: string, server?: string) =>
    emit('dhcp.would-answer', { network: net }, { ...request, ...(server && { server }) });
  const others = () => told.filter(([id]) => id === 'dhcp.other-server');
  choose('office');
  assert.equal(others().length, 0);
  choose('office', '172.22.10.3');
  choose('office', '172.22.10.3');
  assert.deepEqual(others(), [
    ['dhcp.other-server', { network: 'office' }, { server: '172.22.10.3', mode: 'observe' }],
  ]);
  choose('lab', '172.22.10.3');
  now = HOUR;
  choose('office', '172.22.10.3');
  assert.equal(others().length, 3);
  assert.equal(told.length, 8, 'what the machines did is told each time');
});
