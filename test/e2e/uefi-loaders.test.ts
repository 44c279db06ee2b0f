import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerEvent } from '../../src/lab/milestones.ts';
import { installerFor, numbered, renderConfig, SERVER } from './config.ts';
import { openTestRack } from './rack.ts';
import { http, leased, tftp, troubles, wanted } from './wanted.ts';

const TIMEOUT_MS = 400_000;
const X64_GRUB = 'boot/grub/x86_64-efi/core.efi';
const IA32_GRUB = 'boot/grub/i386-efi/core.efi';
const IPXE = 'ipxe/ipxe.efi';
const BOTH_FIRMWARES = ['/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF32_CODE_4M.secboot.fd'];
const LOADERS = ['/usr/lib/grub/x86_64-efi', '/usr/lib/grub/i386-efi', '/usr/lib/ipxe/ipxe.efi'];

/** Files that a loader or the firmware asked for: their names without repetitions, in the order in which they were asked for. */
function asked(events: readonly ServerEvent[]): readonly string[] {
  const names = events
    .filter(({ id }) => /^(tftp|http)\./.test(id))
    .map(({ data }) => String(data?.file ?? data?.path).replace(/^\//, ''));
  return [...new Set(names)];
}

test('UEFI firmware of three kinds loads what its machine is set to', { concurrency: 2 }, async (t) => {
  const installer = installerFor(t, ...BOTH_FIRMWARES, ...LOADERS);
  if (!installer) return;
  const overHttp = numbered(2, 'profile: debian');
  const ia32 = numbered(3, 'profile: debian');
  const ipxe = numbered(4, 'profile: debian, loader: ipxe');
  const { powerOn, waitForSequence, eventsOf } = await openTestRack(
    t,
    renderConfig({ installer, machines: [overHttp.line, ia32.line, ipxe.line] }),
  );

  const testHttp = t.test('HTTP boot: GRUB, its configuration, kernel and initrd over HTTP', async () => {
    const { name, mac, address } = overHttp;
    const machine = await powerOn({ name, mac, firmware: 'uefi-x64', isHttpBootOnly: true });
    const file = `boot/grub/grub.cfg-01-${mac.replaceAll(':', '-')}`;
    await waitForSequence(
      machine,
      [
        ...leased(address, `http://${SERVER}/${X64_GRUB}`),
        wanted('http.done', { method: 'HEAD', path: `/${X64_GRUB}`, userAgent: /^UefiHttpBoot/ }),
        http(`/${X64_GRUB}`, { userAgent: /^UefiHttpBoot/ }),
        wanted('boot.config', { file, loader: 'grub', decision: 'install' }),
        http(`/${file}`, { userAgent: /^GRUB 2/ }),
        http('/os/debian/linux', { userAgent: /^GRUB 2/ }),
        http('/os/debian/initrd', { userAgent: /^GRUB 2/ }),
      ],
      TIMEOUT_MS,
    );
    assert.deepEqual(asked(eventsOf(machine)), [X64_GRUB, file, 'os/debian/linux', 'os/debian/initrd']);
    assert.deepEqual(troubles(eventsOf(machine)), []);
    await machine.stop();
  });

  const testIpxe = t.test('loader: ipxe: the firmware gets iPXE once, iPXE gets the script', async () => {
    const { name, mac, address } = ipxe;
    const machine = await powerOn({ name, mac, firmware: 'uefi-x64' });
    await waitForSequence(
      machine,
      [
        ...leased(address, IPXE),
        wanted('tftp.start', { file: IPXE }),
        tftp(IPXE),
        wanted('dhcp.discover', { client: /^iPXE/ }),
        wanted('dhcp.offer', { address, bootFile: `http://${SERVER}/ipxe/boot.ipxe` }),
        wanted('dhcp.ack', { address, bootFile: `http://${SERVER}/ipxe/boot.ipxe` }),
        wanted('boot.config', { file: 'ipxe/boot.ipxe', loader: 'ipxe', decision: 'install' }),
        http('/ipxe/boot.ipxe', { userAgent: /^iPXE/ }),
        wanted('http.start', { path: '/os/debian/linux', userAgent: /^iPXE/ }),
      ],
      TIMEOUT_MS,
    );
    const loads = eventsOf(machine).filter(({ id, data }) => id === 'tftp.done' && data?.file === IPXE);
    assert.equal(loads.length, 1, 'no loop');
    assert.deepEqual(troubles(eventsOf(machine)), []);
    await machine.stop();
  });

  const testIa32 = t.test('32-bit firmware loads the 32-bit GRUB, which asks for the kernel', async () => {
    const { name, mac, address } = ia32;
    const machine = await powerOn({ name, mac, firmware: 'uefi-ia32' });
    const file = `boot/grub/grub.cfg-01-${mac.replaceAll(':', '-')}`;
    await waitForSequence(
      machine,
      [
        ...leased(address, IA32_GRUB),
        tftp(IA32_GRUB),
        wanted('boot.config', { file, loader: 'grub', decision: 'install' }),
        tftp(file),
        wanted('http.start', { path: '/os/debian/linux', userAgent: /^GRUB 2/ }),
      ],
      TIMEOUT_MS,
    );
    assert.deepEqual(troubles(eventsOf(machine)), []);
    await machine.stop();
  });
  await Promise.all([testHttp, testIpxe, testIa32]);
});
