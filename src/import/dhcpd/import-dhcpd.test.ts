import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  checkYaml,
  commentsOf,
  fixtureFiles,
  type ImportParts,
  importDone,
  importText,
  valuesOf,
} from '../../../test/support/import.ts';
import { formatSourceProblem } from '../account.ts';

/** A file with one network around the statements. */
const lan = (inside: string, outside = '') =>
  `authoritative; option domain-name-servers 10.0.0.53; ${outside} subnet 10.0.0.0 netmask 255.255.255.0 { ${inside} }`;
const HOST = 'eth0 10.0.0.2';

interface Row {
  readonly name: string;
  readonly text: string;
  readonly host?: string;
  readonly files?: Readonly<Record<string, string>>;
  /** Paths of the result to values; undefined: not written. */
  readonly want?: Readonly<Record<string, unknown>>;
  /** Parts of comments. */
  readonly says?: readonly RegExp[];
  readonly problems?: readonly string[];
}

const NET = 'networks.net-10-0-0-0';
const at = (data: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], data);

function checkRows(rows: readonly Row[]): void {
  for (const { name, text, host = HOST, files = {}, want = {}, says = [], problems = [] } of rows) {
    test(`importDhcpd(): ${name}`, () => {
      const parts: ImportParts = { host, files };
      const imported = importDone('dhcpd.conf', text, parts);
      const data = valuesOf(imported.yaml);
      for (const [path, value] of Object.entries(want))
        assert.deepEqual(at(data, path), value, `${path}\n${imported.yaml}`);
      for (const pattern of says) assert.match(commentsOf(imported.yaml), pattern);
      assert.deepEqual(imported.problems.map(formatSourceProblem), problems);
    });
  }
}

const pool = (...ranges: readonly string[]) => ranges.map((range) => ({ range }));

checkRows([
  {
    name: 'times that dhcpd has by itself are written, where ours are others',
    text: lan('range 10.0.0.10 10.0.0.20;'),
    want: { [`${NET}.dhcp`]: { mode: 'authoritative', leaseTime: '12h', pools: pool('10.0.0.10-10.0.0.20') } },
  },
  {
    name: 'the default lease is no longer than the longest, and no shorter than the shortest',
    text: lan('range 10.0.0.10; default-lease-time 900; max-lease-time 600; min-lease-time 700;'),
    want: {
      [`${NET}.dhcp.leaseTime`]: '10m',
      [`${NET}.dhcp.minLeaseTime`]: '10m',
      [`${NET}.dhcp.maxLeaseTime`]: '10m',
    },
  },
  {
    name: 'a short default is raised to the shortest lease',
    text: lan('range 10.0.0.10; default-lease-time 60; min-lease-time 3600;'),
    want: {
      [`${NET}.dhcp.leaseTime`]: '1h',
      [`${NET}.dhcp.minLeaseTime`]: '1h',
      [`${NET}.dhcp.maxLeaseTime`]: undefined,
    },
  },
  {
    name: 'the innermost statement wins, and the last of two; the others are told of',
    text: lan('range 10.0.0.10; option routers 10.0.0.9; option routers 10.0.0.1;', 'option routers 10.9.9.9;'),
    want: { [`${NET}.router`]: '10.0.0.1' },
    says: [/Without effect in dhcpd, too.*option routers 10\.9\.9\.9; .*option routers 10\.0\.0\.9;/],
  },
  {
    name: 'keywords in any case, addresses with zeros, names with a dot at the end',
    text: 'AUTHORITATIVE; Subnet 010.0.0.0 NETMASK 255.255.255.0 { Range 10.0.0.010; OPTION Domain-Name "x.example."; Option Routers 10.0.0.1; }',
    want: { 'defaults.domain': 'x.example', [`${NET}.dhcp.pools`]: pool('10.0.0.10') },
  },
  {
    name: 'a group around subnets',
    text: `group { option routers 10.0.0.1; default-lease-time 600; ${lan('range 10.0.0.10;')} }`,
    want: { [`${NET}.router`]: '10.0.0.1', [`${NET}.dhcp.leaseTime`]: '10m' },
  },
  {
    name: 'hosts inside subnets, pools’ hosts and groups in groups',
    text: lan(
      'host a { hardware ethernet 2:0:0:0:0:1; } group { option domain-name "g.example"; group { host b { hardware ethernet 2:0:0:0:0:2; fixed-address 10.0.0.5; } } }',
    ),
    want: {
      machines: {
        a: { mac: '02:00:00:00:00:01' },
        b: { mac: '02:00:00:00:00:02', address: '10.0.0.5', domain: 'g.example' },
      },
    },
  },
  {
    name: 'a host that names a group',
    text: `${lan('range 10.0.0.10;')} group lab { option domain-name "lab.example"; } host a { group lab; hardware ethernet 2:0:0:0:0:1; }`,
    want: { 'machines.a.domain': 'lab.example' },
  },
  {
    name: 'a host name with dots gives the host name and, by option, the domain',
    text: `${lan('range 10.0.0.10;')} host a.b.example { hardware ethernet 2:0:0:0:0:1; } host x { hardware ethernet 2:0:0:0:0:2; option host-name "y.z.example"; }`,
    want: {
      machines: {
        a: { mac: '02:00:00:00:00:01' },
        x: { mac: '02:00:00:00:00:02', hostName: 'y', domain: 'z.example' },
      },
    },
  },
  {
    name: 'names that are no host names',
    text: `${lan('range 10.0.0.10;')} host a_b { hardware ethernet 2:0:0:0:0:1; } host a.x { hardware ethernet 2:0:0:0:0:2; } host a.y { hardware ethernet 2:0:0:0:0:3; }`,
    want: {
      machines: {
        a_b: { mac: '02:00:00:00:00:01', hostName: 'a-b' },
        'a.x': { mac: '02:00:00:00:00:02', hostName: 'a' },
        'a.y': { mac: '02:00:00:00:00:03', hostName: 'a' },
      },
    },
  },
  {
    name: 'two hosts of one name are two machines',
    text: `${lan('range 10.0.0.10;')} host a { hardware ethernet 2:0:0:0:0:1; } host a { hardware ethernet 2:0:0:0:0:2; }`,
    want: { machines: { a: { mac: '02:00:00:00:00:01' }, 'a-2': { mac: '02:00:00:00:00:02' } } },
  },
]);

checkRows([
  {
    name: 'reserved addresses, the router and this host are taken out of the pools',
    text: `${lan('range 10.0.0.0 10.0.0.255; option routers 10.0.0.1;')} host a { hardware ethernet 2:0:0:0:0:1; fixed-address 10.0.0.100; }`,
    want: { [`${NET}.dhcp.pools`]: pool('10.0.0.3-10.0.0.99', '10.0.0.101-10.0.0.254') },
    says: [/written without addresses that are taken: 10\.0\.0\.0 \(the network’s number\).*10\.0\.0\.100 \(a\)/],
  },
  {
    name: 'a range that is taken as a whole is gone, with a word',
    text: `${lan('range 10.0.0.5; range 10.0.0.7;')} host a { hardware ethernet 2:0:0:0:0:1; fixed-address 10.0.0.5; }`,
    want: { [`${NET}.dhcp.pools`]: pool('10.0.0.7') },
    says: [/10\.0\.0\.5 is written without addresses that are taken: 10\.0\.0\.5 \(a\)/],
  },
  {
    name: 'a dynamic-bootp range beside others is for BOOTP clients',
    text: lan('range 10.0.0.10; range dynamic-bootp 10.0.0.20;'),
    want: { [`${NET}.dhcp.pools`]: [{ range: '10.0.0.10' }, { range: '10.0.0.20', clients: 'bootp' }] },
    says: [/dhcpd gives these addresses to DHCP clients, too/],
  },
  {
    name: 'the only range is for DHCP clients, also when it says dynamic-bootp',
    text: lan('range dynamic-bootp 10.0.0.20;'),
    want: { [`${NET}.dhcp.pools`]: pool('10.0.0.20') },
    says: [/dhcpd gives these addresses to BOOTP clients, too/],
  },
  {
    name: 'without BOOTP, dynamic-bootp means nothing',
    text: lan('range 10.0.0.10; range dynamic-bootp 10.0.0.20; deny bootp;'),
    want: { [`${NET}.dhcp.pools`]: pool('10.0.0.10', '10.0.0.20'), [`${NET}.dhcp.bootp`]: false },
  },
  {
    name: 'a pool for BOOTP clients only',
    text: lan('range 10.0.0.10; pool { allow dynamic bootp clients; range 10.0.0.20; }'),
    want: { [`${NET}.dhcp.pools`]: [{ range: '10.0.0.10' }, { range: '10.0.0.20', clients: 'bootp' }] },
  },
  {
    name: 'a pool for known machines alone turns unknown ones away',
    text: lan('pool { allow known-clients; range 10.0.0.10; }'),
    want: { [`${NET}.dhcp.unknownClients`]: false, [`${NET}.dhcp.pools`]: pool('10.0.0.10') },
  },
  {
    name: 'a pool that denies unknown machines does the same',
    text: lan('pool { deny unknown-clients; range 10.0.0.10; }'),
    want: { [`${NET}.dhcp.unknownClients`]: false, [`${NET}.dhcp.pools`]: pool('10.0.0.10') },
  },
  {
    name: 'a pool for known machines beside one for all is left out: unknown ones must not get its addresses',
    text: lan('pool { deny unknown clients; range 10.0.0.10; } pool { range 10.0.0.20; }'),
    want: { [`${NET}.dhcp.unknownClients`]: undefined, [`${NET}.dhcp.pools`]: pool('10.0.0.20') },
    says: [/for known machines only.*- range: 10\.0\.0\.10/],
  },
  {
    name: 'where unknown machines are refused anyhow, both pools stay',
    text: lan('deny unknown-clients; pool { deny unknown-clients; range 10.0.0.10; } pool { range 10.0.0.20; }'),
    want: { [`${NET}.dhcp.unknownClients`]: false, [`${NET}.dhcp.pools`]: pool('10.0.0.10', '10.0.0.20') },
  },
  {
    name: 'a pool for members of a class is left out, one for others stays',
    text: `class "v" { match hardware; } ${lan('pool { allow members of "v"; range 10.0.0.10; } pool { deny members of "v"; range 10.0.0.20; }')}`,
    want: { [`${NET}.dhcp.pools`]: pool('10.0.0.20') },
    says: [/members of a class\), which rackready does not tell apart/, /everybody may have an address of this pool/],
  },
  {
    name: 'a pool that nobody may use is left out',
    text: lan('pool { deny all clients; range 10.0.0.10; } range 10.0.0.20;'),
    want: { [`${NET}.dhcp.pools`]: pool('10.0.0.20') },
    says: [/Nobody may have an address of this pool/],
  },
  {
    name: 'what the only pool says holds for the network',
    text: lan('pool { range 10.0.0.10; default-lease-time 600; option ntp-servers 10.0.0.4; }'),
    want: { [`${NET}.dhcp.leaseTime`]: '10m', 'defaults.ntp': ['10.0.0.4'] },
    says: [/Said of the only pool/],
  },
  {
    name: 'what one of two pools says is left out',
    text: lan('pool { range 10.0.0.10; default-lease-time 600; } pool { range 10.0.0.20; }'),
    want: { [`${NET}.dhcp.leaseTime`]: '12h' },
    says: [/Said of one pool among several.*default-lease-time 600;/],
  },
  {
    name: 'boot-unknown-clients, ping-check and always-broadcast',
    text: lan('range 10.0.0.10; boot-unknown-clients false; ping-check off; always-broadcast on;'),
    want: {
      [`${NET}.dhcp.unknownClients`]: false,
      // The leases of the old server are not known here.
      [`${NET}.dhcp.conflictProbe`]: undefined,
      [`${NET}.dhcp.replies`]: 'broadcast',
    },
    says: [/must not be given out twice\. conflictProbe: false turns it off/],
  },
  {
    name: 'a subnet without addresses is observed, and so is one that denies booting',
    text: `${lan('')} subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.9; deny booting; }`,
    host: 'eth0 10.0.0.2',
    want: { [`${NET}.dhcp.mode`]: 'observe', 'networks.net-10-1-0-0.dhcp.mode': 'observe' },
  },
  {
    name: 'not authoritative is told',
    text: 'subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.10; }',
    want: { [`${NET}.dhcp.mode`]: 'authoritative' },
    says: [/It is not authoritative here/],
  },
]);

checkRows([
  {
    name: 'a MAC address that two hosts have goes to the first',
    text: `${lan('range 10.0.0.99;')} group { host a { hardware ethernet 2:0:0:0:0:1; fixed-address 10.0.0.5; } } group { host b { hardware ethernet 2:0:0:0:0:1; fixed-address 10.0.0.6; } }`,
    want: { machines: { a: { mac: '02:00:00:00:00:01', address: '10.0.0.5' } } },
    says: [/Left out: .* a has this MAC address already\. dhcpd\.conf:1: host b/],
  },
  {
    name: 'hosts with the same address are one machine with several cards',
    text: `${lan('range 10.0.0.99;')} host a { hardware ethernet 2:0:0:0:0:1; fixed-address 10.0.0.5; } host b { hardware ethernet 2:0:0:0:0:2; fixed-address 10.0.0.5; }`,
    want: { machines: { a: { macs: ['02:00:00:00:00:01', '02:00:00:00:00:02'], address: '10.0.0.5' } } },
  },
  {
    name: 'a group address, or no address of Ethernet, is no machine’s',
    text: `${lan('range 10.0.0.99;')} host a { hardware fddi 2:0:0:0:0:1; } host b { hardware ethernet 2:0:0:0:0:1:7; }`,
    want: { machines: undefined },
    says: [/only Ethernet addresses of six octets/],
  },
  {
    name: 'the router and this host are no machines',
    text: `${lan('range 10.0.0.99; option routers 10.0.0.1;')} host a { hardware ethernet 2:0:0:0:0:1; fixed-address 10.0.0.1; } host b { hardware ethernet 2:0:0:0:0:2; fixed-address 10.0.0.2; }`,
    want: { machines: undefined },
    says: [/10\.0\.0\.1 is the router of net-10-0-0-0/, /10\.0\.0\.2 is this host’s own address/],
  },
  {
    name: 'several addresses: the first that lies in a network',
    text: `${lan('range 10.0.0.99;')} host a { hardware ethernet 2:0:0:0:0:1; fixed-address 10.9.0.5, 10.0.0.5, 10.0.0.6; }`,
    want: { 'machines.a.address': '10.0.0.5' },
    says: [/A machine has one address/],
  },
  {
    name: 'an address in no network is not written',
    text: `${lan('range 10.0.0.99;')} host a { hardware ethernet 2:0:0:0:0:1; fixed-address 10.9.0.5; }`,
    want: { 'machines.a': { mac: '02:00:00:00:00:01' } },
    says: [/lies in no network here/],
  },
  {
    name: 'host names stay where addresses belong, so that the check points at them',
    text: `${lan('range 10.0.0.99; option routers gw.example; option ntp-servers ntp.example.;')} host a { hardware ethernet 2:0:0:0:0:1; fixed-address a.example; }`,
    want: { [`${NET}.router`]: 'gw.example', 'defaults.ntp': ['ntp.example'], 'machines.a.address': 'a.example' },
    says: [/A host name, which was looked up at every start/],
  },
  {
    name: 'a machine that is refused is left out, and what its host says is quoted',
    text: `${lan('range 10.0.0.99;')} host a { hardware ethernet 2:0:0:0:0:1; deny booting; }`,
    want: { machines: undefined },
    says: [/Left out: it was refused.*host a \{ hardware ethernet 2:0:0:0:0:1; deny booting; \}/],
  },
]);

checkRows(
  [
    {
      name: 'options by their names here, by number, in their own forms',
      text: lan(
        `range 10.0.0.99; option time-servers 10.0.0.4, 10.0.0.5; option root-path "/x"; option ip-forwarding on;
       option default-ip-ttl 64; option mine 300; option loader-configfile "a/b"; option pcode "CET"; option unknown-224 "q";
       option tftp-server-name "10.0.0.9"; option swap-server 10.0.0.8; option addr-text "10.0.0.7"; option hexed "hex:1";`,
        `option mine code 225 = unsigned integer 16; option addr-text code 226 = text; option hexed code 227 = text;`,
      ),
      want: {
        [`${NET}.dhcp.options`]: {
          timeServers: ['10.0.0.4', '10.0.0.5'],
          rootPath: '/x',
          ipForwarding: 1,
          defaultTtl: 64,
          225: { u16: 300 },
          209: 'a/b',
          posixTimezone: 'CET',
          224: 'hex:71',
          tftpServerName: '10.0.0.9',
          16: ['10.0.0.8'],
          226: 'hex:31:30:2e:30:2e:30:2e:37',
          227: 'hex:68:65:78:3a:31',
        },
      },
    },
    {
      name: 'options that the server makes itself are not written',
      text: lan(
        'range 10.0.0.99; option dhcp-renewal-time 100; option vendor-class-identifier "x"; option host-name "y";',
      ),
      want: { [`${NET}.dhcp.options`]: undefined },
      says: [/Not sent: option 58/, /Not sent: option 60/, /Not sent: option 12/],
    },
    {
      name: 'a netmask and a broadcast address that are others than the subnet’s are told',
      text: lan('range 10.0.0.99; option subnet-mask 255.255.0.0; option broadcast-address 10.0.255.255;'),
      says: [
        /The netmask follows from subnet: 255\.255\.255\.0/,
        /The broadcast address follows from subnet: 10\.0\.0\.255/,
      ],
    },
    {
      name: 'an expression is not evaluated',
      text: lan('range 10.0.0.99; option domain-name = concat("a", ".b");'),
      want: { 'defaults.domain': undefined },
      says: [/evaluates no expressions.*option domain-name = concat\("a", "\.b"\);/],
    },
    {
      name: 'domain, dns and ntp stand once where all networks have the same, else with each network',
      text: `authoritative; option domain-name "a.example"; option domain-name-servers 10.9.9.9;
      subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.9; }
      subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.9; option domain-name "b.example"; }`,
      want: {
        defaults: { dns: ['10.9.9.9'] },
        [`${NET}.domain`]: 'a.example',
        'networks.net-10-1-0-0.domain': 'b.example',
      },
    },
    {
      name: 'PXE, HTTP boot, iPXE and BSDP need no counterpart; what else a class says is told',
      text: `option arch code 93 = unsigned integer 16;
      class "p" { match if substring(option vendor-class-identifier, 0, 9) = "PXEClient"; filename "x"; option root-path "/y"; }
      class "m" { match if substring(option vendor-class-identifier, 0, 9) = "AAPLBSDPC"; filename "z"; }
      ${lan('range 10.0.0.99; if option arch = 00:07 { filename "a"; } else { filename "b"; } if known { filename "c"; }')}`,
      says: [
        /Boot files:.*class "p".*if option arch = 00:07 \{ filename "a"; \}.*else \{ filename "b"; \}/,
        /Beside boot files.*option root-path "\/y";/,
        /Apple NetBoot \(BSDP\).*class "m"/,
        /by this condition.*if known \{ filename "c"; \}/,
      ],
    },
    {
      name: 'included files are read in their place, and loops are told',
      text: `include "a.conf"; ${lan('include "b.conf";')}`,
      files: { 'a.conf': 'option routers 10.0.0.1; include "a.conf";', 'b.conf': 'range 10.0.0.50;' },
      want: { [`${NET}.router`]: '10.0.0.1', [`${NET}.dhcp.pools`]: pool('10.0.0.50') },
      says: [/Made from dhcpd\.conf, a\.conf, b\.conf/, /This file was not read: it includes itself/],
      problems: ['a.conf:1:26: "a.conf" is not read: it includes itself'],
    },
    {
      name: 'networks that cannot be written are left out',
      text: `${lan('range 10.0.0.99;')} subnet 10.1.0.0 netmask 255.255.255.255 { } subnet 0.0.0.0 netmask 0.0.0.0 { }`,
      want: { networks: undefined },
      says: [],
    },
  ].map((row) =>
    row.name.startsWith('networks that')
      ? { ...row, want: {}, says: [/a network of \/32 cannot be served/, /a network of \/0 cannot/] }
      : row,
  ),
);

const TWO = `authoritative; subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.9; } subnet 10.1.0.0 netmask 255.255.255.0 { range 10.1.0.9; }`;

checkRows([
  {
    name: 'the network of the address is on the interface, the others are behind relays',
    text: TWO,
    host: 'eth0 10.1.0.2',
    want: {
      [`${NET}.interface`]: undefined,
      [`${NET}.address`]: '10.1.0.2',
      'networks.net-10-1-0-0.interface': 'eth0',
      'networks.net-10-1-0-0.address': '10.1.0.2',
    },
  },
  {
    name: 'several interfaces go with several addresses, in their order',
    text: TWO,
    host: 'eth1 10.1.0.2 eth0 10.0.0.2',
    want: { [`${NET}.interface`]: 'eth0', 'networks.net-10-1-0-0.interface': 'eth1' },
  },
  {
    name: 'an interface that the file names is taken, and a server identifier is the address',
    text: lan('range 10.0.0.9; interface ens3; server-identifier 10.0.0.7;'),
    host: '',
    want: { [`${NET}.interface`]: 'ens3', [`${NET}.address`]: '10.0.0.7' },
  },
  {
    name: 'two next servers are no hint',
    text: `${lan('range 10.0.0.9; next-server 10.0.0.7;')} host a { hardware ethernet 2:0:0:0:0:1; next-server 10.0.0.8; }`,
    host: '',
    want: { [`${NET}.address`]: 'FILL IN' },
  },
  {
    name: 'subnets of a shared network are on one interface, each with an address of its own',
    text: `authoritative; shared-network s { subnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.9; } subnet 10.1.0.0 netmask 255.255.255.0 { } pool { range 10.1.0.9; } }`,
    want: {
      'networks.s-10-0-0-0.interface': 'eth0',
      'networks.s-10-1-0-0': {
        interface: 'eth0',
        subnet: '10.1.0.0/24',
        address: 'FILL IN',
        dhcp: { mode: 'authoritative', leaseTime: '12h', pools: pool('10.1.0.9') },
      },
    },
  },
]);

test('an address that lies in no network, or an interface of no known network, is refused', () => {
  const reason = (text: string, host: string) => {
    const imported = importText('dhcpd.conf', text, { host });
    return imported.kind === 'refused' ? imported.reason : 'imported';
  };
  assert.match(
    reason(TWO, 'eth0 10.9.0.1'),
    /^--address 10\.9\.0\.1 is in no network of the source \(10\.0\.0\.0\/24, 10\.1\.0\.0\/24\)/,
  );
  assert.match(reason(TWO, 'eth0'), /^which of the 2 networks is eth0 on\?/);
  assert.match(reason(TWO, 'eth0 eth1 10.0.0.2'), /^give one --interface for each --address/);
});

test('secrets are in no part of the result, and in no message', () => {
  const keys = ['key "k" { algorithm hmac-md5; secret hush; }', 'key j { secret "hush" }', 'key i { secret hush'];
  for (const key of keys) {
    const { yaml, problems, remarks } = importDone(
      'dhcpd.conf',
      `ldap-password "hush"; omapi-key k; secret hush; ${key}`,
    );
    const quotes = remarks.flatMap((remark) => remark.quotes.map(({ text }) => text));
    assert.doesNotMatch(JSON.stringify([yaml, problems, quotes]), /hush/);
  }
});

test('host names and comments of the source cannot break out of the comments of the result', () => {
  const text = `host a { hardware ethernet 2:0:0:0:0:1; filename "x\r\n\u2028networks: {}\u0085y: 1"; }`;
  const { yaml } = importDone('dhcpd.conf', text);
  assert.deepEqual(Object.keys(valuesOf(yaml)), ['machines']);
});

test('thousands of hosts take no time that grows faster than they do', () => {
  const hosts = Array.from({ length: 5000 }, (_, index) => {
    const [high, low] = [Math.floor(index / 250), index % 250];
    return `host h${index} { hardware ethernet 2:0:0:0:${high.toString(16)}:${low.toString(16)}; fixed-address 10.1.${high}.${low + 1}; }`;
  });
  const text = `authoritative; subnet 10.1.0.0 netmask 255.255.0.0 { range 10.1.0.1 10.1.250.250; } ${hosts.join('\n')}`;
  assert.equal(importDone('dhcpd.conf', text).machines, 5000);
});

const files = fixtureFiles();
const sources = Object.entries(files).filter(([name]) => name.endsWith('dhcpd.conf'));

test('whatever is cut out of a real file or put into it, the result is YAML that the check can read', () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    ';',
    '"',
    '\\',
    '#',
    ' = ',
    ',',
    'subnet',
    'host x {',
    '10.0.0.1',
    'option',
    'pool {',
    'range',
    '\u0000',
    '\u2028',
  );
  const cut = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(60),
    put: fc.array(piece, { maxLength: 3 }),
  });
  fc.assert(
    fc.property(fc.constantFrom(...sources), fc.array(cut, { minLength: 1, maxLength: 4 }), ([name, whole], cuts) => {
      let text = whole;
      for (const { at: where, length, put } of cuts) {
        const from = Math.floor(where * text.length);
        text = text.slice(0, from) + put.join('') + text.slice(from + length);
      }
      const imported = importText('dhcpd.conf', text, { name, files });
      assert.ok(imported.kind === 'imported');
      valuesOf(imported.yaml);
      checkYaml(imported.yaml);
      assert.ok(!imported.yaml.includes('c2VjcmV0IGRvIG5vdCBjb3B5IG1l') || !text.includes('secret "c2'));
    }),
    { numRuns: process.env.CI ? 2000 : 200 },
  );
});
