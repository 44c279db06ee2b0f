import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerEvent } from '../../src/lab/milestones.ts';
import { efiDiskOf, netBoot } from '../support/mac-netboot.ts';
import { installerFor, numbered, renderConfig } from './config.ts';
import { openTestRack } from './rack.ts';
import { http, tftp, troubles, wanted } from './wanted.ts';

/*
 * An Intel Mac as far as it can be had without one: the fake Mac is its firmware, up to the file that it loads by TFTP. EDK2
 * takes over with that very file, started from a FAT disk: like Apple's firmware it then has a card, and no lease for GRUB.
 */

const TIMEOUT_MS = 600_000;
const FIRMWARES = ['/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF32_CODE_4M.secboot.fd'];
const GRUBS = ['/usr/lib/grub/x86_64-efi', '/usr/lib/grub/i386-efi'];

const macs = [
  { model: 'Macmini6,2', firmware: 'uefi-x64', image: 'mac/x86_64.efi', startsAs: 'BOOTX64.EFI', number: 20 },
  { model: 'Macmini2,1', firmware: 'uefi-ia32', image: 'mac/i386.efi', startsAs: 'BOOTIA32.EFI', number: 21 },
] as const;

test('Macs with 64-bit and 32-bit EFI come from the N key to the installer’s answer file', {
  concurrency: 2,
}, async (t) => {
  const installer = installerFor(t, ...FIRMWARES, ...GRUBS);
  if (!installer) return;
  const machines = macs.map((one) => ({ ...one, ...numbered(one.number, 'kind: mac, profile: debian') }));
  const rack = await openTestRack(t, renderConfig({ installer, machines: machines.map(({ line }) => line) }));
  const runs = machines.map((machine) =>
    t.test(`${machine.model}, ${machine.firmware}`, async () => {
      const { name, mac, address, firmware } = machine;
      const loaded = await netBoot(rack.rack, machine);
      assert.equal(loaded.outcome.kind === 'boots' && loaded.outcome.file.file, machine.image, loaded.story);
      const efiDisk = efiDiskOf(loaded, machine.startsAs);
      const config = `boot/grub/grub.cfg-01-${mac.replaceAll(':', '-')}`;
      const vm = await rack.powerOn({ name, mac, firmware, efiDisk });
      await rack.waitForSequence(
        vm,
        [
          wanted('dhcp.discover', { client: /^GRUB/ }),
          wanted('dhcp.ack', { address }),
          wanted('boot.config', { file: config, loader: 'grub', decision: 'install', profile: 'debian' }),
          tftp(config),
          http('/os/debian/linux', { userAgent: /^GRUB 2/ }),
          http('/os/debian/initrd', { userAgent: /^GRUB 2/ }),
          wanted('dhcp.ack', { address, client: /^installer/ }),
          wanted('answer.fetched', { profile: 'debian' }),
        ],
        TIMEOUT_MS,
      );
      assert.deepEqual(troubles(rack.eventsOf(vm)), []);
      assert.deepEqual(asked(rack.eventsOf(vm)), [config, 'os/debian/linux', 'os/debian/initrd']);
      await vm.stop();
    }),
  );
  await Promise.all(runs);
});

/** Files that GRUB asked for: their names without repetitions, in the order in which they were asked for. */
function asked(events: readonly ServerEvent[]): readonly string[] {
  const names = events
    .filter(({ id, data }) => /^(tftp|http)\./.test(id) && !/^\/?(answer|install)/.test(String(data?.path ?? '')))
    .map(({ data }) => String(data?.file ?? data?.path).replace(/^\//, ''));
  return [...new Set(names)].filter((file) => /^(boot|os)\//.test(file));
}
