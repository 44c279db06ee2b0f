import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readPlainYaml } from '../../src/config/plain-yaml.ts';
import { systemPath } from '../../src/lab/enclose.ts';
import { runProgram } from './segment.ts';
import { newFolder } from './server.ts';

/** The new system after the last commands of its installation have run below a folder that stands for it. */
export interface Target {
  readonly code: number;
  readonly text: string;
  readonly root: string;
  read(path: string): string;
  has(path: string): boolean;
}

export interface TargetSetup {
  /** The installer's network cards: names with MAC addresses. One whose name begins with br is a bridge. */
  readonly cards?: Readonly<Record<string, string>>;
  /** Files that are there before, by path. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Stand in for the installer's own programs. What reports is written to the file log. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'in-target': '[ "$1" = ssh-keygen ] || exit 0; exec ssh-keygen -A -f "$ROOT"',
  curtin: 'shift 2; [ "$1" = ssh-keygen ] || exit 0; exec ssh-keygen -A -f "$ROOT"',
  'ssh-keygen': '[ "$*" = -A ] && exec /usr/bin/ssh-keygen -A -f "$ROOT"; exec /usr/bin/ssh-keygen "$@"',
  wget: 'echo "wget $*" >>"$ROOT/log"',
  curl: 'case "$*" in *@-*) echo "curl $* $(cat)";; *) echo "curl $*";; esac >>"$ROOT/log"',
  chown: '',
  restorecon: 'echo "restorecon $*" >>"$ROOT/log"',
  logger: '',
};

/** Runs what an answer file does last, in the shell of its installer. */
export async function runLastCommands(text: string, { cards = {}, files = {} }: TargetSetup): Promise<Target> {
  const root = newFolder('target');
  const write = (path: string, content: string, mode = 0o644) => {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), content, { mode });
  };
  for (const folder of ['etc/network', 'etc/ssh', 'etc/sudoers.d', 'net'])
    mkdirSync(join(root, folder), { recursive: true });
  for (const [name, address] of Object.entries(cards)) {
    write(join('net', name, 'address'), `${address}\n`);
    mkdirSync(join(root, 'net', name, name.startsWith('br') ? 'bridge' : 'device'));
  }
  for (const [path, content] of Object.entries(files)) write(path, content);
  for (const [name, script] of Object.entries(PROGRAMS)) write(join('bin', name), `#!/bin/sh\n${script}\n`, 0o755);
  const { shell, command } = lastCommands(text, root);
  const env = ['env', `ROOT=${root}`, `PATH=${root}/bin:${systemPath()}`];
  const ran = await runProgram([...env, ...shell, '-c', command.replaceAll('/sys/class/net', join(root, 'net'))]);
  return {
    ...ran,
    root,
    read: (path) => readFileSync(join(root, path), 'utf8'),
    has: (path) => existsSync(join(root, path)),
  };
}

/** The commands with the places of the new system below `root`. */
function lastCommands(text: string, root: string): { readonly shell: string[]; readonly command: string } {
  if (text.startsWith('#_preseed')) {
    const name = 'd-i preseed/late_command string ';
    const line = text
      .replaceAll('\\\n', ' ')
      .split('\n')
      .find((one) => one.startsWith(name));
    return {
      shell: ['busybox', 'sh'],
      command: (line ?? assert.fail()).slice(name.length).replaceAll('/target', root),
    };
  }
  if (text.startsWith('#cloud-config')) {
    const read = readPlainYaml(text);
    assert.ok(read.kind === 'data');
    const { autoinstall } = read.data as { autoinstall: { 'late-commands': (string | string[])[] } };
    const commands = autoinstall['late-commands'].map((one) =>
      typeof one === 'string' ? `(\n${one}\n)` : one.join(' '),
    );
    // subiquity stops at the first command that fails.
    return { shell: ['sh'], command: ['set -e', ...commands].join('\n').replaceAll('/target', root) };
  }
  const scripts = [...text.matchAll(/^%post.*\n([\s\S]*?)^%end$/gm)].map(([, script = '']) => script);
  const command = scripts
    .join('\n')
    .replace(/^root=$/m, `root=${root}`)
    .replaceAll(/\/mnt\/sys(root|image)/g, root)
    .replaceAll(/\/(home\/admin|etc\/(sudoers\.d|sysconfig))/g, `${root}/$1`);
  return { shell: ['bash', '--norc'], command };
}
