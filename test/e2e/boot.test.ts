import assert from 'node:assert/strict';
import { test } from 'node:test';
import { demoMachines, findInstaller, renderDemoConfig } from '../../src/lab/demo-config.ts';
import { needs } from '../needs.ts';
import { openTestRack, rackProblem } from './rack.ts';
import { type Wanted, wanted } from './wanted.ts';

/** A file that was sent in full, by TFTP or HTTP. */
function sent(name: RegExp): Wanted {
  const isFile = (value: unknown): boolean => typeof value === 'string' && name.test(value);
  return {
    what: `${name} sent`,
    accept: ({ id, data }) => /^(tftp|http)\.done$/.test(id) && (isFile(data?.file) || isFile(data?.path)),
  };
}

const BOOT_TIMEOUT_MS = 12 * 60_000;

test('a BIOS and a UEFI machine boot from power-on until the installer has its answer file', async (t) => {
  if (
    !needs(
      t,
      'qemu-system-x86_64',
      '/usr/share/OVMF/OVMF_CODE_4M.fd',
      '/usr/lib/grub/i386-pc',
      '/usr/lib/grub/x86_64-efi',
    )
  )
    return;
  const installer = findInstaller();
  if ('missing' in installer) {
    needs(t, `/usr/lib/debian-installer/images (${installer.missing})`);
    return;
  }
  const problem = rackProblem();
  if (problem !== undefined) return t.skip(problem);
  const rack = await openTestRack(t, renderDemoConfig(installer));
  // GRUB comes by TFTP before its configuration; iPXE is in the card's ROM, and its first file is the configuration.
  const grub = [wanted('tftp.start', { file: /x86_64-efi/ }), wanted('tftp.done', { file: /x86_64-efi/ })];
  const sequence = (address: string, loader: readonly Wanted[]) => [
    wanted('dhcp.discover'),
    wanted('dhcp.offer', { address }),
    wanted('dhcp.ack', { address }),
    ...loader,
    wanted('boot.config', { decision: 'install' }),
    sent(/linux/),
    sent(/initrd/),
    wanted('dhcp.ack', { address }),
    wanted('answer.fetched', { profile: 'debian' }),
  ];
  await Promise.all(
    demoMachines.map(async ({ name, mac, address, firmware }) => {
      const machine = await rack.powerOn({ name, mac, firmware });
      const events = await rack.waitForSequence(
        machine,
        sequence(address, firmware === 'bios' ? [] : grub),
        BOOT_TIMEOUT_MS,
      );
      assert.equal(events.at(-1)?.id, 'answer.fetched');
      const fetched = rack.eventsOf(machine).filter(({ id }) => id === 'answer.fetched');
      assert.equal(fetched.length, 1, 'the token of the answer file is good for one fetch');
    }),
  );
});
