import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { needs } from '../needs.ts';
import { runUdhcpc, startDhclient } from '../support/dhcp-clients.ts';
import { cli } from '../support/netboot.ts';
import { OTHER, openScene, rackOf, type Scene } from '../support/provoke.ts';
import { ip, runProgram, startProgram } from '../support/segment.ts';
import { newFolder } from '../support/server.ts';

/** Failures of addresses and of other servers, made for real: ISC dhcpd, udhcpc, dhclient and nft are the trouble. */

/** Somewhere to find a kernel; nobody gets that far here. */
function rack(dhcp?: string, more = ''): string {
  const folder = newFolder('boot');
  writeFileSync(join(folder, 'kernel'), 'a kernel');
  const profile = `{ os: debian-12, kernel: ${folder}/kernel, initrd: ${folder}/kernel }`;
  return rackOf({ dhcp, text: `profiles:\n  debian: ${profile}\n${more}` });
}

interface Foreign {
  /** This host's address there. */
  readonly address?: string;
  readonly subnet?: string;
  readonly words?: string;
}

/** ISC dhcpd on a card of its own, as the other server. */
async function startForeign(t: TestContext, scene: Scene, { address = OTHER, subnet, words = '' }: Foreign = {}) {
  const client = await scene.rack.addClient('isc', { mac: '02:00:00:00:00:03' });
  ip(`-n ${client.namespace} address add ${address}/24 dev ${client.interfaceName}`);
  const folder = newFolder('dhcpd');
  const net = subnet ?? '172.22.10';
  const text = `authoritative; ping-check off;
subnet ${net}.0 netmask 255.255.255.0 { range ${net}.100 ${net}.120; ${words} }
`;
  writeFileSync(join(folder, 'dhcpd.conf'), text);
  writeFileSync(join(folder, 'leases'), '');
  const files = ['-cf', join(folder, 'dhcpd.conf'), '-lf', join(folder, 'leases'), '-pf', join(folder, 'pid')];
  const dhcpd = startProgram(t, [...client.prefix, 'dhcpd', '-4', '-d', ...files, client.interfaceName]);
  await dhcpd.printed(/Server starting service/);
  return dhcpd;
}

test('a second DHCP server that machines take, at once and in a later stage', async (t) => {
  if (!needs(t, 'ip', 'dhcpd', 'curl')) return;
  const scene = await openScene(t, rack());
  await startForeign(t, scene);
  const first = await scene.addBox(t, 1);
  await first.lease('pxe', OTHER);
  await scene.server.event('dhcp.chose-other', { mac: first.mac });
  const { cause, remedy } = await scene.expect(first, 'other-dhcp-server');
  assert.match(cause, /took 172\.22\.10\.1[0-2]\d from another DHCP server, 172\.22\.10\.3/);
  assert.match(remedy, /mode: proxy/);

  const second = await scene.addBox(t, 2);
  await cli(scene.server, 'install', second.name);
  await second.lease('ipxe');
  await second.http('/ipxe/boot.ipxe');
  await second.lease('installer', OTHER);
  await scene.server.event('dhcp.chose-other', { mac: second.mac });
  assert.match((await scene.expect(second, 'other-server-later')).cause, /installer, d-i/);
});

test('a DHCP server of another subnet on the same wire refuses our lease', async (t) => {
  if (!needs(t, 'ip', 'dhcpd')) return;
  const scene = await openScene(t, rack());
  await startForeign(t, scene, { address: '10.5.0.1', subnet: '10.5.0' });
  const box = await scene.addBox(t, 3);
  await box.lease('pxe');
  // It hears the REQUEST, too, and knows no such address.
  await scene.server.event('dhcp.other-nak', { mac: box.mac });
  assert.match((await scene.expect(box, 'other-server-naks')).cause, /10\.5\.0\.1/);
});

test('in proxy mode: a server that names a boot file itself, and one with option 60 and no boot server', async (t) => {
  if (!needs(t, 'ip', 'dhcpd', '/usr/lib/grub/x86_64-efi')) return;
  const scene = await openScene(t, rack('mode: proxy'));
  const named = await startForeign(t, scene, { words: 'filename "pxelinux.0"; next-server 172.22.10.9;' });
  const first = await scene.addBox(t, 4);
  await first.lease('pxe', OTHER);
  await scene.server.event('dhcp.other-answer', { mac: first.mac, message: 'ACK' });
  const found = await scene.expect(first, 'tftp-elsewhere', 20);
  assert.match(found.cause, /load pxelinux\.0 from 172\.22\.10\.9/);
  await named.stop();

  await scene.rack.removeClient({ namespace: 'isc', interfaceName: 'eth0', prefix: [] });
  await startForeign(t, scene, { words: 'option vendor-class-identifier "PXEClient";' });
  const second = await scene.addBox(t, 5);
  await second.lease('pxe', OTHER);
  await scene.server.event('dhcp.other-answer', { mac: second.mac, message: 'ACK' });
  await scene.expect(second, 'boot-server-silent', 20);
});

test('no address: a full pool, a relay of a subnet that is not served, an address that somebody has', async (t) => {
  if (!needs(t, 'ip', 'dhclient')) return;
  const scene = await openScene(
    t,
    rack('mode: authoritative, conflictProbe: false, pools: [{ range: 172.22.10.5-172.22.10.5 }]'),
  );
  const declining = await scene.addBox(t, 50);
  const flag = join(newFolder('flag'), 'decline');
  writeFileSync(flag, '');
  startDhclient(t, declining.client, { declineFlag: flag });
  await scene.server.event('dhcp.decline', { mac: declining.mac });
  await scene.server.event('dhcp.no-address', { mac: declining.mac });
  const found = await scene.diagnose(declining);
  assert.deepEqual(found.map(({ rule }) => rule).sort(), ['address-in-use', 'pool-full']);
  assert.match(found.map(({ cause }) => cause).join(), /172\.22\.10\.5, meant for .*, is used by somebody else/);

  const late = await scene.addBox(t, 51);
  late.discover('pxe');
  await scene.server.event('dhcp.no-address', { mac: late.mac });
  assert.match((await scene.expect(late, 'pool-full')).cause, /all 1 pool addresses/);

  const relayed = await scene.addBox(t, 52);
  relayed.discover('pxe', { giaddr: '10.9.9.1' });
  await scene.server.event('dhcp.ignored', { mac: relayed.mac });
  assert.match((await scene.expect(relayed, 'relay-unserved')).cause, /relay 10\.9\.9\.1/);
});

test('no answer: offers that a switch drops, and a machine that is ignored on purpose', async (t) => {
  if (!needs(t, 'ip', 'udhcpc', 'nft')) return;
  const scene = await openScene(t, rack(undefined, 'unknownMachines: ignore\n'));
  const stranger = await scene.addBox(t, 60);
  stranger.discover('pxe');
  await scene.server.event('dhcp.ignored', { mac: stranger.mac });
  assert.match((await scene.expect(stranger, 'not-answered')).cause, /unknownMachines: ignore/);

  const rules = 'table bridge drops { chain out { type filter hook output priority 0; udp sport 67 drop; }; }';
  const box = await scene.addBox(t, 6);
  const made = await runProgram(['nft', rules]);
  assert.equal(made.code, 0, made.text);
  t.after(() => runProgram(['nft', 'delete table bridge drops']));
  const asked = await runUdhcpc(box.client, '-T', '3', '-V', 'PXEClient:Arch:00007:UNDI:003000', '-x', '0x5d:0007');
  assert.doesNotMatch(asked.text, /bound ip=/, 'the answers are dropped');
  assert.match((await scene.expect(box, 'offers-unheard')).cause, /4 questions of sm6/);
});

test('no boot file, and no boot at all', async (t) => {
  if (!needs(t, 'ip', 'udhcpc', '/usr/lib/grub/x86_64-efi')) return;
  const scene = await openScene(t, rack(undefined, 'defaults: { secureBoot: true }\n'));
  const box = await scene.addBox(t, 7);
  box.discover('http');
  await scene.server.event('dhcp.no-boot-file', { mac: box.mac });
  assert.match((await scene.expect(box, 'no-boot-file')).cause, /Secure Boot/);

  const granted = await scene.addBox(t, 8);
  await cli(scene.server, 'install', 'sm8');
  assert.deepEqual(await scene.diagnose(granted, 60), []);
  await scene.expect(granted, 'nothing-heard', 700);
  await runUdhcpc(granted.client);
  await scene.server.event('dhcp.ack', { mac: granted.mac });
  assert.match((await scene.expect(granted, 'booted-from-disk')).cause, /started from its disk/);
});
