import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeRelayAgentInfo } from '../dhcp4/relay-agent.ts';
import { decodeIpxeOptions } from './ipxe.ts';
import { decodeUserClasses } from './user-class.ts';
import { decodeBootItem, encodeBootItem } from './vendor-options.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replace(/\s+/g, ''), 'hex'));

const userClasses: readonly { name: string; hex: string; want: string[] }[] = [
  { name: 'bare text, as iPXE sends it', hex: '69 50 58 45', want: ['iPXE'] },
  { name: 'RFC 3004 with lengths', hex: '04 69 50 58 45 02 61 62', want: ['iPXE', 'ab'] },
  { name: 'a length that runs out is bare text', hex: '09 61 62', want: ['?ab'] },
  { name: 'nothing', hex: '', want: [] },
];
for (const row of userClasses) {
  test(`decodeUserClasses(): ${row.name}`, () => assert.deepEqual(decodeUserClasses(bytes(row.hex)), row.want));
}

test('decodeIpxeOptions() reads features, NIC and version, and stops at a broken length', () => {
  const value = bytes('b1 05 01 80 86 10 0e eb 03 01 15 01 13 01 01 12 01 00 17 01 01');
  assert.deepEqual(decodeIpxeOptions(value), { features: [0x13, 0x17], nic: '8086:100e', version: '1.21.1' });
  assert.deepEqual(decodeIpxeOptions(bytes('13 01 01 17 09 01')).features, [0x13]);
});

test('decodeRelayAgentInfo() reads the sub-options that decide something', () => {
  const info = decodeRelayAgentInfo(bytes('01 02 aa bb 05 04 0a 01 02 00 0b 04 0a 01 02 01 13 00'));
  assert.equal(info.linkSelection, 0x0a010200);
  assert.equal(info.serverIdentifierOverride, 0x0a010201);
  assert.equal(info.wantsSourcePort, true);
  assert.deepEqual(decodeRelayAgentInfo(bytes('05 04 0a 01')), {
    linkSelection: undefined,
    serverIdentifierOverride: undefined,
    wantsSourcePort: false,
  });
});

test('decodeBootItem() finds sub-option 71 behind others, and encodeBootItem() writes it', () => {
  assert.deepEqual(decodeBootItem(bytes('00 06 01 08 47 04 80 00 00 00 ff')), { item: 0x8000, layer: 0 });
  assert.equal(decodeBootItem(bytes('06 01 08 ff 47 04 00 01 00 00')), undefined);
  assert.equal(decodeBootItem(bytes('47 04 00 01')), undefined);
  assert.deepEqual(Buffer.from(encodeBootItem(0x8000, 1)).toString('hex'), '470480000001ff');
});
