import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipv4 } from '../net/ipv4.ts';
import { mac } from '../net/mac.ts';
import { compareInterfaces, listInterfaces, type NetworkInterface, ownMacs } from './interfaces.ts';

const eth1: NetworkInterface = {
  name: 'eth1',
  index: 3,
  mac: mac('52:54:00:aa:bb:cc'),
  addresses: [{ address: ipv4('10.0.0.1'), prefix: 24 }],
  mtu: 1_500,
  isUp: true,
  hasCarrier: true,
  isEthernet: true,
};
const second = { address: ipv4('10.0.1.1'), prefix: 24 };

const rows: readonly { name: string; before: NetworkInterface[]; after: NetworkInterface[]; kinds: string[] }[] = [
  { name: 'nothing', before: [eth1], after: [{ ...eth1, mtu: 9_000 }], kinds: [] },
  { name: 'gone', before: [eth1], after: [], kinds: ['gone'] },
  { name: 'still gone', before: [], after: [], kinds: [] },
  { name: 'back', before: [], after: [eth1], kinds: ['back'] },
  { name: 're-created', before: [eth1], after: [{ ...eth1, index: 9, addresses: [] }], kinds: ['re-created'] },
  { name: 'cable out', before: [eth1], after: [{ ...eth1, hasCarrier: false }], kinds: ['link'] },
  { name: 'another address', before: [eth1], after: [{ ...eth1, addresses: [second] }], kinds: ['addresses'] },
  { name: 'of others', before: [eth1], after: [eth1, { ...eth1, name: 'eth2' }], kinds: [] },
];

for (const { name, before, after, kinds } of rows) {
  test(`compareInterfaces(): ${name}`, () => {
    assert.deepEqual(
      compareInterfaces(['eth1'], before, after).map(({ kind }) => kind),
      kinds,
    );
  });
}

test('compareInterfaces() tells which addresses came and went', () => {
  const now = { ...eth1, addresses: [second] };
  assert.deepEqual(compareInterfaces(['eth1'], [eth1], [now]), [
    { kind: 'addresses', name: 'eth1', now, added: [second], removed: eth1.addresses },
  ]);
});

test('ownMacs() leaves out interfaces without one, and knows what we look for other servers with', () => {
  const own = ownMacs([eth1, { ...eth1, name: 'tun0', mac: undefined }]);
  assert.deepEqual(own, new Set([eth1.mac, mac('50:54:00:aa:bb:cc')]));
});

test('listInterfaces() finds the loopback interface', async () => {
  const loopback = (await listInterfaces()).find(({ name }) => name === 'lo');
  assert.ok(loopback);
  assert.deepEqual([loopback.mac, loopback.isEthernet], [undefined, false]);
  assert.ok(loopback.index > 0 && loopback.mtu > 0);
});
