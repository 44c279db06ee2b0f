import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderAnswer } from '../../src/boot/answer.ts';
import { createTemplates } from '../../src/boot/template.ts';
import { readPlainYaml } from '../../src/config/plain-yaml.ts';
import { systemPath } from '../../src/lab/enclose.ts';
import { mac } from '../../src/net/mac.ts';
import { defaults, machine, network, profileOf, readShippedTemplate } from '../boot-values.ts';
import { needs } from '../needs.ts';

/** How one installer runs the commands that choose the disk, and where it leaves what they chose. */
interface Family {
  readonly os: string;
  readonly shell: string;
  /** The commands in an answer file; `folder` stands in for the places that they write to. */
  commands(text: string, folder: string): string;
  /** What the log says of a disk that was chosen. */
  chosen(disk: string): string[];
}

const STUBS = [
  'wget() { echo "wget $*" >>"$D/log"; };',
  'curl() { case "$*" in *@-*) echo "curl $* $(cat)";; *) echo "curl $*";; esac >>"$D/log"; };',
  'logger() { :; }; udevadm() { :; }; sleep() { exit 9; };',
].join(' ');

const families: readonly Family[] = [
  {
    os: 'debian-13',
    shell: 'busybox sh',
    commands(text) {
      const name = 'd-i partman/early_command string ';
      const lines = text.replaceAll('\\\n', ' ').split('\n');
      return lines.find((line) => line.startsWith(name))?.slice(name.length) ?? assert.fail(`there is no ${name}`);
    },
    chosen: (disk) => [`set partman-auto/disk /dev/${disk}`, `set grub-installer/bootdev /dev/${disk}`],
  },
  ...['rocky-10', 'centos-7'].map((os) => ({
    os,
    shell: 'bash --norc',
    commands(text: string, folder: string) {
      const script = /^%pre .*\n([\s\S]*?)^%end$/m.exec(text)?.[1] ?? assert.fail('there is no %pre');
      return `${script.replaceAll('/tmp/rackready-disk.ks', `${folder}/disk.ks`)} cat ${folder}/disk.ks >>${folder}/log`;
    },
    chosen: (disk: string) => [`ignoredisk --only-use=${disk}`, `clearpart --all --initlabel --drives=${disk}`],
  })),
  {
    os: 'ubuntu-24.04',
    shell: 'sh',
    commands(text, folder) {
      const read = readPlainYaml(text);
      assert.ok(read.kind === 'data');
      const { autoinstall } = read.data as { autoinstall: Record<string, unknown> };
      const file = `${folder}/autoinstall.yaml`;
      // subiquity writes the section as YAML of its own and reads it again after these commands.
      writeFileSync(file, JSON.stringify(autoinstall, undefined, 1));
      const [command = ''] = autoinstall['early-commands'] as string[];
      return `${command.replaceAll(' /autoinstall.yaml', ` ${file}`)}\ngrep -o '"path": .*' ${file} >>${folder}/log`;
    },
    chosen: (disk) => [`"path": "/dev/${disk}"`],
  },
];

/** The answer file of a machine with the given vars.disk. */
function textFor(family: Family, disk: unknown): string {
  const rendered = renderAnswer(createTemplates(readShippedTemplate), {
    machine: machine({ vars: disk === undefined ? {} : { disk } }),
    profile: profileOf(family.os),
    network,
    defaults,
    mac: mac('00:25:90:96:c4:9a'),
    httpPort: 80,
    token: 'T0KEN',
  });
  return rendered.kind === 'text' ? rendered.text : assert.fail(JSON.stringify(rendered.problem));
}

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
 * Runs the disk choice in the shell that the installer has, in a mount namespace of its own where /sys/block and /dev hold
 * the given disks and nothing of this host. Returns what was chosen and what was reported.
 */
function chooseDisk(family: Family, disks: readonly Disk[], want?: unknown): { status: number | null; log: string[] } {
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
    // A name that dies with the disk's content, one for storage networks, and that of a partition.
    setUp.push('ln -s ../../sdb /dev/disk/by-id/lvm-pv-uuid-1', 'ln -s ../../sdb /dev/disk/by-id/wwn-0x1');
    setUp.push('ln -s ../../sda1 /dev/disk/by-id/ata-FIRST-part1', 'ln -s ../../nvme0n1 /dev/disk/by-id/nvme-eui.01');
    setUp.push('mount --bind "$D/block" /sys/block');
    setUp.push(
      `printf '#!/bin/sh\\necho "set $*" >>"$D/log"\\n' >"$D/bin/debconf-set"`,
      'chmod +x "$D/bin/debconf-set"',
    );
    const { shell, commands } = family;
    setUp.push(`PATH="$D/bin:$PATH" exec ${shell} -c "$COMMAND"`);
    const command = `${STUBS} ${commands(textFor(family, want), folder)}`;
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

const choices: readonly [string, readonly Disk[], unknown, string | RegExp][] = [
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
  ['by size', [sda, { name: 'sdb', size: 400_000_000 }], { minSize: '200G', maxSize: '1T' }, 'sdb'],
  ['by size, two: stops', [sda, sdb], { maxSize: '1T' }, /2 disks fit vars\.disk=maxSize=1000000000000,/],
  ['by size, none: stops', [sda], { minSize: 1e9 }, /0 disks fit vars\.disk=minSize=1000000000,/],
  [
    'a hostile serial number: stops',
    [sda],
    "';reboot;'$(reboot)`reboot`",
    /0 disks fit vars\.disk=';reboot;'\$\(reboot\)/,
  ],
  ['a USB disk by path: stops all the same', [sda, usb], '/dev/sdc', /0 disks fit vars\.disk=\/dev\/sdc,/],
];
/** The names that disks have at every start. */
const LASTING: Readonly<Record<string, string>> = {
  sdb: '/dev/disk/by-id/ata-SECOND',
  nvme0n1: '/dev/disk/by-id/nvme-eui.01',
};

for (const family of families) {
  for (const [name, disks, want, expected] of choices) {
    test(`${family.os} chooses a disk: ${name}`, (t) => {
      if (!needs(t, 'unshare', 'busybox', 'bash')) return;
      const result = chooseDisk(family, disks, want);
      const rest = result.log.filter((line) => !line.includes('/started'));
      const reports = rest.filter((line) => !line.includes('/chosen'));
      if (typeof expected === 'string') {
        assert.deepEqual({ status: result.status, reports }, { status: 0, reports: family.chosen(expected) });
        const told = rest.find((line) => line.includes('/chosen')) ?? '';
        const size = (disks.find((disk) => disk.name === expected)?.size ?? 1000) * 512;
        const body = `disk=/dev/${expected} id=${LASTING[expected] ?? ''} bytes=${size} nic=`;
        assert.ok(told.includes(`${body} `), `${body} in ${told}`);
        assert.match(told, /http:\/\/172\.22\.10\.2\/report\/T0KEN\/chosen$/);
      } else {
        assert.equal(result.status, 9, 'it waits for ever');
        assert.equal(rest.length, 1);
        assert.match(reports[0] ?? '', expected);
        assert.match(reports[0] ?? '', /http:\/\/172\.22\.10\.2\/report\/T0KEN\/failed/);
      }
    });
  }
}
