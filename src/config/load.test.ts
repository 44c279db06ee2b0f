import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findConfiguration, type LoadResult, loadSettings } from './load.ts';
import { formatProblem } from './problem.ts';

function folder(t: TestContext, files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(tmpdir(), 'rackready-config-'));
  t.after(() => rmSync(path, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

function lines(result: LoadResult, path: string): string[] {
  const problems = result.kind === 'settings' ? result.warnings : result.problems;
  return problems.map((problem) => formatProblem(problem).replaceAll(path, '.'));
}

const network = 'networks: {n: {interface: e0, subnet: 10.0.0.0/24, address: 10.0.0.1}}\n';
const custom =
  'profiles: {p: {os: custom, kernel: k, initrd: k, answerFile: a.liquid, arguments: "ks={{ urls.answer }}"}}\n';
const machines =
  'machines:\n  m1: {mac: "00:25:90:96:c4:01", profile: p}\n  m2: {mac: "00:25:90:96:c4:02", profile: p}\n';

test('loadSettings() reads the YAML files of a folder in the order of their names, and no others', async (t) => {
  const path = folder(t, {
    '20-machines.yml': machines,
    '10-networks.yaml': network,
    '30-profiles.yaml': custom,
    '.#20-machines.yml': 'an editor’s lock: [',
    'README.txt': 'not: [yaml',
    'a.liquid': 'host {{ machine.hostName }}',
    k: '',
  });
  const result = await loadSettings({ path });
  assert.deepEqual(lines(result, path), []);
  assert.equal(result.kind, 'settings');
  if (result.kind !== 'settings') return;
  assert.deepEqual([...result.settings.machines.keys()], ['m1', 'm2']);
  assert.deepEqual(
    result.settings.files,
    ['10-networks.yaml', '20-machines.yml', '30-profiles.yaml'].map((name) => join(path, name)),
  );
});

test('loadSettings() tells a template that does not render once, with the machines it concerns', async (t) => {
  const path = folder(t, {
    'a.yaml': `${network}${custom}${machines}`,
    'a.liquid': 'one\n  {{ machine.hostname }}',
    k: '',
  });
  const result = await loadSettings({ path: join(path, 'a.yaml') });
  assert.equal(result.kind, 'problems');
  assert.deepEqual(lines(result, path), [
    './a.yaml:4:3: machines.m1: cannot be rendered: ./a.liquid:2:6: undefined variable: machine.hostname (also m2)',
  ]);
});

test('loadSettings() warns of a kernel that is not there, and names the package that brings it', async (t) => {
  const kernel = '/usr/lib/debian-installer/images/99/amd64/text/debian-installer/amd64/linux';
  const profile = `{os: custom, kernel: ${kernel}, initrd: none, answerFile: none.liquid, arguments: 'ks={{ urls.answer }}'}`;
  const path = folder(t, { 'a.yaml': `${network}profiles:\n  p: ${profile}\n` });
  assert.deepEqual(lines(await loadSettings({ path }), path), [
    `./a.yaml:3:27: warning: profiles.p.kernel: ${kernel} does not exist; install it with: apt-get install debian-installer-99-netboot-amd64`,
    './a.yaml:3:112: warning: profiles.p.initrd: ./none does not exist',
    './a.yaml:3:130: profiles.p.answerFile: ./none.liquid does not exist: expected a Liquid template',
  ]);
});

test('loadSettings() warns of the public keys of a mirror that are not there', async (t) => {
  const mirrors = 'mirrors:\n  f: {preset: fedora-43, keys: [k, gone.gpg]}\n  r: {preset: rocky-9}\n';
  const path = folder(t, { 'a.yaml': `${network}${mirrors}`, k: '' });
  assert.deepEqual(lines(await loadSettings({ path }), path), [
    './a.yaml:3:36: warning: mirrors.f.keys[1]: ./gone.gpg does not exist: expected a file with public keys of the upstream',
  ]);
});

test('loadSettings() says of a kernel that is named as if in a mirror how mirrors are booted from', async (t) => {
  const profile = `{os: custom, kernel: 'mirror:m/linux', initrd: k, answerFile: a.liquid, arguments: 'ks={{ urls.answer }}'}`;
  const path = folder(t, { 'a.yaml': `${network}profiles:\n  p: ${profile}\n`, 'a.liquid': '', k: '' });
  assert.deepEqual(lines(await loadSettings({ path }), path), [
    './a.yaml:3:27: warning: profiles.p.kernel: ./mirror:m/linux does not exist; mirror:NAME is for source: what a mirror boots is known by its preset, of others name copies on this host',
  ]);
});

test('what cannot be read is a problem, not an exception', async (t) => {
  const path = folder(t, { 'notes.txt': '' });
  mkdirSync(join(path, 'sub'));
  mkdirSync(join(path, 'sub', 'x.yaml'));
  const tell = async (name: string) => lines(await loadSettings({ path: join(path, name) }), path);
  assert.deepEqual(await tell('gone.yaml'), ['./gone.yaml:1:1: cannot be read: it does not exist (any more)']);
  assert.deepEqual(await tell(''), ['.:1:1: the folder holds no *.yaml file: put one into it']);
  assert.deepEqual(await tell('sub'), [
    './sub/x.yaml:1:1: cannot be read: it is a folder, and a folder inside a folder is not looked into',
  ]);
});

test('a file that is not UTF-8 text is told so, with the line', async (t) => {
  const path = folder(t, {});
  const tell = async (bytes: Uint8Array | string) => {
    writeFileSync(join(path, 'a.yaml'), bytes);
    return lines(await loadSettings({ path: join(path, 'a.yaml') }), path);
  };
  assert.match(
    (await tell(Buffer.from(`\ufeff${network}`, 'utf16le')))[0] ?? '',
    /^\.\/a\.yaml:1:1: is UTF-16.*save it as/,
  );
  const latin1 = Buffer.from(`${network}defaults:\n  domain: k\u00f6ln.example\n`, 'latin1');
  assert.match((await tell(latin1))[0] ?? '', /^\.\/a\.yaml:3:1: is not UTF-8: save it as UTF-8/);
  assert.match((await tell(Buffer.from(`${network}\0\0`)))[0] ?? '', /^\.\/a\.yaml:2:1: is no text/);
  assert.deepEqual(await tell(`\ufeff${network.replaceAll('\n', '\r\n')}`), []);
});

test('findConfiguration() takes the first path that exists', (t) => {
  const path = folder(t, { 'b.yaml': '' });
  assert.equal(findConfiguration([join(path, 'a.yaml'), join(path, 'b.yaml'), path]), join(path, 'b.yaml'));
  assert.equal(findConfiguration([join(path, 'a.yaml')]), undefined);
});
