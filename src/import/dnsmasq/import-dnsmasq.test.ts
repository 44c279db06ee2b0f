import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkYaml, commentsOf, fixtureFiles, importDone, importText, valuesOf } from '../../../test/support/import.ts';
import { createAccount, formatSourceProblem } from '../account.ts';
import { readLines } from './lines.ts';
import { readOptionLine } from './read-option.ts';

const lines: readonly {
  name: string;
  text: string;
  want: readonly (readonly [string, string | undefined, ...string[]])[];
}[] = [
  { name: 'nothing', text: '\n  \n# x\n   # y', want: [] },
  {
    name: 'keys without a value',
    text: 'no-ping\n  bind-interfaces  # why',
    want: [
      ['no-ping', undefined],
      ['bind-interfaces', undefined],
    ],
  },
  { name: 'white space around everything', text: ' domain = a.b , c ', want: [['domain', 'a.b , c', 'a.b', 'c']] },
  { name: 'a # inside a word', text: 'server=1.2.3.4#53', want: [['server', '1.2.3.4#53', '1.2.3.4#53']] },
  { name: 'a comment after the value', text: 'domain=a # b', want: [['domain', 'a', 'a']] },
  { name: 'commas and # inside quotes', text: 'x="a,b # c",d', want: [['x', 'a,b # c,d', 'a,b # c', 'd']] },
  { name: 'escapes inside quotes', text: 'x="\\"\\\\\\t\\n\\q"', want: [['x', '"\\\t\n\\q', '"\\\t\n\\q']] },
  {
    name: 'carriage returns',
    text: 'a=b\r\nc\r\n',
    want: [
      ['a', 'b', 'b'],
      ['c', undefined],
    ],
  },
  { name: 'an empty value', text: 'x=', want: [['x', '', '']] },
];
for (const { name, text, want } of lines) {
  test(`readLines() reads ${name}`, () => {
    const account = createAccount();
    const found = readLines(text, 'f', account).map(({ key, value, list }) => [
      key,
      value,
      ...list.map((one) => one.text),
    ]);
    assert.deepEqual(found, want);
    assert.deepEqual(account.problems, []);
  });
}

const options: readonly (readonly [text: string, want: unknown])[] = [
  ['3,1.2.3.4,5.6.7.8', { code: 3, value: { kind: 'addresses', texts: ['1.2.3.4', '5.6.7.8'] } }],
  ['option:router,1.2.3.4', { code: 3, value: { kind: 'addresses', texts: ['1.2.3.4'] } }],
  ['option:Domain-Name,a.b', { code: 15, value: { kind: 'text', text: 'a.b' } }],
  ['66,"1.2.3.4"', { code: 66, value: { kind: 'text', text: '1.2.3.4' } }],
  ['66,1.2.3.4', { code: 66, value: { kind: 'text', text: '1.2.3.4' } }],
  ['26,1400', { code: 26, value: { kind: 'number', size: 'u16', number: 1400 } }],
  ['19,1', { code: 19, value: { kind: 'number', size: 'u8', number: 1 } }],
  ['224,7', { code: 224, value: { kind: 'number', size: 'u8', number: 7 } }],
  ['224,300', { code: 224, value: { kind: 'number', size: 'u16', number: 300 } }],
  ['224,70000', { code: 224, value: { kind: 'number', size: 'u32', number: 70000 } }],
  ['224,1i', { code: 224, value: { kind: 'number', size: 'u32', number: 1 } }],
  ['224,"7"', { code: 224, value: { kind: 'text', text: '7' } }],
  ['224,01:ff', { code: 224, value: { kind: 'bytes', bytes: Uint8Array.of(1, 255) } }],
  ['224,a,b', { code: 224, value: { kind: 'text', text: 'a,b' } }],
  ['121,0.0.0.0/0,1.2.3.4', { code: 121, value: { kind: 'bytes', bytes: Uint8Array.of(0, 1, 2, 3, 4) } }],
  ['119,a.b', { code: 119, value: { kind: 'bytes', bytes: Uint8Array.of(1, 97, 1, 98, 0) } }],
  ['44', { code: 44, value: undefined }],
  ['44,', { code: 44, value: undefined }],
  ['tag:a,tag:!b,6,1.2.3.4', { code: 6, tags: ['a', '!b'], value: { kind: 'addresses', texts: ['1.2.3.4'] } }],
  ['lan,6,1.2.3.4', { code: 6, tags: ['lan'], value: { kind: 'addresses', texts: ['1.2.3.4'] } }],
  ['vendor:MSFT,2,1i', 'inside'],
  ['encap:175,190,x', 'inside'],
  ['option6:dns-server,[::]', 'ipv6'],
];
for (const [text, want] of options) {
  test(`dhcp-option=${text}`, () => {
    const [line] = readLines(`dhcp-option=${text}`, 'f', createAccount());
    assert.ok(line);
    const read = readOptionLine(line);
    if (read.kind === 'elsewhere') assert.equal(read.reason, want);
    else if (read.kind === 'wrong') assert.fail(read.problem);
    else {
      const { code, value, tags } = read.option;
      assert.deepEqual(tags.length > 0 ? { code, tags, value } : { code, value }, want);
    }
  });
}

interface Row {
  readonly name: string;
  readonly text: string;
  readonly host?: string;
  readonly want?: Readonly<Record<string, unknown>>;
  readonly says?: readonly RegExp[];
  readonly problems?: readonly string[];
}

const at = (data: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], data);
const LAN = 'dhcp-authoritative\ndhcp-range=set:lan,10.0.0.10,10.0.0.20,255.255.255.0\n';
const NET = 'networks.lan';

const rows: readonly Row[] = [
  {
    name: 'what dnsmasq does by itself: an hour at most, its own address as router and name server',
    text: LAN,
    want: {
      [NET]: {
        interface: 'eth0',
        subnet: '10.0.0.0/24',
        address: '10.0.0.2',
        router: '10.0.0.2',
        dhcp: { mode: 'authoritative', leaseTime: '1h', maxLeaseTime: '1h', pools: [{ range: '10.0.0.10-10.0.0.20' }] },
      },
      'defaults.dns': ['10.0.0.2'],
    },
    says: [/named itself as the router/, /named itself as the name server/],
  },
  {
    name: 'an option without a value is not sent, and without DNS dnsmasq is no name server',
    text: `${LAN}port=0\ndhcp-option=3`,
    want: { [`${NET}.router`]: undefined, 'defaults.dns': undefined },
  },
  {
    name: 'a netmask that the source leaves to the interface comes with the address',
    text: 'dhcp-authoritative\ndhcp-range=10.0.0.10,10.0.0.20,12h',
    host: 'eth0 10.0.0.2/23',
    want: { 'networks.net-10-0-0-0.subnet': '10.0.0.0/23', 'networks.net-10-0-0-0.dhcp.leaseTime': '12h' },
  },
  {
    name: 'a netmask that nobody says is to be filled in',
    text: 'dhcp-range=10.0.0.10,10.0.0.20,12h',
    host: '',
    want: {
      'networks.net-10-0-0-10.subnet': 'FILL IN',
      'networks.net-10-0-0-10.dhcp.pools': [{ range: '10.0.0.10-10.0.0.20' }],
    },
    says: [/takes netmasks from interfaces/, /the network around 10\.0\.0\.10/],
  },
  {
    name: 'several ranges of one network are one network',
    text: `${LAN}dhcp-range=set:lan,10.0.0.30,10.0.0.40,255.255.255.0`,
    want: { [`${NET}.dhcp.pools`]: [{ range: '10.0.0.10-10.0.0.20' }, { range: '10.0.0.30-10.0.0.40' }] },
  },
  {
    name: 'the oldest spelling of a tag, and a range in the other order',
    text: 'dhcp-range=lan,10.0.0.20,10.0.0.10,255.255.255.0,2h',
    want: { [`${NET}.dhcp.pools`]: [{ range: '10.0.0.10-10.0.0.20' }], [`${NET}.dhcp.leaseTime`]: '2h' },
  },
  {
    name: 'static and proxy networks',
    text: 'dhcp-range=10.0.0.0,static,255.255.255.0,infinite\ndhcp-range=10.1.0.0,proxy,255.255.255.0',
    want: {
      'networks.net-10-0-0-0.dhcp': {
        mode: 'authoritative',
        leaseTime: 4294967294,
        maxLeaseTime: 4294967294,
        unknownClients: false,
      },
      'networks.net-10-1-0-0.dhcp': { mode: 'proxy' },
      'networks.net-10-1-0-0.router': undefined,
    },
  },
  {
    name: 'dhcp-ignore=tag:!known, no-ping and dhcp-broadcast',
    text: `${LAN}dhcp-ignore=tag:!known\nno-ping\ndhcp-broadcast`,
    want: {
      [`${NET}.dhcp.unknownClients`]: false,
      [`${NET}.dhcp.conflictProbe`]: undefined,
      [`${NET}.dhcp.replies`]: 'broadcast',
    },
    says: [/must not be given out twice\. conflictProbe: false turns it off/],
  },
  {
    name: 'an option for a network’s tag wins over one for everybody, and the last over others',
    text: `${LAN}dhcp-option=tag:lan,option:router,10.0.0.1\ndhcp-option=option:router,10.0.0.9\ndhcp-option=42,10.0.0.3\ndhcp-option=42,0.0.0.0`,
    want: { [`${NET}.router`]: '10.0.0.1', 'defaults.ntp': ['10.0.0.2'] },
    says: [/Without effect.*option:router,10\.0\.0\.9.*42,10\.0\.0\.3/],
  },
  {
    name: 'a range for clients with a tag is left out',
    text: `${LAN}dhcp-range=tag:phones,10.0.0.50,10.0.0.60,255.255.255.0`,
    want: { [`${NET}.dhcp.pools`]: [{ range: '10.0.0.10-10.0.0.20' }] },
    says: [/for clients with a tag.*- range: 10\.0\.0\.50-10\.0\.0\.60/],
  },
  {
    name: 'hosts in all spellings',
    text: `${LAN}dhcp-host=2:0:0:0:0:1,a,10.0.0.5\ndhcp-host=02-00-00-00-00-02,02:00:00:00:00:03,10.0.0.6,b.example,12h\ndhcp-host=01-02:00:00:00:00:04,c,set:x,id:*`,
    want: {
      machines: {
        a: { mac: '02:00:00:00:00:01', address: '10.0.0.5' },
        b: { macs: ['02:00:00:00:00:02', '02:00:00:00:00:03'], address: '10.0.0.6' },
        c: { mac: '02:00:00:00:00:04' },
      },
    },
  },
  {
    name: 'hosts that rackready cannot know, or has to refuse, are left out',
    text: `${LAN}dhcp-host=lap,10.0.0.5\ndhcp-host=02:00:00:*:*:*,10.0.0.6\ndhcp-host=02:00:00:00:00:01,ignore\ndhcp-host=06-02:00:00:00:00:04,c`,
    want: { machines: undefined },
    says: [/has none here.*lap,10\.0\.0\.5/, /whole MAC addresses.*02:00:00:\*.*06-02/, /it was refused.*ignore/],
  },
  {
    name: 'domains by network',
    text: `${LAN}domain=all.example\ndomain=lan.example,10.0.0.0/24,local\ndomain=other.example,10.9.0.0/24\ndomain=#`,
    want: { 'defaults.domain': 'lan.example' },
    says: [/No network here has this domain.*other\.example/, /This is no domain name.*domain=#/],
  },
  {
    name: 'TFTP',
    text: `${LAN}enable-tftp\ntftp-root=/srv/tftp\ntftp-root=/srv/other,eth1\ntftp-port-range=4000,4100`,
    want: { server: { tftp: { ports: '4000-4100' }, bootFolder: '/srv/tftp' } },
    says: [/One folder serves all.*\/srv\/other,eth1/],
  },
  {
    name: 'a root without TFTP has no effect',
    text: `${LAN}tftp-root=/srv/tftp`,
    want: { server: undefined },
    says: [/TFTP was not on/],
  },
  {
    name: 'tags that only lead to boot files, and others',
    text: `${LAN}dhcp-match=set:e,option:client-arch,7\ndhcp-boot=tag:e,x.efi\ndhcp-vendorclass=set:p,Phone\ndhcp-option=tag:p,66,"x"`,
    says: [
      /Boot files:.*client-arch,7.*dhcp-boot/,
      /Tags of clients:.*dhcp-vendorclass/,
      /for clients with a tag are not sent.*tag:p/,
    ],
  },
  {
    name: 'an option that dnsmasq does not know',
    text: `${LAN}dhcp-rnge=1`,
    says: [/Not understood: "dhcp-rnge" is no option of dnsmasq/],
    problems: ['dnsmasq.conf:3:1: "dhcp-rnge" is no option of dnsmasq'],
  },
];
for (const { name, text, host = 'eth0 10.0.0.2', want = {}, says = [], problems = [] } of rows) {
  test(`importDnsmasq(): ${name}`, () => {
    const imported = importDone('dnsmasq.conf', text, { host });
    const data = valuesOf(imported.yaml);
    for (const [path, value] of Object.entries(want))
      assert.deepEqual(at(data, path), value, `${path}\n${imported.yaml}`);
    for (const pattern of says) assert.match(commentsOf(imported.yaml), pattern);
    assert.deepEqual(imported.problems.map(formatSourceProblem), problems);
  });
}

test('conf-dir reads what its suffixes let in, in the order of names, and a loop is told', () => {
  const files = {
    'd/20.conf': 'dhcp-authoritative',
    'd/10.conf': 'conf-file=d/10.conf\nno-ping',
    'd/30.conf~': 'x',
    'd/40.txt': 'x',
    'd/.50.conf': 'x',
  };
  const { yaml, problems } = importDone('dnsmasq.conf', 'conf-dir=d,*.conf', { files });
  assert.match(yaml, /^# Made from dnsmasq\.conf, d\/10\.conf, d\/20\.conf by/);
  assert.deepEqual(problems.map(formatSourceProblem), ['d/10.conf:1:1: "d/10.conf" is not read: it includes itself']);
});

const files = fixtureFiles();
const sources = Object.entries(files).filter(([name]) => name.endsWith('dnsmasq.conf'));

test('whatever is cut out of a real file or put into it, the result is YAML that the check can read', () => {
  const piece = fc.constantFrom(
    '"',
    '\\',
    '#',
    '=',
    ',',
    '\n',
    'dhcp-range=',
    'dhcp-host=',
    'tag:',
    '10.0.0.1',
    'conf-file=',
    '\u0000',
    '\u2028',
    ':',
  );
  const cut = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(40),
    put: fc.array(piece, { maxLength: 3 }),
  });
  fc.assert(
    fc.property(fc.constantFrom(...sources), fc.array(cut, { minLength: 1, maxLength: 4 }), ([name, whole], cuts) => {
      let text = whole;
      for (const { at: where, length, put } of cuts) {
        const from = Math.floor(where * text.length);
        text = text.slice(0, from) + put.join('') + text.slice(from + length);
      }
      const imported = importText('dnsmasq.conf', text, { name, files });
      assert.ok(imported.kind === 'imported');
      valuesOf(imported.yaml);
      checkYaml(imported.yaml);
    }),
    { numRuns: process.env.CI ? 2000 : 200 },
  );
});
