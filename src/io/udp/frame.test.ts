import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipv4 } from '../../net/ipv4.ts';
import { mac } from '../../net/mac.ts';
import { BROADCAST_MAC, decodeUdpPacket, encodeUdpFrame, type UdpFrame } from './frame.ts';

const base: UdpFrame = {
  mac: mac('00:25:90:96:c4:9a'),
  sourceMac: mac('52:54:00:aa:bb:cc'),
  sourceAddress: ipv4('172.22.10.2'),
  destinationAddress: ipv4('172.22.10.5'),
  sourcePort: 67,
  destinationPort: 68,
  payload: Buffer.from('abcd'),
};

// The bytes were made by another program (Python) from RFC 791, 768 and 1071.
const ETHERNET = '00259096c49a525400aabbcc0800';
const golden: readonly { name: string; frame: UdpFrame; hex: string }[] = [
  {
    name: 'even payload',
    frame: base,
    hex: `${ETHERNET}45000020000040004011ce99ac160a02ac160a0500430044000cce5461626364`,
  },
  {
    name: 'odd payload',
    frame: { ...base, payload: Buffer.from('abc') },
    hex: `${ETHERNET}4500001f000040004011ce9aac160a02ac160a0500430044000bceba616263`,
  },
  {
    name: 'a checksum that comes out as 0 is sent as ffff',
    frame: { ...base, payload: Uint8Array.of(0x93, 0x1f) },
    hex: `${ETHERNET}4500001e000040004011ce9bac160a02ac160a0500430044000affff931f`,
  },
  {
    name: 'empty broadcast from nobody',
    frame: {
      ...base,
      mac: BROADCAST_MAC,
      sourceAddress: ipv4('0.0.0.0'),
      destinationAddress: ipv4('255.255.255.255'),
      sourcePort: 68,
      destinationPort: 67,
      payload: new Uint8Array(0),
    },
    hex: 'ffffffffffff525400aabbcc08004500001c0000400040113ad200000000ffffffff004400430008ff57',
  },
  {
    name: 'largest values (sums that carry twice)',
    frame: {
      ...base,
      sourceAddress: ipv4('255.255.255.254'),
      destinationAddress: ipv4('255.255.255.255'),
      sourcePort: 65_535,
      destinationPort: 65_535,
      payload: new Uint8Array(1_472).fill(255),
    },
    hex: `${ETHERNET}450005dc0000400040113513fffffffeffffffffffffffff05c8f45f${'ff'.repeat(1_472)}`,
  },
];

for (const { name, frame, hex } of golden) {
  test(`encodeUdpFrame(): ${name}`, () => {
    assert.equal(Buffer.from(encodeUdpFrame(frame)).toString('hex'), hex);
  });
  test(`decodeUdpPacket() reads it back: ${name}`, () => {
    const { sourceAddress, destinationAddress, sourcePort, destinationPort, payload } = frame;
    assert.deepEqual(decodeUdpPacket(Uint8Array.from(Buffer.from(hex, 'hex')).subarray(14)), {
      sourceAddress,
      destinationAddress,
      sourcePort,
      destinationPort,
      payload: Uint8Array.from(payload),
    });
  });
}

const packet = Uint8Array.from(Buffer.from(golden[0]?.hex ?? '', 'hex')).subarray(14);

test('decodeUdpPacket() reads nothing out of any part of a packet, and ignores what the wire padded', () => {
  for (let length = 0; length < packet.length; length++) {
    assert.equal(decodeUdpPacket(packet.subarray(0, length)), undefined, `${length} octets`);
  }
  const padded = decodeUdpPacket(Uint8Array.of(...packet, 0, 0, 0, 0));
  assert.equal(Buffer.from(padded?.payload ?? []).toString(), 'abcd');
});

for (const [name, offset, value] of [
  ['IPv6', 0, 0x65],
  ['a header shorter than 20', 0, 0x44],
  ['a header longer than the packet', 0, 0x4f],
  ['a first fragment', 6, 0x20],
  ['a later fragment', 7, 0x01],
  ['TCP', 9, 6],
  ['a UDP length that goes beyond the packet', 25, 0x0d],
  ['a UDP length below its header', 25, 0x07],
] as const) {
  test(`decodeUdpPacket() does not take ${name}`, () => {
    const bytes = Uint8Array.from(packet);
    bytes[offset] = value;
    assert.equal(decodeUdpPacket(bytes), undefined);
  });
}
