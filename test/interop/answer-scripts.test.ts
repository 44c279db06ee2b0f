import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderAnswer } from '../../src/boot/answer.ts';
import { createTemplates } from '../../src/boot/template.ts';
import { systemPath } from '../../src/lab/enclose.ts';
import { mac } from '../../src/net/mac.ts';
import { defaults, machine, network, profileOf, readShippedTemplate } from '../boot-values.ts';
import { needs } from '../needs.ts';

/*
 * The last commands of an installation, in the shell that the installer has, below a folder that stands in for the new
 * system: keys and sudo arrive as they were written, and a command that fails is reported as that.
 */

const HOSTILE_KEYS = ["ssh-ed25519 A it's", 'ssh-ed25519 B "$(touch hacked)" `touch hacked` \\ # ä', 'ssh-rsa C'];

function render(os: string, lateCommand: string): string {
  const rendered = renderAnswer(createTemplates(readShippedTemplate), {
    machine: machine({ vars: { lateCommand } }),
    profile: profileOf(os),
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
  const script = /^%post --interpreter.*\n([\s\S]*?)^%end$/m.exec(text)?.[1] ?? assert.fail('there is no %post');
  return script.replaceAll('/etc/sudoers.d', `${root}/etc/sudoers.d`).replaceAll('/home/admin', `${root}/home/admin`);
}

function runLast(t: { after(done: () => void): void }, os: string, lateCommand: string): Ran {
  const root = mkdtempSync(join(tmpdir(), 'rackready-target-'));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, 'etc/sudoers.d'), { recursive: true });
  const log = join(root, 'log');
  // Runs its words in the new system, where there is an account that this one has not.
  mkdirSync(join(root, 'bin'));
  writeFileSync(join(root, 'bin/in-target'), '#!/bin/sh\n[ "$1" = chown ] || exec "$@"\n', { mode: 0o755 });
  const stubs = [
    `wget() { echo "wget $*" >>${log}; };`,
    `curl() { case "$*" in *@-*) echo "curl $* $(cat)";; *) echo "curl $*";; esac >>${log}; };`,
    `chown() { echo "chown $*" >>${log}; }; restorecon() { :; };`,
  ];
  const shell = os.startsWith('debian') ? ['busybox', 'sh'] : ['bash', '--norc'];
  const script = commandsOf(os, render(os, lateCommand), root);
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
  };
}

for (const os of ['debian-12', 'debian-13', 'rocky-9', 'rocky-10', 'centos-7']) {
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
