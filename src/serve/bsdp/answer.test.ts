import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { debian, macLoaders } from '../../../test/boot-values.ts';
import {
  addressHex,
  book,
  machine,
  network,
  type RequestBytes,
  requestBytes,
  subnet,
} from '../../../test/support/dhcp.ts';
import { bootsFromDisk, type MacParts, macContext, macImage, mayInstall } from '../../../test/support/macs.ts';
import { classifyClient } from '../../boot/classify.ts';
import type { BootDecision } from '../../boot/decide.ts';
import type { Network } from '../../lease/network.ts';
import { macModel } from '../../machine/mac-model.ts';
import type { MacRecord } from '../../machine/mac-record.ts';
import type { Machine } from '../../machine/machine.ts';
import { formatIpv4, ipv4 } from '../../net/ipv4.ts';
import { mac } from '../../net/mac.ts';
import { decodeBsdpReply } from '../../wire/bsdp/reply.ts';
import { decodePacket, optionInstances } from '../../wire/dhcp4/packet.ts';
import { answerDhcp } from '../dhcp/answer.ts';
import { readRequest } from '../dhcp/request.ts';
import type { DhcpContext, Reception, Verdict } from '../dhcp/verdict.ts';

const MM1 = 'a8:20:66:34:ff:e9';
const RECEPTION: Reception = { interface: 'br0', source: { address: ipv4('172.22.10.51'), port: 68 }, port: 67 };
const mm1: Machine = { ...machine('mm1', MM1, '172.22.10.51'), kind: 'mac' };

interface Given extends MacParts {
  readonly machine?: Machine | null;
  readonly networks?: readonly Network[];
  readonly reception?: Partial<Reception>;
}

function contextFor(given: Given): DhcpContext {
  const networks = given.networks ?? [network()];
  const known = given.machine === undefined ? mm1 : (given.machine ?? undefined);
  return {
    networks,
    view: book(networks),
    now: 5_000,
    machineByMac: (address) => (known?.macs.includes(address) ? known : undefined),
    classify: classifyClient,
    answerBoot: () => ({ kind: 'none' }),
    probed: () => 'free',
    mac: macContext({ decision: mayInstall, ...given }),
  };
}

function ask(parts: RequestBytes, given: Given = {}): Verdict {
  const request = readRequest(decodePacket(requestBytes({ mac: MM1, ...parts })));
  return answerDhcp(request, { ...RECEPTION, ...given.reception }, contextFor(given));
}

const MINI = 'AAPLBSDPC/i386/Macmini6,2';
const V11 = '02020101';
const US = '0304ac160a02';
const inform = (areas: readonly string[], parts: RequestBytes = {}): RequestBytes => ({
  type: 8,
  ciaddr: '172.22.10.51',
  areas,
  ...parts,
  options: { 55: 'hex:2b3c', 57: 'hex:05dc', 60: MINI, ...parts.options },
});
const list = (more = '', parts: RequestBytes = {}) => inform([`010101 ${V11} ${more}`], parts);
const select = (more = '', parts: RequestBytes = {}) => inform([`010102 ${V11} ${more}`], parts);

/** A reply as its reader sees it. */
function replyOf(verdict: Verdict) {
  assert.ok(verdict.kind === 'answer' && verdict.reply, verdict.kind === 'ignore' ? verdict.reason : verdict.kind);
  const packet = decodePacket(verdict.reply.bytes);
  const areas = optionInstances(packet, 43);
  return { packet, bsdp: decodeBsdpReply(areas), areas, to: verdict.reply.to, source: verdict.reply.source, verdict };
}

/** The silence's code, and what is told once an hour. */
function silenceOf(verdict: Verdict): { code: string | undefined; told: string[]; reason: string } {
  assert.ok(verdict.kind === 'ignore', 'a reply was sent');
  const told = verdict.note?.rarely.map(({ told: one }) => one.id) ?? [];
  return { code: verdict.note?.counted, told, reason: verdict.reason };
}

const hexOf = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex');

describe('LIST', () => {
  test('a Mac that may be installed is offered its Linux image, as the note wants it', () => {
    const { packet, bsdp, to, source, verdict } = replyOf(ask(list('', { xid: 0x4d414332, flags: 0x8000 })));
    assert.deepEqual(
      [packet.op, packet.xid, packet.htype, packet.hlen, packet.flags].map(Number),
      [2, 0x4d414332, 1, 6, 0x8000],
    );
    assert.deepEqual([packet.ciaddr, packet.yiaddr, packet.siaddr, packet.giaddr].map(formatIpv4), [
      '172.22.10.51',
      '0.0.0.0',
      '172.22.10.2',
      '0.0.0.0',
    ]);
    assert.deepEqual([packet.sname, packet.file], ['', '']);
    assert.deepEqual([...packet.options.keys()], [53, 54, 60, 43]);
    assert.equal(hexOf(packet.options.get(53)), '05');
    assert.equal(hexOf(packet.options.get(54)), 'ac160a02');
    assert.equal(hexOf(packet.options.get(60)), '4141504c4253445043');
    assert.equal(
      hexOf(packet.options.get(43)),
      `0101010402800007048100008909168100008911${Buffer.from('Install debian-12').toString('hex')}`,
    );
    assert.deepEqual(
      { ...bsdp, defaultImage: bsdp.defaultImage?.index },
      {
        message: 'list',
        server: undefined,
        priority: 0x8000,
        defaultImage: 137,
        selected: undefined,
        images: [{ id: { install: true, kind: 1, index: 137 }, name: 'Install debian-12' }],
        machineName: undefined,
        shadowMountPath: undefined,
        shadowFilePath: undefined,
      },
    );
    assert.deepEqual(to, { kind: 'unicast', address: ipv4('172.22.10.51'), port: 68 });
    assert.equal(formatIpv4(source), '172.22.10.2');
    assert.ok(verdict.kind === 'answer' && (verdict.reply?.bytes.length ?? 0) >= 300);
    assert.equal(verdict.note?.counted, 'list');
  });

  test('the specification’s vector, to the byte, when the image is called so', () => {
    const image = macImage('seed', { kind: 'linux' }, { title: 'The-Image', id: { install: true, index: 137 } });
    const { verdict } = replyOf(ask(list('', { xid: 0x4d414332 }), { images: [image] }));
    const want = Buffer.alloc(300);
    const header = '02010600 4d414332 00000000 ac160a33 00000000 ac160a02 00000000 a8206634ffe9';
    Buffer.from(header.replaceAll(' ', ''), 'hex').copy(want);
    const options =
      '63825363 350105 3604ac160a02 3c094141504c4253445043 2b1d 010101 04028000 070481000089 090e81000089095468652d496d616765 ff';
    Buffer.from(options.replaceAll(' ', ''), 'hex').copy(want, 236);
    assert.ok(verdict.kind === 'answer');
    assert.equal(hexOf(verdict.reply?.bytes), want.toString('hex'));
  });

  const decisions: readonly { name: string; decision: BootDecision; want: string }[] = [
    { name: 'without a grant', decision: bootsFromDisk, want: 'not-armed' },
    { name: 'under `install: once`', decision: mayInstall, want: 'Install debian-12' },
    {
      name: 'under a grant',
      decision: { kind: 'install', profile: debian, grant: {} as never, reason: '' },
      want: 'Install debian-12',
    },
    {
      name: 'that is held: GRUB says why on its screen',
      decision: { kind: 'hold', profile: 'debian-12', reason: 'it asked again' },
      want: 'debian-12 (held)',
    },
  ];
  for (const { name, decision, want } of decisions) {
    test(`a Mac ${name}`, () => {
      const verdict = ask(list(), { decision });
      if (want === 'not-armed') {
        const { code, told, reason } = silenceOf(verdict);
        assert.deepEqual([code, told, reason], ['not-armed', ['bsdp.ignored'], 'no installation is granted']);
      } else
        assert.deepEqual(
          replyOf(verdict).bsdp.images.map((one) => one.name),
          [want],
        );
    });
  }

  test('an unknown Mac where unknown machines are ignored gets no answer, also when it chooses', () => {
    const given: Given = { machine: null, decision: { kind: 'ignore', reason: 'unknown machines are ignored' } };
    assert.equal(silenceOf(ask(list(), given)).code, 'unknown-machine');
    assert.equal(silenceOf(ask(select(`${US} 080481000089`), given)).code, 'unknown-machine');
  });

  test('version 1.0 gets the default and no list', () => {
    const { bsdp } = replyOf(ask(inform(['010101 02020100'])));
    assert.deepEqual([bsdp.defaultImage?.index, bsdp.images], [137, []]);
  });

  test('Startup Disk: the answer goes to the reply port, and may be 8192 bytes', () => {
    const { to } = replyOf(
      ask(list('050203e1 0c022000'), { reception: { source: { address: ipv4('172.22.10.51'), port: 993 } } }),
    );
    assert.deepEqual(to, { kind: 'unicast', address: ipv4('172.22.10.51'), port: 993 });
    assert.equal((replyOf(ask(list('050203ff'))).to as { port: number }).port, 1023);
  });

  test('where the answer goes when ciaddr is missing: option 50, then the source; the header goes back as it came', () => {
    const byOption = replyOf(ask(list('', { ciaddr: '0.0.0.0', options: { 50: addressHex('172.22.10.60') } })));
    assert.deepEqual(byOption.to, { kind: 'unicast', address: ipv4('172.22.10.60'), port: 68 });
    assert.equal(byOption.packet.ciaddr, 0);
    const bySource = replyOf(ask(list('', { ciaddr: '0.0.0.0' })));
    assert.deepEqual(bySource.to, { kind: 'unicast', address: ipv4('172.22.10.51'), port: 68 });
    const strict: Given = { settings: { clientAddress: 'strict' } };
    assert.equal(
      silenceOf(ask(list('', { ciaddr: '0.0.0.0', options: { 50: addressHex('172.22.10.60') } }), strict)).code,
      'no-address',
    );
    assert.equal(replyOf(ask(list(), strict)).packet.ciaddr, ipv4('172.22.10.51'));
  });

  test('through a relay: from the network of the relay, to the Mac itself, with option 82', () => {
    const far = network({ name: 'far', interface: undefined, subnet: subnet('10.7.0.0/24'), router: ipv4('10.7.0.1') });
    const { packet, to, source } = replyOf(
      ask(list('', { giaddr: '10.7.0.1', ciaddr: '10.7.0.51', options: { 82: 'hex:0104aabbccdd' } }), {
        networks: [network(), far],
      }),
    );
    assert.deepEqual(to, { kind: 'unicast', address: ipv4('10.7.0.51'), port: 68 });
    assert.equal(formatIpv4(packet.giaddr), '10.7.0.1');
    assert.equal(formatIpv4(source), '172.22.10.2');
    assert.deepEqual([...packet.options.keys()].at(-1), 82);
  });

  test('several subnets on one interface: each Mac is answered from its own', () => {
    const other = network({ name: 'other', subnet: subnet('10.8.0.0/24'), address: ipv4('10.8.0.2') });
    const { packet, source } = replyOf(ask(list('', { ciaddr: '10.8.0.51' }), { networks: [network(), other] }));
    assert.deepEqual([formatIpv4(source), hexOf(packet.options.get(54))], ['10.8.0.2', '0a080002']);
  });

  test('in proxy mode BSDP is answered all the same, and addresses are not', () => {
    const networks = [network({ dhcp: { mode: 'proxy' } })];
    assert.equal(replyOf(ask(list(), { networks })).bsdp.message, 'list');
    assert.equal(ask({ type: 1, options: { 60: MINI } }, { networks }).kind, 'ignore');
  });

  test('observe and off: nothing is sent; observe tells what would be', () => {
    const observed = ask(list(), { networks: [network({ dhcp: { mode: 'observe' } })] });
    assert.ok(observed.kind === 'ignore');
    assert.deepEqual(
      observed.told.map(({ id, data }) => [id, (data as { answer?: string }).answer]),
      [
        ['mac.seen', undefined],
        ['dhcp.would-answer', 'a NetBoot answer (list)'],
      ],
    );
    const off = ask(list(), { networks: [network({ dhcp: { mode: 'off' } })] });
    assert.ok(off.kind === 'ignore' && off.note === undefined);
  });
});

describe('several images', () => {
  const linux = macImage('linux', { kind: 'linux' }, { title: 'Debian', id: { install: true, index: 5 } });
  const disk = macImage('disk', { kind: 'localboot' }, { id: { index: 6 } });
  const tool = macImage('tool', { kind: 'efi', programs: { 64: '/t.efi' } }, { id: { index: 7 } });
  const tool32 = macImage('tool32', { kind: 'efi', programs: { 32: '/t32.efi' } }, { id: { index: 8 } });
  const nbi = macImage(
    'mac os',
    {
      kind: 'nbi',
      nbi: {
        folder: '/nb',
        booter: 'i386/booter',
        kernelCache: 'i386/x86_64/kernelcache',
        rootImage: 'Net Install.dmg',
      },
    },
    { id: { install: true, index: 9 }, forUnknown: false },
  );
  const diagnostics = macImage(
    'asd',
    { kind: 'efi', programs: { 64: '/asd.efi' } },
    { id: { kind: 3, index: 10 }, isFilterOnly: true },
  );
  const images = [tool, disk, linux, tool32, nbi, diagnostics];

  const names = (verdict: Verdict) => replyOf(verdict).bsdp.images.map(({ name }) => name);
  const preferred = (verdict: Verdict) => replyOf(verdict).bsdp.defaultImage?.index;

  test('under a grant the Linux image is the default and stands first', () => {
    const verdict = ask(list(), { images });
    assert.deepEqual(names(verdict), ['Debian', 'tool', 'disk', 'mac os']);
    assert.equal(preferred(verdict), 5);
  });

  test('without one it is not listed, and booting from the disk is the default', () => {
    const verdict = ask(list(), { images, decision: bootsFromDisk });
    assert.deepEqual(names(verdict), ['disk', 'tool', 'mac os']);
    assert.equal(preferred(verdict), 6);
  });

  test('the configuration’s default counts without a grant, and not under one', () => {
    const chosen = [{ ...tool, isDefault: true }, disk, linux];
    assert.equal(preferred(ask(list(), { images: chosen, decision: bootsFromDisk })), 7);
    assert.equal(preferred(ask(list(), { images: chosen })), 5);
  });

  test('an installer is the last to become the default', () => {
    assert.equal(preferred(ask(list(), { images: [nbi, tool], decision: bootsFromDisk })), 7);
    assert.equal(preferred(ask(list(), { images: [nbi], decision: bootsFromDisk })), 9);
  });

  test('32-bit EFI: other programs, another GRUB', () => {
    const old = { options: { 60: 'AAPLBSDPC/i386/Macmini2,1' } };
    assert.deepEqual(names(ask(list('', old), { images })), ['Debian', 'disk', 'tool32', 'mac os']);
    assert.equal(replyOf(ask(select(`${US} 080481000005`, old), { images })).packet.file, 'mac/i386.efi');
    assert.equal(replyOf(ask(select(`${US} 080401000008`, old), { images })).packet.file, 'netboot/tool32/efi32.efi');
    assert.equal(replyOf(ask(select(`${US} 080481000005`), { images })).packet.file, 'mac/x86_64.efi');
  });

  test('the machine’s own firmware key outweighs the model', () => {
    const firmware = (value: 'efi32' | 'efi64'): Given => ({ images, machine: { ...mm1, mac: { firmware: value } } });
    assert.equal(replyOf(ask(select(`${US} 080481000005`), firmware('efi32'))).packet.file, 'mac/i386.efi');
    const old = { options: { 60: 'AAPLBSDPC/i386/Macmini2,1' } };
    assert.equal(replyOf(ask(select(`${US} 080481000005`, old), firmware('efi64'))).packet.file, 'mac/x86_64.efi');
  });

  test('mac.bootFile: fat', () => {
    const loaders = { ...macLoaders, fat: { kind: 'file', bootFile: 'mac/universal.efi' } as const };
    const settings = { bootFile: 'fat' } as const;
    assert.equal(replyOf(ask(select(US), { settings, loaders })).packet.file, 'mac/universal.efi');
    const { code, told, reason } = silenceOf(ask(list(), { settings }));
    assert.deepEqual([code, told], ['cannot-boot', ['bsdp.cannot-boot']]);
    assert.match(
      reason,
      /image for both kinds of EFI.*grub-glue-efi is not there\. Install it with: apt-get install grub-common/,
    );
  });

  test('a filter: only what has one of the attributes, also what is for filters only', () => {
    assert.deepEqual(names(ask(list('0b020300'), { images })), ['asd']);
    assert.deepEqual(names(ask(list('0b0403008100'), { images })), ['Debian', 'mac os', 'asd']);
    const { code, reason } = silenceOf(ask(list('0b020200'), { images }));
    assert.deepEqual([code, reason], ['filtered', 'it asks for other kinds of images than it may have']);
    assert.equal(silenceOf(ask(list(), { images: [diagnostics] })).code, 'filtered');
    assert.equal(replyOf(ask(select(`${US} 08040300000a`), { images })).packet.file, 'netboot/asd/efi64.efi');
  });

  test('allow and deny lists', () => {
    const only = (entitled: object) => [{ ...disk, entitled: { ...disk.entitled, ...entitled } }];
    const code = (entitled: object) =>
      silenceOf(ask(list(), { images: only(entitled), decision: bootsFromDisk })).reason;
    assert.deepEqual(names(ask(list(), { images: only({ models: ['Macmini6,2'], macs: [mac(MM1)] }) })), ['disk']);
    assert.equal(code({ models: ['iMac14,3'] }), 'no installation is granted');
    const denied = ask(list(), { images: only({ notMacs: [mac(MM1)] }) });
    assert.equal(silenceOf(denied).reason, 'image disk: this Mac is excluded from it');
  });

  test('an image for one profile is for machines that are to become it', () => {
    const other = [macImage('ubuntu', { kind: 'linux', profile: 'ubuntu-24.04' })];
    assert.equal(
      silenceOf(ask(list(), { images: other })).reason,
      'the machine is to become debian-12, and the image is for ubuntu-24.04',
    );
    const same = [macImage('deb', { kind: 'linux', profile: 'debian-12' })];
    assert.deepEqual(names(ask(list(), { images: same })), ['deb']);
  });

  test('an unknown Mac gets what is for unknown ones', () => {
    assert.deepEqual(names(ask(list(), { images, machine: null })), ['Debian', 'tool', 'disk']);
  });

  const chose = (image: string): MacRecord => ({
    mac: mac(MM1),
    models: [{ model: 'Macmini6,2', arch: 'i386', firstSeen: 1 }],
    selected: { image, at: 2 },
  });
  test('what was chosen before is shown again, until it may not be had or the Mac is to be installed', () => {
    const selected = (given: Given) => replyOf(ask(list(), { images, ...given })).bsdp.selected?.index;
    assert.equal(selected({ record: chose('tool'), decision: bootsFromDisk }), 7);
    assert.equal(selected({ record: chose('gone'), decision: bootsFromDisk }), undefined);
    assert.equal(selected({ record: chose('linux'), decision: bootsFromDisk }), undefined);
    assert.equal(selected({ record: chose('tool') }), undefined, 'a grant outweighs an old choice');
    assert.equal(selected({ record: chose('linux') }), 5);
  });

  test('NetBoot folders: root path by HTTP with an address and a port, or as the operator writes it; the host’s name', () => {
    const { packet, bsdp } = replyOf(ask(select(`${US} 080481000009`), { images, httpPort: 8080 }));
    assert.equal(packet.file, 'netboot/mac os/i386/booter');
    const rootPath = Buffer.from(packet.options.get(17) ?? []).toString();
    assert.equal(rootPath, 'http://172.22.10.2:8080/netboot/mac os/Net%20Install.dmg');
    assert.equal(bsdp.machineName, 'mm1');
    const nfs = 'nfs:10.0.0.9:/nb:A.dmg';
    const byNfs =
      nbi.what.kind === 'nbi' ? { ...nbi, what: { ...nbi.what, nbi: { ...nbi.what.nbi, rootPath: nfs } } } : nbi;
    const second = replyOf(ask(select(`${US} 080481000009`), { images: [byNfs] })).packet;
    assert.equal(Buffer.from(second.options.get(17) ?? []).toString(), nfs);
    const grub = replyOf(ask(select(`${US} 080481000005`), { images }));
    assert.deepEqual([grub.packet.options.has(17), grub.bsdp.machineName], [false, undefined]);
  });

  const many = (count: number) =>
    Array.from({ length: count }, (_, index) =>
      macImage(
        `image number ${String(index + 1).padStart(3, '0')}`,
        { kind: 'localboot' },
        { id: { index: index + 1 } },
      ),
    );
  for (const count of [30, 60]) {
    test(`${count} images: never above the Mac’s limit, whole descriptions, and what is left out is told`, () => {
      const given = { images: many(count), decision: bootsFromDisk };
      for (const [parts, limit] of [
        [list('', { options: { 57: 'hex:0240' } }), 548],
        [list(), 1472],
        [list('0c022000'), 8164],
        [list('', { options: { 82: `hex:${'0a'.repeat(100)}` }, giaddr: '172.22.10.9' }), 1472],
      ] as const) {
        const { bsdp, areas, verdict } = replyOf(ask(parts, given));
        assert.ok(verdict.kind === 'answer');
        assert.ok((verdict.reply?.bytes.length ?? 0) <= limit);
        assert.ok(areas.every((area) => area.length <= 255));
        assert.deepEqual(
          bsdp.images.map(({ id }) => id.index),
          bsdp.images.map((_, index) => index + 1),
        );
        const cut = verdict.note?.rarely.find(({ key }) => key === 'list-cut')?.told.data as
          | { dropped: number }
          | undefined;
        assert.equal(bsdp.images.length + (cut?.dropped ?? 0), count);
        if (limit === 8164) assert.equal(cut, undefined);
        if (limit === 548) assert.ok((cut?.dropped ?? 0) > 0);
      }
    });
  }
});

describe('SELECT', () => {
  for (const [name, order] of [
    ['server before image', `${US} 080481000089`],
    ['image before server', `080481000089 ${US}`],
    ['no image: the default', US],
  ] as const) {
    test(`${name} is confirmed with the boot file, and remembered`, () => {
      const { packet, bsdp, verdict } = replyOf(ask(select(order)));
      assert.deepEqual([bsdp.message, bsdp.selected?.index], ['select', 137]);
      assert.deepEqual([packet.file, packet.sname, formatIpv4(packet.siaddr)], ['mac/x86_64.efi', '', '172.22.10.2']);
      assert.equal(hexOf(packet.options.get(43)), '010102080481000089');
      assert.deepEqual([...packet.options.keys()], [53, 54, 60, 43]);
      assert.ok(verdict.kind === 'answer');
      assert.deepEqual(verdict.note?.record?.selected, { image: '(automatic)', at: 5_000 });
      assert.equal(verdict.note?.sent, 'mac/x86_64.efi');
    });
  }

  const failed: readonly { name: string; parts: RequestBytes; given?: Given }[] = [
    { name: 'an image that nobody has', parts: select(`${US} 08048100008a`) },
    { name: 'an image that differs in its attributes only', parts: select(`${US} 080401000089`) },
    { name: 'an image that differs in its reserved bits only', parts: select(`${US} 080481010089`) },
    {
      name: 'an image that it may not have any more',
      parts: select(`${US} 080481000089`),
      given: { decision: bootsFromDisk },
    },
    { name: 'no image where there is none', parts: select(US), given: { decision: bootsFromDisk } },
    {
      name: 'an image for another Mac',
      parts: select(`${US} 080401000001`),
      given: { images: [macImage('x', { kind: 'localboot' }, { entitled: { macs: [mac('00:11:22:33:44:55')] } })] },
    },
  ];
  for (const { name, parts, given } of failed) {
    test(`FAILED: ${name}`, () => {
      const { packet, bsdp, verdict } = replyOf(ask(parts, given));
      assert.equal(bsdp.message, 'failed');
      assert.equal(hexOf(packet.options.get(43)), '010103');
      assert.equal(packet.file, '');
      assert.equal(verdict.kind === 'answer' && verdict.note?.counted, 'failed');
      assert.equal(verdict.kind === 'answer' && verdict.note?.record?.selected, undefined);
    });
  }

  test('another server’s selection is not confirmed, and ends what was chosen here', () => {
    const record: MacRecord = {
      mac: mac(MM1),
      models: [{ model: 'Macmini6,2', arch: 'i386', firstSeen: 1 }],
      selected: { image: '(automatic)', at: 2 },
    };
    const verdict = ask(select('0304ac160a63 080481000089'), { record });
    const { code, reason } = silenceOf(verdict);
    assert.deepEqual([code, reason], ['other-server', 'it chose an image of another server, 172.22.10.99']);
    assert.ok(verdict.kind === 'ignore');
    assert.deepEqual(verdict.note?.record, { mac: record.mac, models: record.models });
  });
});

describe('silence', () => {
  const reasonOf = (model: string, arch = 'i386') => {
    const judged = macModel(model, arch);
    return judged.kind === 'unsupported' ? judged.reason : assert.fail();
  };
  const rows: readonly {
    name: string;
    parts: RequestBytes;
    given?: Given;
    code: string;
    told?: string;
    reason?: string;
  }[] = [
    { name: 'no option 43', parts: inform([]), code: 'no-version' },
    { name: 'no version', parts: inform(['010101']), code: 'no-version' },
    { name: 'version 0.0', parts: inform(['010101 02020000']), code: 'other-version' },
    { name: 'version 2.0', parts: inform(['010101 02020200']), code: 'other-version' },
    { name: 'a length beyond the option', parts: inform(['010101 0208']), code: 'bad-options' },
    { name: 'a sub-option over two instances', parts: inform(['010101 0202', '0101']), code: 'bad-options' },
    { name: 'a type of two bytes', parts: inform([`01020101 ${V11}`]), code: 'bad-options' },
    { name: 'the NetBoot 1.0 flag', parts: list('0a00'), code: 'netboot-1' },
    { name: 'reply port 0', parts: list('05020000'), code: 'bad-port' },
    { name: 'reply port 1024', parts: list('05020400'), code: 'bad-port' },
    { name: 'reply port 65535', parts: select(`0502ffff ${US}`), code: 'bad-port' },
    { name: 'no type', parts: inform([V11]), code: 'other-message' },
    { name: 'type FAILED', parts: inform([`010103 ${V11}`]), code: 'other-message' },
    { name: 'type 9', parts: inform([`010109 ${V11}`]), code: 'other-message' },
    { name: 'SELECT without a server', parts: select('080481000089'), code: 'no-server' },
    { name: 'a siaddr that is not ours', parts: list('', { siaddr: '172.22.10.99' }), code: 'foreign-header' },
    { name: 'an sname that is not ours', parts: list('', { sname: 'netboot' }), code: 'foreign-header' },
    {
      name: 'no address anywhere',
      parts: list('', { ciaddr: '0.0.0.0' }),
      given: { reception: { source: { address: ipv4('0.0.0.0'), port: 68 } } },
      code: 'no-address',
    },
    { name: 'a multicast address', parts: list('', { ciaddr: '224.0.0.1' }), code: 'no-address' },
    { name: 'everybody’s address', parts: list('', { ciaddr: '255.255.255.255' }), code: 'no-address' },
    { name: 'the network’s broadcast address', parts: list('', { ciaddr: '172.22.10.255' }), code: 'no-address' },
    { name: 'a loopback address', parts: list('', { ciaddr: '127.0.0.1' }), code: 'no-address' },
    { name: 'our own address', parts: list('', { ciaddr: '172.22.10.2' }), code: 'no-address' },
    {
      name: 'a PowerPC',
      parts: list('', { options: { 60: 'AAPLBSDPC/ppc/PowerMac3,1' } }),
      code: 'cannot-boot',
      told: 'bsdp.cannot-boot',
      reason: reasonOf('PowerMac3,1'),
    },
    {
      name: 'macOS on Apple silicon',
      parts: list('', { options: { 60: 'AAPLBSDPC/arm/Mac14,3' } }),
      code: 'cannot-boot',
      told: 'bsdp.cannot-boot',
      reason: reasonOf('Mac14,3'),
    },
    {
      name: 'macOS on a Mac with a T2 chip',
      parts: list('050203e8', { options: { 60: 'AAPLBSDPC/i386/Macmini8,1' } }),
      code: 'cannot-boot',
      told: 'bsdp.cannot-boot',
      reason: reasonOf('Macmini8,1'),
    },
    {
      name: 'another processor',
      parts: list('', { options: { 60: 'AAPLBSDPC/riscv/iMac14,3' } }),
      code: 'cannot-boot',
      told: 'bsdp.cannot-boot',
      reason: 'its processor is riscv',
    },
    {
      name: 'a 32-bit processor and a system for 64 bits',
      parts: list('', { options: { 60: 'AAPLBSDPC/i386/Macmini1,1' } }),
      given: { decision: { ...mayInstall, profile: { ...debian, needsX64: true } } as BootDecision },
      code: 'cannot-boot',
      told: 'bsdp.cannot-boot',
      reason: 'Macmini1,1 has a 32-bit CPU; the selected OS is x86_64 only.',
    },
    {
      name: 'an image that was not built',
      parts: list(),
      given: { loaders: { ...macLoaders, efi64: { kind: 'not-built', reason: 'no modules' } } },
      code: 'cannot-boot',
      told: 'bsdp.cannot-boot',
      reason: 'there is no GRUB for Macs here (64-bit EFI image): no modules',
    },
  ];
  for (const { name, parts, given, code, told = 'bsdp.ignored', reason } of rows) {
    test(`${name}: ${code}`, () => {
      const found = silenceOf(ask(parts, given));
      assert.deepEqual([found.code, found.told], [code, [told]]);
      if (reason !== undefined) assert.equal(found.reason, reason);
    });
  }

  test('a processor that was exchanged: cpuBits', () => {
    const given: Given = {
      decision: { ...mayInstall, profile: { ...debian, needsX64: true } } as BootDecision,
      machine: { ...mm1, mac: { cpuBits: 64 } },
    };
    const { packet } = replyOf(ask(select(US, { options: { 60: 'AAPLBSDPC/i386/Macmini1,1' } }), given));
    assert.equal(packet.file, 'mac/i386.efi');
  });

  test('a malformed class is no Mac: ordinary DHCP, and counted', () => {
    const verdict = ask({ type: 1, options: { 60: 'AAPLBSDPC/i386' } });
    assert.ok(verdict.kind === 'answer');
    assert.deepEqual([verdict.note?.counted, verdict.note?.rarely.length], ['bad-class', 1]);
    const answered = ask(list('', { options: { 60: 'AAPLBSDPC/i3\n86/x' } }));
    assert.ok(answered.kind === 'answer' && answered.note?.counted === 'bad-class');
    assert.deepEqual(replyOf(answered).areas, [], 'an ordinary answer to an INFORM');
  });

  test('the bare mark is a server’s: no answer', () => {
    const verdict = ask(list('', { options: { 60: 'AAPLBSDPC' } }));
    assert.ok(verdict.kind === 'ignore');
    assert.match(verdict.reason, /mark of a NetBoot server/);
  });

  test('hardware that is no Ethernet is no Mac', () => {
    const verdict = ask(list('', { htype: 6 }));
    assert.ok(verdict.kind === 'ignore' && verdict.note === undefined);
  });

  test('BOOTP with a Mac’s class, and a Mac on port 4011', () => {
    const { type: _type, ...bootp } = list();
    assert.equal(silenceOf(ask(bootp)).code, 'other-message');
  });
});

describe('a Mac’s DHCP', () => {
  const discover: RequestBytes = { type: 1, options: { 55: 'hex:0103432b3c', 60: MINI }, areas: [V11] };

  test('plain: address, router, name server, server; no file, no options 43 and 60', () => {
    const { packet } = replyOf(ask(discover));
    assert.equal(formatIpv4(packet.yiaddr), '172.22.10.51');
    for (const code of [1, 3, 6, 54]) assert.ok(packet.options.has(code), `option ${code}`);
    for (const code of [17, 43, 60, 66, 67]) assert.ok(!packet.options.has(code), `option ${code}`);
    assert.equal(packet.file, '');
    const request: RequestBytes = {
      type: 3,
      options: { ...discover.options, 50: addressHex('172.22.10.51'), 54: addressHex('172.22.10.2') },
      areas: [V11],
    };
    const { packet: ack } = replyOf(ask(request));
    assert.deepEqual([ack.file, ack.options.has(43), ack.options.has(60)], ['', false, false]);
    assert.ok(ack.options.has(6));
  });

  test('seed: the hybrid offer, and a plain ACK', () => {
    const given: Given = { settings: { offerCompat: 'seed' } };
    const { packet } = replyOf(ask(discover, given));
    assert.deepEqual([...packet.options.keys()], [53, 54, 51, 1, 3, 43, 60]);
    assert.equal(hexOf(packet.options.get(43)), '080481000089');
    assert.deepEqual([formatIpv4(packet.yiaddr), packet.siaddr, packet.file], ['172.22.10.51', 0, '']);
    const { packet: ack } = replyOf(
      ask(
        {
          ...discover,
          type: 3,
          options: { ...discover.options, 50: addressHex('172.22.10.51'), 54: addressHex('172.22.10.2') },
        },
        given,
      ),
    );
    assert.ok(!ack.options.has(43) && ack.options.has(6));
  });

  test('seed: a Mac that has nothing to boot gets a plain offer', () => {
    const { packet } = replyOf(ask(discover, { settings: { offerCompat: 'seed' }, decision: bootsFromDisk }));
    assert.ok(!packet.options.has(43) && packet.options.has(6));
  });

  test('GRUB’s own DISCOVER, without a class: 1, 3, 6, 54 and the next server', () => {
    const { packet } = replyOf(ask({ type: 1 }));
    for (const code of [1, 3, 6, 54]) assert.ok(packet.options.has(code), `option ${code}`);
    assert.deepEqual([formatIpv4(packet.siaddr), packet.options.has(43)], ['172.22.10.2', false]);
    assert.equal(formatIpv4(packet.yiaddr), '172.22.10.51');
  });

  test('BOOTP of an old GRUB: the reservation', () => {
    const { packet } = replyOf(ask({}));
    assert.deepEqual([formatIpv4(packet.yiaddr), formatIpv4(packet.siaddr)], ['172.22.10.51', '172.22.10.2']);
    assert.equal(packet.options.has(53), false);
  });

  test('a foreign header is not answered', () => {
    assert.equal(silenceOf(ask({ ...discover, siaddr: '172.22.10.99' })).code, 'foreign-header');
    assert.equal(replyOf(ask({ ...discover, siaddr: '172.22.10.2' })).packet.op, 2);
  });
});

describe('what a Mac says it is', () => {
  const discover = (model: string): RequestBytes => ({ type: 1, options: { 60: `AAPLBSDPC/i386/${model}` } });
  const told = (verdict: Verdict) =>
    verdict.kind === 'probe' ? [] : verdict.told.map(({ id }) => id).filter((id) => id.startsWith('mac.'));
  const record = (model: string): MacRecord => ({ mac: mac(MM1), models: [{ model, arch: 'i386', firstSeen: 1 }] });

  test('the model is told and kept when it is seen for the first time', () => {
    const verdict = ask(discover('Macmini6,2'));
    assert.deepEqual(told(verdict), ['mac.seen']);
    assert.ok(verdict.kind === 'answer');
    assert.deepEqual(verdict.note?.record?.models, [{ model: 'Macmini6,2', arch: 'i386', firstSeen: 5_000 }]);
    const again = ask(discover('Macmini6,2'), { record: record('Macmini6,2') });
    assert.deepEqual(told(again), []);
  });

  test('another model at the same address is a warning: the adapter', () => {
    assert.deepEqual(told(ask(discover('MacBookPro9,2'), { record: record('Macmini6,2') })), [
      'mac.seen',
      'mac.other-model',
    ]);
    const both: MacRecord = {
      ...record('MacBookPro9,2'),
      models: [...record('MacBookPro9,2').models, ...record('Macmini6,2').models],
    };
    assert.deepEqual(told(ask(discover('MacBookPro9,2'), { record: both })), ['mac.other-model']);
    const configured = { ...mm1, mac: { model: 'iMac14,3' } };
    assert.deepEqual(told(ask(discover('Macmini6,2'), { machine: configured })), ['mac.seen', 'mac.other-model']);
  });

  test('a model that is in no list is told with its raw class', () => {
    const verdict = ask(discover('iMac99,1'));
    assert.deepEqual(told(verdict), ['mac.seen', 'mac.unknown-model']);
    assert.ok(verdict.kind === 'answer');
    assert.deepEqual(verdict.told.find(({ id }) => id === 'mac.unknown-model')?.data, {
      model: 'iMac99,1',
      vendorClass: 'AAPLBSDPC/i386/iMac99,1',
    });
  });
});

describe('GRUB that was loaded and not heard of', () => {
  const tell = (verdict: Verdict) =>
    verdict.kind === 'probe' ? undefined : verdict.note?.rarely.find(({ key }) => key === 'not-started')?.told.data;

  test('is told when the Mac asks again, with the other width of EFI', () => {
    const verdict = ask(list(), { loaded: 'mac/x86_64.efi' });
    assert.match((tell(verdict) as { next: string }).next, /set firmware: efi32 for mm1/);
    assert.ok(verdict.kind === 'answer' && verdict.note?.isSettled);
    assert.match(
      (tell(ask(list(), { loaded: 'mac/i386.efi', machine: null })) as { next: string }).next,
      /firmware: efi64 for a machine of the/,
    );
    assert.match((tell(ask(list(), { loaded: 'mac/universal.efi' })) as { next: string }).next, /bootFile: model/);
  });

  test('also when nothing is offered (any more)', () => {
    assert.ok(tell(ask(list(), { loaded: 'mac/x86_64.efi', decision: bootsFromDisk })));
  });

  test('is no matter when macOS asks, or nothing was loaded', () => {
    assert.equal(tell(ask(list('050203e1'), { loaded: 'mac/x86_64.efi' })), undefined);
    assert.equal(tell(ask(list())), undefined);
  });
});

test('no bytes in option 43, 60 or 57 make a decision throw, or a reply that is too long', () => {
  const hex = fc.uint8Array({ maxLength: 255 }).map((bytes) => `hex:${Buffer.from(bytes).toString('hex')}`);
  const areas = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 255 }).map((bytes) => Buffer.from(bytes).toString('hex')),
      fc.constantFrom(`010101${V11}`, `010102${V11}${US}`, '080481000089', '0b020300', '0c020240', '050203e1'),
    ),
    { maxLength: 4 },
  );
  const tail = fc.string({ maxLength: 30 }).map((text) => `AAPLBSDPC/${text}`);
  fc.assert(
    fc.property(areas, fc.oneof(hex, tail, fc.constant(MINI)), hex, (instances, vendorClass, size) => {
      const verdict = ask(inform(instances, { options: { 60: vendorClass, 57: size } }));
      if (verdict.kind === 'answer') assert.ok((verdict.reply?.bytes.length ?? 0) <= 8164);
    }),
    { numRuns: 1500 },
  );
});
