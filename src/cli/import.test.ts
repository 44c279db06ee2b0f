import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));
const seed = fileURLToPath(new URL('../../test/fixtures/seed/dhcpd.conf', import.meta.url));

function folder(t: TestContext, files: Readonly<Record<string, string>> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'rackready-import-'));
  t.after(() => rmSync(path, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(path, name, '..'), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

function run(words: readonly string[], { cwd, input }: { readonly cwd?: string; readonly input?: string } = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], { encoding: 'utf8', cwd, input });
  return { status, stdout, stderr };
}

test('the seed is printed, checked, and passes with its interface', (t) => {
  const path = folder(t);
  const printed = run(['import', 'dhcpd.conf', seed, '--interface', 'br0']);
  assert.equal(printed.status, 0, printed.stderr);
  assert.match(printed.stderr, /^1 network and 9 machines, \d+ remarks to look at\n$/);
  writeFileSync(join(path, 'rackready.yaml'), printed.stdout);
  const checked = run(['check'], { cwd: path });
  assert.equal(checked.stdout, '1 network, 9 machines: no problems\n');
});

test('without an interface, it says what is to be filled in, and so does the check', (t) => {
  const path = folder(t);
  const printed = run(['import', 'dhcpd.conf', seed]);
  assert.equal(printed.status, 0);
  const [, place = ''] =
    /^(rackready\.yaml:\d+:\d+: networks\.net-172-22-10-0\.interface: "FILL IN".*)$/m.exec(printed.stderr) ?? [];
  assert.match(printed.stderr, /1 place to fill in or to mend before it can be served/);
  writeFileSync(join(path, 'rackready.yaml'), printed.stdout);
  const checked = run(['check', 'rackready.yaml'], { cwd: path });
  assert.deepEqual([checked.status, checked.stdout], [1, `${place}\n1 error\n`]);
});

test('--output keeps a file that exists, and --force replaces it', (t) => {
  const path = folder(t, { 'r.yaml': 'mine' });
  const words = ['import', 'dhcpd.conf', seed, '--interface', 'br0', '--output', 'r.yaml'];
  const kept = run(words, { cwd: path });
  assert.deepEqual([kept.status, kept.stdout], [73, '']);
  assert.match(kept.stderr, /r\.yaml exists\nNothing was written.*--force/);
  assert.equal(readFileSync(join(path, 'r.yaml'), 'utf8'), 'mine');
  assert.equal(run([...words, '--force'], { cwd: path }).status, 0);
  assert.match(readFileSync(join(path, 'r.yaml'), 'utf8'), /^# Made from dhcpd\.conf/);
  assert.deepEqual(readdirSync(path), ['r.yaml']);
  assert.equal(run([...words.slice(0, -1), 'no/r.yaml'], { cwd: path }).status, 73);
});

test('mistakes in the source end with 1, are told with the path of their file, and the rest is printed', (t) => {
  const path = folder(t, {
    'etc/dhcpd.conf': 'include "more/hosts.conf";\nsubnet 10.0.0.0 netmask 255.255.255.0 { range 10.0.0.9; }',
    'etc/more/hosts.conf':
      'host a { hardware ethernet 02:00:00:00:00:01; }\ninclude "gone";\ninclude "../dhcpd.conf";\ninclude "..";',
  });
  const { status, stdout, stderr } = run(['import', 'dhcpd.conf', 'etc/dhcpd.conf'], { cwd: path });
  assert.equal(status, 1);
  assert.match(stderr, /^etc\/more\/hosts\.conf:2:1: "gone" is not read: it does not exist$/m);
  assert.match(stderr, /^etc\/more\/hosts\.conf:3:1: "\.\.\/dhcpd\.conf" is not read: it includes itself$/m);
  assert.match(stderr, /^etc\/more\/hosts\.conf:4:1: "\.\." is not read: it is no file$/m);
  assert.match(stderr, /3 mistakes in the source/);
  assert.match(stdout, /\n {2}a: \{ mac: "02:00:00:00:00:01" \}\n/);
});

test('a link is followed, and a device is not read', (t) => {
  const path = folder(t, {
    'dhcpd.conf': 'include "link";\ninclude "/dev/zero";',
    'real/x': 'option routers 10.0.0.1;',
  });
  symlinkSync('real/x', join(path, 'link'));
  const { stdout, stderr } = run(['import', 'dhcpd.conf', 'dhcpd.conf'], { cwd: path });
  assert.match(stderr, /"\/dev\/zero" is not read: it is no file/);
  assert.match(stdout, /real\/x:1: option routers/);
});

test('standard input is read, Latin-1 too', (t) => {
  const path = folder(t, { hosts: '02:00:00:00:00:01,a,10.0.0.5' });
  const input = 'dhcp-range=10.0.0.10,10.0.0.20,255.255.255.0\ndhcp-hostsfile=hosts\n';
  const { status, stdout } = run(['import', 'dnsmasq.conf', '-'], { cwd: path, input });
  assert.equal(status, 0);
  assert.match(stdout, /^# Made from stdin, hosts by/);
  writeFileSync(join(path, 'l1'), Buffer.from('option domain-name "\xe4";', 'latin1'));
  assert.match(run(['import', 'dhcpd.conf', 'l1'], { cwd: path }).stdout, /domain-name "ä"/);
});

test('standard input may come slowly: what reads it is there first', async () => {
  // More than a pipe holds: when it is all written, it is being read, and the last line comes after what is there.
  const reader = spawn(process.execPath, [main, 'import', 'dnsmasq.conf', '-'], { stdio: ['pipe', 'pipe', 'pipe'] });
  const [ended, told, problems] = [once(reader, 'close'), text(reader.stdout), text(reader.stderr)];
  reader.stdin.on('error', () => undefined);
  await new Promise((written) => reader.stdin.write('# a comment\n'.repeat(100_000), written));
  reader.stdin.end('dhcp-range=10.0.0.10,10.0.0.20,255.255.255.0\n');
  const [status] = await ended;
  assert.equal(status, 0, await problems);
  assert.match(await told, /range: 10\.0\.0\.10-10\.0\.0\.20/);
});

const refusals: readonly (readonly [words: readonly string[], status: number, message: RegExp])[] = [
  [['dhcpd.conf', 'gone'], 66, /gone cannot be read: it does not exist/],
  [['dhcpd.conf', '.'], 66, /\. cannot be read: it is a folder/],
  [['dhcpd.conf', seed, '--address', '10.0.0.1'], 64, /--address 10\.0\.0\.1 is in no network/],
  [['dhcpd.conf', seed, '--address', 'here'], 64, /"here" is no address/],
  [['dhcpd.conf', seed, '--address', '172.22.10.2/33'], 64, /is no address/],
  [
    ['dhcpd.conf', seed, '--interface', 'a', '--interface', 'b', '--address', '172.22.10.2'],
    64,
    /one --interface for each --address/,
  ],
];
for (const [words, status, message] of refusals) {
  test(`import ${words.join(' ').replace(seed, 'dhcpd.conf')} ends with ${status}`, () => {
    const result = run(['import', ...words]);
    assert.equal(result.status, status);
    assert.equal(result.stdout, '');
    assert.match(result.stderr, message);
    const { error } = JSON.parse(run(['import', ...words, '--json']).stdout);
    assert.match(error.message, message);
  });
}

test('--json has the text, the remarks with their quotes, and what is wrong', () => {
  const { status, stdout } = run(['import', 'dhcpd.conf', seed, '--json']);
  assert.equal(status, 0);
  const { config, networks, machines, remarks, problems, check } = JSON.parse(stdout);
  assert.match(config, /^# Made from dhcpd\.conf/);
  assert.deepEqual([networks, machines, problems], [1, 9, []]);
  assert.equal(check[0].path, 'networks.net-172-22-10-0.interface');
  const updates = remarks.find(({ reason }: { reason: string }) => /DNS updates/.test(reason));
  assert.deepEqual(updates.quotes[0], { file: seed, line: 7, text: 'ddns-update-style none;' });
});
