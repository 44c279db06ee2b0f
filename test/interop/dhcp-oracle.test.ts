import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Rack, RackClient } from '../../src/lab/rack.ts';
import { needs } from '../needs.ts';
import { addressHex, requestBytes } from '../support/dhcp.ts';
import { differences } from '../support/isc-differences.ts';
import { ACK, OFFER } from '../support/reply.ts';
import { type Heard, ip, openReplayer, openSegment, type Replayer, startProgram } from '../support/segment.ts';
import { newFolder, startServer } from '../support/server.ts';

/*
 * ISC dhcpd with the seed's own dhcpd.conf is the oracle: the same requests to it and to rackready with seed-rack.yaml, in
 * the same network. What differs is in test/support/isc-differences.ts with its reason, or the test fails.
 */

const SERVER = '172.22.10.2';
const ASKER = '02:00:00:00:00:ee';
const RELAY = '172.22.10.9';
const fixtures = join(import.meta.dirname, '..', 'fixtures');

const machines = [
  ['mp', '00:23:32:2f:40:3c', '172.22.10.50'],
  ['mm1', 'a8:20:66:34:ff:e9', '172.22.10.51'],
  ['mm2', 'a8:20:66:4a:ce:46', '172.22.10.52'],
  ['mm3', 'a8:20:66:4a:d9:da', '172.22.10.53'],
  ['smpc', '00:30:48:fb:e2:44', '172.22.10.54'],
  ['sm1', '00:25:90:96:c4:9a', '172.22.10.55'],
  ['sm2', '00:25:90:96:c6:5a', '172.22.10.56'],
  ['d1', 'bc:30:5b:e5:73:b7', '172.22.10.57'],
  ['d2', 'bc:30:5b:e5:75:28', '172.22.10.58'],
] as const;

const ASKED = 'hex:0103060c0f1c2a';
const BIOS = { 60: 'PXEClient:Arch:00000:UNDI:002001', 93: 'hex:0000', 94: 'hex:010201', 57: 'hex:05c0' };
const UEFI = { 60: 'PXEClient:Arch:00007:UNDI:003000', 93: 'hex:0007', 94: 'hex:010300', 57: 'hex:05c0' };
const UUID = { 97: `hex:00${'1122334455667788'.repeat(2)}` };

interface Scenario {
  readonly name: string;
  readonly bytes: (xid: number) => Uint8Array;
  readonly isRelayed?: true;
  /** Whether the REQUEST that follows the OFFER is compared, too. */
  readonly goesOn?: true;
  /** Whether the replies are to be the same to the byte. */
  readonly isExact?: true;
  /** The port that it is sent from, by an ordinary socket with the address of its ciaddr. */
  readonly fromPort?: number;
}

const MAC_CIADDR = '172.22.10.200';

const unknown = (number: number): string => `02:00:00:00:01:${number.toString(16).padStart(2, '0')}`;
const scenario = (name: string, parts: Parameters<typeof requestBytes>[0], more: Partial<Scenario> = {}): Scenario => ({
  name,
  bytes: (xid) => requestBytes({ ...parts, xid }),
  ...more,
});

const scenarios: readonly Scenario[] = [
  ...machines.flatMap(([name, mac]) => [
    scenario(`${name}: system`, { mac, type: 1, options: { 55: ASKED, 61: 'hex:ff0011223344' } }, { goesOn: true }),
    scenario(
      `${name}: BIOS PXE`,
      { mac, type: 1, options: { ...BIOS, ...UUID, 55: `${ASKED}3c4243` } },
      { goesOn: true },
    ),
    scenario(`${name}: BOOTP`, { mac }),
  ]),
  scenario('sm1: UEFI PXE', {
    mac: machines[5][1],
    type: 1,
    flags: 0x8000,
    options: { ...UEFI, 55: `${ASKED}3c4243` },
  }),
  // The first that wants a pool address: it is free in both servers' pools.
  scenario('unknown: INIT-REBOOT with a free address', {
    mac: unknown(11),
    type: 3,
    options: { 50: addressHex('172.22.10.25') },
  }),
  scenario('unknown: system', { mac: unknown(1), type: 1, options: { 55: ASKED, 12: 'guest' } }, { goesOn: true }),
  scenario('unknown: nothing asked for', { mac: unknown(2), type: 1 }, { goesOn: true }),
  scenario(
    'unknown: BIOS PXE',
    { mac: unknown(3), type: 1, options: { ...BIOS, 55: `${ASKED}3c4243` } },
    { goesOn: true },
  ),
  scenario('unknown: UEFI PXE', {
    mac: unknown(4),
    type: 1,
    flags: 0x8000,
    options: { ...UEFI, 55: `${ASKED}3c4243` },
  }),
  scenario(
    'unknown: wants 10 minutes',
    { mac: unknown(5), type: 1, options: { 55: ASKED, 51: 'hex:00000258' } },
    { goesOn: true },
  ),
  scenario(
    'unknown: wants a week',
    { mac: unknown(6), type: 1, options: { 55: ASKED, 51: 'hex:00093a80' } },
    { goesOn: true },
  ),
  scenario(
    'unknown: wants an address of the pool',
    { mac: unknown(7), type: 1, options: { 55: ASKED, 50: addressHex('172.22.10.20') } },
    { goesOn: true },
  ),
  scenario('unknown: BOOTP', { mac: unknown(8) }),
  scenario('unknown: INIT-REBOOT from another subnet', {
    mac: unknown(9),
    type: 3,
    options: { 50: addressHex('10.1.2.3') },
  }),
  scenario('unknown: INIT-REBOOT with a reserved address', {
    mac: unknown(10),
    type: 3,
    options: { 50: addressHex('172.22.10.55') },
  }),
  scenario('unknown: takes another server’s offer', {
    mac: unknown(12),
    type: 3,
    options: { 50: addressHex('172.22.10.26'), 54: addressHex('172.22.10.77') },
  }),
  scenario('sm2: INIT-REBOOT', {
    mac: machines[6][1],
    type: 3,
    options: { 50: addressHex('172.22.10.56'), 55: ASKED },
  }),
  scenario('d1: INIT-REBOOT with a wrong address', {
    mac: machines[7][1],
    type: 3,
    options: { 50: addressHex('172.22.10.20') },
  }),
  scenario(
    'relayed: known',
    { mac: machines[4][1], type: 1, giaddr: RELAY, options: { 55: ASKED, 82: 'hex:0104746573740204abcdef01' } },
    { isRelayed: true },
  ),
  scenario(
    'relayed: unknown',
    { mac: unknown(13), type: 1, giaddr: RELAY, options: { 55: ASKED } },
    { isRelayed: true },
  ),
  ...macScenarios(),
  scenario('unknown: INFORM', { mac: unknown(14), type: 8, ciaddr: '172.22.10.200', options: { 55: ASKED } }),
];

/** What a Mac sends that holds the N key, chooses in Startup Disk, or is none of those that the seed had in mind. */
function macScenarios(): Scenario[] {
  const mini = 'AAPLBSDPC/i386/Macmini6,2';
  const list = '01010102020101';
  const select = '01010202020101';
  const us = '0304ac160a02';
  const image = '080481000089';
  const inform = (
    name: string,
    area: string | undefined,
    more: Partial<Scenario & { mac: string; model: string }> = {},
  ) => {
    const { mac = machines[1][1], model = mini, ...rest } = more;
    const options = { 55: 'hex:0103432b3c', 57: 'hex:05dc', 60: model };
    const areas = area === undefined ? [] : [area];
    return scenario(name, { mac, type: 8, ciaddr: MAC_CIADDR, options, areas }, rest);
  };
  const known = machines
    .slice(0, 4)
    .flatMap(([name, mac]) => [
      scenario(
        `${name}: Mac DISCOVER`,
        { mac, type: 1, options: { 55: 'hex:0103432b3c', 60: mini }, areas: ['02020101'] },
        { goesOn: true, isExact: true },
      ),
      inform(`${name}: Mac LIST`, list, { mac }),
      inform(`${name}: Mac SELECT`, `${select}${us}${image}`, { mac }),
    ]);
  return [
    ...known,
    inform('mm1: Mac SELECT, image before server', `${select}${image}${us}`),
    inform('mm1: Mac LIST of version 1.0', '01010102020100'),
    inform('mm1: Mac LIST with the type behind the version', '02020101010101'),
    inform('mm1: Mac LIST from Startup Disk, port 1000', `${list}050203e8`, { fromPort: 1000 }),
    inform('mm1: Mac SELECT of another server’s image', `${select}0304ac160a63${image}`),
    inform('mm1: Mac SELECT of an image that is not there', `${select}${us}08048100008a`),
    inform('mm1: Mac SELECT by 32-bit EFI', `${select}${us}${image}`, { model: 'AAPLBSDPC/i386/Macmini2,1' }),
    inform('mm1: bad Mac INFORM without option 43', undefined),
    inform('mm1: bad Mac LIST without a version', '010101'),
    inform('mm1: bad Mac FAILED', `01010302020101`),
    inform('mm1: bad Mac LIST from port 1024', `${list}05020400`, { fromPort: 1024 }),
    inform('mm1: unable Mac LIST by PowerPC', list, { model: 'AAPLBSDPC/ppc/PowerMac3,1' }),
    inform('mm1: unable Mac SELECT by PowerPC', `${select}${us}${image}`, { model: 'AAPLBSDPC/ppc/PowerMac3,1' }),
    inform('mm1: unable Mac LIST by a T2', list, { model: 'AAPLBSDPC/i386/Macmini8,1' }),
    inform('mm1: unable Mac LIST by Apple silicon', list, { model: 'AAPLBSDPC/arm/Mac14,3' }),
    inform('unknown: Mac LIST', list, { mac: unknown(15) }),
    inform('unknown: Mac SELECT', `${select}${us}${image}`, { mac: unknown(15) }),
  ];
}

/** A reply by meaning: names to texts. No reply is `{ reply: 'none' }`. */
type Meaning = ReadonlyMap<string, string>;

/** Asks everything, one after the other; a marker that is always answered shows that no answer will come any more. */
async function askAll(t: TestContext, client: RackClient): Promise<Map<string, Meaning>> {
  for (const address of [RELAY, '172.22.10.200']) {
    ip(`-n ${client.namespace} address add ${address}/24 dev ${client.interfaceName}`);
  }
  const replayer = await openReplayer(t, client);
  const results = new Map<string, Meaning>();
  let xid = 0x1000;
  for (const { name, bytes, isRelayed, goesOn, isExact, fromPort } of scenarios) {
    xid += 0x10;
    const first = await askOne(replayer, bytes(xid), { isRelayed, fromPort });
    const exact: Meaning = new Map(isExact && first ? [['bytes', first.hex]] : []);
    results.set(name, new Map([...meaningOf(first), ...exact]));
    if (!goesOn) continue;
    assert.equal(first?.type, OFFER, name);
    const request = await askOne(replayer, requestFor(bytes(xid + 1), first?.yiaddr ?? ''), { isRelayed });
    assert.equal(request?.yiaddr, first?.yiaddr, `${name}: the ACK is for what was offered`);
    results.set(`${name}, then REQUEST`, meaningOf(request));
  }
  return results;
}

interface Way {
  readonly isRelayed?: true | undefined;
  readonly fromPort?: number | undefined;
}

async function askOne(replayer: Replayer, bytes: Uint8Array, { isRelayed, fromPort }: Way): Promise<Heard | undefined> {
  const xid = Buffer.from(bytes).readUInt32BE(4);
  // A relay's datagram takes another way to the server than a broadcast: no marker would show that no answer will come.
  if (isRelayed) {
    replayer.send(bytes, { address: RELAY, port: 67 }, { address: SERVER, port: 67 });
    return replayer.reply(xid);
  }
  const from = fromPort === undefined ? undefined : { address: MAC_CIADDR, port: fromPort };
  const send = (one: Uint8Array) =>
    from ? replayer.send(one, from, { address: '255.255.255.255', port: 67 }) : replayer.broadcast(one);
  const [, mac, address] = machines[8];
  const marker = requestBytes({ mac, xid: xid + 8, type: 3, options: { 50: addressHex(address) } });
  send(bytes);
  send(marker);
  await replayer.reply(xid + 8, ({ type }) => type === ACK);
  return replayer.heard.find((one) => one.xid === xid.toString(16).padStart(8, '0'));
}

function requestFor(discover: Uint8Array, address: string): Uint8Array {
  const bytes = Buffer.concat([Buffer.from(discover), Buffer.alloc(16)]);
  let at = 240;
  while (bytes[at] !== 255) {
    if (bytes[at] === 53) bytes[at + 2] = 3;
    // An address that was wished for is replaced by the one that was offered; a code that nobody reads takes its place.
    if (bytes[at] === 50) bytes[at] = 224;
    at += 2 + (bytes[at + 1] ?? 0);
  }
  Buffer.from(`3204${addressHex(address).slice(4)}3604${addressHex(SERVER).slice(4)}ff`, 'hex').copy(bytes, at);
  return bytes;
}

function meaningOf(reply: Heard | undefined): Meaning {
  if (reply === undefined) return new Map([['reply', 'none']]);
  const meaning = new Map<string, string>([
    ['reply', reply.type === undefined ? 'BOOTP' : (['', '', 'OFFER', '', '', 'ACK', 'NAK'][reply.type] ?? '?')],
    ['yiaddr', describeAddress(reply.yiaddr)],
    ['siaddr', reply.siaddr],
    ['ciaddr', reply.ciaddr],
    ['giaddr', reply.giaddr],
    ['flags', reply.flags.toString(16)],
    ['file', reply.file],
    ['sname', reply.sname],
    ['to port', String(reply.toPort ?? 68)],
  ]);
  for (const [code, hex] of reply.options) if (code !== 53) meaning.set(`option ${code}`, describeOption(code, hex));
  return meaning;
}

/** Two servers need not choose the same pool address, but one of the same pool. */
function describeAddress(address: string): string {
  const last = Number(address.split('.')[3]);
  if (!address.startsWith('172.22.10.')) return address;
  if (last >= 5 && last <= 30) return 'one of the pool';
  return last >= 31 && last <= 49 ? 'one of the BOOTP pool' : address;
}

function describeOption(code: number, hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  if ([1, 3, 6, 28, 54].includes(code))
    return (hex.match(/.{8}/g) ?? []).map((part) => [...Buffer.from(part, 'hex')].join('.')).join(' ');
  if ([51, 58, 59].includes(code)) return String(Number.parseInt(hex, 16));
  if ([12, 15, 56, 60, 66, 67].includes(code)) return bytes.toString('latin1').replace(/\0$/, '');
  return hex;
}

/** Every field in which the two replies differ, as "field: theirs -> ours"; '-' stands for nothing. */
function compare(theirs: Meaning, ours: Meaning): string[] {
  if (theirs.get('reply') === 'none' && ours.get('reply') === 'none') return [];
  const fields = new Set([...theirs.keys(), ...ours.keys()]);
  if (theirs.get('reply') !== ours.get('reply')) return [`reply: ${theirs.get('reply')} -> ${ours.get('reply')}`];
  const shown = (value: string | undefined) => (value === undefined || value === '' ? '-' : value);
  return [...fields].sort().flatMap((field) => {
    const [a, b] = [shown(theirs.get(field)), shown(ours.get(field))];
    return a === b ? [] : [`${field}: ${a} -> ${b}`];
  });
}

async function askDhcpd(t: TestContext, rack: Rack): Promise<Map<string, Meaning>> {
  const folder = newFolder('dhcpd');
  copyFileSync(join(fixtures, 'seed', 'dhcpd.conf'), join(folder, 'dhcpd.conf'));
  writeFileSync(join(folder, 'leases'), '');
  const files = ['-cf', join(folder, 'dhcpd.conf'), '-lf', join(folder, 'leases'), '-pf', join(folder, 'pid')];
  const dhcpd = startProgram(t, ['dhcpd', '-4', '-d', ...files, 'br0']);
  await dhcpd.printed(/Server starting service/);
  const results = await askAll(t, await rack.addClient('asks-isc', { mac: ASKER }));
  await dhcpd.stop();
  ip('-n asks-isc link set eth0 down');
  return results;
}

async function askRackready(t: TestContext, rack: Rack): Promise<Map<string, Meaning>> {
  const yaml = readFileSync(join(fixtures, 'config', 'seed-rack.yaml'), 'utf8');
  // The seed says `ping-check off`.
  // Mirrors come later; the seed installs whatever Mac holds the N key, and its image has a name of its own.
  const source = 'kernel: /etc/hostname\n    initrd: /etc/hostname\n    source: http://172.22.10.2/centos';
  const server = await startServer(t, {
    yaml: `${yaml
      .replace('mode: authoritative', 'mode: authoritative\n      conflictProbe: false')
      .replace(/source: mirror:.*/, source)
      .replace(/install: manual.*/, 'install: once')}
mac: { offerCompat: seed }
images:
  seed: { kind: linux, name: The-Image, index: 137 }
`,
  });
  const results = await askAll(t, await rack.addClient('asks-us', { mac: ASKER }));
  await server.stop();
  return results;
}

test('the same answers as ISC dhcpd with the seed’s dhcpd.conf, except for what is listed with its reason', async (t) => {
  if (!needs(t, 'ip', 'dhcpd', '/usr/lib/grub/i386-pc', '/usr/lib/grub/x86_64-efi', '/usr/lib/grub/i386-efi')) return;
  const rack = await openSegment(t);
  const theirs = await askDhcpd(t, rack);
  const ours = await askRackready(t, rack);
  assert.deepEqual([...ours.keys()], [...theirs.keys()]);
  const used = new Set<unknown>();
  const unexpected = [...theirs].flatMap(([name, meaning]) =>
    compare(meaning, ours.get(name) ?? new Map()).flatMap((line) => {
      const known = differences.find(({ where, line: pattern }) => where.test(name) && pattern.test(line));
      if (known === undefined) return [`${name}: ${line}`];
      used.add(known);
      return [];
    }),
  );
  assert.deepEqual(unexpected, [], 'differences that nobody has given a reason for');
  const stale = differences.filter((one) => !used.has(one)).map(({ title }) => title);
  assert.deepEqual(stale, [], 'listed differences that are none any more');
  for (const [name, mac, address] of machines) {
    for (const kind of ['system', 'BIOS PXE', 'BOOTP']) {
      assert.equal(ours.get(`${name}: ${kind}`)?.get('yiaddr'), address, `${name} ${mac}`);
    }
  }
});

test('docs/differences-from-isc-dhcpd.md has every difference with its reason', () => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'differences-from-isc-dhcpd.md'), 'utf8');
  for (const { title, reason } of differences) {
    assert.ok(page.includes(`| ${title} | ${reason} |`), title);
  }
});
