import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { DecodeError } from '../decode-error.ts';
import { decodePacket, encodePacket, type TftpPacket } from './packet.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'));
const ascii = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));

const golden: readonly { name: string; packet: TftpPacket; bytes: string }[] = [
  {
    name: 'RRQ without options',
    packet: { op: 'rrq', fileName: ascii('a'), mode: 'octet', options: new Map() },
    bytes: '0001 6100 6f6374657400',
  },
  {
    name: 'RRQ of OVMF: tsize, blksize, windowsize',
    packet: {
      op: 'rrq',
      fileName: ascii('x.efi'),
      mode: 'octet',
      options: new Map([
        ['tsize', '0'],
        ['blksize', '1468'],
        ['windowsize', '4'],
      ]),
    },
    bytes: '0001 782e65666900 6f6374657400 7473697a6500 3000 626c6b73697a6500 3134363800 77696e646f7773697a6500 3400',
  },
  {
    name: 'WRQ',
    packet: { op: 'wrq', fileName: ascii('up'), mode: 'netascii', options: new Map() },
    bytes: '0002 757000 6e6574617363696900',
  },
  { name: 'DATA', packet: { op: 'data', block: 258, data: hex('deadbeef') }, bytes: '0003 0102 deadbeef' },
  { name: 'empty DATA', packet: { op: 'data', block: 65535, data: hex('') }, bytes: '0003 ffff' },
  { name: 'ACK', packet: { op: 'ack', block: 65535 }, bytes: '0004 ffff' },
  { name: 'ERROR', packet: { op: 'error', code: 8, message: 'no' }, bytes: '0005 0008 6e6f00' },
  {
    name: 'OACK',
    packet: { op: 'oack', options: new Map([['blksize', '1024']]) },
    bytes: '0006 626c6b73697a6500 3130323400',
  },
];

describe('TFTP packets', () => {
  for (const { name, packet, bytes } of golden) {
    test(`encode ${name}`, () => assert.deepEqual(encodePacket(packet), hex(bytes)));
    test(`decode ${name}`, () => assert.deepEqual(decodePacket(hex(bytes)), packet));
    test(`every prefix of ${name} is a value or a DecodeError`, () => {
      const whole = hex(bytes);
      for (let length = 0; length < whole.length; length++) {
        try {
          decodePacket(whole.subarray(0, length));
        } catch (error) {
          assert.ok(error instanceof DecodeError, `prefix of ${length}: ${error}`);
        }
      }
    });
  }

  const read: readonly { name: string; bytes: string; want: TftpPacket }[] = [
    {
      name: 'option names in any case become lower case, values stay',
      bytes: '0001 6100 4f4354455400 424c4b53495a4500 3800',
      want: { op: 'rrq', fileName: ascii('a'), mode: 'OCTET', options: new Map([['blksize', '8']]) },
    },
    {
      name: 'padding with zero octets after a request is no option',
      bytes: '0001 6100 6f6374657400 000000',
      want: { op: 'rrq', fileName: ascii('a'), mode: 'octet', options: new Map() },
    },
    {
      name: 'the first of two equal options counts',
      bytes: '0001 6100 6f6374657400 626c6b73697a6500 3800 626c6b73697a6500 3900',
      want: { op: 'rrq', fileName: ascii('a'), mode: 'octet', options: new Map([['blksize', '8']]) },
    },
    {
      name: 'a file name with bytes that are not ASCII',
      bytes: '0001 61ff00 6f6374657400',
      want: { op: 'rrq', fileName: hex('61ff'), mode: 'octet', options: new Map() },
    },
    {
      name: 'an ERROR without its final zero octet',
      bytes: '0005 0000 6279',
      want: { op: 'error', code: 0, message: 'by' },
    },
    { name: 'an ERROR without text', bytes: '0005 0003', want: { op: 'error', code: 3, message: '' } },
  ];
  for (const { name, bytes, want } of read) test(name, () => assert.deepEqual(decodePacket(hex(bytes)), want));

  const broken: readonly { name: string; bytes: string; offset: number }[] = [
    { name: 'nothing', bytes: '', offset: 0 },
    { name: 'one byte', bytes: '00', offset: 0 },
    { name: 'opcode 0', bytes: '0000', offset: 0 },
    { name: 'opcode 7', bytes: '0007 0000', offset: 0 },
    { name: 'opcode 0x0101 is not RRQ', bytes: '0101 6100 6f6374657400', offset: 0 },
    { name: 'ACK without a whole number', bytes: '0004 00', offset: 2 },
    { name: 'RRQ with an endless name', bytes: '0001 616161', offset: 5 },
    { name: 'RRQ without a mode', bytes: '0001 6100', offset: 4 },
    { name: 'an option without a value', bytes: '0001 6100 6f6374657400 7473697a6500', offset: 16 },
    {
      name: '33 options',
      bytes: `0006 ${Array.from({ length: 33 }, (_, i) => `${(65 + i).toString(16)}00 3000`).join('')}`,
      offset: 130,
    },
  ];
  for (const { name, bytes, offset } of broken) {
    test(`decode refuses ${name}`, () => {
      assert.throws(
        () => decodePacket(hex(bytes)),
        (error) => error instanceof DecodeError && error.offset === offset,
      );
    });
  }

  test('a decoded packet shares no memory with the datagram', () => {
    const bytes = hex('0003 0001 aabb');
    const packet = decodePacket(bytes);
    bytes.fill(0);
    assert.deepEqual(packet, { op: 'data', block: 1, data: hex('aabb') });
  });

  test('what is encoded is decoded to the same value', () => {
    const text = fc.stringMatching(/^[!-~]{1,20}$/);
    const options = fc
      .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,10}$/), fc.stringMatching(/^[0-9]{0,6}$/)), {
        maxLength: 8,
        selector: ([name]) => name,
      })
      .map((pairs) => new Map(pairs));
    const block = fc.integer({ min: 0, max: 65535 });
    const plain = { noNullPrototype: true };
    const packet: fc.Arbitrary<TftpPacket> = fc.oneof(
      fc.record(
        {
          op: fc.constantFrom('rrq' as const, 'wrq' as const),
          fileName: fc.uint8Array({ min: 1, max: 255, maxLength: 40 }),
          mode: text,
          options,
        },
        plain,
      ),
      fc.record({ op: fc.constant('data' as const), block, data: fc.uint8Array({ maxLength: 64 }) }, plain),
      fc.record({ op: fc.constant('ack' as const), block }, plain),
      fc.record({ op: fc.constant('error' as const), code: block, message: text }, plain),
      fc.record({ op: fc.constant('oack' as const), options }, plain),
    );
    fc.assert(fc.property(packet, (value) => assert.deepEqual(decodePacket(encodePacket(value)), value)));
  });

  test('hostile bytes give a value or a DecodeError', () => {
    const bytes = fc
      .tuple(fc.integer({ min: 0, max: 8 }), fc.uint8Array({ maxLength: 600 }))
      .map(([opcode, rest]) => Uint8Array.of(0, opcode, ...rest));
    fc.assert(
      fc.property(bytes, (value) => {
        try {
          decodePacket(value);
        } catch (error) {
          assert.ok(error instanceof DecodeError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
