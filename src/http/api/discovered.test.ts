import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordEvent } from '../../event/event.ts';
import type { Lease } from '../../lease/lease.ts';
import { ipv4 } from '../../net/ipv4.ts';
import { type Mac, mac } from '../../net/mac.ts';
import { foldDiscovered } from './discovered.ts';

const PC = mac('00:25:90:96:c4:9a');
const PHONE = mac('02:00:00:00:00:07');
const NAMED = mac('00:25:90:96:c4:9b');
const UUID = '00000000-0000-0000-0000-00259096c49a';

const asks = (seq: number, from: Mac, client: string, uuid?: string) =>
  recordEvent(
    { seq, time: seq * 1000 },
    'dhcp.discover',
    { mac: from, network: 'n' },
    {
      client,
      via: 'interface br0',
      ...(uuid && { uuid }),
    },
  );
const lease = (client: Mac, address: string, startsAt: number, hostName?: string): { lease: Lease } => ({
  lease: {
    address: ipv4(address),
    network: 'n',
    client,
    state: 'bound',
    kind: 'dhcp',
    startsAt,
    endsAt: null,
    hostName,
  },
});

test('foldDiscovered() tells machines from other clients, and leaves out those that are named', () => {
  const found = foldDiscovered({
    asked: [
      asks(1, PC, 'PXE firmware, uefi-x64', UUID),
      asks(2, NAMED, 'PXE firmware, uefi-x64'),
      asks(3, PHONE, 'system, android-dhcp-13'),
      asks(4, PC, 'GRUB'),
    ],
    leases: [
      lease(PC, '172.22.10.101', 4500),
      lease(PHONE, '172.22.10.102', 3500, 'phone'),
      lease(NAMED, '172.22.10.5', 1),
    ],
    isNamed: (one) => one === NAMED,
    lifeOf: (name) =>
      name === 'm-00-25-90-96-c4-9a' ? { machine: name, state: 'installed', onceUsed: true } : undefined,
  });
  assert.deepEqual(found, [
    {
      mac: PC,
      name: 'm-00-25-90-96-c4-9a',
      client: 'PXE firmware, uefi-x64',
      bootsFromNetwork: true,
      address: '172.22.10.101',
      network: 'n',
      hostName: null,
      uuid: UUID,
      state: 'installed',
      lastSeen: '1970-01-01T00:00:04.500Z',
    },
    {
      mac: PHONE,
      name: 'm-02-00-00-00-00-07',
      client: 'system, android-dhcp-13',
      bootsFromNetwork: false,
      address: '172.22.10.102',
      network: 'n',
      hostName: 'phone',
      uuid: null,
      state: 'discovered',
      lastSeen: '1970-01-01T00:00:03.500Z',
    },
  ]);
});

test('what an observed network hears counts as well; what does not say who asked does not', () => {
  const heard = (seq: number, from: Mac, client?: string) =>
    recordEvent(
      { seq, time: seq * 1000 },
      'dhcp.would-answer',
      { mac: from, network: 'n' },
      { message: 'discover', answer: 'nothing', ...(client && { client, uuid: UUID }) },
    );
  const asked = [heard(1, PC, 'PXE firmware, uefi-x64'), heard(2, PHONE)];
  const found = foldDiscovered({ asked, leases: [], isNamed: () => false, lifeOf: () => undefined });
  assert.deepEqual(
    found.map(({ mac: of, client, bootsFromNetwork, uuid }) => [of, client, bootsFromNetwork, uuid]),
    [[PC, 'PXE firmware, uefi-x64', true, UUID]],
  );
});

test('foldDiscovered(): a Mac that was heard by its firmware boots from the network', () => {
  const asked = [asks(1, PC, 'Mac, Macmini6,2'), asks(2, PC, 'system')];
  const [found] = foldDiscovered({ asked, leases: [], isNamed: () => false, lifeOf: () => undefined });
  assert.deepEqual([found?.client, found?.bootsFromNetwork], ['Mac, Macmini6,2', true]);
});
