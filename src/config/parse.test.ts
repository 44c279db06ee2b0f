import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { mirrorPresetNames } from '../mirror/presets.ts';
import { ipv4 } from '../net/ipv4.ts';
import { parseSettings } from './parse.ts';
import { formatProblem } from './problem.ts';
import type { Settings } from './settings.ts';

const options = { productFolder: '/product' };
const fixture = (name: string) => readFileSync(new URL(`../../test/fixtures/config/${name}`, import.meta.url), 'utf8');
const source = (text: string, name = 'r.yaml') => ({ name, folder: '/etc/rackready', text });

function linesOf(...texts: readonly string[]): string[] {
  const names = texts.length === 1 ? ['r.yaml'] : ['a.yaml', 'b.yaml'];
  const result = parseSettings(
    texts.map((text, index) => source(text, names[index])),
    options,
  );
  return (result.kind === 'settings' ? result.warnings : result.problems).map(formatProblem);
}

function settingsOf(text: string): Settings {
  const result = parseSettings([source(text)], options);
  assert.equal(
    result.kind,
    'settings',
    result.kind === 'problems' ? result.problems.map(formatProblem).join('\n') : '',
  );
  return result.kind === 'settings' ? result.settings : assert.fail();
}

/** A right network, for configurations whose fault is elsewhere. */
const network = 'networks: {n: {interface: e0, subnet: 10.0.0.0/24, address: 10.0.0.1, dhcp: {mode: authoritative}}}\n';
const dhcp = (text: string) =>
  `networks: {n: {interface: e0, subnet: 10.0.0.0/24, address: 10.0.0.1, router: 10.0.0.9, dhcp: {mode: authoritative, ${text}}}}\n`;
const machine = (text: string) => `${network}machines:\n  m: {mac: "00:25:90:96:c4:9a", ${text}}\n`;

describe('the four example files are accepted as they stand', () => {
  for (const name of ['office-proxy', 'big-pool', 'lab-rack', 'seed-rack']) {
    test(name, () => assert.deepEqual(linesOf(fixture(`${name}.yaml`)), []));
  }

  test('seed-rack as settings', () => {
    const settings = settingsOf(fixture('seed-rack.yaml'));
    const [management] = settings.networks;
    assert.equal(management?.dhcp.leaseSeconds, 6000);
    assert.equal(management?.dhcp.maxLeaseSeconds, 7200);
    assert.equal(management?.dhcp.minLeaseSeconds, 120);
    assert.deepEqual(management?.dns, [ipv4('172.22.10.1')]);
    assert.equal(management?.domain, 'lonimbus.com');
    assert.deepEqual(
      management?.dhcp.pools.map((pool) => pool.clients),
      ['dhcp', 'bootp'],
    );
    assert.equal(settings.machines.size, 9);
    assert.equal(settings.machines.get('mp')?.kind, 'mac');
    assert.equal(settings.machines.get('sm1')?.hostName, 'sm1');
    const { kernel, initrd, source } = settings.profiles.get('centos-7') ?? assert.fail();
    const images = 'mirror:centos-7/images/pxeboot';
    assert.deepEqual([kernel, initrd, source], [`${images}/vmlinuz`, `${images}/initrd.img`, 'mirror:centos-7']);
    const mirror = settings.mirrors.get('centos-7') ?? assert.fail();
    assert.deepEqual(
      [mirror.schedule, mirror.timezone, mirror.mode, mirror.layout.kind],
      ['11 1 * * *', 'UTC', 'sync', 'yum'],
    );
    assert.deepEqual(mirror.from, ['rsync://mirror.example.org/centos/7/os/x86_64/']);
    assert.deepEqual([mirror.trust, mirror.keep], ['none', { snapshots: 3, days: 7 }]);
  });

  test('a profile takes kernel, initrd and packages of its mirror by the mirror’s preset', () => {
    const { profiles, mirrors } = settingsOf(`${network}mirrors:
  r: { preset: rocky-9, from: "http://h/rocky/9", keys: [k.asc] }
  d: { preset: debian-12 }
profiles:
  r: { os: rocky-9, source: "mirror:r" }
  d: { os: debian-12, source: "mirror:d" }
`);
    const rocky = profiles.get('r') ?? assert.fail();
    assert.equal(rocky.kernel, 'mirror:r/BaseOS/x86_64/os/images/pxeboot/vmlinuz');
    assert.equal(rocky.mirrorFolder, 'BaseOS/x86_64/os');
    // The file is the operator's, and the keys that count are still the preset's.
    const keys = {
      file: '/etc/rackready/k.asc',
      fingerprints: ['21CB256AE16FC54C6E652949702D426D350D275D'],
      isAnyEnough: true,
    };
    assert.deepEqual(mirrors.get('r')?.keys, [keys]);
    const debian = profiles.get('d') ?? assert.fail();
    assert.match(debian.kernel, /^\/usr\/lib\/debian-installer/);
    assert.match(debian.inMirror?.initrd ?? '', /^debian\/dists\/bookworm\/.*\/initrd\.gz$/);
    assert.equal(debian.mirrorFolder, 'debian');
    assert.deepEqual(mirrors.get('r')?.from, ['http://h/rocky/9']);
    assert.deepEqual(mirrors.get('d')?.trust, 'required');
    assert.equal(mirrors.get('d')?.keys[0]?.fingerprints.length, 3);
  });

  test('Ubuntu takes kernel, initrd and ISO of the mirror that has the ISO, by a preset or imported', () => {
    const of = (mirror: string, more = '') =>
      settingsOf(
        `${network}mirrors: { m: { ${mirror} } }\nprofiles: { p: { os: ubuntu-24.04, source: "mirror:m"${more} } }`,
      ).profiles.get('p') ?? assert.fail();
    const preset = of('preset: ubuntu-24.04');
    assert.equal(preset.kernel, 'mirror:m/24.04/casper/vmlinuz');
    assert.equal(preset.initrd, 'mirror:m/24.04/casper/initrd');
    assert.deepEqual([preset.iso, preset.isMedium], ['mirror:m/24.04/live-server.iso', true]);
    const imported = of('from: "file:///srv/noble.iso", kind: files, os: ubuntu-24.04');
    assert.deepEqual([imported.kernel, imported.iso], ['mirror:m/casper/vmlinuz', 'mirror:m/live-server.iso']);
    assert.equal(of('preset: ubuntu-24.04', ', iso: "http://h/u.iso"').iso, 'http://h/u.iso');
    // A mirror of packages boots nothing: that is said, and not found out by the first machine.
    const packages = 'mirrors: { m: { preset: ubuntu-24.04-packages } }';
    const told = linesOf(
      `${network}${packages}\nprofiles: { p: { os: ubuntu-24.04, source: "mirror:m", iso: "http://h/u.iso" } }`,
    );
    assert.match(
      told[0] ?? '',
      /^r\.yaml:3:\d+: profiles\.p: os ubuntu-24\.04 needs kernel: \(a copy of the ISO: casper\/vmlinuz\)/,
    );
  });

  test('an installer of one’s own takes kernel and initrd of its mirror’s preset', () => {
    const leap =
      '{ os: custom, source: "mirror:m", answerFile: a.xml, arguments: "install={{ mirror.url }} autoyast={{ urls.answer }}" }';
    const profile = settingsOf(
      `${network}mirrors: { m: { preset: opensuse-leap-15.6 } }\nprofiles: { p: ${leap} }`,
    ).profiles.get('p');
    assert.equal(profile?.kernel, 'mirror:m/boot/x86_64/loader/linux');
    assert.equal(profile?.initrd, 'mirror:m/boot/x86_64/loader/initrd');
    // A mirror without a preset does not say it.
    const own = `${network}mirrors: { m: { from: "http://h/", kind: yum } }\nprofiles: { p: ${leap} }`;
    assert.deepEqual(
      linesOf(own).map((line) => line.replace(/^.*profiles/, 'profiles')),
      ['profiles.p: os custom needs kernel, which is missing', 'profiles.p: os custom needs initrd, which is missing'],
    );
  });

  test('there is an operating system for each preset that Anaconda or Debian’s and Ubuntu’s installers install', () => {
    for (const name of mirrorPresetNames) {
      if (/-packages$|^opensuse/.test(name)) continue;
      const os = name.replace('NN', '44');
      const profile = settingsOf(
        `${network}mirrors: { m: { preset: ${os} } }\nprofiles: { p: { os: ${os}, source: "mirror:m" } }`,
      ).profiles.get('p');
      assert.match(profile?.kernel ?? '', /^(?:mirror:m\/|\/usr\/lib\/debian-installer\/)/, os);
    }
  });

  test('what an installed system takes packages from: the suites of its release that its mirror has', () => {
    const of = (os: string, mirror: string) =>
      settingsOf(
        `${network}mirrors: { m: { ${mirror} } }\nprofiles: { p: { os: ${os}, source: "mirror:m"${os.startsWith('ubuntu') ? ', iso: /u.iso, kernel: /k, initrd: /i' : ''} } }`,
      )
        .profiles.get('p')
        ?.aptSuites?.map(({ archive, name, components, signedBy = '', isFrozen = false }) =>
          [
            archive,
            name,
            components.join('+'),
            signedBy.replace('/usr/share/keyrings/', ''),
            ...(isFrozen ? ['frozen'] : []),
          ].join(' '),
        );
    const official = 'main+non-free-firmware debian-archive-keyring.gpg';
    assert.deepEqual(of('debian-12', 'preset: debian-12'), [
      `debian bookworm ${official}`,
      `debian bookworm-updates ${official}`,
      `debian-security bookworm-security ${official}`,
    ]);
    const ubuntu = 'main+restricted+universe+multiverse ubuntu-archive-keyring.gpg';
    assert.deepEqual(of('ubuntu-24.04', 'preset: ubuntu-24.04-packages'), [
      `ubuntu noble ${ubuntu}`,
      `ubuntu noble-updates ${ubuntu}`,
      `ubuntu noble-security ${ubuntu}`,
    ]);
    // As an imported bundle names the distribution's own keys.
    const imported = 'mode: frozen, keys: [k], fingerprints: [B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8';
    assert.deepEqual(
      of('debian-12', `preset: debian-12, ${imported}, "4d64 fec1 19c2 0290 67d6  e791 f8d2 585b 8783 d481"]`),
      of('debian-12', 'preset: debian-12')?.map((suite) => `${suite} frozen`),
    );
    assert.equal(
      of('debian-12', `preset: debian-12, ${imported}, ${'A'.repeat(40)}]`)?.[0],
      'debian bookworm main+non-free-firmware  frozen',
    );
    // Signed by the operator; suites of another release, and such that are not released yet.
    const own = `preset: debian-13, keys: [k], fingerprints: [${'A'.repeat(40)}]`;
    assert.equal(of('debian-13', own)?.[0], 'debian trixie main+non-free-firmware ');
    const suites = 'suites: [bookworm, trixie, bookworm-proposed-updates, debian-security/bookworm-security]';
    assert.deepEqual(of('debian-12', `from: "http://h/", kind: apt, ${suites}`), [
      ' bookworm main+non-free-firmware ',
      'debian-security bookworm-security main+non-free-firmware ',
    ]);
    assert.deepEqual(of('rocky-9', 'preset: rocky-9'), []);
  });

  test('whether Debian’s installer may ask a mirror for firmware: not where its components leave that out', () => {
    const of = (os: string, mirror: string) =>
      settingsOf(
        `${network}mirrors: { m: { ${mirror} } }\nprofiles: { p: { os: ${os}, source: "mirror:m" } }`,
      ).profiles.get('p')?.lacksFirmware ?? false;
    const own = 'os: debian-13, from: "http://h/debian/"';
    assert.equal(of('debian-13', `${own}, components: [main]`), true);
    assert.equal(of('debian-13', `${own}, components: [main, non-free-firmware]`), false);
    assert.equal(of('debian-13', own), false, 'it has all of them');
    assert.equal(of('debian-13', 'preset: debian-13'), false);
    assert.equal(of('rocky-9', 'preset: rocky-9'), false);
  });

  test('a preset brings the keys; where metadata may be unsigned, packages have to be signed', () => {
    const of = (text: string) => {
      const { trust, packages, keys } =
        settingsOf(`${network}mirrors: { m: { ${text} } }`).mirrors.get('m') ?? assert.fail(text);
      return { trust, packages, keys };
    };
    const fingerprints = ['21CB256AE16FC54C6E652949702D426D350D275D'];
    const rocky = {
      trust: 'if-present',
      packages: 'signed',
      keys: [{ file: '/product/keys/rocky-9.asc', fingerprints }],
    };
    assert.deepEqual(of('preset: rocky-9'), rocky);
    assert.deepEqual(of('preset: rocky-9, packages: signed'), rocky);
    assert.deepEqual(of('preset: rocky-9, packages: listed'), { ...rocky, packages: 'listed' });
    assert.equal(of('preset: rocky-9, trust: required').packages, 'listed');
    assert.equal(of('preset: opensuse-leap-15.6').packages, 'listed');
    assert.equal(of('preset: ubuntu-24.04-packages').keys[0]?.file, '/product/keys/ubuntu-archive.asc');
    // An own key, for a tree that the operator signs himself.
    const own = 'A'.repeat(40);
    assert.deepEqual(of(`preset: rocky-9, keys: [own.asc], fingerprints: [${own}]`).keys, [
      { file: '/etc/rackready/own.asc', fingerprints: [own] },
    ]);
    const yum = 'from: "http://h/", kind: yum, keys: [k.asc]';
    assert.equal(of(yum).packages, 'listed');
    assert.deepEqual(of(`${yum}, trust: if-present`), {
      trust: 'if-present',
      packages: 'signed',
      keys: [{ file: '/etc/rackready/k.asc', fingerprints: [] }],
    });
  });

  test('the bandwidth of a mirror, for all day and for windows', () => {
    const of = (bandwidth: string) =>
      settingsOf(`${network}mirrors: { a: { from: "rsync://h/a", ${bandwidth} } }`).mirrors.get('a')?.bandwidth;
    assert.deepEqual(of('mode: sync'), { windows: [] });
    assert.deepEqual(of('bandwidth: 20MB'), { bytesPerSecond: 20e6, windows: [] });
    const window = { from: 480, to: 1080, bytesPerSecond: 5e6 };
    const list = 'bandwidth: [50MB/s, between 08:00-18:00: 5MB/s]';
    assert.deepEqual(of(list), { bytesPerSecond: 50e6, windows: [window] });
    assert.deepEqual(of('bandwidth: [{ between 08:00-18:00: 5MB }]'), { bytesPerSecond: undefined, windows: [window] });
  });

  test('lab-rack as settings: overrides of the profile, the template of the system', () => {
    const profile = settingsOf(fixture('lab-rack.yaml')).profiles.get('debian-12');
    assert.deepEqual(profile, {
      name: 'debian-12',
      os: 'debian-12',
      family: 'debian',
      kernel: '/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64/linux',
      initrd: '/usr/lib/debian-installer/images/12/amd64/text/debian-installer/amd64/initrd.gz',
      arguments: 'console=ttyS0',
      answerFile: '/product/templates/answer/debian.preseed.liquid',
      source: 'http://172.22.10.2:8080/debian',
      install: 'once',
      deadlineSeconds: 7200,
    });
  });

  test('a folder as source brings kernel and initrd; what the profile names itself comes first', () => {
    const text = `${network}profiles:
  c: { os: centos-7, source: "file:///srv/c7/" }
  a: { os: alma-10, source: "http://h/os", kernel: vmlinuz, initrd: /srv/initrd.img }
  u: { os: ubuntu-26.04, source: /mnt/u, iso: u.iso, initrd: /own }
`;
    const { profiles } = settingsOf(text);
    const of = (name: string) => {
      const { family, kickstart, kernel, initrd, source, iso, answerFile } = profiles.get(name) ?? assert.fail(name);
      return [family, kickstart, kernel, initrd, source, iso, answerFile.replace('/product/templates/answer/', '')];
    };
    const pxe = '/srv/c7/images/pxeboot';
    assert.deepEqual(of('c'), [
      'anaconda',
      'rhel7',
      `${pxe}/vmlinuz`,
      `${pxe}/initrd.img`,
      '/srv/c7',
      undefined,
      'centos-7.ks.liquid',
    ]);
    assert.deepEqual(of('a').slice(1, 5), ['rhel10', '/etc/rackready/vmlinuz', '/srv/initrd.img', 'http://h/os']);
    assert.deepEqual(of('u').slice(2, 6), ['/mnt/u/casper/vmlinuz', '/own', '/mnt/u', '/etc/rackready/u.iso']);
  });

  test('office-proxy as settings: the name server is never missing', () => {
    const settings = settingsOf(fixture('office-proxy.yaml'));
    assert.deepEqual(settings.networks[0]?.dns, [ipv4('192.168.1.10')]);
    assert.deepEqual(settings.unknownMachines, { kind: 'local' });
    assert.ok(Object.isFrozen(settings) && Object.isFrozen(settings.networks[0]?.dhcp));
  });
});

describe('every problem is told at once, in the order of the lines', () => {
  for (const name of ['broken-keys', 'broken-meaning', 'broken-secrets']) {
    test(name, () => {
      assert.equal(`${linesOf(fixture(`${name}.yaml`)).join('\n')}\n`, fixture(`${name}.want.txt`));
    });
  }

  test('a secret in the wrong place is not repeated', () => {
    const texts = [
      fixture('broken-secrets.yaml'),
      'defaults: {rootPasswordHash: 73911937}\n',
      'defaults: {rootPassword: hunter2hunter2}\n',
      'defaults: {rootPasswordHash: [hunter2hunter2]}\n',
      'defaults: {sshKeys: "-----BEGIN OPENSSH PRIVATE KEY----- b3BlbnNzaC1rZXktdjE"}\n',
      'defaults:\n  sshKeys:\n  - -----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE\n',
      'defaults: "b3BlbnNzaC1rZXktdjE hunter2hunter2"\n',
    ];
    for (const text of texts) {
      const lines = linesOf(text);
      assert.notEqual(lines.length, 0);
      assert.doesNotMatch(lines.join('\n'), /hunter[23]|b3BlbnN|73911937|112233/);
    }
  });
});

const rows: readonly { readonly name: string; readonly text: string; readonly want: readonly string[] }[] = [
  {
    name: 'an empty file',
    text: '',
    want: ['r.yaml:1:1: warning: there are no networks: nothing is served until networks has an entry'],
  },
  { name: 'sections with nothing in them', text: 'networks:\nmachines:\n', want: [] },
  {
    name: 'a list at the top',
    text: '- a\n',
    want: ['r.yaml:1:1: expected a map with keys like networks, profiles and machines at the top'],
  },
  {
    name: 'a key given twice',
    text: `${network}networks: {}\n`,
    want: ['r.yaml:2:1: networks: is given twice: the first is at r.yaml:1:1'],
  },
  {
    name: 'a name that YAML reads as a number',
    text: `${network}profiles:\n  0x10: {os: debian-12}\n`,
    want: ['r.yaml:3:3: profiles.16: YAML reads this key as the number 16: write it in quotes'],
  },
  {
    name: 'an alias to what holds it',
    text: 'networks: &a {n: *a}\n',
    want: ['r.yaml:1:1: an alias refers to the map or list that it stands in'],
  },
  {
    name: 'a missing key',
    text: 'networks:\n  n: {subnet: 10.0.0.0/24, interface: e0}\n',
    want: ['r.yaml:2:3: networks.n.address: is missing: expected an address like 192.168.1.10'],
  },
  {
    name: 'dhcp without mode',
    text: 'networks: {n: {interface: e0, subnet: 10.0.0.0/24, address: 10.0.0.1, dhcp: {leaseTime: 60}}}',
    want: ['r.yaml:1:71: networks.n.dhcp.mode: is missing: expected one of authoritative, proxy, observe, off'],
  },
  {
    name: 'a subnet too small',
    text: 'networks: {n: {interface: e0, subnet: 10.0.0.0/31, address: 10.0.0.1}}',
    want: ['r.yaml:1:39: networks.n.subnet: a network of /31 has no use here: expected /8 to /30'],
  },
  {
    name: 'no name servers',
    text: 'defaults: {dns: []}\nnetworks: {}',
    want: ['r.yaml:1:17: defaults.dns: is empty: expected at least one address'],
  },
  {
    name: 'a machine in no network',
    text: machine('address: 172.22.11.5'),
    want: ['r.yaml:3:42: machines.m.address: 172.22.11.5 is not in network n (10.0.0.0/24)'],
  },
  {
    name: 'mac and macs',
    text: machine('macs: ["00:25:90:96:c4:9b"]'),
    want: ['r.yaml:3:33: machines.m.macs: stands beside mac: expected one of the two'],
  },
  {
    name: 'a MAC twice in one machine',
    text: `${network}machines:\n  m: {macs: ["00:25:90:96:c4:9b", "0025.9096.c49b"]}`,
    want: ['r.yaml:3:35: machines.m.macs[1]: 00:25:90:96:c4:9b is already given at machines.m.macs[0] (r.yaml:3:14)'],
  },
  {
    name: 'a group MAC',
    text: `${network}machines:\n  m: {mac: "01:00:5e:00:00:01"}`,
    want: ['r.yaml:3:12: machines.m.mac: 01:00:5e:00:00:01 is a group address: expected the address of one card'],
  },
  {
    name: 'an unknown network',
    text: machine('network: m'),
    want: ['r.yaml:3:42: machines.m.network: there is no m in networks: did you mean n? expected one of n'],
  },
  {
    name: 'the router in a pool',
    text: dhcp('pools: [{range: 10.0.0.5-10.0.0.20}]'),
    want: [
      'r.yaml:1:133: networks.n.dhcp.pools[0].range: 10.0.0.5-10.0.0.20 holds 10.0.0.9 (the router): write 10.0.0.5-10.0.0.8 and 10.0.0.10-10.0.0.20 instead',
    ],
  },
  {
    name: 'a pool of one address, ours',
    text: dhcp('pools: [{range: 10.0.0.1}]'),
    want: [
      'r.yaml:1:133: networks.n.dhcp.pools[0].range: 10.0.0.1-10.0.0.1 holds 10.0.0.1 (this host’s own address): nothing is left of it',
    ],
  },
  {
    name: 'a range backwards',
    text: dhcp('pools: [{range: 10.0.0.20-10.0.0.11}]'),
    want: [
      'r.yaml:1:133: networks.n.dhcp.pools[0].range: "10.0.0.20-10.0.0.11" ends (10.0.0.11) before it begins (10.0.0.20)',
    ],
  },
  {
    name: 'an option by number and by name',
    text: dhcp('options: {66: a, tftpServerName: b}'),
    want: ['r.yaml:1:134: networks.n.dhcp.options.tftpServerName: option 66 is given twice, by number and by name'],
  },
  {
    name: 'a wrong profile is reported once, not as unknown too',
    text: `${network}profiles: {p: {os: 12}}\nmachines: {m: {mac: "00:25:90:96:c4:9a", profile: p}}`,
    want: [
      'r.yaml:2:20: profiles.p.os: is a number (text needs quotes): expected the name of a built-in description, like debian-12, or custom',
    ],
  },
  {
    name: 'a wrong network does not put its machines outside',
    text: 'networks: {n: {subnet: 10.0.0.0/99}}\nmachines: {m: {mac: "00:25:90:96:c4:9a", address: 10.0.0.7}}',
    want: [
      'r.yaml:1:12: networks.n.address: is missing: expected an address like 192.168.1.10',
      'r.yaml:1:24: networks.n.subnet: "10.0.0.0/99" does not fit: expected a network like 192.168.1.0/24',
    ],
  },
  {
    name: 'ports backwards',
    text: `${network}server: {tftp: {ports: 2000-1000}}`,
    want: [
      'r.yaml:2:24: server.tftp.ports: "2000-1000" does not fit: expected first-last of 1-65535, like 50000-50999',
    ],
  },
  {
    name: 'root as the admin user',
    text: `${network}defaults: {user: root}`,
    want: ['r.yaml:2:18: defaults.user: is root: expected the name of an ordinary account, which gets sudo'],
  },
  {
    name: 'no such time zone',
    text: `${network}defaults: {timezone: Mars/Olympus}`,
    want: ['r.yaml:2:22: defaults.timezone: "Mars/Olympus" is not a time zone: expected one like Europe/Berlin or UTC'],
  },
  {
    name: 'a mirror from several places, of which one is wrong',
    text: `${network}mirrors: {a: {from: ["http://h/", "h/x"]}}`,
    want: [
      'r.yaml:2:35: mirrors.a.from[1]: "h/x" does not fit: expected a URL with rsync://, http://, https://, file://',
    ],
  },
  {
    name: 'a mirror that nobody can fill',
    text: `${network}mirrors: {a: {}, b: {preset: roky-9}, c: {preset: fedora-42}, d: {from: "http://h/"}, e: {from: "http://h/", os: ubuntu-24.04}, f: {from: "rsync://h/", trust: required, mode: cache}}`,
    want: [
      'r.yaml:2:11: mirrors.a: from is missing: expected the URL of the upstream, or a preset',
      'r.yaml:2:30: mirrors.b.preset: there is no "roky-9" for this architecture: did you mean rocky-9? expected one of centos-7, centos-stream-9, centos-stream-10, rocky-8, rocky-9, rocky-10, alma-8, alma-9, alma-10, debian-12, debian-13, ubuntu-22.04, ubuntu-24.04, ubuntu-26.04, ubuntu-22.04-packages, ubuntu-24.04-packages, ubuntu-26.04-packages, opensuse-leap-15.6, fedora-NN, for x86_64 or aarch64',
      'r.yaml:2:39: mirrors.c: the preset fedora-42 needs keys: a file with the public keys that are published at https://fedoraproject.org/fedora.gpg, in which the key B0F4950458F69E1150C6C5EDC8AC4916105EF944 is looked for; or trust: none, to look at no signature',
      'r.yaml:2:63: mirrors.d: nothing says how its metadata are read, and over HTTP nobody can list files: expected os, or kind: yum or apt',
      'r.yaml:2:87: mirrors.e: suites is missing: expected names below dists/, like [noble, noble-updates]',
      'r.yaml:2:160: mirrors.f.trust: required needs keys: a file with the public keys of the upstream',
      'r.yaml:2:176: mirrors.f.mode: cache fetches files when they are asked for, which only HTTP can: expected sync or frozen, or another from',
    ],
  },
  {
    name: 'what a mirror may not be',
    text: `${network}mirrors: {a: {from: [], bandwidth: fast, blackout: ["8-18"], fingerprints: [ABCD], keep: {snapshots: 0}}}`,
    want: [
      'r.yaml:2:21: mirrors.a.from: is empty: expected at least one',
      'r.yaml:2:36: mirrors.a.bandwidth: "fast" does not fit: expected bytes per second with kB, MB or GB, like 20MB, at least 1kB',
      'r.yaml:2:53: mirrors.a.blackout[0]: "8-18" does not fit: expected times of the day like "08:00-18:00"',
      'r.yaml:2:77: mirrors.a.fingerprints[0]: "ABCD" does not fit: expected a full fingerprint of 40 or 64 hexadecimal digits (gpg --show-keys FILE)',
      'r.yaml:2:102: mirrors.a.keep.snapshots: 0 does not fit: expected a whole number of 1-1000',
    ],
  },
  {
    name: 'signed packages of those that sign none, or by nobody',
    text: `${network}mirrors: {a: {from: "http://h/", kind: apt, suites: [x], packages: signed}, b: {from: "http://h/", kind: yum, packages: signed}}`,
    want: [
      'r.yaml:2:68: mirrors.a.packages: signed is for RPMs: in an apt archive the signature of Release covers them (trust: required)',
      'r.yaml:2:121: mirrors.b.packages: signed needs keys: a file with the public keys that sign the packages',
    ],
  },
  {
    name: 'a bandwidth that cannot be understood',
    text: `${network}mirrors: {a: {from: "rsync://h/", bandwidth: [5MB, 6MB, {between 8-18: 5MB}, {at night: 5MB}, {between 08:00-18:00: much}]}, b: {from: "rsync://h/", bandwidth: 5}}`,
    want: [
      'r.yaml:2:52: mirrors.a.bandwidth[1]: is a second rate for all day: expected one',
      'r.yaml:2:72: mirrors.a.bandwidth[2]."between 8-18": "8-18" does not fit: expected times of the day like "08:00-18:00"',
      'r.yaml:2:89: mirrors.a.bandwidth[3]."at night": does not fit: expected "between 08:00-18:00"',
      'r.yaml:2:117: mirrors.a.bandwidth[4]."between 08:00-18:00": "much" does not fit: expected bytes per second with kB, MB or GB, like 20MB, at least 1kB',
      'r.yaml:2:161: mirrors.b.bandwidth: is a number (text needs quotes): expected bytes per second with kB, MB or GB, like 20MB, or a list of such and of windows like "between 08:00-18:00: 5MB"',
    ],
  },
  {
    name: 'a mirror by telnet',
    text: `${network}mirrors: {a: {from: "telnet://x/"}}`,
    want: [
      'r.yaml:2:21: mirrors.a.from: "telnet://x/" does not fit: expected a URL with rsync://, http://, https://, file://',
    ],
  },
  {
    name: 'an unknown key with two errors of its own',
    text: `${network}templates: {a: {fil: x}}`,
    want: [
      'r.yaml:2:13: templates.a.file: is missing: expected the path of a file',
      'r.yaml:2:17: templates.a.fil: unknown key: did you mean file? allowed: file',
    ],
  },
  {
    name: 'an alias without its anchor',
    text: `${network}machines: *m`,
    want: ['r.yaml:2:11: there is no anchor &m before this alias'],
  },
  {
    name: 'a key that JavaScript would lose',
    text: `${network}machines: {__proto__: {}}`,
    want: ['r.yaml:2:12: machines.__proto__: is not a name that can be used'],
  },
  {
    name: 'names that every object inherits',
    text: `${network}profiles:\n  p: {os: toString}\n  q: {os: debian-12, answerFile: constructor}\nmachines:\n  m: {mac: "00:25:90:96:c4:9a", network: constructor, address: 10.0.0.7, profile: valueOf}`,
    want: [
      'r.yaml:3:11: profiles.p.os: "toString" is not known: expected one of debian-12, debian-13, ubuntu-22.04, ubuntu-24.04, ubuntu-26.04, rocky-8, rocky-9, rocky-10, alma-8, alma-9, alma-10, centos-7, centos-stream-9, centos-stream-10, fedora-43, fedora-44, fedora-45, custom',
      'r.yaml:6:42: machines.m.network: there is no constructor in networks: expected one of n',
      'r.yaml:6:83: machines.m.profile: there is no valueOf in profiles: expected one of p, q',
    ],
  },
  {
    name: 'an install tree that is elsewhere, without copies of its kernel and initrd',
    text: `${network}profiles: {p: {os: rocky-9, source: "http://h/BaseOS/x86_64/os/", initrd: /i}}`,
    want: [
      'r.yaml:2:12: profiles.p: os rocky-9 needs kernel: (a copy of http://h/BaseOS/x86_64/os/images/pxeboot/vmlinuz), as files on this host; or give source: as a folder with all of it',
    ],
  },
  {
    name: 'Ubuntu without its ISO, and an ISO for another system',
    text: `${network}profiles:\n  u: {os: ubuntu-24.04, source: /mnt/u}\n  v: {os: ubuntu-26.04, iso: /u.iso}\n  d: {os: debian-13, iso: /u.iso}`,
    want: [
      'r.yaml:3:3: profiles.u: os ubuntu-24.04 needs iso, which is missing: the path or URL of the live server’s ISO; or source: mirror:NAME of a mirror that has it (preset ubuntu-24.04)',
      'r.yaml:4:3: profiles.v: os ubuntu-26.04 needs kernel: (a copy of the ISO: casper/vmlinuz) and initrd: (a copy of the ISO: casper/initrd), as files on this host; or give source: as a folder with all of it',
      'r.yaml:5:22: profiles.d.iso: is for Ubuntu only: take it out',
    ],
  },
  {
    name: 'a source that is none',
    text: `${network}profiles: {p: {os: centos-7, source: tree}}`,
    want: [
      'r.yaml:2:38: profiles.p.source: "tree" does not fit: expected mirror:NAME, a URL with http:// or https://, or an absolute folder on this host',
    ],
  },
  {
    name: 'a static address that is none',
    text: machine('addressing: static'),
    want: [
      'r.yaml:3:45: machines.m.addressing: is static, and the machine has no address: give it one, or set addressing: dhcp',
    ],
  },
  {
    name: 'static addressing for all, where one has no address',
    text: `defaults: {addressing: static}\n${dhcp('pools: []')}machines:\n  a: {mac: "00:25:90:96:c4:9a", address: 10.0.0.5}\n  b: {mac: "00:25:90:96:c4:9b"}\n  c: {mac: "00:25:90:96:c4:9c", addressing: dhcp}\n`,
    want: [
      'r.yaml:5:3: machines.b: has static addressing by defaults.addressing (r.yaml:1:24), and the machine has no address: give it one, or set addressing: dhcp',
    ],
  },
  {
    name: 'a static address without a router is told once',
    text: `${machine('addressing: static, address: 10.0.0.5')}  l: {mac: "00:25:90:96:c4:9b", addressing: static, address: 10.0.0.6}\n`,
    want: [
      'r.yaml:3:45: warning: machines.m.addressing: is static, and network n names no router: the installed system will reach nothing outside 10.0.0.0/24',
    ],
  },
  {
    name: 'a way of addressing that there is not',
    text: machine('addressing: fixed, address: 10.0.0.5'),
    want: ['r.yaml:3:45: machines.m.addressing: is "fixed": expected one of dhcp, static'],
  },
  {
    name: 'arguments that name what there is not, and a custom system that is not told where its answers are',
    text: `${network}profiles:\n  a: {os: debian-12, arguments: "x={{ urls.anwser }} {{machine.mac}}"}\n  b: {os: custom, kernel: k, initrd: i, answerFile: a.liquid}\n`,
    want: [
      'r.yaml:3:33: profiles.a.arguments: {{ urls.anwser }} is not known here: did you mean urls.answer? allowed: {{ urls.answer }}, {{ urls.report }}, {{ urls.base }}, {{ machine.name }}, {{ machine.hostName }}, {{ machine.mac }}, {{ mirror.url }}',
      'r.yaml:4:3: warning: profiles.b.arguments: nothing tells the installer where its answer file is: name {{ urls.answer }} in arguments, the way its kernel line takes it',
    ],
  },
];

describe('broken texts', () => {
  for (const { name, text, want } of rows) test(name, () => assert.deepEqual(linesOf(text), want));

  test('a second document in a file', () => {
    const [line] = linesOf(`${network}---\nmachines: {}\n`);
    assert.match(line ?? '', /^r\.yaml:2:1: is not valid YAML: a second document begins here \(---\)/);
  });

  test('text that is not YAML names the line', () => {
    const [line] = linesOf('networks:\n\tn: {}\n');
    assert.match(line ?? '', /^r\.yaml:2:\d+: is not valid YAML: /);
  });
});

describe('texts that nobody wrote by hand', () => {
  test('nesting without an end is told once, with its line', () => {
    const lines = linesOf(`a: ${'['.repeat(20_000)}`);
    assert.ok(
      lines.some((line) => /^r\.yaml:1:\d+: is not valid YAML: it is nested too deeply$/.test(line)),
      lines[0],
    );
    assert.ok(lines.length <= 3, `${lines.length}`);
  });

  test('aliases of aliases of aliases', () => {
    const list = (n: number) => (n === 0 ? 'x' : `*a${n - 1},`.repeat(9));
    const text = Array.from({ length: 12 }, (_, n) => `a${n}: &a${n} [${list(n)}]`).join('\n');
    const want = 'r.yaml:1:1: cannot be read as YAML: its aliases stand for more than 100000 values';
    assert.deepEqual(linesOf(text), [want]);
  });

  test('control characters do not get into a message, nor a whole file', () => {
    for (const line of linesOf(`a: "x" \u001b[2J\u0007${'y'.repeat(100_000)}`)) {
      assert.match(line, /^[^\p{Cc}]{1,300}$/u);
    }
  });
});

describe('several files', () => {
  test('are one configuration: names in one are known in the others', () => {
    assert.deepEqual(linesOf(machine('address: 10.0.0.7, profile: p'), 'profiles: {p: {os: debian-12}}'), []);
  });

  test('a name in two of them is an error that names both places', () => {
    assert.deepEqual(linesOf(network, 'machines: {}\nnetworks:\n  n: {}\n'), [
      'b.yaml:3:3: networks.n: is given twice: the first is at a.yaml:1:12',
    ]);
  });

  test('so is a setting', () => {
    assert.deepEqual(linesOf(`${network}server: {httpPort: 80}`, 'server: {httpPort: 8080}'), [
      'b.yaml:1:10: server.httpPort: is given twice: the first is at a.yaml:2:20',
    ]);
  });

  test('a file that is not YAML does not hide the other one’s errors', () => {
    const lines = linesOf('networks: [', 'servr: {}');
    assert.match(lines[0] ?? '', /^a\.yaml:1:\d+: is not valid YAML/);
    assert.match(lines.at(-1) ?? '', /^b\.yaml:1:1: servr: unknown key: did you mean server\?/);
  });
});

describe('values', () => {
  test('a machine inherits defaults key by key', () => {
    const settings = settingsOf(
      `${network}defaults: {domain: lab.example, loader: grub, secureBoot: true, addressing: static, vars: {a: 1, b: 2}}\nmachines: {m: {mac: "002590-96c49a", address: 10.0.0.5, vars: {b: 3}}}`.replace(
        '002590-96c49a',
        '00-25-90-96-C4-9A',
      ),
    );
    const found = settings.machines.get('m');
    assert.deepEqual(found?.vars, { a: 1, b: 3 });
    assert.deepEqual(
      [found?.domain, found?.loader, found?.secureBoot, found?.addressing],
      ['lab.example', 'grub', true, 'static'],
    );
    assert.deepEqual(found?.macs, ['00:25:90:96:c4:9a']);
  });

  test('relative paths start from the folder of the file; a template may be named', () => {
    const settings = settingsOf(
      `${network}templates: {mine: {file: ../t/mine.liquid}}\nprofiles:\n  a: {os: custom, kernel: ./linux, initrd: "https://h/initrd", answerFile: mine}\n  b: {os: debian-12, answerFile: b.liquid}`,
    );
    const { kernel, initrd, answerFile } = settings.profiles.get('a') ?? assert.fail();
    assert.deepEqual([kernel, initrd, answerFile], ['/etc/rackready/linux', 'https://h/initrd', '/etc/t/mine.liquid']);
    assert.equal(settings.profiles.get('b')?.answerFile, '/etc/rackready/b.liquid');
  });

  test('a network that says nothing of DHCP is only observed', () => {
    const { networks } = settingsOf('networks: {n: {interface: e0, subnet: 10.0.0.0/24, address: 10.0.0.1}}');
    assert.equal(networks[0]?.dhcp.mode, 'observe');
  });

  test('the longest lease is never below the usual one', () => {
    const { networks } = settingsOf(dhcp('leaseTime: 2d'));
    assert.equal(networks[0]?.dhcp.maxLeaseSeconds, 172_800);
    assert.equal(settingsOf(dhcp('leaseTime: 60')).networks[0]?.dhcp.minLeaseSeconds, 60);
  });

  test('a relayed network has the address of a local one', () => {
    const relayed = '{subnet: 10.1.0.0/16, address: 10.0.0.1, dhcp: {mode: authoritative}}';
    assert.equal(settingsOf(network.replace('}}}', `}}, far: ${relayed}}`)).networks.length, 2);
  });

  test('anchors and merge keys work, and errors in them are found', () => {
    const text = `${network}machines:\n  a: &base {mac: "00:25:90:96:c4:9a", kind: pc}\n  b: {<<: *base, mac: "00:25:90:96:c4:9b"}\n`;
    assert.equal(settingsOf(text).machines.get('b')?.macs[0], '00:25:90:96:c4:9b');
  });
});

test('a thousand machines may merge one anchor', () => {
  const octet = (number: number) => number.toString(16).padStart(2, '0');
  const lines = Array.from({ length: 1000 }, (_, index) => {
    const mac = `00:25:90:96:${octet(index >> 8)}:${octet(index & 255)}`;
    return `  m${index}: ${index === 0 ? '&base {kind: mac, ' : '{<<: *base, '}mac: "${mac}"}\n`;
  });
  const { machines } = settingsOf(`${network}machines:\n${lines.join('')}`);
  assert.deepEqual([machines.size, machines.get('m999')?.kind], [1000, 'mac']);
});

test('parseSettings() never throws, whatever the text is', () => {
  const word = fc.constantFrom(
    'networks',
    'machines',
    'profiles',
    'server',
    'mac',
    'macs',
    'dhcp',
    'pools',
    '__proto__',
    'a',
    '<<',
    '*a',
    '&a ',
    ': ',
    '\n',
    '\n  ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    '"',
    '!!map ',
    '|',
    '10.0.0.1',
    '1e3',
    'null',
    '---\n',
  );
  const yamlLike = fc.array(word, { maxLength: 40 }).map((words) => words.join(''));
  const json = fc
    .dictionary(
      fc.constantFrom('networks', 'machines', 'profiles', 'defaults', 'mirrors', '__proto__', 'x'),
      fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue()),
    )
    .map((value) => JSON.stringify(value));
  const line = /^r\.yaml:[1-9][0-9]*:[1-9][0-9]*: \S/;
  fc.assert(
    fc.property(fc.oneof(yamlLike, json, fc.string()), (text) => {
      for (const problem of linesOf(text)) assert.match(problem, line);
    }),
    { numRuns: 500 },
  );
});
