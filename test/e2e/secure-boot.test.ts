import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installerFor, numbered, renderConfig } from './config.ts';
import { openTestRack } from './rack.ts';
import { leased, tftp, troubles, wanted } from './wanted.ts';

const SHIM = 'secure/shimx64.efi';
const SIGNED = ['/usr/lib/shim/shimx64.efi.signed', '/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed'];
const FIRMWARE = ['/usr/share/OVMF/OVMF_CODE_4M.secboot.fd', '/usr/share/OVMF/OVMF_VARS_4M.ms.fd'];

test('Secure Boot: shim, the signed GRUB, its configuration, and a signed kernel that starts', async (t) => {
  const installer = installerFor(t, ...SIGNED, ...FIRMWARE);
  if (!installer) return;
  const { name, mac, address, line } = numbered(5, 'profile: debian, secureBoot: true');
  const rack = await openTestRack(t, renderConfig({ installer, machines: [line] }));
  const machine = await rack.powerOn({ name, mac, firmware: 'uefi-x64-secure' });
  await rack.waitForSequence(
    machine,
    [
      ...leased(address, SHIM),
      tftp(SHIM),
      tftp('secure/grubx64.efi'),
      wanted('boot.config', { file: 'grub/grub.cfg', loader: 'grub', decision: 'install' }),
      tftp('grub/grub.cfg'),
      tftp('os/debian/linux'),
      tftp('os/debian/initrd'),
    ],
    400_000,
  );
  await machine.console.waitFor(/Linux version \d/, AbortSignal.timeout(120_000));
  // The kernel says so by itself: the firmware's Secure Boot was on all the way.
  await machine.console.waitFor(/secureboot: Secure boot enabled|Kernel is locked down/, AbortSignal.timeout(120_000));
  assert.deepEqual(troubles(rack.eventsOf(machine)), []);
});
