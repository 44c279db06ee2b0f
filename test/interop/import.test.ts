import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type FieldType, type OptionForm, standardOptions } from '../../src/import/dhcpd/option-forms.ts';
import { optionNames } from '../../src/import/dnsmasq/option-table.ts';
import { isKnownKey } from '../../src/import/dnsmasq/translate.ts';
import type { Rack } from '../../src/lab/rack.ts';
import { needs } from '../needs.ts';
import { requestBytes } from '../support/dhcp.ts';
import { fixtureFiles, importDone, importFixtures, type Kind } from '../support/import.ts';
import { ACK, OFFER, type WireReply } from '../support/reply.ts';
import { ip, openReplayer, openSegment, runProgram, startProgram } from '../support/segment.ts';
import { newFolder, startServer } from '../support/server.ts';

/*
 * The servers whose configurations are imported say what is a right one, and what is sent by it: their parsers accept the
 * fixtures, and what they send for a fixture is what rackready sends with the imported one.
 */

const SERVER = '172.22.10.2';

/** dhcpd and dnsmasq start relative paths from where they run. */
async function inFixtures(argv: readonly string[]) {
  return runProgram(['sh', '-c', 'cd "$1" && shift && exec "$@"', 'sh', importFixtures, ...argv]);
}

for (const name of readdirSync(importFixtures).filter((one) => /^(?!broken).*\.(dhcpd|dnsmasq)\.conf$/.test(one))) {
  test(`${name} is one that its own server accepts`, async (t) => {
    const isDhcpd = name.endsWith('dhcpd.conf');
    if (!needs(t, isDhcpd ? 'dhcpd' : 'dnsmasq')) return;
    const { code, text } = await inFixtures(isDhcpd ? ['dhcpd', '-t', '-cf', name] : ['dnsmasq', '--test', '-C', name]);
    assert.equal(code, 0, text);
  });
}

test('dhcpd knows the options of our table by their names, and takes the values that we read', async (t) => {
  if (!needs(t, 'dhcpd')) return;
  const sample: Readonly<Record<FieldType, string>> = {
    ...{ address: '10.0.0.1', text: '"a"', bytes: '01:ff', flag: 'on', domains: '"a.example", "b.example"' },
    ...{ u8: '8', u16: '300', u32: '70000', s8: '-1', s16: '-300', s32: '-70000' },
  };
  const value = ({ fields, repeats }: OptionForm) => {
    const one = fields.map((field) => sample[field]).join(' ');
    if (repeats === 'none') return one;
    return `${one}, ${repeats === 'all' ? one : fields.slice(-1).map((field) => sample[field])}`;
  };
  const lines = [...standardOptions].flatMap(([name, { form }]) => (form ? [`option ${name} ${value(form)};`] : []));
  const file = join(newFolder('options'), 'dhcpd.conf');
  writeFileSync(file, `${lines.join('\n')}\n`);
  const { code, text } = await runProgram(['dhcpd', '-t', '-cf', file]);
  assert.equal(code, 0, text);
  assert.ok(lines.length > 90, `${lines.length} options`);
});

test('every option of dnsmasq has a place, and its options of DHCP are those of our table', async (t) => {
  if (!needs(t, 'dnsmasq')) return;
  const help = await runProgram(['dnsmasq', '--help']);
  const keys = [...help.text.matchAll(/^(?:-., | {4})--([A-Za-z0-9-]+)/gm)].map(([, key]) => key ?? '');
  assert.ok(keys.length > 150, help.text);
  assert.deepEqual(
    keys.filter((key) => !isKnownKey(key)),
    [],
  );
  const { text } = await runProgram(['dnsmasq', '--help', 'dhcp']);
  const known = [...text.matchAll(/^ *([0-9]+) (\S+)$/gm)].map(([, code, name]) => [name?.toLowerCase(), Number(code)]);
  assert.deepEqual(known, [...optionNames]);
});

const ALL = `hex:${Array.from({ length: 254 }, (_, index) => (index + 1).toString(16).padStart(2, '0')).join('')}`;
const clients = [
  ['reserved', '02:00:00:00:03:01'],
  ['known', '02:00:00:00:03:02'],
  ['of a group', '02:00:00:00:03:03'],
  ['unknown', '02:00:00:00:03:99'],
] as const;

/** What each client is offered, by its kind; then what is confirmed. */
async function askAll(t: TestContext, rack: Rack, namespace: string): Promise<ReadonlyMap<string, WireReply>> {
  const replayer = await openReplayer(t, await rack.addClient(namespace, { mac: '02:00:00:00:00:ee' }));
  const replies = new Map<string, WireReply>();
  for (const [index, [kind, mac]] of clients.entries()) {
    for (const [wish, seconds] of [
      ['', undefined],
      [' for a minute', 60],
      [' for a year', 31_536_000],
    ] as const) {
      const xid = 0x2000 + index * 16 + ((seconds ?? 0) % 7);
      const options = seconds === undefined ? {} : { 51: `hex:${seconds.toString(16).padStart(8, '0')}` };
      const bytes = requestBytes({
        mac,
        xid,
        type: 1,
        flags: 0x8000,
        options: { ...options, 55: ALL, 57: 'hex:05c0' },
      });
      replies.set(`${kind}${wish}`, await replayer.ask(bytes, ({ type }) => type === OFFER || type === ACK));
    }
  }
  ip(`-n ${namespace} link set eth0 down`);
  return replies;
}

async function askRackready(t: TestContext, rack: Rack, kind: Kind): Promise<ReadonlyMap<string, WireReply>> {
  const name = `wire.${kind}`;
  const { yaml, problems } = importDone(kind, fixtureFiles()[name] ?? '', { name, host: `br0 ${SERVER}` });
  assert.deepEqual(problems, []);
  const server = await startServer(t, { yaml });
  const replies = await askAll(t, rack, 'asks-us');
  await server.stop();
  return replies;
}

/** A difference that the import tells of, or that is rackready's way: "code: theirs -> ours" in hex. */
interface Difference {
  readonly why: string;
  readonly line: RegExp;
}

const ways: readonly Difference[] = [
  { why: 'the name of a machine is always sent', line: /^12: (undefined|\w+) -> \w+$/ },
  { why: 'renewal times are always said', line: /^(58|59): undefined -> \w+$/ },
];

function compare(
  theirs: ReadonlyMap<string, WireReply>,
  ours: ReadonlyMap<string, WireReply>,
  differences: readonly Difference[],
): void {
  const used = new Set<Difference>();
  const unexpected: string[] = [];
  for (const [name, reply] of theirs) {
    const mine = ours.get(name);
    if (name.startsWith('reserved')) assert.equal(mine?.yiaddr, reply.yiaddr, name);
    for (const code of new Set([...reply.options.keys(), ...(mine?.options.keys() ?? [])])) {
      const line = `${code}: ${reply.options.get(code)} -> ${mine?.options.get(code)}`;
      if (reply.options.get(code) === mine?.options.get(code)) continue;
      const known = [...ways, ...differences].find((one) => one.line.test(line));
      if (known) used.add(known);
      else unexpected.push(`${name}: option ${line}`);
    }
  }
  assert.deepEqual(unexpected, []);
  const stale = differences.filter((one) => !used.has(one));
  assert.deepEqual(stale, [], 'differences that are none any more');
}

test('ISC dhcpd, and rackready with the imported configuration, send the same options as the same bytes', async (t) => {
  if (!needs(t, 'ip', 'dhcpd', '/usr/lib/grub/i386-pc')) return;
  const rack = await openSegment(t);
  const folder = newFolder('dhcpd');
  copyFileSync(join(importFixtures, 'wire.dhcpd.conf'), join(folder, 'dhcpd.conf'));
  writeFileSync(join(folder, 'leases'), '');
  const files = ['-cf', join(folder, 'dhcpd.conf'), '-lf', join(folder, 'leases'), '-pf', join(folder, 'pid')];
  const dhcpd = startProgram(t, ['dhcpd', '-4', '-d', ...files, 'br0']);
  await dhcpd.printed(/Server starting service/);
  const theirs = await askAll(t, rack, 'asks-isc');
  await dhcpd.stop();
  compare(theirs, await askRackready(t, rack, 'dhcpd.conf'), [
    { why: 'one router', line: /^3: ac160a01ac160afe -> ac160a01$/ },
    { why: 'the broadcast address is always said', line: /^28: undefined -> ac160aff$/ },
    {
      why: 'the domain of a host name with dots: wire.example and other.example',
      line: /^15: 776972652e6578616d706c65 -> 6f746865722e6578616d706c65$/,
    },
  ]);
});

test('dnsmasq, and rackready with the imported configuration, send the same options as the same bytes', async (t) => {
  if (!needs(t, 'ip', 'dnsmasq', '/usr/lib/grub/i386-pc')) return;
  const rack = await openSegment(t);
  const folder = newFolder('dnsmasq');
  const leases = `--dhcp-leasefile=${join(folder, 'leases')}`;
  const dnsmasq = startProgram(t, [
    'dnsmasq',
    '-d',
    '-C',
    join(importFixtures, 'wire.dnsmasq.conf'),
    leases,
    '--user=root',
  ]);
  await dnsmasq.printed(/DHCP, sockets bound|DHCP, IP range/);
  const theirs = await askAll(t, rack, 'asks-dnsmasq');
  await dnsmasq.stop();
  compare(theirs, await askRackready(t, rack, 'dnsmasq.conf'), []);
});
