import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIpv4 } from '../../net/ipv4.ts';
import { inheritedSockets, isNamed } from './inherited.ts';
import { parseUdpTable } from './port-holder.ts';

test('inheritedSockets() numbers from 3 and takes names in order', () => {
  const environment = { LISTEN_PID: '7', LISTEN_FDS: '3', LISTEN_FDNAMES: 'eth1:eth2-67' };
  assert.deepEqual(inheritedSockets(environment, 7), [
    { fd: 3, name: 'eth1' },
    { fd: 4, name: 'eth2-67' },
    { fd: 5, name: 'unknown' },
  ]);
});

test('inheritedSockets() takes nothing that is meant for another process, or is no number', () => {
  assert.deepEqual(inheritedSockets({}, 7), []);
  assert.deepEqual(inheritedSockets({ LISTEN_PID: '8', LISTEN_FDS: '1' }, 7), []);
  assert.deepEqual(inheritedSockets({ LISTEN_PID: '7', LISTEN_FDS: 'many' }, 7), []);
  assert.deepEqual(inheritedSockets({ LISTEN_PID: '7', LISTEN_FDS: '-1' }, 7), []);
});

test('isNamed() knows an interface, and an interface with port', () => {
  assert.equal(isNamed('eth1', 'eth1', 67), true);
  assert.equal(isNamed('eth1-67', 'eth1', 67), true);
  assert.equal(isNamed('eth1-4011', 'eth1', 67), false);
  assert.equal(isNamed('eth10', 'eth1', 67), false);
});

test('parseUdpTable() reads address, port and inode', () => {
  const table = [
    '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops',
    '  267: 0201A8C0:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0000000000000000 0',
    '',
  ].join('\n');
  assert.deepEqual(
    parseUdpTable(table).map((entry) => ({ ...entry, address: formatIpv4(entry.address) })),
    [{ address: '192.168.1.2', port: 67, inode: '4711' }],
  );
});
