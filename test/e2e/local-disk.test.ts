import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mac } from '../../src/net/mac.ts';
import { needs } from '../needs.ts';
import { numbered, renderConfig } from './config.ts';
import { MARKER, writeBiosDisk, writeEfiFolder } from './disks.ts';
import { openTestRack, rackProblem } from './rack.ts';
import { leased, tftp, troubles, wanted } from './wanted.ts';

const TIMEOUT_MS = 300_000;
const BIOS_GRUB = 'boot/grub/i386-pc/core.0';
const X64_GRUB = 'boot/grub/x86_64-efi/core.efi';
const TOOLS = ['qemu-system-x86_64', 'grub-mkimage', '/usr/share/OVMF/OVMF_CODE_4M.fd'];
const MODULES = ['/usr/lib/grub/i386-pc', '/usr/lib/grub/x86_64-efi'];
const UNKNOWN = mac('02:00:ac:16:0a:7f');

test('a machine that is not to be installed comes to its own disk', { concurrency: 2 }, async (t) => {
  if (!needs(t, ...TOOLS, ...MODULES)) return;
  const problem = rackProblem();
  if (problem !== undefined) return t.skip(problem);
  const grub = numbered(8, 'loader: grub');
  const uefi = numbered(9);
  const rack = await openTestRack(t, renderConfig({ machines: [grub.line, uefi.line] }));
  const shown = () => AbortSignal.timeout(120_000);
  const configOf = (hardware: string) => `boot/grub/grub.cfg-01-${hardware.replaceAll(':', '-')}`;

  const testBios = t.test('BIOS with our GRUB', async () => {
    const { name, address } = grub;
    const machine = await rack.powerOn({ name, mac: grub.mac, firmware: 'bios', disk: { image: writeBiosDisk() } });
    const told = { file: configOf(grub.mac), loader: 'grub', decision: 'local' };
    await rack.waitForSequence(
      machine,
      [...leased(address, BIOS_GRUB), tftp(BIOS_GRUB), wanted('boot.config', told), tftp(configOf(grub.mac))],
      TIMEOUT_MS,
    );
    await machine.console.waitFor(new RegExp(MARKER), shown());
    assert.deepEqual(troubles(rack.eventsOf(machine)), []);
    await machine.stop();
  });

  const testUefi = t.test('UEFI with our GRUB', async () => {
    const { name, address } = uefi;
    const disk = { folder: writeEfiFolder() };
    const machine = await rack.powerOn({ name, mac: uefi.mac, firmware: 'uefi-x64', disk });
    const told = { file: configOf(uefi.mac), loader: 'grub', decision: 'local' };
    await rack.waitForSequence(
      machine,
      [...leased(address, X64_GRUB), tftp(X64_GRUB), wanted('boot.config', told), tftp(configOf(uefi.mac))],
      TIMEOUT_MS,
    );
    await machine.console.waitFor(new RegExp(MARKER), shown());
    assert.equal((await machine.ended).kind, 'ended', 'the disk’s system switched the machine off');
    assert.deepEqual(troubles(rack.eventsOf(machine)), []);
  });

  const testUnknown = t.test('BIOS with iPXE in its card, and unknown here: told to boot from disk', async () => {
    const order = { name: 'unknown', mac: UNKNOWN, firmware: 'bios', disk: { image: writeBiosDisk() } } as const;
    const machine = await rack.powerOn(order);
    await rack.waitForSequence(
      machine,
      [
        wanted('dhcp.discover', { client: /^iPXE/ }),
        wanted('dhcp.offer', { address: /^172\.22\.10\.1\d\d$/, bootFile: /boot\.ipxe$/ }),
        wanted('dhcp.ack', { client: /^iPXE/ }),
        wanted('boot.config', { file: 'ipxe/boot.ipxe', decision: 'local', reason: /unknown machines boot from/ }),
      ],
      TIMEOUT_MS,
    );
    await machine.console.waitFor(new RegExp(MARKER), shown());
    await machine.stop();
  });
  await Promise.all([testBios, testUefi, testUnknown]);
});

test('unknownMachines: ignore: firmware gets no offer, and the reason is told', async (t) => {
  if (!needs(t, 'qemu-system-x86_64')) return;
  const problem = rackProblem();
  if (problem !== undefined) return t.skip(problem);
  const rack = await openTestRack(t, renderConfig({ unknownMachines: 'ignore' }));
  const machine = await rack.powerOn({ name: 'unknown', mac: UNKNOWN, firmware: 'bios' });
  const ignored = wanted('dhcp.ignored', { message: 'DISCOVER', reason: /unknown machines are ignored/ });
  await rack.waitForSequence(machine, [wanted('dhcp.discover'), ignored, wanted('dhcp.discover'), ignored], TIMEOUT_MS);
  assert.deepEqual(
    rack.eventsOf(machine).filter(({ id }) => /^dhcp\.(offer|ack)$/.test(id)),
    [],
  );
});
