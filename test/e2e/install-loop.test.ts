import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Installer } from '../../src/lab/demo-config.ts';
import type { ServerEvent } from '../../src/lab/milestones.ts';
import { cpio } from '../support/cpio.ts';
import { rackready } from '../support/server.ts';
import { installerFor, numbered, renderConfig } from './config.ts';
import { openTestRack } from './rack.ts';
import { wanted } from './wanted.ts';

/*
 * A machine that boots from the network for ever: its firmware knows nothing else, and whatever it starts ends in a
 * restart. Its installer is of our own making, on Debian's kernel: it fetches its answer file, runs it, and restarts.
 * One answer file makes it die without a report, the other one reports success.
 */

const TIMEOUT_MS = 15 * 60_000;

/** Runs in place of debian-installer's own first program, with its tools. */
const INIT = `#!/bin/sh
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
modprobe virtio_pci; modprobe virtio_net
for card in /sys/class/net/*; do card=\${card##*/}; [ "$card" = lo ] || break; done
ip link set "$card" up
udhcpc -f -q -i "$card" -V d-i -s /address
for word in $(cat /proc/cmdline); do case "$word" in answer=*) wget -q -O /answer "\${word#answer=}" && sh /answer;; esac; done
echo b >/proc/sysrq-trigger
`;
const ADDRESS = `#!/bin/sh
[ "$1" != bound ] || ip address add "$ip/24" dev "$interface"
`;

/** The kernel, and the ramdisk with our installer behind Debian's. */
function makeInstaller(
  folder: string,
  { kernel, initrd }: Installer,
): { readonly kernel: string; readonly initrd: string } {
  const files = [
    { name: 'init', text: INIT, mode: 0o755 },
    { name: 'address', text: ADDRESS, mode: 0o755 },
  ];
  const made = join(folder, 'initrd');
  writeFileSync(made, Buffer.concat([readFileSync(initrd), gzipSync(cpio(files))]));
  return { kernel, initrd: made };
}

/** An answer file that reports its start, then this, and nothing more. */
function template(folder: string, name: string, report: string): string {
  const file = join(folder, `${name}.liquid`);
  writeFileSync(file, `wget -q -O /dev/null {{ urls.report }}/started\n${report}\n`);
  return file;
}

test('an install loop: one installation a grant, then it is held, and one command solves it', async (t) => {
  const installer = installerFor(t);
  if (installer === undefined) return;
  const folder = mkdtempSync(join(tmpdir(), 'rackready-loop-'));
  chmodSync(folder, 0o755);
  const box = numbered(1, 'profile: dies');
  const { kernel, initrd } = makeInstaller(folder, installer);
  const profile = (name: string, report: string, install: string) => {
    const answerFile = template(folder, name, report);
    const args = '"console=ttyS0 answer={{ urls.answer }}"';
    return `  ${name}: { os: custom, kernel: ${kernel}, initrd: ${initrd}, answerFile: ${answerFile}, arguments: ${args}, install: ${install} }\n`;
  };
  const profiles = `profiles:\n${profile('dies', 'true', 'once')}${profile('ends', 'wget -q -O /dev/null {{ urls.report }}/done', 'manual')}`;
  const rack = await openTestRack(t, `${renderConfig({ machines: [box.line] })}${profiles}`);
  const cli = (...args: string[]) => rackready(rack.data, ...args);
  const machine = await rack.powerOn({
    name: box.name,
    mac: box.mac,
    firmware: 'bios',
    endsAtReboot: false,
    // There is no disk. SeaBIOS restarts when nothing boots, instead of standing still.
    args: ['-boot', 'reboot-timeout=1000'],
  });
  const count = (accept: (event: ServerEvent) => boolean) => rack.eventsOf(machine).filter(accept).length;
  const counts = () => ({
    granted: count(({ id }) => id === 'install.granted'),
    sent: count(({ id, data }) => id === 'boot.config' && data?.decision === 'install'),
    answers: count(({ id }) => id === 'answer.fetched'),
    held: count(({ id }) => id === 'boot.held'),
  });

  await rack.waitForSequence(
    machine,
    [
      wanted('install.granted', { via: 'file' }),
      wanted('boot.config', { decision: 'install', profile: 'dies' }),
      wanted('answer.fetched', { profile: 'dies' }),
      wanted('install.started'),
      wanted('boot.config', { decision: 'hold' }),
      wanted('boot.held', { reason: /asked to start dies again/ }),
      // And for ever on.
      wanted('boot.config', { decision: 'hold' }),
    ],
    TIMEOUT_MS,
  );
  assert.deepEqual(counts(), { granted: 1, sent: 1, answers: 1, held: 1 });
  // On its own screen, with the way out.
  await machine.console.waitFor(/holds pc1/, AbortSignal.timeout(300_000));
  await machine.console.waitFor(/rackready install pc1/, AbortSignal.timeout(300_000));
  assert.match((await cli('machines', 'pc1')).stdout.toString(), /^operation: +install dies: held /m);

  const solved = await cli('install', 'pc1', '--profile', 'ends');
  assert.equal(solved.code, 0, solved.stderr);
  await rack.waitForSequence(
    machine,
    [
      wanted('boot.config', { decision: 'hold' }),
      wanted('install.granted', { via: 'command', profile: 'ends' }),
      wanted('boot.config', { decision: 'install', profile: 'ends' }),
      wanted('answer.fetched', { profile: 'ends' }),
      wanted('install.done', { profile: 'ends' }),
      wanted('boot.config', { decision: 'local', reason: /it is installed/ }),
      wanted('boot.config', { decision: 'local', reason: /it is installed/ }),
    ],
    TIMEOUT_MS,
  );
  assert.deepEqual(counts(), { granted: 2, sent: 2, answers: 2, held: 1 });
  await machine.stop();
});
