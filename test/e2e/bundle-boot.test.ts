import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bareHost } from '../support/bare-host.ts';
import { newFolder, rackready, writeConfig } from '../support/server.ts';
import { installerFor, numbered, renderConfig, SERVER } from './config.ts';
import { openTestRack } from './rack.ts';
import { http, leased, tftp, wanted } from './wanted.ts';

/* One archive is all that a host without a network and without packages of boot loaders gets; machines are installed from it. */

const TIMEOUT_MS = 12 * 60_000;

async function must(data: string, ...args: string[]): Promise<string> {
  const { code, text } = await rackready(data, ...args);
  assert.equal(code, 0, text);
  return text;
}

test('machines with BIOS and UEFI x64 boot from a host that has nothing but an archive', async (t) => {
  const installer = installerFor(
    t,
    ...['grub-mkimage', 'unshare', '/usr/share/OVMF/OVMF_CODE_4M.fd'],
    ...['/usr/lib/grub/i386-pc', '/usr/lib/grub/x86_64-efi'],
  );
  if (!installer) return;
  const template = join(newFolder('template'), 'own.liquid');
  writeFileSync(template, '# preseed of {{ machine.hostName }}\n# {{ urls.report }}\n');
  const first = writeConfig(`${renderConfig({})}profiles:
  own:
    os: custom
    kernel: ${installer.kernel}
    initrd: ${installer.initrd}
    answerFile: ${template}
    arguments: "console=ttyS0 auto=true priority=critical interface=auto url={{ urls.answer }}"
`);
  const archive = join(newFolder('usb'), 'own.tar.zst');
  await must(newFolder('first'), 'bundle', 'own', '-o', archive, '--address', SERVER, '--config', first);

  const { data, powerOn, waitForSequence } = await openTestRack(t, renderConfig({}), bareHost());
  await must(data, 'bundle', 'import', archive);
  const machines = [
    { ...numbered(1), firmware: 'bios', loader: 'boot/grub/i386-pc/core.0' },
    { ...numbered(2), firmware: 'uefi-x64', loader: 'boot/grub/x86_64-efi/core.efi' },
  ] as const;
  for (const { name, mac, address } of machines) {
    await must(
      data,
      'machines',
      'add',
      name,
      '--mac',
      mac,
      '--profile',
      'own',
      '--address',
      address,
      '--loader',
      'grub',
    );
    await must(data, 'install', name);
  }
  // One after the other: two installers at once take more memory than a small test machine has.
  for (const { name, mac, address, firmware, loader } of machines) {
    const machine = await powerOn({ name, mac, firmware });
    await waitForSequence(
      machine,
      [
        ...leased(address, loader),
        tftp(loader),
        wanted('boot.config', { loader: 'grub', decision: 'install', profile: 'own' }),
        http('/os/own/linux', { userAgent: /^GRUB 2/ }),
        http('/os/own/initrd', { userAgent: /^GRUB 2/ }),
        wanted('dhcp.ack', { address, client: /^installer/ }),
        wanted('answer.fetched', { profile: 'own' }),
      ],
      TIMEOUT_MS,
    );
    await machine.stop();
  }
});
