import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ipv4 } from '../../net/ipv4.ts';
import { DecodeError } from '../decode-error.ts';
import { decodePacket, encodeQuestion, encodeReply, optionInstances } from '../dhcp4/packet.ts';
import {
  decodeImageId,
  encodeAttributes,
  encodeImageId,
  formatImageId,
  type ImageId,
  ImageKind,
  isSameImage,
} from './image-id.ts';
import { MOST_NAME_BYTES } from './image-list.ts';
import { bsdpPayloadLimit } from './message-size.ts';
import {
  type BsdpReply,
  decodeBsdpReply,
  encodeFailedReply,
  encodeListReply,
  encodeOfferedImage,
  encodeSelectReply,
} from './reply.ts';
import { type BsdpRequest, decodeBsdpRequest, encodeBsdpRequest, type SelectOrder } from './request.ts';
import { decodeSubOptions, encodeSubOptions } from './sub-options.ts';
import { BSDP_1_1 } from './tags.ts';
import { BSDP_SERVER_CLASS, decodeAppleClass, encodeAppleClass } from './vendor-class.ts';

/** Bytes by hand: never with the encoder under test. */
const hex = (text: string) => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'));
const shown = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const ascii = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));

const seedImage: ImageId = { install: true, kind: ImageKind.macOsX, index: 137 };
const server = ipv4('172.22.10.2');

describe('image ids', () => {
  const rows: readonly (readonly [hex: string, id: ImageId])[] = [
    ['81000089', seedImage],
    ['01000089', { install: false, kind: 1, index: 137 }],
    ['00000001', { install: false, kind: 0, index: 1 }],
    ['82001000', { install: true, kind: 2, index: 4096 }],
    ['03000fff', { install: false, kind: 3, index: 4095 }],
    ['ffffffff', { install: true, kind: 127, index: 65535, reserved: 255 }],
    ['81010089', { install: true, kind: 1, index: 137, reserved: 1 }],
  ];
  for (const [bytes, id] of rows) {
    test(`0x${bytes} in both directions`, () => {
      assert.equal(encodeImageId(id).toString(16).padStart(8, '0'), bytes);
      assert.deepEqual(decodeImageId(Number.parseInt(bytes, 16)), id);
      assert.equal(formatImageId(id), `0x${bytes}`);
      assert.equal(encodeAttributes(id).toString(16).padStart(4, '0'), bytes.slice(0, 4));
    });
  }
  test('all 32 bits tell images apart', () => {
    for (const [at, [, a]] of rows.entries()) {
      for (const [other, [, b]] of rows.entries()) assert.equal(isSameImage(a, b), at === other);
    }
  });
  test('the null image and what does not fit are refused', () => {
    assert.throws(() => encodeImageId({ install: false, kind: 0, index: 0 }), RangeError);
    assert.throws(() => encodeImageId({ install: false, kind: 128, index: 1 }), RangeError);
    assert.throws(() => encodeImageId({ install: false, kind: 1, index: 65536 }), RangeError);
  });
});

describe('option 60', () => {
  const rows: readonly (readonly [value: string, want: object])[] = [
    ['AAPLBSDPC/i386/Macmini6,2', { kind: 'client', arch: 'i386', model: 'Macmini6,2' }],
    ['AAPLBSDPC/i386/MacPro1,1,Quad', { kind: 'client', arch: 'i386', model: 'MacPro1,1,Quad' }],
    ['AAPLBSDPC/ppc/PowerMac3,1/x', { kind: 'client', arch: 'ppc', model: 'PowerMac3,1/x' }],
    ['AAPLBSDPC/arm/Mac14,3', { kind: 'client', arch: 'arm', model: 'Mac14,3' }],
    ['AAPLBSDPC', { kind: 'bare' }],
    ['PXEClient:Arch:00007', { kind: 'none' }],
    ['AAPLBSDP', { kind: 'none' }],
    ['aaplbsdpc/i386/Macmini6,2', { kind: 'none' }],
    ['', { kind: 'none' }],
  ];
  for (const [value, want] of rows) {
    test(`"${value}"`, () => assert.deepEqual(decodeAppleClass(ascii(value)), want));
  }
  const malformed = [
    'AAPLBSDPC/',
    'AAPLBSDPC/i386',
    'AAPLBSDPC/i386/',
    'AAPLBSDPC//Macmini6,2',
    'AAPLBSDPCX',
    'AAPLBSDPC i386 Macmini6,2',
    'AAPLBSDPC/i386/Macmini6,2\0',
    'AAPLBSDPC/i3\n86/Macmini6,2',
    'AAPLBSDPC\0/i386/Macmini6,2',
  ];
  for (const value of malformed) {
    test(`${JSON.stringify(value)} is malformed`, () => assert.equal(decodeAppleClass(ascii(value)).kind, 'malformed'));
  }
  test('absent, and as a Mac writes it', () => {
    assert.deepEqual(decodeAppleClass(undefined), { kind: 'none' });
    assert.equal(shown(encodeAppleClass('i386', 'Macmini6,2')), '4141504c42534450432f693338362f4d61636d696e69362c32');
  });
  test('as servers say it', () => assert.equal(shown(BSDP_SERVER_CLASS), '4141504c4253445043'));
  test('control characters do not get into a model', () => {
    assert.deepEqual(decodeAppleClass(ascii('AAPLBSDPC/i386/\x1b[31m')), {
      kind: 'client',
      arch: 'i386',
      model: '?[31m',
    });
  });
});

interface RequestRow {
  readonly name: string;
  readonly area: string;
  readonly value: BsdpRequest;
  readonly order?: SelectOrder;
}
const requests: readonly RequestRow[] = [
  { name: 'DISCOVER: the version alone', area: '02020101', value: { version: 0x0101, isNetBoot1: false } },
  {
    name: 'LIST as firmware sends it',
    area: '010101 02020101',
    value: { message: 'list', version: 0x0101, isNetBoot1: false },
  },
  {
    name: 'LIST of version 1.0',
    area: '010101 02020100',
    value: { message: 'list', version: 0x0100, isNetBoot1: false },
  },
  {
    name: 'LIST of Startup Disk: reply port 993, 8192 bytes',
    area: '010101 02020101 050203e1 0c022000',
    value: { message: 'list', version: 0x0101, isNetBoot1: false, replyPort: 993, maxMessageBytes: 8192 },
  },
  {
    name: 'LIST with a filter of three attributes',
    area: '010101 02020101 0b0681000100 0300',
    value: { message: 'list', version: 0x0101, isNetBoot1: false, filter: [0x8100, 0x0100, 0x0300] },
  },
  {
    name: 'LIST of a machine older than BSDP',
    area: '010101 02020101 0a00',
    value: { message: 'list', version: 0x0101, isNetBoot1: true },
  },
  {
    name: 'SELECT, image before server',
    area: '010102 02020101 080481000089 0304ac160a02',
    value: { message: 'select', version: 0x0101, isNetBoot1: false, server, selected: seedImage },
    order: 'image-first',
  },
  {
    name: 'SELECT, server before image',
    area: '010102 02020101 0304ac160a02 080481000089',
    value: { message: 'select', version: 0x0101, isNetBoot1: false, server, selected: seedImage },
  },
  {
    name: 'SELECT of Startup Disk',
    area: '010102 02020101 050203e1 0304ac160a02 080481000089',
    value: { message: 'select', version: 0x0101, isNetBoot1: false, replyPort: 993, server, selected: seedImage },
  },
];

describe('requests', () => {
  for (const { name, area, value, order } of requests) {
    test(`decode ${name}`, () => assert.deepEqual(plain(decodeBsdpRequest([hex(area)])), value));
    test(`encode ${name}`, () => assert.equal(shown(encodeBsdpRequest(value, order)), area.replace(/ /g, '')));
    test(`every prefix of ${name} is a value or a DecodeError`, () => {
      const whole = hex(area);
      for (let length = 0; length < whole.length; length++) {
        try {
          decodeBsdpRequest([whole.subarray(0, length)]);
        } catch (error) {
          assert.ok(error instanceof DecodeError, `prefix of ${length}: ${error}`);
        }
      }
    });
  }

  const read: readonly { name: string; areas: readonly string[]; want: object }[] = [
    {
      name: 'pads between sub-options and after them',
      areas: ['0000 010101 00 02020101 000000'],
      want: { message: 'list', version: 0x0101, isNetBoot1: false },
    },
    {
      name: 'nothing after an end byte',
      areas: ['010101 02020101 ff 0502ffff'],
      want: { message: 'list', version: 0x0101, isNetBoot1: false },
    },
    {
      name: 'unknown sub-options, also the list path that nobody uses',
      areas: ['010101 0603616263 02020101 c803010203'],
      want: { message: 'list', version: 0x0101, isNetBoot1: false },
    },
    {
      name: 'several instances, each read by itself and an end byte in the first',
      areas: ['010102 ff aa', '02020101', '0304ac160a02'],
      want: { message: 'select', version: 0x0101, isNetBoot1: false, server },
    },
    { name: 'nothing at all', areas: [], want: { isNetBoot1: false } },
    { name: 'an empty instance', areas: [''], want: { isNetBoot1: false } },
    {
      name: 'the first of two message types',
      areas: ['010101 010102 02020101'],
      want: { message: 'list', version: 0x0101, isNetBoot1: false },
    },
    {
      name: 'a type that nobody has defined',
      areas: ['010109 02020101'],
      want: { message: 'other', version: 0x0101, isNetBoot1: false },
    },
    {
      name: 'the NetBoot 1.0 flag with a byte, as a table of the note has it',
      areas: ['010101 02020101 0a0101'],
      want: { message: 'list', version: 0x0101, isNetBoot1: true },
    },
    { name: 'a version that nobody speaks', areas: ['02020200'], want: { version: 0x0200, isNetBoot1: false } },
    {
      name: 'an image with reserved bits',
      areas: ['080481010089'],
      want: { isNetBoot1: false, selected: { ...seedImage, reserved: 1 } },
    },
  ];
  for (const { name, areas, want } of read) {
    test(`decode ${name}`, () => assert.deepEqual(plain(decodeBsdpRequest(areas.map(hex))), want));
  }

  const broken: readonly (readonly [name: string, areas: readonly string[]])[] = [
    ['a code without a length', ['010101 02']],
    ['a length that runs past the instance', ['010101 0202010101 080581000089']],
    ['a length that runs into the next instance', ['010101 020201', '01']],
    ['a message type of two bytes', ['01020101']],
    ['a message type of no bytes', ['0100']],
    ['a version of one byte', ['020101']],
    ['a server of three bytes', ['0303ac160a']],
    ['a reply port of one byte', ['050101']],
    ['an image of five bytes', ['0805810000890a']],
    ['an empty filter', ['0b00']],
    ['a filter with an odd byte', ['0b03810001']],
    ['the NetBoot 1.0 flag with two bytes', ['0a020101']],
    ['a message size of four bytes', ['0c0400002000']],
  ];
  for (const [name, areas] of broken) {
    test(`${name} is refused`, () => assert.throws(() => decodeBsdpRequest(areas.map(hex)), DecodeError));
  }

  test('RFC 3396: joined bytes give a sub-option that was split, and the same for one that was not', () => {
    const split = [hex('010101 0202'), hex('0101')];
    assert.throws(() => decodeBsdpRequest(split), DecodeError);
    assert.equal(decodeBsdpRequest([hex('010101 02020101')]).version, 0x0101);
    const whole = [hex('010101'), hex('02020101')];
    assert.deepEqual(decodeBsdpRequest(whole), decodeBsdpRequest([hex('010101 02020101')]));
  });

  test('any bytes are a value or a DecodeError, and what is encoded is decoded', () => {
    const areas = fc.array(fc.uint8Array({ maxLength: 255 }), { maxLength: 4 });
    fc.assert(
      fc.property(areas, (any) => {
        for (const decode of [decodeBsdpRequest, decodeBsdpReply]) {
          try {
            decode(any);
          } catch (error) {
            assert.ok(error instanceof DecodeError);
          }
        }
      }),
      { numRuns: 3000 },
    );
    const u16 = fc.nat(0xffff);
    const id = fc.record({ install: fc.boolean(), kind: fc.nat(127), index: fc.integer({ min: 1, max: 65535 }) });
    const request = fc.record(
      {
        message: fc.constantFrom('list' as const, 'select' as const, 'failed' as const),
        version: u16,
        replyPort: u16,
        selected: id,
        isNetBoot1: fc.boolean(),
        filter: fc.array(u16, { minLength: 1, maxLength: 20 }),
        maxMessageBytes: u16,
      },
      { requiredKeys: ['isNetBoot1'] },
    );
    fc.assert(
      fc.property(request, (value) => {
        assert.deepEqual(plain(decodeBsdpRequest([encodeBsdpRequest(value)])), plain(value));
      }),
    );
  });
});

describe('replies', () => {
  const room = 10_000;
  const list = (images: readonly (readonly [ImageId, string])[], more: object = {}) => ({
    priority: 0x8000,
    defaultImage: images[0]?.[0] ?? seedImage,
    images: images.map(([id, name]) => ({ id, name })),
    ...more,
  });
  const boot: ImageId = { install: false, kind: 1, index: 2 };

  const rows: readonly { name: string; areas: readonly Uint8Array[]; want: string; value: BsdpReply }[] = [
    {
      name: 'LIST of the seed',
      areas: encodeListReply(list([[seedImage, 'The-Image']]), { version: BSDP_1_1, room }).areas,
      want: '010101 04028000 070481000089 090e81000089095468652d496d616765',
      value: {
        message: 'list',
        priority: 0x8000,
        defaultImage: seedImage,
        images: [{ id: seedImage, name: 'The-Image' }],
      },
    },
    {
      name: 'LIST with what was chosen before; the default first',
      areas: encodeListReply(
        list(
          [
            [boot, 'b'],
            [seedImage, 'ü'],
          ],
          { selected: boot, defaultImage: seedImage },
        ),
        { version: BSDP_1_1, room },
      ).areas,
      want: '010101 04028000 070481000089 080401000002 090d 8100008902c3bc 010000020162',
      value: {
        message: 'list',
        priority: 0x8000,
        defaultImage: seedImage,
        selected: boot,
        images: [
          { id: seedImage, name: 'ü' },
          { id: boot, name: 'b' },
        ],
      },
    },
    {
      name: 'LIST for version 1.0: no list',
      areas: encodeListReply(list([[seedImage, 'The-Image']]), { version: 0x0100, room }).areas,
      want: '010101 04028000 070481000089',
      value: { message: 'list', priority: 0x8000, defaultImage: seedImage, images: [] },
    },
    {
      name: 'SELECT for GRUB',
      areas: encodeSelectReply({ image: seedImage }),
      want: '010102 080481000089',
      value: { message: 'select', selected: seedImage, images: [] },
    },
    {
      name: 'SELECT for macOS',
      areas: encodeSelectReply({ image: boot, machineName: 'mm1' }),
      want: '010102 080401000002 82036d6d31',
      value: { message: 'select', selected: boot, machineName: 'mm1', images: [] },
    },
    {
      name: 'FAILED',
      areas: encodeFailedReply(),
      want: '010103',
      value: { message: 'failed', images: [] },
    },
    {
      name: 'an OFFER that shows the image',
      areas: encodeOfferedImage(seedImage),
      want: '080481000089',
      value: { selected: seedImage, images: [] },
    },
  ];
  for (const { name, areas, want, value } of rows) {
    test(`encode ${name}`, () => assert.deepEqual(areas.map(shown), [want.replace(/ /g, '')]));
    test(`decode ${name}`, () => assert.deepEqual(plain(decodeBsdpReply([hex(want)])), value));
    test(`every prefix of ${name} is a value or a DecodeError`, () => {
      const whole = hex(want);
      for (let length = 0; length < whole.length; length++) {
        try {
          decodeBsdpReply([whole.subarray(0, length)]);
        } catch (error) {
          assert.ok(error instanceof DecodeError, `prefix of ${length}: ${error}`);
        }
      }
    });
  }

  test('the client reads lists of several instances, the null image left out, and what only others send', () => {
    const areas = [
      '010101 0304ac160a02 04027fff 070481000089 0907 81000089 02 c3bc',
      '090c 00000000 00 00000002 024f58',
      '8004 6166703a 8105 2f6e6231 2f',
    ];
    assert.deepEqual(plain(decodeBsdpReply(areas.map(hex))), {
      message: 'list',
      server,
      priority: 0x7fff,
      defaultImage: seedImage,
      images: [
        { id: seedImage, name: 'ü' },
        { id: { install: false, kind: 0, index: 2 }, name: 'OX' },
      ],
      shadowMountPath: 'afp:',
      shadowFilePath: '/nb1/',
    });
  });

  for (const bad of ['0904 81000089', '0906 81000089 02 61', '0905 81000089 01']) {
    test(`a list "${bad}" that ends too early is refused`, () =>
      assert.throws(() => decodeBsdpReply([hex(bad)]), DecodeError));
  }

  /** As many images as a rack may have, with names of one length. */
  const many = (count: number, nameBytes: number) =>
    list(
      Array.from({ length: count }, (_, index): [ImageId, string] => [
        { install: true, kind: 1, index: index + 1 },
        `${index + 1} `.padEnd(nameBytes, 'x'),
      ]),
    );

  for (const [count, nameBytes] of [
    [30, 20],
    [60, 20],
    [60, 40],
    [7, 246],
  ] as const) {
    test(`${count} images with names of ${nameBytes} bytes are split between whole descriptions`, () => {
      const reply = many(count, nameBytes);
      const { areas, dropped } = encodeListReply(reply, { version: BSDP_1_1, room: 1 << 20 });
      assert.equal(dropped, 0);
      assert.ok(areas.every((area) => area.length <= 255));
      const [first, ...others] = areas.map((area) => [...decodeSubOptions([area])]);
      assert.deepEqual(
        first?.map(([code]) => code),
        nameBytes === 246 ? [1, 4, 7] : [1, 4, 7, 9],
      );
      for (const other of others)
        assert.deepEqual(
          other.map(([code, values]) => [code, values.length]),
          [[9, 1]],
        );
      assert.deepEqual(decodeBsdpReply(areas).images, reply.images);
      const joined = Uint8Array.from(areas.flatMap((area) => [...area]));
      assert.deepEqual(decodeBsdpReply([joined]).images, reply.images, 'RFC 3396');
      const fill = areas.slice(0, -1).map((area) => area.length + 5 + nameBytes);
      assert.ok(
        fill.every((length) => length > 255),
        'an instance ends where the next description does not fit',
      );
    });
  }

  test('a list never takes more room than there is, and says how many were dropped', () => {
    const reply = many(60, 20);
    for (let room = 15; room <= 1800; room++) {
      const { areas, dropped } = encodeListReply(reply, { version: BSDP_1_1, room });
      const used = areas.reduce((sum, area) => sum + 2 + area.length, 0);
      assert.ok(used <= room, `${used} of ${room}`);
      const { images, defaultImage } = decodeBsdpReply(areas);
      assert.equal(images.length + dropped, 60);
      assert.deepEqual(images, reply.images.slice(0, images.length));
      assert.deepEqual(defaultImage, reply.defaultImage);
      if (dropped > 0) assert.ok(room - used < 25 + 4, `${room - used} bytes left over`);
    }
  });

  test('a name is cut after a whole character at 246 bytes, and loses its NULs', () => {
    const { areas } = encodeListReply(
      list([
        [seedImage, `${'x'.repeat(245)}üx`],
        [boot, 'a\0b'],
      ]),
      { version: BSDP_1_1, room },
    );
    assert.deepEqual(
      decodeBsdpReply(areas).images.map(({ name }) => name),
      ['x'.repeat(MOST_NAME_BYTES - 1), 'ab'],
    );
  });

  test('no sub-option is split, and one that fits nowhere is refused', () => {
    const areas = encodeSubOptions([
      [1, Uint8Array.of(2)],
      [128, new Uint8Array(251).fill(7)],
      [129, new Uint8Array(10).fill(8)],
    ]);
    assert.deepEqual(
      areas.map((area) => area.length),
      [3, 253, 12],
    );
    assert.throws(() => encodeSubOptions([[128, new Uint8Array(254)]]), RangeError);
  });
});

describe('sizes', () => {
  const rows: readonly (readonly [bsdp: number | undefined, dhcp: number | undefined, want: number])[] = [
    [undefined, undefined, 548],
    [undefined, 1500, 1472],
    [undefined, 576, 548],
    [undefined, 300, 548],
    [undefined, 9000, 1472],
    [8192, 1500, 8164],
    [65535, 1500, 8164],
    [576, 1500, 548],
    [575, 1500, 1472],
    [0, undefined, 548],
  ];
  for (const [bsdpBytes, dhcpBytes, want] of rows) {
    test(`sub-option 12: ${bsdpBytes}, option 57: ${dhcpBytes} gives ${want} bytes of payload`, () =>
      assert.equal(bsdpPayloadLimit({ bsdpBytes, dhcpBytes }), want));
  }
});

describe('whole packets', () => {
  const header = (op: string, rest: string) => `${op} 01 06 00 ${rest}`;
  const client = `a8206634ffe9 ${'00'.repeat(10)} ${'00'.repeat(64)}`;
  const noFile = '00'.repeat(128);
  const padded = (text: string) => {
    const bytes = new Uint8Array(300);
    bytes.set(hex(text));
    return shown(bytes);
  };
  const listRequest = `${header('01', `4d414332 00000000 ac160a33 ${'00'.repeat(12)}`)} ${client} ${noFile}
    63825363 350108 37050103432b3c 390205dc 3c194141504c42534450432f693338362f4d61636d696e69362c32
    2b07 01010102020101 ff`;
  const mac = hex('a8206634ffe9');

  test('INFORM[LIST], firmware-shaped, as a Mac sends it and as we read it', () => {
    const area = encodeBsdpRequest({ message: 'list', version: 0x0101, isNetBoot1: false });
    const bytes = encodeQuestion({
      chaddr: mac,
      xid: 0x4d414332,
      type: 'inform',
      ciaddr: ipv4('172.22.10.51'),
      options: [
        [55, hex('0103432b3c')],
        [57, hex('05dc')],
        [60, encodeAppleClass('i386', 'Macmini6,2')],
        [43, area],
      ],
    });
    assert.equal(shown(bytes), padded(listRequest));
    const packet = decodePacket(bytes);
    assert.deepEqual(decodeBsdpRequest(optionInstances(packet, 43)).message, 'list');
    assert.equal(decodeAppleClass(packet.options.get(60)).kind, 'client');
  });

  const replies: readonly { name: string; areas: readonly Uint8Array[]; file: string; xid: string; want: string }[] = [
    {
      name: 'ACK[LIST]',
      xid: '4d414332',
      file: '',
      areas: encodeListReply(
        { priority: 0x8000, defaultImage: seedImage, images: [{ id: seedImage, name: 'The-Image' }] },
        { version: BSDP_1_1, room: 1000 },
      ).areas,
      want: '2b1d 010101 04028000 070481000089 090e81000089095468652d496d616765',
    },
    {
      name: 'ACK[SELECT]',
      xid: '4d414333',
      file: 'mactel64.efi',
      areas: encodeSelectReply({ image: seedImage }),
      want: '2b09 010102 080481000089',
    },
    { name: 'ACK[FAILED]', xid: '4d414333', file: '', areas: encodeFailedReply(), want: '2b03 010103' },
  ];
  for (const { name, areas, file, xid, want } of replies) {
    test(`${name} of the specification's vectors`, () => {
      const request = decodePacket(hex(listRequest.replace('4d414332', xid)));
      const bytes = encodeReply({
        request,
        flags: 0,
        ciaddr: request.ciaddr,
        siaddr: server,
        file,
        options: [
          [53, hex('05')],
          [54, hex('ac160a02')],
          [60, ascii('AAPLBSDPC')],
          ...areas.map((area) => [43, area] as const),
        ],
      });
      const fileField = Buffer.from(file.padEnd(128, '\0')).toString('hex');
      assert.equal(
        shown(bytes),
        padded(`${header('02', `${xid} 00000000 ac160a33 00000000 ac160a02 00000000`)} ${client} ${fileField}
          63825363 350105 3604ac160a02 3c094141504c4253445043 ${want} ff`),
      );
    });
  }

  test('several instances stay apart on the way through a packet', () => {
    const request = decodePacket(hex(listRequest));
    const areas = [hex('010101 04028000'), hex('09 06 81000089 01 61'), hex('09 06 8100008a 01 62')];
    const bytes = encodeReply({ request, flags: 0, options: areas.map((area) => [43, area]) });
    const packet = decodePacket(bytes);
    assert.deepEqual(optionInstances(packet, 43), areas);
    assert.equal(packet.options.get(43)?.length, 7 + 8 + 8);
    assert.deepEqual(optionInstances(packet, 60), []);
  });
});
