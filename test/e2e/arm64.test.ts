import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { needs } from '../needs.ts';
import { numbered, renderConfig } from './config.ts';
import { openTestRack, rackProblem } from './rack.ts';
import { leased, tftp, wanted } from './wanted.ts';

const TIMEOUT_MS = 400_000;
const GRUB = 'boot/grub/arm64-efi/core.efi';

test('64-bit ARM firmware gets its GRUB, or the operator gets the reason why not', async (t) => {
  if (!needs(t, 'qemu-system-aarch64', '/usr/share/AAVMF/AAVMF_CODE.fd')) return;
  const problem = rackProblem();
  if (problem !== undefined) return t.skip(problem);
  const { name, mac, address, line } = numbered(10);
  const rack = await openTestRack(t, renderConfig({ machines: [line] }));
  const machine = await rack.powerOn({ name, mac, firmware: 'uefi-arm64' });
  if (existsSync('/usr/lib/grub/arm64-efi/kernel.img')) {
    const told = wanted('boot.config', { loader: 'grub', decision: 'local' });
    await rack.waitForSequence(machine, [...leased(address, GRUB), tftp(GRUB), told], TIMEOUT_MS);
    return;
  }
  const reason = wanted('dhcp.no-boot-file', { arch: '11', reason: /apt-get install .*grub-efi-arm64-bin/ });
  await rack.waitForSequence(machine, [wanted('dhcp.discover', { arch: '11' }), reason], TIMEOUT_MS);
  const missing = rack.server.events.filter(
    ({ id, data }) => id === 'loader.missing' && data?.platform === 'uefi-arm64',
  );
  assert.ok(missing.length > 0, 'the start told it already');
});
