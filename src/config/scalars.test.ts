import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cronProblem } from './cron.ts';
import { encodeOptionValue, optionNames, parseOptionCode } from './dhcp-options.ts';
import { nearest } from './nearest.ts';
import { formatPath } from './problem.ts';
import * as form from './scalars.ts';
import { passwordHashProblem, sshKeyProblem } from './secrets.ts';

describe('duration', () => {
  const seconds = (input: unknown) => form.duration.safeParse(input).data;
  test('is seconds, or a number with a unit', () => {
    assert.deepEqual([90, '90', '90s', '10m', '6h', '2d', 1].map(seconds), [90, 90, 90, 600, 21_600, 172_800, 1]);
  });
  test('is nothing else', () => {
    for (const input of [0, -1, 1.5, '0s', '', '1w', '1 h', 'h', '1h30m', 4_294_967_295, '99999d', 1e300, true, null]) {
      assert.equal(seconds(input), undefined, String(input));
    }
  });
});

test('a password in a URL that does not fit is not repeated', () => {
  for (const url of [
    'ftp://me:secret@host/',
    'http://me:sec/secret@host/',
    'HTTP://me:secret@host/',
    'http://a:secret @b/',
  ])
    assert.doesNotMatch(form.url('http').safeParse(url).error?.message ?? 'secret', /secret/, url);
});

test('a window of the day may go over midnight, and has to have an end that is not its beginning', () => {
  assert.deepEqual(form.dayWindow.safeParse('22:00-00:00').data, { from: 1320, to: 0 });
  assert.match(form.dayWindow.safeParse('00:00-00:00').error?.message ?? '', /has no minute in it/);
});

describe('unknownMachines', () => {
  const parse = (input: string) => form.unknownMachines.safeParse(input).data;
  test('is local, ignore or install PROFILE', () => {
    assert.deepEqual(parse('local'), { kind: 'local' });
    assert.deepEqual(parse('ignore'), { kind: 'ignore' });
    assert.deepEqual(parse('install debian-12'), { kind: 'install', profile: 'debian-12' });
    for (const input of ['install', 'install ', 'install a b', 'Local', ''])
      assert.equal(parse(input), undefined, input);
  });
});

const forms: readonly [keyof typeof cases, readonly string[], readonly string[]][] = [
  ['hostLabel', ['sm1', 'a', 'A-1', 'x'.repeat(63)], ['', '-a', 'a-', 'a.b', 'a_b', 'x'.repeat(64)]],
  ['domain', ['lab.example', 'lab', 'a.b.c'], ['', '.a', 'a.', 'a..b', 'a b', `${'a.'.repeat(127)}aa`]],
  ['interfaceName', ['br0', 'enp3s0f1', 'eth0.12'], ['', 'a b', 'a/b', 'x'.repeat(16), 'eth0:1']],
  [
    'locale',
    ['en_US.UTF-8', 'de_DE', 'C', 'C.UTF-8', 'de_DE.UTF-8@euro'],
    ['english', 'en', 'en_us', 'en_US.UTF-8; x'],
  ],
  ['timezone', ['UTC', 'Europe/Berlin', 'Etc/GMT+5'], ['Mars', 'Europe/', '../UTC', '']],
  ['source', ['mirror:a', 'http://h/x', 'https://h'], ['mirror:', 'ftp://h', 'h/x', 'http://', 'http://h/a b']],
  ['kernelArguments', ['', 'console=ttyS0 quiet'], ['a\nb', 'a\0']],
  ['filePath', ['a', '/a/b c'], ['', 'a\nb']],
  ['userName', ['admin', '_x-1'], ['Admin', '1a', '', 'a b']],
  ['uuid', ['11223344-5566-7788-99AA-bbccddeeff00'], ['00000000-0000-0000-0000-000000000000', '1']],
];
const cases = form;

describe('text forms', () => {
  for (const [name, right, wrong] of forms) {
    const schema = cases[name] as typeof form.hostLabel;
    test(`${name} accepts what is right`, () => {
      for (const input of right) assert.ok(schema.safeParse(input).success, input);
    });
    test(`${name} refuses what is wrong`, () => {
      for (const input of wrong) assert.ok(!schema.safeParse(input).success, input);
    });
  }
});

describe('cronProblem()', () => {
  test('accepts the five fields of crontab(5)', () => {
    for (const text of ['11 1 * * *', '*/5 * * * *', '0 0,12 1-15/2 jan-mar mon', '59 23 31 12 7', ' 1  2 3 4 5 ']) {
      assert.equal(cronProblem(text), undefined, text);
    }
  });
  test('names the part that is wrong', () => {
    assert.equal(cronProblem('60 * * * *'), '"60" is not a minute: expected 0-59, *, a range, or steps like */5');
    assert.match(cronProblem('* * * 13 *') ?? '', /^"13" is not a month/);
    for (const text of [
      '',
      '* * * *',
      '* * * * * *',
      '@daily',
      '5-1 * * * *',
      '*/0 * * * *',
      '1,,2 * * * *',
      '*-3 * * * *',
    ]) {
      assert.notEqual(cronProblem(text), undefined, text);
    }
  });
});

describe('secrets', () => {
  const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5oPzrq3Yt8xk2x0m7m0ZtS8Hq3u0V7pX4m2QyJwJcB';
  test('public keys', () => {
    for (const text of [key, `${key} admin@deploy`, `${key} two words\n`]) assert.equal(sshKeyProblem(text), undefined);
    const wrong = [
      '',
      'ssh-ed25519',
      key.replace('ssh-ed25519', 'ssh-rsa'),
      key.replace('ssh-ed25519 ', 'ssh-dss '),
      key.slice(0, -8),
      `from="10.0.0.1" ${key}`,
      `${key}\n${key}`,
    ];
    for (const text of wrong) assert.notEqual(sshKeyProblem(text), undefined, text);
  });
  test('password hashes', () => {
    const sha512 = `$6$saltsalt$${'a'.repeat(86)}`;
    const right = [
      sha512,
      `$6$rounds=5000$s$${'a'.repeat(86)}`,
      `$5$s$${'a'.repeat(43)}`,
      `$y$j9T$salt$${'a'.repeat(43)}`,
    ];
    for (const text of right) assert.equal(passwordHashProblem(text), undefined, text);
    for (const text of ['', 'secret', '$6$', '$1$s$aaaa', `${sha512}\n`, `${sha512} x`, '!']) {
      assert.notEqual(passwordHashProblem(text), undefined, text);
    }
  });
});

describe('DHCP options', () => {
  test('by number and by name', () => {
    assert.equal(parseOptionCode('66'), 66);
    assert.equal(parseOptionCode('tftpServerName'), 66);
    assert.equal(parseOptionCode('254'), 254);
    for (const name of optionNames) assert.equal(typeof parseOptionCode(name), 'number', name);
  });
  test('those of the server are refused with what to use instead', () => {
    assert.deepEqual(parseOptionCode('6'), { problem: 'option 6 is set by the server: use dns' });
    for (const code of [0, 1, 50, 51, 52, 53, 54, 55, 57, 58, 59, 61, 82, 255, 256]) {
      assert.equal(typeof parseOptionCode(String(code)), 'object', String(code));
    }
    for (const key of ['', 'x', '-1', '1.5', '0x42', 'constructor', '__proto__']) {
      assert.equal(typeof parseOptionCode(key), 'object', key);
    }
  });

  const values: readonly [name: string, code: number, value: unknown, hex: string][] = [
    ['an address', 200, '10.0.0.1', '0a000001'],
    ['addresses', 200, ['10.0.0.1', '10.0.0.2'], '0a0000010a000002'],
    ['text', 200, 'hé', '68c3a9'],
    ['an address in an option that is text', 66, '1.1.1.1', '312e312e312e31'],
    ['one byte', 200, { u8: 255 }, 'ff'],
    ['two bytes', 200, { u16: 258 }, '0102'],
    ['four bytes', 200, { u32: 4294967295 }, 'ffffffff'],
    ['a number of known size', 23, 64, '40'],
    ['hex', 200, 'hex:01:FF', '01ff'],
    ['hex in an option of another kind', 150, 'hex:0102', '0102'],
  ];
  for (const [name, code, value, hex] of values) {
    test(name, () => {
      const bytes = encodeOptionValue(code, value);
      assert.ok(bytes instanceof Uint8Array);
      assert.equal(Buffer.from(bytes).toString('hex'), hex);
    });
  }

  const wrong: readonly [code: number, value: unknown][] = [
    [200, 7],
    [200, { u8: 256 }],
    [200, { u16: -1 }],
    [200, { u32: 1.5 }],
    [200, { u64: 1 }],
    [200, { u8: 1, u16: 1 }],
    [200, {}],
    [200, null],
    [200, true],
    [200, ''],
    [200, []],
    [200, 'x'.repeat(256)],
    [200, ['10.0.0.1', 'x']],
    [200, 'hex:0'],
    [200, 'hex:'],
    [150, 'server'],
    [66, 5],
    [23, 256],
  ];
  test('values that do not fit are refused', () => {
    for (const [code, value] of wrong) {
      assert.ok(!(encodeOptionValue(code, value) instanceof Uint8Array), `${code} ${JSON.stringify(value)}`);
    }
  });
});

test('nearest() finds slips, and nothing far away', () => {
  const allowed = ['address', 'router', 'mtu', 'dns', 'leaseTime', 'rootPasswordHash'];
  const found = ['adress', 'rotuer', 'mut', 'DNS', 'leasetime', 'rootPassword', 'gateway', 'x', ''].map((word) =>
    nearest(word, allowed),
  );
  assert.deepEqual(found, [
    'address',
    'router',
    'mtu',
    'dns',
    'leaseTime',
    'rootPasswordHash',
    undefined,
    undefined,
    undefined,
  ]);
});

test('formatPath() quotes what would not read as a path', () => {
  assert.equal(formatPath(['a', 'b-1', 'c', 0, 'd']), 'a.b-1.c[0].d');
  assert.equal(formatPath(['a', 'b.c', '']), 'a."b.c".""');
});
