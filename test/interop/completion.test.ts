import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { needs } from '../needs.ts';
import { run } from '../support/http.ts';
import { newFolder } from '../support/server.ts';

const LAUNCHER = resolve(import.meta.dirname, '..', '..', 'rackready');

const machines = `
mirrors: { el: { from: "file:///srv/el", kind: files } }
networks: { a: { interface: br0, subnet: 10.0.0.0/24, address: 10.0.0.1 } }
machines:
  sm1: { mac: "00:25:90:96:c4:9a" }
  sm2: { mac: "00:25:90:96:c4:9b" }
`;

/** A folder with a configuration, and `rackready` in the PATH; no server runs. */
async function shell(argv: readonly string[]): Promise<string[]> {
  const folder = newFolder('completion');
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  symlinkSync(LAUNCHER, join(bin, 'rackready'));
  writeFileSync(join(folder, 'rackready.yaml'), machines);
  const script = `cd ${folder} && PATH=${bin}:$PATH && export PATH && exec "$@"`;
  const env = { RACKREADY_DATA: join(folder, 'none'), HOME: folder };
  const { stdout, stderr, code } = await run('sh', ['-c', script, 'sh', ...argv], env);
  assert.equal(code, 0, stderr);
  return stdout.toString().trim().split('\n');
}

test('bash completes commands, options, machine names and choices', async (t) => {
  if (!needs(t, 'bash')) return;
  const lines = await shell([
    'bash',
    '-c',
    `source <(rackready completion bash)
    try() { COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); COMPREPLY=(); _rackready; echo "\${COMPREPLY[*]}"; }
    try rackready mach
    try rackready machines set sm
    try rackready render sm1 --firmware uefi-
    try rackready machines remove --j
    try rackready mirror sync e`,
  ]);
  assert.deepEqual(lines, ['machines', 'sm1 sm2', 'uefi-arm64 uefi-ia32 uefi-x64', '--json', 'el']);
});

test('zsh completes machine names', async (t) => {
  if (!needs(t, 'zsh')) return;
  const lines = await shell([
    'zsh',
    '-fc',
    `autoload -Uz compinit; compinit -D -u
    source <(rackready completion zsh)
    print -r -- $_comps[rackready]
    function compadd { shift; print -rl -- "\${(@P)1}" }
    words=(rackready machines set sm); CURRENT=4; _rackready`,
  ]);
  assert.deepEqual(lines, ['_rackready', 'sm1', 'sm2']);
});

test('fish completes machine names', async (t) => {
  if (!needs(t, 'fish')) return;
  const lines = await shell([
    'fish',
    '-N',
    '-c',
    'rackready completion fish | source; complete -C "rackready machines set sm"',
  ]);
  assert.deepEqual(lines, ['sm1', 'sm2']);
});
