import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needs } from '../needs.ts';
import { numbered, renderConfig } from './config.ts';
import { MARKER, writeBiosDisk } from './disks.ts';
import { openTestRack, rackProblem } from './rack.ts';
import { wanted } from './wanted.ts';

const TIMEOUT_MS = 300_000;

test('a BIOS machine that comes back twice is sent to its disk by the boot sector, and that starts it', async (t) => {
  if (!needs(t, 'qemu-system-x86_64', 'grub-mkimage', '/usr/lib/grub/i386-pc')) return;
  const problem = rackProblem();
  if (problem !== undefined) return t.skip(problem);
  const pc = numbered(8, 'loader: grub');
  const rack = await openTestRack(t, renderConfig({ machines: [pc.line] }));
  const disk = { image: writeBiosDisk() };
  for (const round of [1, 2, 3]) {
    const machine = await rack.powerOn({ name: pc.name, mac: pc.mac, firmware: 'bios', disk });
    const local = wanted('boot.config', { loader: 'grub', decision: 'local' });
    await rack.waitForSequence(
      machine,
      round === 3 ? [local, wanted('boot.local-way', { way: /boot sector/ })] : [local],
      TIMEOUT_MS,
    );
    if (round === 3) await machine.console.waitFor(/boot sector of the first disk/, AbortSignal.timeout(120_000));
    await machine.console.waitFor(new RegExp(MARKER), AbortSignal.timeout(120_000));
    await machine.stop();
  }
  assert.equal(rack.server.events.filter(({ id }) => id === 'boot.local-way').length, 1);
});
