import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  addressHex,
  book,
  lease,
  machine,
  network,
  type RequestBytes,
  range,
  requestBytes,
  subnet,
} from '../../../test/support/dhcp.ts';
import { macContext } from '../../../test/support/macs.ts';
import { classifyClient } from '../../boot/classify.ts';
import type { LeaseBook } from '../../lease/book.ts';
import type { Network } from '../../lease/network.ts';
import { formatIpv4, ipv4 } from '../../net/ipv4.ts';
import type { Mac } from '../../net/mac.ts';
import { decodePacket } from '../../wire/dhcp4/packet.ts';
import { asciiText } from '../../wire/dhcp4/values.ts';
import { answerDhcp } from './answer.ts';
import { readRequest } from './request.ts';
import type { BootAnswer, DhcpContext, Reception, Verdict } from './verdict.ts';

const SM1 = '00:25:90:96:c4:9a';
const STRANGER = '02:00:00:00:00:99';
const machines = [machine('sm1', SM1, '172.22.10.55')];
const BROADCAST: Reception = { interface: 'br0', source: { address: ipv4('0.0.0.0'), port: 68 }, port: 67 };

interface Given {
  readonly networks?: readonly Network[];
  readonly leases?: LeaseBook;
  readonly reception?: Partial<Reception>;
  readonly boot?: BootAnswer;
  readonly probed?: 'free' | 'in-use';
}

function ask(parts: RequestBytes, given: Given = {}): Verdict {
  const networks = given.networks ?? [network()];
  const context: DhcpContext = {
    networks,
    view: given.leases ?? book(networks),
    now: 1000,
    machineByMac: (mac: Mac) => machines.find((one) => one.macs.includes(mac)),
    classify: classifyClient,
    answerBoot: () => given.boot ?? { kind: 'none' },
    mac: macContext(),
    probed: () => given.probed,
  };
  return answerDhcp(readRequest(decodePacket(requestBytes(parts))), { ...BROADCAST, ...given.reception }, context);
}

/** A verdict in one line: kind, message, address, destination; or why nothing is sent. */
function inWords(verdict: Verdict): string {
  if (verdict.kind === 'ignore') return `ignore: ${verdict.reason}`;
  if (verdict.kind === 'probe') return `probe ${formatIpv4(verdict.offer.address)}`;
  if (verdict.reply === undefined)
    return `no reply, ${verdict.change?.kind === 'put' ? verdict.change.lease.state : 'no change'}`;
  const packet = decodePacket(verdict.reply.bytes);
  const { to } = verdict.reply;
  const where = to.kind === 'broadcast' ? 'broadcast' : `${to.kind} ${formatIpv4(to.address)}:${to.port}`;
  const type = { 0: 'BOOTP', 2: 'OFFER', 5: 'ACK', 6: 'NAK' }[packet.options.get(53)?.[0] ?? 0];
  return `${type} ${formatIpv4(packet.yiaddr)} to ${where}`;
}

function reply(verdict: Verdict) {
  assert.ok(verdict.kind === 'answer' && verdict.reply, inWords(verdict));
  return decodePacket(verdict.reply.bytes);
}

const OURS = { 54: addressHex('172.22.10.2') };
const relayed = network({
  name: 'far',
  interface: undefined,
  subnet: subnet('10.1.2.0/24'),
  address: ipv4('172.22.10.2'),
  router: ipv4('10.1.2.1'),
  dhcp: { pools: [] },
});
const held = () => {
  const leases = book();
  leases.hold({ network: 'management', client: STRANGER as Mac, address: ipv4('172.22.10.9'), expiresAt: 9000 }, 1000);
  return leases;
};
const bound = () => book([network()], [lease('172.22.10.9', STRANGER)]);

const rows: readonly { name: string; ask: RequestBytes; given?: Given; want: string | RegExp }[] = [
  { name: 'DISCOVER of a reserved machine', ask: { type: 1 }, want: 'OFFER 172.22.10.55 to hardware 172.22.10.55:68' },
  {
    name: 'DISCOVER with the broadcast flag',
    ask: { type: 1, flags: 0x8000 },
    want: 'OFFER 172.22.10.55 to broadcast',
  },
  {
    name: 'DISCOVER where replies are set to broadcast',
    ask: { type: 1 },
    given: { networks: [network({ dhcp: { replies: 'broadcast' } })] },
    want: 'OFFER 172.22.10.55 to broadcast',
  },
  {
    name: 'DISCOVER with a stale ciaddr',
    ask: { type: 1, ciaddr: '10.9.9.9' },
    want: 'OFFER 172.22.10.55 to hardware 172.22.10.55:68',
  },
  { name: 'DISCOVER of a stranger', ask: { type: 1, mac: STRANGER }, want: /^OFFER 172\.22\.10\.\d+ to hardware/ },
  {
    name: 'DISCOVER of a stranger where unknown clients are off',
    ask: { type: 1, mac: STRANGER },
    given: { networks: [network({ dhcp: { unknownClients: false } })] },
    want: /^ignore: it has no reservation/,
  },
  {
    name: 'DISCOVER of hardware without an address (InfiniBand), known by its client identifier',
    ask: { type: 1, htype: 32, hlen: 0, mac: '00:00:00:00:00:00', options: { 61: 'hex:ff00000001' } },
    want: /^OFFER 172\.22\.10\.\d+ to broadcast/,
  },
  {
    name: 'DISCOVER of nobody: two of them would get one address',
    ask: { type: 1, htype: 32, hlen: 0, mac: '00:00:00:00:00:00' },
    want: 'ignore: it names neither a hardware address nor a client identifier',
  },
  {
    name: 'DISCOVER through a relay',
    ask: { type: 1, mac: STRANGER, giaddr: '172.22.10.1' },
    want: /^OFFER 172\.22\.10\.\d+ to unicast 172\.22\.10\.1:67/,
  },
  {
    name: 'DISCOVER through a relay of a subnet without a pool',
    ask: { type: 1, mac: STRANGER, giaddr: '10.1.2.1' },
    given: { networks: [network(), relayed] },
    want: /^ignore: network far has no pool/,
  },
  {
    name: 'DISCOVER through a relay of a foreign subnet',
    ask: { type: 1, giaddr: '10.9.9.1' },
    want: /^ignore: relay 10\.9\.9\.1 asks for the subnet/,
  },
  {
    name: 'DISCOVER with link selection against giaddr (RFC 3527)',
    ask: { type: 1, mac: STRANGER, giaddr: '10.9.9.1', options: { 82: 'hex:0504ac160a00' } },
    want: /^OFFER 172\.22\.10\.\d+ to unicast 10\.9\.9\.1:67/,
  },
  {
    name: 'DISCOVER from a relay that wants its source port (RFC 8357)',
    ask: { type: 1, giaddr: '172.22.10.1', options: { 82: 'hex:1300' } },
    given: { reception: { source: { address: ipv4('172.22.10.1'), port: 1067 } } },
    want: 'OFFER 172.22.10.55 to unicast 172.22.10.1:1067',
  },
  {
    name: 'DISCOVER whose boot side is to stay silent',
    ask: { type: 1 },
    given: { boot: { kind: 'silent', reason: 'unknown machines are ignored' } },
    want: 'ignore: unknown machines are ignored',
  },
  {
    name: 'DISCOVER where the address must be asked after',
    ask: { type: 1, mac: STRANGER },
    given: { networks: [network({ dhcp: { conflictProbe: true } })] },
    want: /^probe 172\.22\.10\./,
  },
  {
    name: 'DISCOVER after nobody answered the probe',
    ask: { type: 1, mac: STRANGER },
    given: { networks: [network({ dhcp: { conflictProbe: true } })], probed: 'free' },
    want: /^OFFER/,
  },
  {
    name: 'DISCOVER after somebody answered the probe',
    ask: { type: 1, mac: STRANGER },
    given: { networks: [network({ dhcp: { conflictProbe: true } })], probed: 'in-use' },
    want: 'no reply, abandoned',
  },
  {
    name: 'DISCOVER through a relay is not probed',
    ask: { type: 1, mac: STRANGER, giaddr: '172.22.10.1' },
    given: { networks: [network({ dhcp: { conflictProbe: true } })] },
    want: /^OFFER/,
  },
  {
    name: 'DISCOVER of a reserved machine is not probed',
    ask: { type: 1 },
    given: { networks: [network({ dhcp: { conflictProbe: true } })] },
    want: /^OFFER/,
  },
  {
    name: 'DISCOVER on an interface without a network',
    ask: { type: 1 },
    given: { reception: { interface: 'eth9' } },
    want: /^ignore: no network is configured for interface eth9/,
  },
  {
    name: 'DISCOVER on a network that is off',
    ask: { type: 1 },
    given: { networks: [network({ dhcp: { mode: 'off' } })] },
    want: /^ignore: DHCP is off/,
  },
  {
    name: 'DISCOVER on a network that is observed',
    ask: { type: 1 },
    given: { networks: [network({ dhcp: { mode: 'observe' } })] },
    want: /^ignore: network management is only observed/,
  },

  {
    name: 'REQUEST selecting us with the offered address',
    ask: { type: 3, mac: STRANGER, options: { ...OURS, 50: addressHex('172.22.10.9') } },
    given: { leases: held() },
    want: 'ACK 172.22.10.9 to hardware 172.22.10.9:68',
  },
  {
    name: 'REQUEST selecting us with the reserved address',
    ask: { type: 3, options: { ...OURS, 50: addressHex('172.22.10.55') } },
    want: /^ACK 172\.22\.10\.55/,
  },
  {
    name: 'REQUEST selecting us with an address that was not offered',
    ask: { type: 3, options: { ...OURS, 50: addressHex('172.22.10.56') } },
    want: 'NAK 0.0.0.0 to broadcast',
  },
  {
    name: 'REQUEST selecting another server',
    ask: { type: 3, options: { 54: addressHex('172.22.10.254'), 50: addressHex('172.22.10.77') } },
    want: 'ignore: it takes the offer of 172.22.10.254',
  },
  {
    name: 'REQUEST after reboot with its own address',
    ask: { type: 3, mac: STRANGER, options: { 50: addressHex('172.22.10.9') } },
    given: { leases: bound() },
    want: /^ACK 172\.22\.10\.9/,
  },
  {
    name: 'REQUEST after reboot with an address of another subnet',
    ask: { type: 3, mac: STRANGER, options: { 50: addressHex('192.168.7.9') } },
    want: 'NAK 0.0.0.0 to broadcast',
  },
  {
    name: 'REQUEST after reboot, through a relay, with a foreign address',
    ask: { type: 3, mac: STRANGER, giaddr: '172.22.10.1', options: { 50: addressHex('192.168.7.9') } },
    want: 'NAK 0.0.0.0 to unicast 172.22.10.1:67',
  },
  {
    name: 'REQUEST after reboot for an address that somebody else holds',
    ask: { type: 3, mac: '02:00:00:00:00:98', options: { 50: addressHex('172.22.10.9') } },
    given: { leases: bound() },
    want: /^NAK/,
  },
  {
    name: 'REQUEST after reboot of a client that we forgot, for a free pool address',
    ask: { type: 3, mac: STRANGER, options: { 50: addressHex('172.22.10.20') } },
    want: /^ACK 172\.22\.10\.20/,
  },
  {
    name: 'REQUEST of a machine that has a reservation now',
    ask: { type: 3, options: { 50: addressHex('172.22.10.20') } },
    want: /^NAK/,
  },
  {
    name: 'REQUEST renewing',
    ask: { type: 3, mac: STRANGER, ciaddr: '172.22.10.9' },
    given: { leases: bound(), reception: { source: { address: ipv4('172.22.10.9'), port: 68 } } },
    want: 'ACK 172.22.10.9 to unicast 172.22.10.9:68',
  },
  {
    name: 'REQUEST renewing an address that it does not hold',
    ask: { type: 3, mac: SM1, ciaddr: '172.22.10.9' },
    given: { leases: bound() },
    want: /^NAK/,
  },
  { name: 'REQUEST without any address', ask: { type: 3 }, want: 'ignore: it names no address' },

  {
    name: 'DECLINE of its lease',
    ask: { type: 4, mac: STRANGER, options: { ...OURS, 50: addressHex('172.22.10.9') } },
    given: { leases: bound() },
    want: 'no reply, abandoned',
  },
  {
    name: 'DECLINE of an address that it never had',
    ask: { type: 4, mac: STRANGER, options: { ...OURS, 50: addressHex('172.22.10.10') } },
    given: { leases: bound() },
    want: /^ignore: 172\.22\.10\.10 was not given to it/,
  },
  {
    name: 'RELEASE of its lease',
    ask: { type: 7, mac: STRANGER, ciaddr: '172.22.10.9' },
    given: { leases: bound() },
    want: 'no reply, released',
  },
  {
    name: 'RELEASE by somebody else',
    ask: { type: 7, mac: SM1, ciaddr: '172.22.10.9' },
    given: { leases: bound() },
    want: /^ignore/,
  },
  {
    name: 'INFORM',
    ask: { type: 8, ciaddr: '172.22.10.200' },
    given: { reception: { source: { address: ipv4('172.22.10.200'), port: 1068 } } },
    want: 'ACK 0.0.0.0 to unicast 172.22.10.200:1068',
  },
  { name: 'a message that only servers send', ask: { type: 5 }, want: /^ignore: a client does not send/ },

  { name: 'BOOTP of a reserved machine', ask: {}, want: 'BOOTP 172.22.10.55 to hardware 172.22.10.55:68' },
  { name: 'BOOTP of a stranger', ask: { mac: STRANGER }, want: /^BOOTP 172\.22\.10\.(3[1-9]|4\d) / },
  {
    name: 'BOOTP where it is off',
    ask: {},
    given: { networks: [network({ dhcp: { bootp: false } })] },
    want: /^ignore: BOOTP is off/,
  },
  {
    name: 'BOOTP without a BOOTP pool',
    ask: { mac: STRANGER },
    given: { networks: [network({ dhcp: { pools: [] } })] },
    want: /^ignore: network management has no pool for BOOTP/,
  },

  {
    name: 'proxy: DISCOVER of firmware',
    ask: { type: 1, options: { 60: 'PXEClient:Arch:00007:UNDI:003000', 93: 'hex:0007' } },
    given: {
      networks: [network({ dhcp: { mode: 'proxy', pools: [] } })],
      boot: { kind: 'boot', fields: { bootFile: 'x.efi', isIpxe: false } },
    },
    want: 'OFFER 0.0.0.0 to broadcast',
  },
  {
    name: 'proxy: DISCOVER of a system',
    ask: { type: 1 },
    given: { networks: [network({ dhcp: { mode: 'proxy', pools: [] } })] },
    want: /^ignore: it does not ask to be booted/,
  },
  {
    name: 'proxy: REQUEST to the other server',
    ask: { type: 3, options: { 54: addressHex('172.22.10.254'), 50: addressHex('172.22.10.77') } },
    given: { networks: [network({ dhcp: { mode: 'proxy', pools: [] } })] },
    want: /^ignore: addresses come from another server/,
  },
  {
    name: 'port 4011: REQUEST of firmware',
    ask: { type: 3, ciaddr: '172.22.10.77', options: { 60: 'PXEClient:Arch:00007:UNDI:003000', 93: 'hex:0007' } },
    given: {
      networks: [network({ dhcp: { mode: 'proxy', pools: [] } })],
      boot: { kind: 'boot', fields: { bootFile: 'x.efi', isIpxe: false } },
      reception: { port: 4011, source: { address: ipv4('172.22.10.77'), port: 4011 } },
    },
    want: 'ACK 0.0.0.0 to unicast 172.22.10.77:4011',
  },
];
for (const row of rows) {
  test(`answerDhcp(): ${row.name}`, () => {
    const got = inWords(ask(row.ask, row.given));
    if (typeof row.want === 'string') assert.equal(got, row.want);
    else assert.match(got, row.want);
  });
}

const codes = (verdict: Verdict) => [...reply(verdict).options.keys()];
const text = (verdict: Verdict, code: number) => asciiText(reply(verdict).options.get(code) ?? new Uint8Array());

test('an offer has its options in the order that firmware reads best, the relay’s own last', () => {
  const verdict = ask(
    {
      type: 1,
      giaddr: '172.22.10.1',
      options: { 61: 'hex:01002590', 82: 'hex:0102abcd', 97: `hex:00${'11'.repeat(16)}` },
    },
    {
      boot: { kind: 'boot', fields: { bootFile: 'boot/grub/i386-pc/core.0', vendorClass: 'PXEClient', isIpxe: false } },
    },
  );
  assert.deepEqual(codes(verdict), [53, 54, 51, 58, 59, 1, 3, 6, 28, 12, 15, 60, 97, 43, 66, 67, 61, 82]);
  assert.equal(Buffer.from(reply(verdict).options.get(82) ?? []).toString('hex'), '0102abcd');
  assert.equal(Buffer.from(reply(verdict).options.get(43) ?? []).toString('hex'), '060108ff');
});

test('the subnet that a client chose goes back to it: it drops answers without (RFC 3011)', () => {
  const options = { 118: addressHex('10.1.2.0'), 82: 'hex:0102abcd' };
  const pools = [{ range: range('10.1.2.5-10.1.2.9'), clients: 'dhcp' as const }];
  const verdict = ask(
    { type: 1, mac: STRANGER, options },
    { networks: [network(), { ...relayed, dhcp: { ...relayed.dhcp, pools } }] },
  );
  assert.match(inWords(verdict), /^OFFER 10\.1\.2\./);
  assert.equal(Buffer.from(reply(verdict).options.get(118) ?? []).toString('hex'), '0a010200');
  assert.deepEqual(codes(verdict).slice(-2), [118, 82]);
});

test('the boot file stands in the header and, NUL-ended, in option 67; the next server in siaddr and option 66', () => {
  const verdict = ask(
    { type: 1 },
    { boot: { kind: 'boot', fields: { bootFile: 'secure/shimx64.efi', isIpxe: false } } },
  );
  const packet = reply(verdict);
  assert.equal(packet.file, 'secure/shimx64.efi');
  assert.equal(packet.options.get(67)?.at(-1), 0);
  assert.equal(text(verdict, 67), 'secure/shimx64.efi');
  assert.equal(packet.siaddr, ipv4('172.22.10.2'));
  assert.equal(text(verdict, 66), '172.22.10.2');
  assert.equal(packet.options.has(60), false);
  assert.equal(packet.options.has(13), false);
});

test('the operator’s own option 66 is not sent beside ours: two of one code are read as one long value', () => {
  const own = { code: 66, value: Buffer.from('10.9.9.9') };
  const networks = [network({ dhcp: { options: [own] } })];
  const verdict = ask({ type: 1 }, { networks, boot: { kind: 'boot', fields: { bootFile: 'core.0', isIpxe: false } } });
  assert.equal(text(verdict, 66), '172.22.10.2');
  assert.equal(codes(verdict).filter((code) => code === 66).length, 1);
  assert.equal(text(ask({ type: 1 }, { networks }), 66), '10.9.9.9');
});

test('in proxy mode a REQUEST to us is told: the firmware took our offer without an address for a server’s', () => {
  const networks = [network({ dhcp: { mode: 'proxy', pools: [] } })];
  const firmware = { 60: 'PXEClient:Arch:00007:UNDI:003000', 93: 'hex:0007' };
  const told = (options: object, ciaddr?: string) => {
    const verdict = ask({ type: 3, ...(ciaddr && { ciaddr }), options: { ...firmware, ...options } }, { networks });
    assert.match(inWords(verdict), /^ignore: addresses come from another server/);
    return verdict.kind === 'ignore' ? verdict.told.map(({ id }) => id) : [];
  };
  assert.deepEqual(told({ ...OURS, 50: addressHex('0.0.0.0') }), ['dhcp.asks-proxy']);
  assert.deepEqual(told({ 54: addressHex('172.22.10.3'), 50: addressHex('172.22.10.100') }), []);
  assert.deepEqual(told({}, '172.22.10.100'), []);
});

test('a network without a router names none, except to debian-installer, which stops at a question without one', () => {
  const networks = [network({ router: undefined })];
  assert.equal(codes(ask({ type: 1 }, { networks })).includes(3), false);
  const packet = reply(ask({ type: 1, options: { 60: 'd-i' } }, { networks }));
  assert.equal(Buffer.from(packet.options.get(3) ?? []).toString('hex'), 'ac160a02');
});

test('HTTP boot firmware gets no name server: GRUB then loses the server that it was loaded from', () => {
  const boot = {
    kind: 'boot',
    fields: { bootFile: 'http://172.22.10.2/x.efi', vendorClass: 'HTTPClient', isIpxe: false },
  } as const;
  assert.equal(codes(ask({ type: 1 }, { boot })).includes(6), false);
});

test('a boot URL over 127 bytes stands in option 67 only', () => {
  const url = `http://172.22.10.2/${'x'.repeat(150)}.efi`;
  const packet = reply(
    ask({ type: 1 }, { boot: { kind: 'boot', fields: { bootFile: url, vendorClass: 'HTTPClient', isIpxe: false } } }),
  );
  assert.equal(packet.file, '');
  assert.equal(asciiText(packet.options.get(67) ?? new Uint8Array()), url);
  assert.equal(asciiText(packet.options.get(60) ?? new Uint8Array()), 'HTTPClient');
});

test('iPXE is told not to wait for proxies', () => {
  const packet = reply(ask({ type: 1 }, { boot: { kind: 'boot', fields: { bootFile: 'x', isIpxe: true } } }));
  assert.deepEqual([...(packet.options.get(175) ?? [])], [0xb0, 1, 1]);
});

test('a NAK has nothing but its reason; through a relay it asks for broadcast', () => {
  const direct = ask({ type: 3, options: { ...OURS, 50: addressHex('172.22.10.56'), 61: 'hex:0102' } });
  assert.deepEqual(codes(direct), [53, 54, 56, 61]);
  assert.equal(reply(direct).siaddr, 0);
  const far = ask({ type: 3, giaddr: '172.22.10.1', options: { ...OURS, 50: addressHex('172.22.10.56') } });
  assert.equal(reply(far).flags & 0x8000, 0x8000);
});

test('an INFORM is answered without lease times', () => {
  const found = codes(ask({ type: 8, ciaddr: '172.22.10.200' }));
  assert.ok(![50, 51, 58, 59].some((code) => found.includes(code)));
});

test('a BOOTP reply has no message type, stays in 64 bytes of vendor area, and its lease has no end', () => {
  const verdict = ask({});
  const packet = reply(verdict);
  assert.ok(![51, 53, 54, 58, 59].some((code) => packet.options.has(code)));
  assert.ok(verdict.kind === 'answer' && verdict.reply?.bytes.length === 300);
  assert.ok(verdict.change?.kind === 'put' && verdict.change.lease.endsAt === null);
});

test('the lease time is the client’s wish within the network’s limits', () => {
  const seconds = (wish?: string) => {
    const packet = reply(ask({ type: 1, options: wish ? { 51: wish } : {} }));
    return Buffer.from(packet.options.get(51) ?? []).readUInt32BE();
  };
  assert.equal(seconds(), 6000);
  assert.equal(seconds('hex:000000e1'), 225);
  assert.equal(seconds('hex:00000001'), 120);
  assert.equal(seconds('hex:ffffffff'), 7200);
});

test('extras give way when the reply would be larger than the client takes, boot fields never', () => {
  const extras = Array.from({ length: 6 }, (_, index) => ({ code: 224 + index, value: new Uint8Array(100) }));
  const big = {
    networks: [network({ dhcp: { options: extras } })],
    boot: { kind: 'boot', fields: { bootFile: 'core.0', isIpxe: false } } as const,
  };
  const small = ask({ type: 1 }, big);
  assert.ok(small.kind === 'answer' && small.reply && small.reply.bytes.length <= 548);
  assert.ok(codes(small).includes(67));
  const large = ask({ type: 1, options: { 57: 'hex:05dc' } }, big);
  assert.equal(codes(large).filter((code) => code >= 224).length, 6);
});

test('options that the client did not ask for are left out, the necessary ones are not', () => {
  const found = codes(ask({ type: 1, options: { 55: 'hex:0f' } }));
  assert.deepEqual(found, [53, 54, 51, 58, 59, 1, 3, 6, 28, 15]);
});

test('option 54 is what the relay put in its place (RFC 5107), and is accepted back', () => {
  const options = { 82: 'hex:0b040a010203' };
  const offer = reply(ask({ type: 1, giaddr: '172.22.10.1', options }));
  assert.equal(Buffer.from(offer.options.get(54) ?? []).toString('hex'), '0a010203');
  const got = inWords(
    ask({
      type: 3,
      giaddr: '172.22.10.1',
      options: { ...options, 54: 'hex:0a010203', 50: addressHex('172.22.10.55') },
    }),
  );
  assert.match(got, /^ACK/);
});

test('a renewal past the relay keeps what the relay said of the client', () => {
  const leases = book([network()], [lease('172.22.10.9', STRANGER, { relayInfo: '0102abcd' })]);
  const verdict = ask({ type: 3, mac: STRANGER, ciaddr: '172.22.10.9' }, { leases });
  assert.ok(verdict.kind === 'answer' && verdict.change?.kind === 'put');
  assert.equal(verdict.change.lease.relayInfo, '0102abcd');
});

test('every client of the captured boots is answered, and as what it is', () => {
  const captures: { name: string; dhcp: { hex: string; sport: number }[] }[] = JSON.parse(
    readFileSync(new URL('../../../test/fixtures/netboot-captures.json', import.meta.url), 'utf8'),
  );
  const seen = new Set<string>();
  for (const { dhcp } of captures) {
    for (const { hex } of dhcp) {
      const packet = decodePacket(Buffer.from(hex, 'hex'));
      if (packet.op !== 1) continue;
      const request = readRequest(packet);
      seen.add(classifyClient(request.facts).kind);
      const networks = [network()];
      const context: DhcpContext = {
        networks,
        view: book(networks),
        now: 0,
        machineByMac: () => undefined,
        classify: classifyClient,
        answerBoot: () => ({ kind: 'boot', fields: { bootFile: 'core.0', isIpxe: false } }),
        mac: macContext(),
        probed: () => undefined,
      };
      const words = inWords(answerDhcp(request, BROADCAST, context));
      assert.match(words, request.message === 'discover' ? /^OFFER/ : /^ACK/);
    }
  }
  assert.deepEqual([...seen].sort(), ['http', 'installer', 'ipxe', 'pxe']);
});

test('a machine behind a relay of a subnet that no network has is told, with the relay', () => {
  const verdict = ask({
    type: 1,
    mac: STRANGER,
    giaddr: '10.9.9.1',
    options: { 60: 'PXEClient:Arch:00007', 93: 'hex:0007' },
  });
  assert.ok(verdict.kind === 'ignore');
  assert.equal(verdict.wanted, ipv4('10.9.9.1'));
  assert.deepEqual(
    verdict.told.map(({ id, subject, data }) => ({ id, ...subject, ...data })),
    [
      {
        id: 'dhcp.discover',
        mac: STRANGER,
        machine: undefined,
        client: 'PXE firmware, uefi-x64',
        via: 'relay 10.9.9.1',
        arch: 7,
        vendorClass: 'PXEClient:Arch:00007',
        secs: 0,
        relay: '10.9.9.1',
      },
    ],
  );
});

test('GRUB is told from a system that names neither itself nor its host', () => {
  const isBare = (type: number, options: Readonly<Record<number, string>>) =>
    readRequest(decodePacket(requestBytes({ type, options }))).facts.isBare;
  assert.equal(isBare(1, {}), true);
  assert.equal(isBare(3, { 54: 'hex:ac160a02', 55: 'hex:0103060f0c1112' }), true);
  assert.equal(isBare(3, { 54: 'hex:ac160a02', 55: 'hex:0103060f0c11123c' }), true);
  // dhclient 4.4 with a configuration of its own, and no host name.
  assert.equal(isBare(1, { 55: 'hex:01030f060c' }), false);
  assert.equal(isBare(3, { 54: 'hex:ac160a02', 55: 'hex:01030f060c' }), false);
});
