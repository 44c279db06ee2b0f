import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Ipv4, ipv4, ipv4Bytes } from '../../net/ipv4.ts';
import { mac } from '../../net/mac.ts';
import type { ImageId } from '../../wire/bsdp/image-id.ts';
import { encodeFailedReply, encodeListReply, encodeSelectReply } from '../../wire/bsdp/reply.ts';
import { decodeBsdpRequest } from '../../wire/bsdp/request.ts';
import { BSDP_SERVER_CLASS } from '../../wire/bsdp/vendor-class.ts';
import { type DhcpPacket, decodePacket, encodeReply, optionInstances } from '../../wire/dhcp4/packet.ts';
import type { MacOrder } from './order.ts';
import { createMac, type MacAction, type MacEvent, type MacState, stepMac } from './step-mac.ts';
import type { LoadedFile, Told } from './told.ts';

const ADDRESS = ipv4('172.22.10.51');
const SERVER = ipv4('172.22.10.2');
const OTHER = ipv4('172.22.10.99');
const ROUTER = ipv4('172.22.10.1');
const install: ImageId = { install: true, kind: 1, index: 137 };
const local: ImageId = { install: false, kind: 1, index: 2 };

const base: MacOrder = { mac: mac('a8:20:66:34:ff:e9'), model: 'Macmini6,2', way: 'firmware', version: 0x0101 };

/** A Mac with a clock that only the test turns, and chances that are always the same. */
function switchOn(order: Partial<MacOrder> = {}) {
  let state: MacState = createMac({ ...base, ...order });
  const told: Told[] = [];
  const all: MacAction[] = [];
  const happen = (event: MacEvent): readonly MacAction[] => {
    const step = stepMac(state, event, () => 0.5);
    state = step.state;
    all.push(...step.actions);
    for (const action of step.actions) if (action.kind === 'tell') told.push(action.told);
    return step.actions;
  };
  const lastSent = () => {
    const sent = all.findLast((action) => action.kind === 'send' || action.kind === 'send-raw');
    assert.ok(sent && 'bytes' in sent, 'something was sent');
    return { action: sent, packet: decodePacket(sent.bytes) };
  };
  const portWanted = () => {
    const { action } = lastSent();
    return action.kind === 'send' ? action.port : 68;
  };
  const answer = (parts: Partial<Reply>, port = portWanted()) =>
    happen({ kind: 'packet', packet: reply(lastSent().packet, parts), source: parts.server ?? SERVER, port });
  const mac = {
    told,
    portWanted,
    happen,
    answer,
    lastSent,
    phase: () => state.phase,
    wait: () => all.findLast((action) => action.kind === 'wait'),
    timer: () => {
      const wait = all.findLast((action) => action.kind === 'wait');
      assert.ok(wait?.kind === 'wait');
      return happen({ kind: 'timer', timer: wait.timer });
    },
    /** DISCOVER to ACK, and the address on the card. */
    getAddress: () => {
      answer({ type: 2, yiaddr: ADDRESS });
      answer({ type: 5, yiaddr: ADDRESS });
      return happen({ kind: 'configured' });
    },
    outcome: () => told.flatMap((one) => (one.kind === 'ends' ? [one.outcome] : [])),
  };
  happen({ kind: 'power-on' });
  return mac;
}

interface Reply {
  readonly server: Ipv4;
  readonly type: number;
  readonly yiaddr: Ipv4;
  readonly siaddr: Ipv4;
  readonly file: string;
  readonly areas: readonly Uint8Array[];
  readonly vendorClass: Uint8Array | undefined;
  readonly ciaddr: Ipv4;
}

function reply(request: DhcpPacket, parts: Partial<Reply>): DhcpPacket {
  const { server = SERVER, type = 5, areas = [], ciaddr = request.ciaddr } = parts;
  const vendorClass = 'vendorClass' in parts ? parts.vendorClass : areas.length > 0 ? BSDP_SERVER_CLASS : undefined;
  return decodePacket(
    encodeReply({
      ...{ request, flags: 0, ciaddr },
      ...(parts.yiaddr !== undefined && { yiaddr: parts.yiaddr }),
      ...(parts.siaddr !== undefined && { siaddr: parts.siaddr }),
      ...(parts.file !== undefined && { file: parts.file }),
      options: [
        [53, Uint8Array.of(type)],
        [54, ipv4Bytes(server)],
        [1, Uint8Array.of(255, 255, 255, 0)],
        [3, ipv4Bytes(ROUTER)],
        ...(vendorClass === undefined ? [] : [[60, vendorClass] as const]),
        ...areas.map((area) => [43, area] as const),
      ],
    }),
  );
}

function listed(images: readonly (readonly [ImageId, string])[], more: { priority?: number; selected?: ImageId } = {}) {
  const [first] = images;
  const reply = {
    priority: more.priority ?? 0x8000,
    defaultImage: first?.[0] ?? install,
    selected: more.selected,
    images: images.map(([id, name]) => ({ id, name })),
  };
  return encodeListReply(reply, { version: 0x0101, room: 1000 }).areas;
}

const both = [
  [install, 'Install'],
  [local, 'Local disk'],
] as const;
const selected = (image: ImageId, more: Partial<Reply> = {}): Partial<Reply> => ({
  ...{ siaddr: SERVER, file: 'mac/x86_64.efi', areas: encodeSelectReply({ image }) },
  ...more,
});
const loaded = (more: Partial<LoadedFile> = {}): LoadedFile => ({
  ...{ server: SERVER, file: 'mac/x86_64.efi', sizeBytes: 1000, sha256: 'ab', blockSize: 1468, content: 'efi64' },
  ...more,
});
const requestOf = (packet: DhcpPacket) => decodeBsdpRequest(optionInstances(packet, 43));
const bsdpOf = (mac: ReturnType<typeof switchOn>) => requestOf(mac.lastSent().packet);

describe('the N key', () => {
  test('goes from DISCOVER to the boot file, and starts it', () => {
    const mac = switchOn();
    const { packet } = mac.lastSent();
    assert.equal(packet.options.get(53)?.[0], 1);
    assert.equal(Buffer.from(packet.options.get(60) ?? []).toString(), 'AAPLBSDPC/i386/Macmini6,2');
    assert.deepEqual([...(packet.options.get(55) ?? [])], [1, 3, 67, 43, 60]);
    assert.equal(requestOf(packet).version, 0x0101);
    assert.equal(requestOf(packet).message, undefined, 'a DISCOVER carries no BSDP message');
    mac.answer({ type: 2, yiaddr: ADDRESS });
    assert.equal(mac.lastSent().packet.xid, packet.xid, 'the REQUEST belongs to the DISCOVER');
    assert.deepEqual([...(mac.lastSent().packet.options.get(50) ?? [])], [172, 22, 10, 51]);
    const configure = mac.answer({ type: 5, yiaddr: ADDRESS }).find(({ kind }) => kind === 'configure');
    assert.deepEqual(configure?.kind === 'configure' && configure.lease?.prefix, 24);
    mac.happen({ kind: 'configured' });
    const list = mac.lastSent();
    assert.equal(list.packet.options.get(53)?.[0], 8);
    assert.equal(list.packet.options.has(54), false, 'option 54 is forbidden in an INFORM');
    assert.deepEqual([list.packet.ciaddr, mac.portWanted()], [ADDRESS, 68]);
    assert.notEqual(list.packet.xid, 0);
    assert.deepEqual(
      [bsdpOf(mac).message, bsdpOf(mac).replyPort, bsdpOf(mac).maxMessageBytes],
      ['list', undefined, undefined],
    );
    mac.answer({ areas: listed(both) });
    assert.equal(mac.phase(), 'list', 'other servers are waited for');
    mac.timer();
    assert.deepEqual([bsdpOf(mac).message, bsdpOf(mac).server, bsdpOf(mac).selected], ['select', SERVER, install]);
    const load = mac.answer(selected(install)).find(({ kind }) => kind === 'load');
    assert.deepEqual(load, { kind: 'load', server: SERVER, file: 'mac/x86_64.efi' });
    mac.happen({ kind: 'loaded', file: loaded() });
    assert.deepEqual(mac.outcome(), [{ kind: 'boots', file: loaded() }]);
  });

  test('asks five times with growing pauses, gives its address back, and goes on to its disk', () => {
    const mac = switchOn();
    mac.getAddress();
    const waits: number[] = [];
    for (let count = 0; count < 5; count++) {
      const wait = mac.wait();
      waits.push(wait?.kind === 'wait' ? wait.ms : 0);
      mac.timer();
    }
    assert.deepEqual(waits, [2500, 4500, 8500, 16500, 16500], 'doubling, with half a second by chance');
    assert.equal(mac.told.filter((one) => one.kind === 'asks' && one.what === 'list').length, 5);
    assert.deepEqual(mac.outcome(), [{ kind: 'no-image', reason: 'no server offered one' }]);
    assert.equal(mac.lastSent().packet.options.get(53)?.[0], 7, 'RELEASE');
  });

  test('keeps the number of a question that it repeats, and takes a late answer', () => {
    const mac = switchOn();
    mac.getAddress();
    const { xid } = mac.lastSent().packet;
    mac.timer();
    mac.timer();
    assert.equal(mac.lastSent().packet.xid, xid);
    mac.answer({ areas: listed(both) });
    mac.timer();
    assert.equal(bsdpOf(mac).message, 'select');
  });

  test('takes the default of the server with the highest priority', () => {
    const mac = switchOn();
    mac.getAddress();
    mac.answer({ areas: listed(both, { priority: 0x7000 }) });
    mac.answer({ server: OTHER, areas: listed([[local, 'Theirs']], { priority: 0x8000 }) });
    mac.timer();
    assert.deepEqual([bsdpOf(mac).server, bsdpOf(mac).selected], [OTHER, local]);
  });

  test('takes what a server has bound to it, whatever the priorities are', () => {
    const mac = switchOn();
    mac.getAddress();
    mac.answer({ server: OTHER, areas: listed([[install, 'Theirs']], { priority: 0xffff }) });
    mac.answer({ areas: listed(both, { priority: 1, selected: local }) });
    mac.timer();
    assert.deepEqual([bsdpOf(mac).server, bsdpOf(mac).selected], [SERVER, local]);
  });

  test('after FAILED it waits ten seconds and starts over, once', () => {
    const mac = switchOn();
    mac.getAddress();
    mac.answer({ areas: listed(both) });
    mac.timer();
    mac.answer({ areas: encodeFailedReply() });
    const wait = mac.wait();
    assert.ok(wait?.kind === 'wait' && wait.ms >= 10_000);
    mac.timer();
    assert.equal(bsdpOf(mac).message, 'list');
    mac.answer({ areas: listed(both) });
    mac.timer();
    mac.answer({ areas: encodeFailedReply() });
    assert.deepEqual(mac.outcome(), [{ kind: 'refused', server: SERVER }]);
  });

  test('another server’s answer to its SELECT does not count', () => {
    const mac = switchOn();
    mac.getAddress();
    mac.answer({ areas: listed(both) });
    mac.timer();
    mac.answer(selected(install, { server: OTHER }));
    assert.equal(mac.phase(), 'select');
    assert.match(JSON.stringify(mac.told.at(-1)), /172\.22\.10\.2 is wanted, and no other server/);
  });

  test('an offer that is labelled as an image offer, too, is taken for its address; one without an address is not', () => {
    const mac = switchOn();
    mac.answer({ type: 2, areas: [Uint8Array.of(8, 4, 0x81, 0, 0, 0x89)] });
    assert.equal(mac.phase(), 'discover');
    mac.answer({ type: 2, yiaddr: ADDRESS, areas: [Uint8Array.of(8, 4, 0x81, 0, 0, 0x89)] });
    assert.equal(mac.phase(), 'request');
    const offered = mac.told.findLast((one) => one.kind === 'offered');
    assert.match((offered?.kind === 'offered' && offered.note) || '', /labelled as an image offer/);
  });

  test('a refusal of the address (NAK) ends it, from the server that offered it only', () => {
    const mac = switchOn();
    mac.answer({ type: 2, yiaddr: ADDRESS });
    mac.answer({ type: 6, server: OTHER });
    assert.equal(mac.phase(), 'request');
    mac.answer({ type: 6 });
    assert.equal(mac.outcome()[0]?.kind, 'no-address');
  });

  const badFiles: readonly (readonly [name: string, more: Partial<Reply>, reason: RegExp])[] = [
    ['without a file', { file: '' }, /names no file/],
    ['without a TFTP server', { siaddr: ipv4('0.0.0.0') }, /names no TFTP server/],
  ];
  for (const [name, more, reason] of badFiles) {
    test(`an answer to SELECT ${name} loads nothing`, () => {
      const mac = switchOn();
      mac.getAddress();
      mac.answer({ areas: listed(both) });
      mac.timer();
      mac.answer(selected(install, more));
      const [outcome] = mac.outcome();
      assert.match((outcome?.kind === 'not-loaded' && outcome.reason) || '', reason);
    });
  }

  const files: readonly (readonly [model: string, content: LoadedFile['content'], outcome: string])[] = [
    ['Macmini6,2', 'efi64', 'boots'],
    ['Macmini6,2', 'efi32', 'cannot-run'],
    ['Macmini2,1', 'efi32', 'boots'],
    ['Macmini2,1', 'efi64', 'cannot-run'],
    ['Macmini2,1', 'fat', 'boots'],
    ['Macmini6,2', 'fat', 'boots'],
    ['Macmini6,2', 'other', 'cannot-run'],
  ];
  for (const [model, content, outcome] of files) {
    test(`${model} with a file for ${content}: ${outcome}`, () => {
      const mac = switchOn({ model, way: 'bless', target: { kind: 'tftp', server: SERVER, file: 'x' } });
      mac.getAddress();
      mac.happen({ kind: 'loaded', file: loaded({ content }) });
      assert.equal(mac.outcome()[0]?.kind, outcome);
    });
  }

  test('blocks that come in fragments stall it', () => {
    const mac = switchOn({ way: 'bless', target: { kind: 'tftp', server: SERVER, file: 'x' } });
    mac.getAddress();
    mac.happen({ kind: 'loaded', file: loaded({ blockSize: 8192, stalls: 'fragments' }) });
    assert.deepEqual(mac.outcome(), [{ kind: 'not-loaded', reason: 'fragments' }]);
  });
});

describe('the Option key', () => {
  test('shows all images of all servers and asks the server that has the chosen one', () => {
    const mac = switchOn({ way: 'menu', select: 'theirs' });
    mac.getAddress();
    mac.answer({ areas: listed(both, { priority: 0xffff }) });
    mac.answer({ server: OTHER, areas: listed([[{ ...install, index: 7 }, 'Theirs']], { priority: 1 }) });
    mac.timer();
    assert.deepEqual([bsdpOf(mac).server, bsdpOf(mac).selected?.index], [OTHER, 7]);
  });

  for (const select of ['0x01000002', '16777218', 'LOCAL DISK']) {
    test(`an image can be named as ${select}`, () => {
      const mac = switchOn({ way: 'menu', select });
      mac.getAddress();
      mac.answer({ areas: listed(both) });
      mac.timer();
      assert.deepEqual(bsdpOf(mac).selected, local);
    });
  }

  test('without a choice it only looks', () => {
    const mac = switchOn({ way: 'menu' });
    mac.getAddress();
    mac.answer({ areas: listed(both) });
    mac.timer();
    assert.deepEqual(mac.outcome(), [{ kind: 'looked' }]);
  });

  test('a server that names no priority or no default is not shown', () => {
    const mac = switchOn({ way: 'menu', select: 'Install' });
    mac.getAddress();
    mac.answer({ areas: [Uint8Array.of(1, 1, 1, 9, 12, 0x81, 0, 0, 0x89, 7, ...Buffer.from('Install'))] });
    mac.timer();
    assert.deepEqual(mac.outcome(), [{ kind: 'no-image', reason: 'no list has an image "Install"' }]);
    const shown = mac.told.find((one) => one.kind === 'listed');
    assert.match((shown?.kind === 'listed' && shown.hidden) || '', /priority \(sub-option 4\) and a default image/);
  });
});

describe('Startup Disk', () => {
  const start = (more: Partial<MacOrder> = {}) => switchOn({ way: 'startup-disk', select: 'Local disk', ...more });

  test('asks as macOS, from a privileged port of its own, and then restarts into the firmware', () => {
    const mac = start();
    assert.equal(mac.lastSent().packet.options.has(60), false, 'macOS gets its address as any system');
    mac.getAddress();
    const { packet } = mac.lastSent();
    const port = mac.portWanted();
    assert.ok(port < 1024 && port > 600, String(port));
    assert.deepEqual([bsdpOf(mac).replyPort, bsdpOf(mac).maxMessageBytes], [port, 8192]);
    assert.deepEqual([...(packet.options.get(55) ?? [])], [60, 43]);
    mac.answer({ areas: listed(both) });
    mac.timer();
    assert.deepEqual([bsdpOf(mac).replyPort, bsdpOf(mac).selected], [port, local]);
    const actions = mac.answer(selected(local));
    assert.deepEqual(
      actions.map((one) => (one.kind === 'tell' ? one.told.kind : one.kind)),
      ['granted', 'restarts', 'configure'],
    );
    mac.happen({ kind: 'power-on' });
    assert.equal(mac.lastSent().packet.options.has(60), true);
    mac.getAddress();
    assert.equal(bsdpOf(mac).replyPort, undefined);
    mac.answer({ server: OTHER, areas: listed([[install, 'Theirs']], { priority: 0xffff }) });
    mac.answer({ areas: listed(both, { selected: local }) });
    mac.timer();
    assert.deepEqual([bsdpOf(mac).server, bsdpOf(mac).selected], [SERVER, local]);
    mac.answer(selected(local));
    mac.happen({ kind: 'loaded', file: loaded() });
    assert.equal(mac.outcome()[0]?.kind, 'boots');
  });

  test('asks for a list seven times and for the image twice', () => {
    const quiet = start();
    quiet.getAddress();
    for (let count = 0; count < 7; count++) quiet.timer();
    assert.equal(quiet.told.filter((one) => one.kind === 'asks' && one.what === 'list').length, 7);
    assert.equal(quiet.phase(), 'done');
    const mac = start();
    mac.getAddress();
    mac.answer({ areas: listed(both) });
    for (let count = 0; count < 3; count++) mac.timer();
    assert.equal(mac.told.filter((one) => one.kind === 'asks' && one.what === 'select').length, 2);
    assert.deepEqual(mac.outcome(), [{ kind: 'no-image', reason: '172.22.10.2 did not answer to the choice' }]);
  });

  test('shows a refusal and does not start over', () => {
    const mac = start();
    mac.getAddress();
    mac.answer({ areas: listed(both) });
    mac.timer();
    mac.answer({ areas: encodeFailedReply() });
    assert.deepEqual(mac.outcome(), [{ kind: 'refused', server: SERVER }]);
  });

  const ignored: readonly (readonly [name: string, parts: Partial<Reply>, reason: RegExp])[] = [
    ['a class that is longer', { vendorClass: Buffer.from('AAPLBSDPC/i386') }, /wants AAPLBSDPC and nothing else/],
    ['no class', { vendorClass: undefined }, /option 60 does not begin/],
    ['another ciaddr', { ciaddr: OTHER }, /not this Mac's address/],
    ['an OFFER', { type: 2 }, /type 2, not an ACK/],
  ];
  for (const [name, parts, reason] of ignored) {
    test(`an answer with ${name} is not taken`, () => {
      const mac = start();
      mac.getAddress();
      mac.answer({ areas: listed(both), ...parts });
      const last = mac.told.at(-1);
      assert.match((last?.kind === 'ignores' && last.reason) || '', reason);
    });
  }

  test('an answer to port 68 is told about', () => {
    const mac = start();
    mac.getAddress();
    mac.answer({ areas: listed(both) }, 68);
    const last = mac.told.at(-1);
    assert.match((last?.kind === 'ignores' && last.reason) || '', /came to port 68; the answer was wanted on port/);
  });

  test('firmware is content with a longer class', () => {
    const mac = switchOn();
    mac.getAddress();
    mac.answer({ areas: listed(both), vendorClass: Buffer.from('AAPLBSDPC/i386') });
    mac.timer();
    assert.equal(bsdpOf(mac).message, 'select');
  });

  test('sub-options that run over their end are no answer, and no end of the Mac', () => {
    const mac = start();
    mac.getAddress();
    mac.answer({ areas: [Uint8Array.of(1, 1, 1, 9, 200, 0x81)] });
    const last = mac.told.at(-1);
    assert.match((last?.kind === 'ignores' && last.reason) || '', /cannot be read/);
  });
});

describe('bless', () => {
  test('bsdp://ADDRESS listens to that server only', () => {
    const mac = switchOn({ way: 'bless', target: { kind: 'bsdp', server: SERVER } });
    mac.getAddress();
    mac.answer({ server: OTHER, areas: listed(both, { priority: 0xffff }) });
    mac.answer({ areas: listed(both) });
    mac.timer();
    assert.equal(bsdpOf(mac).server, SERVER);
  });

  test('bsdp://255.255.255.255 is as the N key', () => {
    const mac = switchOn({ way: 'bless', target: { kind: 'bsdp' } });
    mac.getAddress();
    mac.answer({ server: OTHER, areas: listed(both) });
    mac.timer();
    assert.equal(bsdpOf(mac).server, OTHER);
  });

  test('--booter tftp://… speaks no BSDP', () => {
    const mac = switchOn({ way: 'bless', target: { kind: 'tftp', server: OTHER, file: 'mac/x86_64.efi' } });
    const load = mac.getAddress().find(({ kind }) => kind === 'load');
    assert.deepEqual(load, { kind: 'load', server: OTHER, file: 'mac/x86_64.efi' });
    mac.happen({ kind: 'not-loaded', reason: 'file not found' });
    assert.deepEqual(mac.outcome(), [{ kind: 'not-loaded', reason: 'file not found' }]);
  });
});

test('events that do not fit the phase change nothing', () => {
  const mac = switchOn();
  for (const event of [
    { kind: 'power-on' },
    { kind: 'configured' },
    { kind: 'loaded', file: loaded() },
    { kind: 'not-loaded', reason: 'x' },
    { kind: 'timer', timer: 'gathered' },
    { kind: 'timer', timer: 'paused' },
  ] as const) {
    assert.deepEqual(mac.happen(event), []);
  }
  assert.equal(mac.phase(), 'discover');
});
