import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installerFor, numbered, renderConfig } from './config.ts';
import { openTestRack } from './rack.ts';
import { http, leased, tftp, troubles, wanted } from './wanted.ts';

const GRUB = 'boot/grub/i386-pc/core.0';
const INSTALL_TIMEOUT_MS = 600_000;
const HOLD_TIMEOUT_MS = 300_000;

test('BIOS with our GRUB installs once, and is held when it comes back without a report', async (t) => {
  const installer = installerFor(t, '/usr/lib/grub/i386-pc');
  if (!installer) return;
  const { address, ...pc } = numbered(1, 'profile: debian, loader: grub');
  const { powerOn, waitForSequence, eventsOf } = await openTestRack(
    t,
    renderConfig({ installer, machines: [pc.line] }),
  );
  const file = `boot/grub/grub.cfg-01-${pc.mac.replaceAll(':', '-')}`;
  const order = { name: pc.name, mac: pc.mac, firmware: 'bios' } as const;

  await t.test('core.0, its configuration by MAC, kernel and initrd over HTTP, the answer file', async () => {
    const machine = await powerOn(order);
    await waitForSequence(
      machine,
      [
        ...leased(address, GRUB),
        tftp(GRUB),
        wanted('boot.config', { file, loader: 'grub', decision: 'install', profile: 'debian' }),
        tftp(file),
        http('/os/debian/linux', { userAgent: /^GRUB 2/ }),
        http('/os/debian/initrd', { userAgent: /^GRUB 2/ }),
        wanted('dhcp.discover', { client: /^installer/ }),
        wanted('dhcp.ack', { address, client: /^installer/ }),
        wanted('answer.fetched', { profile: 'debian' }),
      ],
      INSTALL_TIMEOUT_MS,
    );
    assert.deepEqual(troubles(eventsOf(machine)), []);
    assert.equal(eventsOf(machine).filter(({ id }) => id === 'boot.config').length, 1, 'one configuration is enough');
    await machine.stop();
  });

  await t.test('the second network boot under the same grant is held, says so, and starts no installer', async () => {
    const machine = await powerOn(order);
    await waitForSequence(
      machine,
      [
        ...leased(address, GRUB),
        tftp(GRUB),
        wanted('boot.config', { file, decision: 'hold', profile: 'debian', reason: /has not reported/ }),
        wanted('boot.held', { profile: 'debian' }),
      ],
      HOLD_TIMEOUT_MS,
    );
    const shown = AbortSignal.timeout(120_000);
    await machine.console.waitFor(/rackready: holds pc1: it began to install debian/, shown);
    await machine.console.waitFor(/Nothing is erased now/, shown);
    await machine.console.waitFor(/boots from its disk in \d+ seconds/, shown);
    const later = eventsOf(machine);
    assert.deepEqual(
      later.filter(({ data }) => /linux|initrd/.test(String(data?.path ?? data?.file))),
      [],
      'no kernel is asked for',
    );
    assert.deepEqual(
      troubles(later).map((line) => line.split(':')[0]),
      ['boot.held', 'install-loop'],
    );
  });
});
