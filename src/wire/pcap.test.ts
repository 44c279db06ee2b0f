import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipv4 } from '../net/ipv4.ts';
import { encodePcap } from './pcap.ts';

test('an empty capture is a file header', () => {
  assert.equal(
    Buffer.from(encodePcap([])).toString('hex'),
    'a1b2c3d400020004000000000000000000 00ffff00000065'.replace(' ', ''),
  );
});

test('a datagram of which only the beginning is kept', () => {
  const file = encodePcap([
    {
      time: 1_700_000_000_123.5,
      source: ipv4('10.0.0.1'),
      sourcePort: 69,
      destination: ipv4('10.0.0.2'),
      destinationPort: 2000,
      bytes: Uint8Array.of(0, 3, 0, 1),
      length: 516,
    },
  ]);
  const hex = Buffer.from(file.subarray(24)).toString('hex');
  // Seconds and microseconds, 32 bytes of 544.
  assert.equal(hex.slice(0, 32), '6553f1000001e26c00000020 00000220'.replace(' ', ''));
  // The header of RFC 791 with its checksum.
  assert.equal(hex.slice(32, 72), '4500022000004000401124cb0a0000010a000002');
  assert.equal(hex.slice(72), '004507d0020c0000' + '00030001');
});
