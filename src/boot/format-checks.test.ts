import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPlainYaml } from '../config/plain-yaml.ts';
import { checkAutoinstall } from './autoinstall-check.ts';
import { checkKickstart, type FormatProblem, splitKickstartLine } from './kickstart-check.ts';
import { checkPreseed } from './preseed-check.ts';
import type { KickstartVersion } from './profile.ts';

const asText = (problems: readonly FormatProblem[]) => problems.map(({ line, message }) => `${line}: ${message}`);
const GOOD = 'lang en_US\ntimezone UTC\nrootpw --lock\nautopart\n';

const kickstarts: readonly (readonly [string, string, KickstartVersion, readonly string[]])[] = [
  ['a good one', GOOD, 'rhel9', []],
  ['an unknown command', `${GOOD}fristboot --disable\n`, 'rhel9', ['5: rhel9 knows no command "fristboot"']],
  ['an open quote', `${GOOD}network --hostname='sm1\n`, 'rhel9', ['5: the quotes of network are not closed']],
  ['a quote that a comment closes too late', `${GOOD}url --url=a # it's\n`, 'rhel9', []],
  ['a removed command', `${GOOD}install\n`, 'rhel9', ['5: rhel9 has no command install: leave it out']],
  ['the same where it is right', `${GOOD}install\n`, 'rhel7', []],
  [
    'a command that is too new',
    `${GOOD}timesource --ntp-server=a\n`,
    'rhel7',
    ['5: rhel7 has no command timesource: write timezone --ntpservers='],
  ],
  [
    'a removed option',
    GOOD.replace('UTC', 'UTC --ntpservers=a'),
    'rhel10',
    ['2: rhel10 has no timezone --ntpservers: write timesource --ntp-server='],
  ],
  ['the same where it is right', GOOD.replace('UTC', 'UTC --ntpservers=a'), 'rhel7', []],
  ['EL 8: time servers as before', GOOD.replace('UTC', 'UTC --ntpservers=a'), 'rhel8', []],
  [
    'EL 8: not as after',
    `${GOOD}timesource --ntp-server=a\nauthselect select sssd\nupgrade\n`,
    'rhel8',
    [
      '5: rhel8 has no command timesource: write timezone --ntpservers=',
      '7: rhel8 has no command upgrade: leave it out',
    ],
  ],
  ['Fedora', `${GOOD}authselect select sssd\ntimesource --ntp-server=a\n`, 'fedora', []],
  [
    'Fedora has no subscriptions, and no authconfig',
    `${GOOD}rhsm --organization=a\nauthconfig --enableshadow\n`,
    'fedora',
    ['5: fedora knows no command "rhsm"', '6: fedora has no command authconfig: write authselect'],
  ],
  ['an open section', `${GOOD}%packages\n@core\n`, 'rhel9', ['5: %packages is not closed by %end']],
  [
    'an open section before another',
    `${GOOD}%packages\n@core\n%post\n%end\n`,
    'rhel9',
    ['5: %packages is not closed by %end before %post'],
  ],
  ['an %end too many', `${GOOD}%end\n`, 'rhel9', ['5: %end closes nothing: no section is open']],
  ['an unknown section', `${GOOD}%pots\n`, 'rhel9', ['5: rhel9 knows no section %pots']],
  [
    'a section that is too new',
    `${GOOD}%onerror\n%end\n`,
    'rhel7',
    ['5: rhel7 knows no section %onerror', '6: %end closes nothing: no section is open'],
  ],
  ['anything inside a script', `${GOOD}%post\nfoo 'bar\n  %packages\n%end\n`, 'rhel9', []],
  [
    'what Anaconda would ask for',
    'text\n',
    'rhel9',
    [
      '1: Anaconda will ask for a language: lang',
      '1: Anaconda will ask for a time zone: timezone',
      '1: Anaconda will ask for a root password or a user: rootpw or user',
      '1: Anaconda will ask for a disk layout (autopart, part, …): autopart or part',
    ],
  ],
  ['what an include may hold', 'text\n%include /tmp/rest.ks\n', 'rhel9', []],
  ...(
    [
      ['--bootproto=static --ip=10.0.0.5', 'rhel9', 'network --bootproto=static wants --netmask'],
      ['--bootproto static --ip 10.0.0.5 --netmask 255.255.255.0', 'rhel7', ''],
      ['--bootproto=fixed', 'rhel9', 'network --bootproto=fixed: expected one of dhcp, bootp, static, ibft, query'],
      ['--gateway=10.0.0', 'rhel9', 'network --gateway: "10.0.0" is no IPv4 address'],
      ['--nameserver=10.0.0.1,,', 'rhel9', 'network --nameserver: "" is no IPv4 address'],
      ['--bindto=mac --no-activate', 'rhel7', ''],
      ['--bindto=name', 'rhel10', 'network --bindto takes mac only'],
      ['--ipv4-dns-search=a.example', 'rhel7', 'rhel7 knows no network --ipv4-dns-search'],
      ['--ipv4-dns-search=a.example', 'rhel10', ''],
      ['--domain=a.example', 'rhel9', 'rhel9 knows no network --domain'],
      ['--activate=yes', 'rhel9', 'network --activate takes no value'],
      ['--device --activate', 'rhel9', 'network --device wants a value'],
      ['ens3', 'rhel9', 'network takes no "ens3"'],
    ] as const
  ).map(
    ([args, version, problem]) =>
      [`network ${args}`, `${GOOD}network ${args}\n`, version, problem === '' ? [] : [`5: ${problem}`]] as const,
  ),
  ['an include without a file', '%include\n', 'rhel9', ['1: %include wants one file or URL']],
  ['a line that only Python ends', `${GOOD}lang a\u0085nope\n`, 'rhel9', ['6: rhel9 knows no command "nope"']],
];
for (const [name, text, version, wanted] of kickstarts) {
  test(`checkKickstart(): ${name} (${version})`, () => {
    assert.deepEqual(asText(checkKickstart(text, version)), wanted);
  });
}

test('splitKickstartLine() splits as shlex does', () => {
  assert.deepEqual(splitKickstartLine(`a 'b c' "d\\"e\\f" g\\ h '' # i`), ['a', 'b c', 'd"e\\f', 'g h', '']);
  assert.equal(splitKickstartLine('a \\'), undefined);
  assert.equal(splitKickstartLine('a "b'), undefined);
  assert.deepEqual(splitKickstartLine('  '), []);
});

const preseeds: readonly [string, string, readonly string[]][] = [
  ['a good one', '# x \\\nd-i a/b string c\nd-i e/f boolean true\nd-i g/h string\n', []],
  ['a continued line', 'd-i a/b string \\\n  one \\\n  two\nd-i e/f boolean false\n', []],
  ['too few words', '\nd-i a/b\n', ['2: "d-i" is no entry: expected owner, question, type and value']],
  [
    'a lost backslash',
    'd-i a/b string \\\n  one;\n  two; three; four\n',
    ['3: three; has the unknown type "four": did the line before lose its backslash?'],
  ],
  [
    'an unknown type',
    'd-i a/b strng c\n',
    ['1: a/b has the unknown type "strng": did the line before lose its backslash?'],
  ],
  ['a boolean', 'd-i a/b boolean yes\n', ['1: a/b is boolean: expected true or false']],
  ['a backslash at the end', 'd-i a/b string c \\', ['1: the last line ends in a backslash, and nothing follows']],
];
for (const [name, text, wanted] of preseeds) {
  test(`checkPreseed(): ${name}`, () => assert.deepEqual(asText(checkPreseed(text)), wanted));
}

const head = '#cloud-config\nautoinstall:\n  version: 1\n  user-data: {}\n';
const autoinstalls: readonly [string, string, readonly (string | RegExp)[]][] = [
  ['a good one', head, []],
  ['no first line', 'autoinstall: {}\n', [/^1: the first line is not #cloud-config/]],
  ['no YAML', `${head}  locale: "x\n`, [/^\d+: this is no YAML: /]],
  ['a key twice', `${head}  version: 1\n`, [/^5: this is no YAML: Map keys must be unique/]],
  ['no autoinstall', '#cloud-config\nusers: []\n', [/^1: there is no map autoinstall/]],
  ['an unknown key', `${head}  timezon: UTC\n`, ['5: autoinstall has no key "timezon"']],
  ['a wrong version', head.replace('1', '2'), [/^3: .*number 1/, '3: autoinstall.version: expected 1']],
  ['nobody to log in', head.replace('  user-data: {}\n', ''), [/^2: autoinstall has neither identity nor user-data/]],
  ['half an identity', `${head}  identity: {username: a}\n`, ['5: autoinstall.identity lacks hostname, password']],
  [
    'commands as a text',
    `${head}  late-commands: reboot\n`,
    [/^5: autoinstall\.late-commands: expected a list of commands/],
  ],
  ['a command that is a map', `${head}  early-commands:\n    - a: b\n`, [/^5: autoinstall\.early-commands/]],
  ['a network without version', `${head}  network: {ethernets: {}}\n`, ['5: autoinstall.network.version: expected 2']],
  ['a keyboard without layout', `${head}  keyboard: {variant: a}\n`, ['5: autoinstall.keyboard.layout: expected text']],
  ['an ending that is none', `${head}  shutdown: halt\n`, ['5: autoinstall.shutdown: expected reboot or poweroff']],
];
for (const [name, text, wanted] of autoinstalls) {
  test(`checkAutoinstall(): ${name}`, () => {
    const found = asText(checkAutoinstall(text, readPlainYaml));
    assert.equal(found.length, wanted.length, found.join('\n'));
    for (const [index, one] of wanted.entries()) {
      if (typeof one === 'string') assert.equal(found[index], one);
      else assert.match(found[index] ?? '', one);
    }
  });
}
