import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderAnswer } from '../../src/boot/answer.ts';
import type { Profile } from '../../src/boot/profile.ts';
import { createTemplates } from '../../src/boot/template.ts';
import { readPlainYaml } from '../../src/config/plain-yaml.ts';
import { systemPath } from '../../src/lab/enclose.ts';
import { mac } from '../../src/net/mac.ts';
import { defaults, machine, network, profileOf, readShippedTemplate } from '../boot-values.ts';
import { needs } from '../needs.ts';

/*
 * The last commands of an installation, in the shell that the installer has, below a folder that stands in for the new
 * system: keys and sudo arrive as they were written, and a command that fails is reported as that.
 */

const HOSTILE_KEYS = ["ssh-ed25519 A it's", 'ssh-ed25519 B "$(touch hacked)" `touch hacked` \\ # ä', 'ssh-rsa C'];

function render(os: string, lateCommand: string, profile: Partial<Profile> = {}): string {
  const rendered = renderAnswer(createTemplates(readShippedTemplate), {
    machine: machine({ vars: { lateCommand } }),
    profile: profileOf(os, profile),
    snapshot: '20261126T011100-1a2b3c',
    network,
    defaults: { ...defaults, sshKeys: HOSTILE_KEYS },
    mac: mac('00:25:90:96:c4:9a'),
    httpPort: 80,
    token: 'T0KEN',
  });
  return rendered.kind === 'text' ? rendered.text : assert.fail(JSON.stringify(rendered.problem));
}

interface Ran {
  readonly status: number | null;
  readonly stderr: string;
  /** What the programs that stand in for the installer's were called with. */
  readonly log: string;
  read(name: string): string;
  has(name: string): boolean;
}

/** The commands of an answer file with the places of the new system below `root`. */
function commandsOf(os: string, text: string, root: string): string {
  if (os.startsWith('debian')) {
    const name = 'd-i preseed/late_command string ';
    const line = text
      .replaceAll('\\\n', ' ')
      .split('\n')
      .find((one) => one.startsWith(name));
    return (line ?? assert.fail(`there is no ${name}`)).slice(name.length).replaceAll('/target', root);
  }
  if (os.startsWith('ubuntu')) {
    const read = readPlainYaml(text);
    if (read.kind === 'problem') assert.fail(JSON.stringify(read.problem));
    const { autoinstall } = read.data as { autoinstall: { 'late-commands': unknown[] } };
    return autoinstall['late-commands']
      .map((one) => (Array.isArray(one) ? quoteWords(one) : String(one).replaceAll('/target', root)))
      .map((one) => `(${one}\n) || exit 1`)
      .join('\n');
  }
  const script = /^%post --interpreter.*\n([\s\S]*?)^%end$/m.exec(text)?.[1] ?? assert.fail('there is no %post');
  return script.replaceAll('/etc/sudoers.d', `${root}/etc/sudoers.d`).replaceAll('/home/admin', `${root}/home/admin`);
}

function quoteWords(words: readonly unknown[]): string {
  return words.map((word) => `'${String(word).replaceAll("'", "'\\''")}'`).join(' ');
}

function runLast(
  t: { after(done: () => void): void },
  os: string,
  lateCommand: string,
  profile: Partial<Profile> = {},
): Ran {
  const root = mkdtempSync(join(tmpdir(), 'rackready-target-'));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'etc/sudoers.d'), { recursive: true });
  mkdirSync(join(root, 'etc/apt/sources.list.d'), { recursive: true });
  for (const name of ['sources.list', 'sources.list.d/debian.sources', 'sources.list.d/ubuntu.sources']) {
    writeFileSync(join(root, 'etc/apt', name), 'as the installer wrote it\n');
  }
  const log = join(root, 'log');
  // Runs its words in the new system, where there is an account that this one has not.
  mkdirSync(join(root, 'bin'));
  const programs = {
    'in-target': '[ "$1" = chown ] || exec "$@"',
    curtin: 'shift 2; [ "$1" = ssh-keygen ] || exec "$@"',
    // As on a mirror that does not answer.
    'apt-get': `{ echo "apt-get $*"; cat ${root}/etc/apt/sources.list; } >>${root}/apt; exit 100`,
  };
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(root, 'bin', name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  }
  const stubs = [
    `wget() { echo "wget $*" >>${log}; };`,
    `curl() { case "$*" in *@-*) echo "curl $* $(cat)";; *) echo "curl $*";; esac >>${log}; };`,
    `chown() { echo "chown $*" >>${log}; }; restorecon() { :; };`,
  ];
  const shell = os.startsWith('debian') ? ['busybox', 'sh'] : os.startsWith('ubuntu') ? ['sh'] : ['bash', '--norc'];
  const script = commandsOf(os, render(os, lateCommand, profile), root);
  const [command = '', ...args] = shell;
  const run = spawnSync(command, [...args, '-c', `${stubs.join(' ')}\n${script}`], {
    cwd: root,
    env: { PATH: `${join(root, 'bin')}:${systemPath()}` },
    encoding: 'utf8',
    timeout: 30_000,
  });
  assert.ok(!existsSync(join(root, 'hacked')), 'a value was run as a command');
  return {
    status: run.status,
    stderr: run.stderr,
    log: existsSync(log) ? readFileSync(log, 'utf8') : '',
    read: (name) => readFileSync(join(root, name), 'utf8'),
    has: (name) => existsSync(join(root, name)),
  };
}

for (const os of ['debian-12', 'debian-13', 'rocky-8', 'fedora-44', 'rocky-9', 'rocky-10', 'centos-7']) {
  test(`${os}: keys, sudo and vars.lateCommand arrive as they were written`, (t) => {
    if (!needs(t, 'busybox', 'bash')) return;
    const late =
      'printf "%s\\n" "it\'s" \'$HOME \\ "x"\' >late\nif true; then\n  echo ä >>late\nfi\ncat <<E >>late\n%end\nE\n';
    const ran = runLast(t, os, late);
    assert.equal(ran.status, 0, ran.stderr);
    const home = 'home/admin/.ssh/authorized_keys';
    assert.equal(ran.read(home), HOSTILE_KEYS.map((key) => `${key}\n`).join(''));
    assert.equal(ran.read('etc/sudoers.d/90-rackready'), 'admin ALL=(ALL) NOPASSWD: ALL\n');
    assert.equal(ran.read('late'), 'it\'s\n$HOME \\ "x"\nä\n%end\n');
  });

  test(`${os}: a command that fails is not reported as done`, (t) => {
    if (!needs(t, 'busybox', 'bash')) return;
    const ran = runLast(t, os, 'false');
    assert.notEqual(ran.status, 0);
    assert.doesNotMatch(ran.log, /report\/T0KEN\/done/);
    if (!os.startsWith('debian')) assert.match(ran.log, /A command of %post failed/);
  });
}

for (const [os, archive] of [
  ['debian-13', 'debian'],
  ['ubuntu-24.04', 'ubuntu'],
] as const) {
  test(`${os}: what was installed from a mirror is kept up to date from the mirror, not from the state of its installation`, (t) => {
    if (!needs(t, 'busybox', 'bash')) return;
    const suite = { archive, components: ['main', 'universe'], signedBy: "/usr/share/keyrings/it's.gpg" };
    const aptSuites = [
      { ...suite, name: 'one' },
      { archive: 'more', name: 'one-security', components: ['main'] },
    ];
    const ran = runLast(t, os, 'cp etc/apt/sources.list late', {
      source: 'mirror:m',
      mirrorFolder: archive,
      aptSuites,
    });
    assert.equal(ran.status, 0, ran.stderr);
    assert.match(ran.log, /report\/T0KEN\/done/);
    const base = 'http://172.22.10.2/mirror/m';
    const wanted = `deb [signed-by=/usr/share/keyrings/it's.gpg] ${base}/${archive} one main universe\ndeb ${base}/more one-security main\n`;
    assert.equal(ran.read('etc/apt/sources.list'), wanted);
    assert.ok(!ran.has(`etc/apt/sources.list.d/${archive}.sources`));
    // The operator's own command comes after it, and can install packages: apt looks its lists up by these addresses. Where
    // they cannot be had, the command may not need them.
    assert.equal(ran.read('late'), wanted);
    assert.equal(ran.read('apt'), `apt-get update\n${wanted}`);
  });

  test(`${os}: from elsewhere, its sources are the installer's affair`, (t) => {
    if (!needs(t, 'busybox', 'bash')) return;
    for (const source of ['http://deb.example.org/debian', undefined]) {
      const ran = runLast(t, os, 'true', { source });
      assert.equal(ran.status, 0, ran.stderr);
      assert.equal(ran.read('etc/apt/sources.list'), 'as the installer wrote it\n');
      assert.ok(ran.has(`etc/apt/sources.list.d/${archive}.sources`));
    }
  });
}
