import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipv4 } from '../../net/ipv4.ts';
import { mac } from '../../net/mac.ts';
import { decodeArpSender, encodeArpProbe } from './arp.ts';
import { findNeighbour } from './probe.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

test('encodeArpProbe() asks without a sender address (RFC 5227)', () => {
  const probe = encodeArpProbe(mac('52:54:00:aa:bb:cc'), ipv4('172.22.10.5'));
  const wanted = bytes('0001 0800 06 04 0001 525400aabbcc 00000000 000000000000 ac160a05');
  assert.deepEqual(probe, wanted);
});

test('decodeArpSender() takes replies and requests, and no probes', () => {
  const who = { mac: '00:25:90:96:c4:9a', address: ipv4('172.22.10.5') };
  const reply = bytes('0001 0800 06 04 0002 00259096c49a ac160a05 525400aabbcc 00000000');
  assert.deepEqual(decodeArpSender(reply), who);
  const request = bytes('0001 0800 06 04 0001 00259096c49a ac160a05 000000000000 ac160a07');
  assert.deepEqual(decodeArpSender(request), who);
  assert.equal(decodeArpSender(bytes('0001 0800 06 04 0001 00259096c49a 00000000 000000000000 ac160a05')), undefined);
  assert.equal(decodeArpSender(bytes('0020 0800 14 04 0001 00259096c49a ac160a05 000000000000 ac160a07')), undefined);
  for (let length = 0; length < 28; length++) assert.equal(decodeArpSender(reply.subarray(0, length)), undefined);
});

test('findNeighbour() wants the flag of an answer, the interface, and the whole address', () => {
  const table = [
    'IP address       HW type     Flags       HW address            Mask     Device',
    '10.1.0.20        0x1         0x2         02:00:00:00:00:02     *        srv0',
    '10.1.0.21        0x1         0x0         00:00:00:00:00:00     *        srv0',
    '10.1.0.22        0x1         0x2         02:00:00:00:00:03     *        srv1',
    '',
  ].join('\n');
  assert.equal(findNeighbour(table, 'srv0', ipv4('10.1.0.20')), '02:00:00:00:00:02');
  for (const address of ['10.1.0.21', '10.1.0.22', '10.1.0.2']) {
    assert.equal(findNeighbour(table, 'srv0', ipv4(address)), undefined);
  }
});
