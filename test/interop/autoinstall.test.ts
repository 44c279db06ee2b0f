import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderAnswer } from '../../src/boot/answer.ts';
import { yamlQuote } from '../../src/boot/quote.ts';
import { createTemplates } from '../../src/boot/template.ts';
import { readPlainYaml } from '../../src/config/plain-yaml.ts';
import { mac } from '../../src/net/mac.ts';
import { defaults, machine, network, profileOf, readShippedTemplate } from '../boot-values.ts';
import { needs } from '../needs.ts';
import { runUdhcpc } from '../support/dhcp-clients.ts';
import { run } from '../support/http.ts';
import { openSegment, runProgram } from '../support/segment.ts';
import { newFolder, startServer } from '../support/server.ts';

const FIXTURES = new URL('../fixtures/boot/', import.meta.url);
/** Debian's own Python, for which its cloud-init is installed. */
const PYTHON = '/usr/bin/python3';
const SM1 = '00:25:90:96:c4:9a';

const HOSTILE = [
  'it\'s "$(reboot)" `x` \\ #',
  ': {',
  '\u0085\u2028\ufeff\u007f',
  'Mülleimer ß 🙂',
  '%end\nuser-data: x\n',
];

/** The answer file of a machine with hostile values wherever the configuration takes them. */
function hostileText(): string {
  const vars = { proxy: HOSTILE.join(''), lateCommand: HOSTILE.join('\n'), disk: HOSTILE[0] };
  const rendered = renderAnswer(createTemplates(readShippedTemplate), {
    machine: machine({ vars, hostName: 'a'.repeat(63) }),
    profile: profileOf('ubuntu-26.04'),
    network,
    defaults: { ...defaults, rootPasswordHash: HOSTILE[0], sshKeys: HOSTILE },
    mac: mac(SM1),
    httpPort: 80,
    token: 'T0KEN',
  });
  return rendered.kind === 'text' ? rendered.text : assert.fail(JSON.stringify(rendered.problem));
}

function autoinstallOf(text: string): Record<string, unknown> {
  const read = readPlainYaml(text);
  assert.ok(read.kind === 'data');
  return (read.data as { autoinstall: Record<string, unknown> }).autoinstall;
}

async function schema(text: string): Promise<{ code: number; text: string }> {
  const file = join(newFolder('schema'), 'user-data');
  writeFileSync(file, text);
  return runProgram(['cloud-init', 'schema', '--config-file', file]);
}

test('cloud-init accepts every golden user-data, and what it hands to the installed system', async (t) => {
  if (!needs(t, 'cloud-init')) return;
  const names = readdirSync(FIXTURES).filter((name) => name.startsWith('ubuntu-'));
  assert.ok(names.length >= 4);
  const texts = [...names.map((name) => readFileSync(new URL(name, FIXTURES), 'utf8')), hostileText()];
  for (const text of texts) {
    const whole = await schema(text);
    assert.equal(whole.code, 0, whole.text);
    const inner = await schema(`#cloud-config\n${yamlQuote(autoinstallOf(text)['user-data'])}\n`);
    assert.equal(inner.code, 0, inner.text);
  }
  const broken = await schema('#cloud-config\nautoinstall: {}\n');
  assert.notEqual(broken.code, 0, 'the tool does look');
  const innerBroken = await schema('#cloud-config\nssh_pwauth: []\nusers: 1\n');
  assert.notEqual(innerBroken.code, 0, 'the tool does look at the inner part, too');
});

test('PyYAML reads every value as it was written, also hostile ones', async (t) => {
  if (!needs(t, 'cloud-init')) return;
  const text = hostileText();
  const file = join(newFolder('yaml'), 'user-data');
  writeFileSync(file, text);
  const program = 'import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1], encoding="utf-8"))))';
  const ran = await run(PYTHON, ['-c', program, file]);
  assert.equal(ran.code, 0, ran.stderr);
  const { autoinstall } = JSON.parse(ran.stdout.toString()) as { autoinstall: Record<string, unknown> };
  assert.deepEqual(autoinstall, autoinstallOf(text));
  const users = (autoinstall['user-data'] as { users: { ssh_authorized_keys: string[] }[] }).users;
  assert.deepEqual(users[0]?.ssh_authorized_keys, HOSTILE);
  assert.equal(autoinstall.proxy, HOSTILE.join(''));
});

test('cloud-init’s own code leaves the host keys alone that the installer has made and reported', async (t) => {
  if (!needs(t, 'cloud-init', 'ssh-keygen', 'unshare')) return;
  const text = readFileSync(new URL('ubuntu-24.04-plain.want.txt', FIXTURES), 'utf8');
  const user = autoinstallOf(text)['user-data'] as Record<string, unknown>;
  const firstStart = async (config: object) => {
    const folder = newFolder('keys');
    mkdirSync(join(folder, 'etc/ssh'), { recursive: true });
    assert.equal((await runProgram(['ssh-keygen', '-A', '-f', folder])).code, 0);
    const keys = join(folder, 'etc/ssh');
    const made = readdirSync(keys);
    const read = () =>
      made.map((name) => [name, existsSync(join(keys, name)) && readFileSync(join(keys, name), 'utf8')]);
    const before = JSON.stringify(read());
    const program = [
      'import inspect, json, logging, sys; from unittest.mock import MagicMock; from cloudinit.config import cc_ssh',
      'cloud = MagicMock(); cloud.get_public_ssh_keys.return_value = []; cloud.distro.name = "ubuntu"',
      'more = [logging.getLogger()] if "log" in inspect.signature(cc_ssh.handle).parameters else []',
      'cc_ssh.apply_credentials = lambda *args: None',
      'cc_ssh.handle("ssh", json.loads(sys.argv[1]), cloud, *more, [])',
    ];
    const argv = [PYTHON, '-W', 'ignore', '-c', program.join('\n'), JSON.stringify({ ...config, users: [] })];
    const inside = `mount --bind ${keys} /etc/ssh && exec "$@"`;
    const ran = await runProgram(['unshare', '--mount', 'sh', '-c', inside, 'sh', ...argv]);
    assert.equal(ran.code, 0, ran.text);
    return JSON.stringify(read()) === before;
  };
  assert.ok(await firstStart(user), 'those that were made stay; it may add some of other types');
  const { ssh_deletekeys: _, ...careless } = user;
  assert.ok(!(await firstStart(careless)), 'without the setting they are made anew');
});

test('cloud-init’s own code fetches the seed of a granted machine, once', async (t) => {
  if (!needs(t, 'ip', 'udhcpc', 'curl', 'cloud-init')) return;
  const rack = await openSegment(t);
  const folder = newFolder('iso');
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, 'live.iso'), 'the ISO');
  const yaml = `
networks:
  management:
    interface: br0
    subnet: 172.22.10.0/24
    address: 172.22.10.2
    router: 172.22.10.1
    dhcp: { mode: authoritative, conflictProbe: false }
profiles:
  noble: { os: ubuntu-24.04, iso: ${folder}/live.iso, kernel: ${folder}/live.iso, initrd: ${folder}/live.iso }
machines:
  sm1: { mac: "${SM1}", address: 172.22.10.55, profile: noble }
`;
  const server = await startServer(t, { yaml });
  const client = await rack.addClient('sm1', { mac: SM1 });
  await runUdhcpc(client);
  const granted = await server.rackready('install', 'sm1');
  assert.equal(granted.code, 0, granted.stderr);
  const base = 'http://172.22.10.2';
  const curl = async (url: string) => (await runProgram([...client.prefix, 'curl', '-s', url])).text;
  const script = await curl(`${base}/ipxe/boot.ipxe`);
  assert.match(script, / autoinstall .*cloud-config-url=\/dev\/null/);
  const [, iso = ''] = / url=(\S+)/.exec(script) ?? [];
  assert.equal(await curl(iso), 'the ISO');
  const [, seed = ''] = /ds=nocloud;s=(\S+\/)/.exec(script) ?? [];

  const read = 'import sys; from cloudinit import util; m, u, v = util.read_seeded(sys.argv[1], timeout=5, retries=0)';
  const show = 'import json; print(json.dumps([m, u.decode(), (v or b"").decode()]))';
  const argv = [...client.prefix, PYTHON, '-W', 'ignore', '-c', `${read}; ${show}`, seed];
  const fetched = await runProgram(argv);
  assert.equal(fetched.code, 0, fetched.text);
  const [meta, user] = JSON.parse(fetched.text.split('\n').find((line) => line.startsWith('[')) ?? '[]');
  assert.deepEqual(meta, { 'instance-id': 'sm1-installer', 'local-hostname': 'sm1' });
  assert.ok(user.startsWith('#cloud-config\n'));
  await server.event('answer.fetched', { machine: 'sm1', file: 'user-data' });
  assert.match(await curl(`${seed}user-data`), /handed over already/);
  assert.equal(await curl(`${seed}vendor-data`), '', 'its companions can still be had');
});
