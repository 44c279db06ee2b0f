import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { LabMachine } from '../../src/lab/machine.ts';
import type { RackClient } from '../../src/lab/rack.ts';
import { ip, startProgram } from '../support/segment.ts';
import { installerFor, numbered, renderConfig, SERVER } from './config.ts';
import { openTestRack } from './rack.ts';
import { http, tftp, troubles, wanted } from './wanted.ts';

const OTHER = '172.22.10.3';
const TIMEOUT_MS = 400_000;

/** ISC dhcpd as the network's own DHCP server, which knows nothing of booting: no next-server, no filename. */
async function startDhcpd(t: TestContext, client: RackClient): Promise<void> {
  ip(`-n ${client.namespace} address add ${OTHER}/24 dev ${client.interfaceName}`);
  const folder = mkdtempSync(join(tmpdir(), 'dhcpd-'));
  const [config, leases] = [join(folder, 'dhcpd.conf'), join(folder, 'leases')];
  writeFileSync(
    config,
    `authoritative; ping-check off;
subnet 172.22.10.0 netmask 255.255.255.0 { range 172.22.10.200 172.22.10.220; option routers ${OTHER}; }
`,
  );
  writeFileSync(leases, '');
  const files = ['-cf', config, '-lf', leases, '-pf', join(folder, 'pid')];
  const dhcpd = startProgram(t, [...client.prefix, 'dhcpd', '-4', '-d', ...files, client.interfaceName]);
  await dhcpd.printed(/Server starting service/);
}

test('proxy mode beside ISC dhcpd: its addresses, our boot files', { concurrency: 2 }, async (t) => {
  const installer = installerFor(
    t,
    'dhcpd',
    '/usr/share/OVMF/OVMF_CODE_4M.fd',
    '/usr/lib/ipxe/ipxe.efi',
    '/usr/lib/grub/i386-pc',
  );
  if (!installer) return;
  const bios = numbered(6, 'profile: debian');
  const uefi = numbered(7, 'profile: debian');
  const grub = numbered(11, 'profile: debian, loader: grub');
  const machines = [bios, uefi, grub].map(({ lineWithoutAddress }) => lineWithoutAddress);
  const { rack, server, ...harness } = await openTestRack(t, renderConfig({ mode: 'proxy', installer, machines }));
  await startDhcpd(t, await rack.addClient('isc', { mac: '02:00:00:00:00:01' }));

  const assertAddress = (machine: LabMachine) => {
    const events = harness.eventsOf(machine);
    const config = events.find(({ id }) => id === 'boot.config');
    assert.match(config?.address ?? '', /^172\.22\.10\.2[0-2][0-9]$/, 'the address came from the other server');
    assert.equal(config?.mac, machine.mac);
    assert.deepEqual(
      events.filter(({ id }) => id === 'dhcp.offer' || id === 'dhcp.ack'),
      [],
      'we gave out no address',
    );
    assert.deepEqual(troubles(events), []);
  };

  const script = [
    wanted('boot.config', { file: 'ipxe/boot.ipxe', loader: 'ipxe', decision: 'install' }),
    http('/ipxe/boot.ipxe', { userAgent: /^iPXE/ }),
    wanted('http.start', { path: '/os/debian/linux', userAgent: /^iPXE/ }),
  ];
  const url = `http://${SERVER}/ipxe/boot.ipxe`;

  const testBios = t.test('BIOS: the card’s iPXE gets the script at once', async () => {
    const machine = await harness.powerOn({ name: bios.name, mac: bios.mac, firmware: 'bios' });
    const offered = [wanted('dhcp.discover', { client: /^iPXE/ }), wanted('dhcp.proxy-offer', { bootFile: url })];
    await harness.waitForSequence(machine, [...offered, ...script], TIMEOUT_MS);
    assertAddress(machine);
    await machine.stop();
  });
  const testUefi = t.test('UEFI: the firmware gets iPXE, which gets the script', async () => {
    const machine = await harness.powerOn({ name: uefi.name, mac: uefi.mac, firmware: 'uefi-x64' });
    const firmware = [
      wanted('dhcp.discover'),
      wanted('dhcp.proxy-offer', { bootFile: 'ipxe/ipxe.efi' }),
      tftp('ipxe/ipxe.efi'),
      wanted('dhcp.discover', { client: /^iPXE/ }),
      wanted('dhcp.proxy-offer', { bootFile: url }),
    ];
    await harness.waitForSequence(machine, [...firmware, ...script], TIMEOUT_MS);
    assertAddress(machine);
    await machine.stop();
  });
  // A card with iPXE hands our offer on to GRUB. EDK2 does not: docs/decisions/0004.
  const testGrub = t.test(
    'BIOS with loader: grub: the card’s iPXE gets GRUB, which asks us and not the other server',
    async () => {
      const machine = await harness.powerOn({ name: grub.name, mac: grub.mac, firmware: 'bios' });
      const file = `boot/grub/grub.cfg-01-${grub.mac.replaceAll(':', '-')}`;
      const sequence = [
        wanted('dhcp.discover', { client: /^iPXE/ }),
        wanted('dhcp.proxy-offer', { bootFile: 'boot/grub/i386-pc/core.0' }),
        tftp('boot/grub/i386-pc/core.0'),
        wanted('boot.config', { file, loader: 'grub', decision: 'install' }),
        tftp(file),
        wanted('http.start', { path: '/os/debian/linux', userAgent: /^GRUB 2/ }),
      ];
      await harness.waitForSequence(machine, sequence, TIMEOUT_MS);
      assertAddress(machine);
      await machine.stop();
    },
  );
  await Promise.all([testBios, testUefi, testGrub]);
  assert.ok(
    server.events.some(({ id, data }) => id === 'dhcp.other-server' && data?.server === OTHER),
    'the other server is named',
  );
});
