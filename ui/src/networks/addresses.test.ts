import assert from 'node:assert/strict';
import { test } from 'node:test';
import { machineView } from '../../../src/http/api/views.ts';
import { fakePorts } from '../../../test/support/api.ts';
import { addressNumber, addressText, countUses, isIn, makeBlocks, type Network } from './addresses.ts';

const network: Network = {
  name: 'lab',
  interface: 'br0',
  subnet: '10.1.0.0/16',
  address: '10.1.0.1',
  router: '10.1.0.2',
  mode: 'authoritative',
  pools: [{ first: '10.1.7.250', last: '10.1.8.5', clients: 'dhcp' }],
  leases: { bound: 1, free: 11 },
};
const [machine] = Array.from(fakePorts().ports.machines.list(), machineView);
assert.ok(machine);
const lease = {
  address: '10.1.8.1',
  network: 'lab',
  client: 'id:00ff',
  machine: null,
  state: 'bound',
  kind: 'dhcp',
  startsAt: '',
  endsAt: null,
  hostName: '<b>',
  vendorClass: null,
} as const;

test('addresses and numbers, also of the upper half', () => {
  for (const text of ['0.0.0.0', '10.1.0.1', '192.168.255.254', '255.255.255.255']) {
    assert.equal(addressText(addressNumber(text)), text);
  }
  assert.equal(isIn({ subnet: '192.168.1.128/25' }, '192.168.1.127'), false);
  assert.equal(isIn({ subnet: '192.168.1.128/25' }, '192.168.1.255'), true);
  assert.equal(isIn({ subnet: '0.0.0.0/0' }, '255.255.255.255'), true);
});

test('of a large network the blocks in which something is, with what each address is used for', () => {
  const blocks = makeBlocks(network, [lease], [{ ...machine, name: 'box', address: '10.1.99.4' }]);
  assert.deepEqual(
    blocks.map(({ first }) => first),
    ['10.1.0.0', '10.1.7.0', '10.1.8.0', '10.1.99.0'],
  );
  assert.deepEqual(Object.fromEntries(countUses(blocks)), {
    outside: 4 * 256 - 15,
    pool: 11,
    bound: 1,
    reserved: 1,
    server: 1,
    router: 1,
  });
  assert.deepEqual(blocks[2]?.cells[1], { address: '10.1.8.1', use: 'bound', text: 'bound: <b>' });
});

test('a small network is one block', () => {
  const [block, ...more] = makeBlocks({ ...network, subnet: '10.1.0.0/29', pools: [] }, [], []);
  assert.deepEqual([block?.cells.length, more.length], [8, 0]);
});
