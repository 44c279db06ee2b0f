import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** The preseed of a machine with the given vars.disk. */
function preseed(disk?: string): string {
  const rendered = renderAnswer(createTemplates(readShippedTemplate), {
    machine: machine({ vars: disk === undefined ? {} : { disk } }),
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
  const names = goldens('preseed-');
  assert.ok(names.length >= 3);
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
  for (const name of goldens('preseed-')) {
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
    assert.deepEqual(readFileSync(join(folder, 'log'), 'utf8').trimEnd().split('\n'), [
      'wget -q -O /dev/null http://172.22.10.2/report/T0KEN/started',
      `wget -q -O /dev/null --post-data=${failure} http://172.22.10.2/report/T0KEN/failed`,
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

interface Disk {
  readonly name: string;
  readonly removable?: number;
  readonly ro?: number;
  readonly size?: number;
  /** Where the device hangs, as /sys/devices has it. */
  readonly path?: string;
  readonly serial?: string;
  readonly type?: string;
}

/**
 * Runs the disk choice in busybox's shell, as the installer does, in a mount namespace of its own where /sys/block and
 * /dev hold the given disks and nothing of this host. Returns what was set and what was reported.
 */
function chooseDisk(disks: readonly Disk[], want?: string): { status: number | null; log: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'rackready-disks-'));
  try {
    const setUp = ['set -e', 'mkdir -p "$D/bin"', 'mount -t tmpfs none /dev', 'mknod /dev/null c 1 3'];
    for (const [index, disk] of disks.entries()) {
      const at = join(folder, 'devices', disk.path ?? 'pci0000:00', disk.name);
      mkdirSync(join(at, 'device'), { recursive: true });
      const facts = { removable: disk.removable ?? 0, ro: disk.ro ?? 0, size: disk.size ?? 1000 };
      for (const [name, value] of Object.entries(facts)) writeFileSync(join(at, name), `${value}\n`);
      if (disk.serial !== undefined) writeFileSync(join(at, 'serial'), disk.serial);
      if (disk.type !== undefined) writeFileSync(join(at, 'device', 'type'), disk.type);
      mkdirSync(join(folder, 'block'), { recursive: true });
      setUp.push(`ln -s "${at}" "$D/block/${disk.name}"`, `mknod /dev/${disk.name} b 240 ${index}`);
    }
    mkdirSync(join(folder, 'block'), { recursive: true });
    setUp.push('mkdir -p /dev/disk/by-id', 'ln -s ../../sdb /dev/disk/by-id/ata-SECOND');
    setUp.push('mount --bind "$D/block" /sys/block');
    setUp.push(
      `printf '#!/bin/sh\\necho "set $*" >>"$D/log"\\n' >"$D/bin/debconf-set"`,
      'chmod +x "$D/bin/debconf-set"',
    );
    const stubs = 'wget() { echo "wget $*" >>"$D/log"; }; logger() { :; }; udevadm() { :; }; sleep() { exit 9; };';
    setUp.push('PATH="$D/bin:$PATH" exec busybox sh -c "$COMMAND"');
    const command = `${stubs} ${commandOf(preseed(want), 'partman/early_command')}`;
    const run = spawnSync('unshare', ['--mount', 'sh', '-c', setUp.join('\n')], {
      env: { PATH: systemPath(), D: folder, COMMAND: command },
      encoding: 'utf8',
    });
    assert.equal(run.stderr, '');
    return { status: run.status, log: readFileSync(join(folder, 'log'), 'utf8').trimEnd().split('\n') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const chosen = (disk: string) => ({
  status: 0,
  log: [`set partman-auto/disk /dev/${disk}`, `set grub-installer/bootdev /dev/${disk}`],
});
const sda: Disk = { name: 'sda' };
const sdb: Disk = { name: 'sdb', serial: '  S3RIAL-2  \n' };
const usb: Disk = { name: 'sdc', path: 'pci0000:00/usb1/1-1' };
const notDisks: readonly Disk[] = [
  usb,
  { name: 'sdd', removable: 1 },
  { name: 'sde', ro: 1 },
  { name: 'sdf', size: 0 },
  { name: 'sr0', removable: 1 },
  { name: 'loop0' },
  { name: 'mmcblk0', type: 'SD\n' },
  { name: 'mmcblk1boot0' },
];

const choices: readonly [string, readonly Disk[], string | undefined, string | RegExp][] = [
  ['the only fixed disk', [sda, ...notDisks], undefined, 'sda'],
  ['an NVMe disk', [{ name: 'nvme0n1' }, usb], undefined, 'nvme0n1'],
  ['a paravirtual disk', [{ name: 'vda' }], undefined, 'vda'],
  ['built-in flash', [{ name: 'mmcblk0', type: 'MMC\n' }], undefined, 'mmcblk0'],
  [
    'two disks: stops',
    [sda, sdb],
    undefined,
    /2 disks fit, exactly one must; fixed disks here: \/dev\/sda \/dev\/sdb\./,
  ],
  ['no disk: stops', notDisks, undefined, /0 disks fit, exactly one must; fixed disks here: none\./],
  ['by path', [sda, sdb], '/dev/sda', 'sda'],
  ['by id', [sda, sdb], '/dev/disk/by-id/ata-SECOND', 'sdb'],
  ['by serial number', [sda, sdb], 'S3RIAL-2', 'sdb'],
  ['a part of a serial number: stops', [sda, sdb], 'S3RIAL', /0 disks fit vars\.disk=S3RIAL,/],
  ['one disk, another wanted: stops', [sda], '/dev/sdb', /0 disks fit vars\.disk=\/dev\/sdb,/],
  ['a USB disk by path: stops all the same', [sda, usb], '/dev/sdc', /0 disks fit vars\.disk=\/dev\/sdc,/],
];
for (const [name, disks, want, expected] of choices) {
  test(`the preseed chooses a disk: ${name}`, (t) => {
    if (!needs(t, 'busybox', 'unshare')) return;
    const result = chooseDisk(disks, want);
    if (typeof expected === 'string') {
      assert.deepEqual(result, chosen(expected));
    } else {
      assert.equal(result.status, 9, 'it waits for ever');
      assert.equal(result.log.length, 1);
      assert.match(result.log[0] ?? '', expected);
      assert.match(result.log[0] ?? '', /^wget .* http:\/\/172\.22\.10\.2\/report\/T0KEN\/failed$/);
    }
  });
}
