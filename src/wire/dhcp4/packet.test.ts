import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { ipv4 } from '../../net/ipv4.ts';
import { DecodeError } from '../decode-error.ts';
import { decodePacket, encodeDiscover, encodeReply, MIN_PACKET_BYTES } from './packet.ts';

/** Bytes by hand: never with the encoder under test. */
function hex(text: string): Uint8Array {
  return Uint8Array.from(text.replace(/\s+/g, '').match(/../g) ?? [], (octet) => Number.parseInt(octet, 16));
}

const HEADER = `01 01 06 00 12 34 56 78 00 04 80 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
  00 25 90 96 c4 9a ${'00'.repeat(10)} ${'00'.repeat(64)} ${'00'.repeat(128)}`;
const COOKIE = '63 82 53 63';

interface Capture {
  readonly name: string;
  readonly dhcp: readonly { readonly hex: string; readonly sport: number }[];
}
const captures: Capture[] = JSON.parse(
  readFileSync(new URL('../../../test/fixtures/netboot-captures.json', import.meta.url), 'utf8'),
);
const captured = captures.flatMap((capture) =>
  capture.dhcp.map(({ hex: bytes }) => ({ name: capture.name, bytes: hex(bytes) })),
);

test('decodePacket() reads every header field by its RFC name', () => {
  const packet = decodePacket(hex(`${HEADER} ${COOKIE} 35 01 01 37 03 01 03 06 ff`));
  assert.equal(packet.op, 1);
  assert.equal(packet.xid, 0x12345678);
  assert.equal(packet.secs, 4);
  assert.equal(packet.flags, 0x8000);
  assert.deepEqual([...packet.chaddr.subarray(0, 6)], [0x00, 0x25, 0x90, 0x96, 0xc4, 0x9a]);
  assert.deepEqual([...(packet.options.get(55) ?? [])], [1, 3, 6]);
  assert.equal(packet.isWhole, true);
});

const malformed: readonly {
  name: string;
  bytes: string;
  options: readonly (readonly [number, string])[];
  isWhole: boolean;
}[] = [
  {
    name: 'a length that runs past the end keeps what stood before',
    bytes: `${COOKIE} 35 01 01 3c 20 41 42`,
    options: [[53, '01']],
    isWhole: false,
  },
  { name: 'a missing length byte', bytes: `${COOKIE} 35 01 03 3c`, options: [[53, '03']], isWhole: false },
  { name: 'no END option', bytes: `${COOKIE} 35 01 01`, options: [[53, '01']], isWhole: true },
  { name: 'PAD between options', bytes: `${COOKIE} 00 00 35 01 01 00 ff`, options: [[53, '01']], isWhole: true },
  { name: 'nothing after END', bytes: `${COOKIE} 35 01 01 ff 0c 01 41`, options: [[53, '01']], isWhole: true },
  {
    name: 'a repeated option is joined (RFC 3396)',
    bytes: `${COOKIE} 2b 02 01 02 35 01 01 2b 01 03 ff`,
    options: [
      [43, '010203'],
      [53, '01'],
    ],
    isWhole: true,
  },
  { name: 'no cookie: BOOTP', bytes: '01 02 03 04 35 01 01 ff', options: [], isWhole: true },
];
for (const row of malformed) {
  test(`decodePacket() with ${row.name}`, () => {
    const packet = decodePacket(hex(`${HEADER} ${row.bytes}`));
    const options = [...packet.options].map(([code, value]) => [code, Buffer.from(value).toString('hex')]);
    assert.deepEqual(options.sort(), row.options.map((option) => [...option]).sort());
    assert.equal(packet.isWhole, row.isWhole);
  });
}

test('decodePacket() reads options from file and sname when option 52 says so, in that order', () => {
  const bytes = hex(`${HEADER} ${COOKIE} 34 01 03 35 01 01 0c 01 61 ff`);
  bytes.set(hex('0c 01 62 ff'), 108);
  bytes.set(hex('0c 01 63 ff'), 44);
  const packet = decodePacket(bytes);
  assert.equal(Buffer.from(packet.options.get(12) ?? []).toString(), 'abc');
  assert.equal(packet.file, '');
  assert.equal(packet.sname, '');
});

// It took half a minute of the one thread that answers machines, when each piece was joined with all before it.
test('a packet that is nothing but pieces of one option is read at once', () => {
  const bytes = new Uint8Array(65_507);
  bytes.set(hex(`${HEADER} ${COOKIE} 35 01 01`));
  for (let at = 243; at + 3 <= bytes.length; at += 3) bytes.set([12, 1, 97], at);
  const packet = decodePacket(bytes);
  assert.equal(packet.options.get(12)?.length, 21_754);
  assert.equal(packet.repeated.get(12)?.length, 21_754);
});

test('decodePacket() refuses what is no BOOTP message with DecodeError', () => {
  assert.throws(() => decodePacket(new Uint8Array(235)), DecodeError);
  assert.throws(() => decodePacket(hex(`03 ${HEADER.slice(3)}`)), DecodeError);
  assert.throws(() => decodePacket(hex(`01 01 11 ${HEADER.slice(9)}`)), DecodeError);
});

test('decodePacket() keeps no reference to the receive buffer', () => {
  const bytes = hex(`${HEADER} ${COOKIE} 3c 02 41 42 ff`);
  const packet = decodePacket(bytes);
  bytes.fill(0xee);
  assert.equal(Buffer.from(packet.options.get(60) ?? []).toString(), 'AB');
});

test('every prefix of every captured packet is a value or a DecodeError', () => {
  assert.ok(captured.length > 30);
  for (const { bytes } of captured) {
    for (let length = 0; length <= bytes.length; length++) {
      try {
        decodePacket(bytes.subarray(0, length));
      } catch (error) {
        assert.ok(error instanceof DecodeError);
      }
    }
  }
});

test('decodePacket() never throws anything else on random bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 700 }), (tail) => {
      const bytes = Uint8Array.of(...hex(`${HEADER} ${COOKIE}`), ...tail);
      assert.equal(decodePacket(bytes).op, 1);
    }),
    { numRuns: 2000 },
  );
});

const request = decodePacket(hex(`${HEADER} ${COOKIE} 35 01 01 ff`));

test('encodeReply() writes header, cookie, options in order, END, and pads to 300 bytes', () => {
  const bytes = encodeReply({
    request,
    flags: 0x8000,
    yiaddr: ipv4('172.22.10.55'),
    siaddr: ipv4('172.22.10.2'),
    sname: '172.22.10.2',
    file: 'boot/core.0',
    options: [
      [53, hex('02')],
      [54, hex('ac160a02')],
    ],
  });
  const want = new Uint8Array(MIN_PACKET_BYTES);
  want.set(
    hex('02 01 06 00 12 34 56 78 00 00 80 00 00 00 00 00 ac 16 0a 37 ac 16 0a 02 00 00 00 00 00 25 90 96 c4 9a'),
  );
  want.set(Buffer.from('172.22.10.2'), 44);
  want.set(Buffer.from('boot/core.0'), 108);
  want.set(hex(`${COOKIE} 35 01 02 36 04 ac 16 0a 02 ff`), 236);
  assert.deepEqual(Buffer.from(bytes).toString('hex'), Buffer.from(want).toString('hex'));
});

test('encodeReply() splits an option over 255 bytes, and refuses to split a boot file name', () => {
  const long = new Uint8Array(300).fill(7);
  const bytes = encodeReply({ request, flags: 0, options: [[43, long]] });
  assert.deepEqual([bytes[240], bytes[241], bytes[240 + 257], bytes[240 + 258]], [43, 255, 43, 45]);
  assert.deepEqual(decodePacket(bytes).options.get(43), long);
  assert.throws(() => encodeReply({ request, flags: 0, options: [[67, long]] }), RangeError);
});

test('encodeReply() refuses a boot file that does not fit its field', () => {
  assert.throws(() => encodeReply({ request, flags: 0, file: 'x'.repeat(128), options: [] }), RangeError);
});

test('encodeDiscover() is a DISCOVER of 300 bytes with the broadcast flag', () => {
  const packet = decodePacket(encodeDiscover(hex('02 00 00 00 00 01'), 0xfeedbeef));
  assert.equal(packet.flags, 0x8000);
  assert.equal(packet.xid, 0xfeedbeef);
  assert.deepEqual([...(packet.options.get(53) ?? [])], [1]);
});
