import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderAnswer } from '../../src/boot/answer.ts';
import { createTemplates } from '../../src/boot/template.ts';
import { systemPath } from '../../src/lab/enclose.ts';
import { mac } from '../../src/net/mac.ts';
import { debian, defaults, machine, network, readShippedTemplate } from '../boot-values.ts';
import { needs } from '../needs.ts';

const FIXTURES = new URL('../fixtures/boot/', import.meta.url);
const goldens = (prefix: string) => readdirSync(FIXTURES).filter((name) => name.startsWith(prefix));
const preseeds = () => [...goldens('preseed-'), ...goldens('debian-')];

/** The preseed of a machine. */
function preseed(): string {
  const rendered = renderAnswer(createTemplates(readShippedTemplate), {
    machine: machine(),
    profile: debian,
    network,
    defaults,
    mac: mac('00:25:90:96:c4:9a'),
    httpPort: 80,
    token: 'T0KEN',
  });
  return rendered.kind === 'text' ? rendered.text : assert.fail(JSON.stringify(rendered.problem));
}

/** A command of the preseed as debconf hands it to `sh -c`: continued lines joined. */
function commandOf(text: string, name: string): string {
  const joined = text.replaceAll('\\\n', ' ');
  const line = joined.split('\n').find((part) => part.startsWith(`d-i ${name} string `));
  return line?.slice(`d-i ${name} string `.length) ?? assert.fail(`there is no ${name}`);
}

test('debconf accepts every golden preseed', (t) => {
  if (!needs(t, 'debconf-set-selections')) return;
  const names = preseeds();
  assert.ok(names.length >= 7);
  for (const name of names) {
    const text = readFileSync(new URL(name, FIXTURES));
    const run = spawnSync('debconf-set-selections', ['-c'], { input: text, encoding: 'utf8' });
    assert.equal(`${run.stdout}${run.stderr}`, '', name);
    assert.equal(run.status, 0, name);
  }
  const broken = spawnSync('debconf-set-selections', ['-c'], { input: 'd-i nonsense\n', encoding: 'utf8' });
  assert.notEqual(broken.stderr, '', 'the tool does look');
});

test('GRUB’s own parser accepts every golden grub.cfg', (t) => {
  if (!needs(t, 'grub-script-check')) return;
  const names = goldens('grub-');
  assert.ok(names.length >= 7);
  for (const name of names) {
    const run = spawnSync('grub-script-check', [new URL(name, FIXTURES).pathname], { encoding: 'utf8' });
    assert.equal(`${run.status} ${run.stderr}`, '0 ', name);
  }
});

test('the shells accept every command of the preseed', (t) => {
  if (!needs(t, 'busybox')) return;
  for (const name of preseeds()) {
    const text = readFileSync(new URL(name, FIXTURES), 'utf8');
    for (const command of ['preseed/early_command', 'partman/early_command', 'preseed/late_command']) {
      const run = spawnSync('busybox', ['sh', '-n', '-c', commandOf(text, command)], { encoding: 'utf8' });
      assert.equal(`${run.status} ${run.stderr}`, '0 ', `${name} ${command}`);
    }
  }
});

test('the preseed reports its start, and a failed step of the installer, but not the log of its own command', (t) => {
  if (!needs(t, 'busybox')) return;
  const folder = mkdtempSync(join(tmpdir(), 'rackready-log-'));
  try {
    const command = commandOf(preseed(), 'preseed/early_command').replaceAll('/var/log/syslog', `${folder}/syslog`);
    writeFileSync(join(folder, 'syslog'), `preseed: running preseed command preseed/early_command: ${command}\n`);
    // The second time that the watcher has slept, the installer's main menu has written what it writes on a failure.
    const failure = "main-menu[271]: WARNING **: Menu item 'bootstrap-base' failed.";
    const stubs = [
      'wget() { echo "wget $*" >>"$D/log"; };',
      'sleep() { if [ -e "$D/slept" ]; then cat "$D/failure" >>"$D/syslog"; fi; : >"$D/slept"; };',
    ];
    writeFileSync(join(folder, 'failure'), `${failure}\n`);
    const run = spawnSync('busybox', ['sh', '-c', `${stubs.join(' ')} ${command} wait`], {
      env: { PATH: systemPath(), D: folder },
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.equal(`${run.status} ${run.stderr}`, '0 ');
    // The report is the failure, an empty line, and the end of the log.
    const syslog = readFileSync(join(folder, 'syslog'), 'utf8').trimEnd();
    assert.equal(
      readFileSync(join(folder, 'log'), 'utf8').trimEnd(),
      [
        'wget -q -O /dev/null http://172.22.10.2/report/T0KEN/started',
        `wget -q -O /dev/null --post-data=${failure}`,
        '',
        `${syslog} http://172.22.10.2/report/T0KEN/failed`,
      ].join('\n'),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
