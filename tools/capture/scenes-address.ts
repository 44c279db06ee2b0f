import { writeFileSync } from 'node:fs';
import { mac } from '../../src/net/mac.ts';
import { runUdhcpc, startDhclient } from '../../test/support/dhcp-clients.ts';
import { startProgram } from '../../test/support/segment.ts';
import type { Scene } from './scene.ts';
import { kernelSizes } from './scenes-kernel.ts';
import { AS_ANACONDA, SM1, SM1_SECOND } from './stage.ts';

/** Who gets an address, and which one. */

const UEFI = ['ovmf', 'qemu-system-x86'];
const BIOS = ['ipxe-qemu', 'qemu-system-x86'];
const LOCAL = 'SeaBIOS with the iPXE of QEMU’s virtio card, told to boot from disk';
const DECLINES =
  'SeaBIOS with the iPXE of QEMU’s virtio card, up to the ramdisk; then dhclient as the installer of CentOS 7 runs it, whose script declines as dracut’s does when somebody answers for the address';
const STRANGER = '02:00:00:00:00:99';
/** A network behind a relay, whose machines are told of no router. */
const FAR = `  far:
    subnet: 10.1.2.0/24
    address: 172.22.10.2
    dhcp: { mode: authoritative, conflictProbe: false, pools: [{ range: 10.1.2.50-10.1.2.60 }] }
`;

export const addressScenes: readonly Scene[] = [
  {
    name: 'ignored-on-purpose',
    case: 6,
    what: 'unknownMachines: ignore',
    how: 'PXE of EDK2 for x64, which the configuration does not name',
    with: UEFI,
    expect: ['not-answered'],
    until: 60,
    owner: STRANGER,
    conditions: { unknownMachines: 'ignore' },
    setting: { more: 'unknownMachines: ignore\n' },
    async play({ powerOn, event, sleep }) {
      await powerOn({ firmware: 'uefi-x64', mac: mac(STRANGER) });
      await event('dhcp.ignored');
      await sleep(36_000);
    },
  },
  {
    name: 'unknown-clients-off',
    case: 6,
    what: 'unknownClients: false',
    how: 'SeaBIOS with the iPXE of QEMU’s virtio card, which the configuration does not name',
    with: BIOS,
    expect: ['not-answered'],
    until: 60,
    owner: STRANGER,
    conditions: { unknownClients: false },
    setting: { dhcp: 'unknownClients: false' },
    async play({ powerOn, event, sleep }) {
      await powerOn({ firmware: 'bios', mac: mac(STRANGER) });
      await event('dhcp.ignored');
      await sleep(12_000);
    },
  },
  {
    name: 'no-loader-for-arm64',
    case: 6,
    what: '64-bit ARM firmware, and no GRUB for it on this host',
    how: 'PXE of EDK2 for arm64; the package grub-efi-arm64-bin is not installed',
    with: ['qemu-efi-aarch64', 'qemu-system-arm'],
    expect: ['no-boot-file'],
    until: 60,
    async play({ powerOn, event, sleep }) {
      await powerOn({ firmware: 'uefi-arm64' });
      await event('dhcp.no-boot-file');
      await sleep(36_000);
    },
  },
  {
    name: 'pool-full',
    case: 14,
    what: 'One address, two machines',
    how: 'udhcpc has the only address of the pool; PXE of EDK2 for x64 asks',
    with: [...UEFI, 'udhcpc'],
    expect: ['pool-full'],
    until: 60,
    owner: STRANGER,
    conditions: { pool: '172.22.10.100-172.22.10.100' },
    setting: { pool: '172.22.10.100-172.22.10.100' },
    async play({ host, powerOn, event, sleep }) {
      await runUdhcpc(await host('first', '02:00:00:00:00:98'));
      await powerOn({ firmware: 'uefi-x64', mac: mac(STRANGER) });
      await event('dhcp.no-address');
      await sleep(36_000);
    },
  },
  {
    name: 'address-taken-then-another',
    case: 24,
    what: 'The machine finds somebody at its reserved address and gets another one',
    how: DECLINES,
    with: [...BIOS, 'isc-dhcp-client'],
    expect: [],
    passing: ['address-in-use'],
    until: 2,
    isGranted: true,
    conditions: { files: kernelSizes },
    parts: [
      {
        name: 'address-taken',
        case: 24,
        what: 'The machine finds somebody at its reserved address',
        how: DECLINES,
        with: [...BIOS, 'isc-dhcp-client'],
        expect: ['address-in-use'],
        until: 5,
        isGranted: true,
        before: (events) =>
          events.filter(({ id, data }) => id === 'dhcp.discover' && /^installer/.test(String(data?.client)))[1],
      },
    ],
    async play({ t, host, loadInstaller, folder, event, sleep }) {
      await loadInstaller();
      const declineFlag = folder('decline');
      writeFileSync(declineFlag, '');
      startDhclient(t, await host('installer', SM1), { config: AS_ANACONDA, declineFlag });
      await event('dhcp.decline');
      await sleep(12_000);
    },
  },
  {
    name: 'started-from-disk',
    case: 37,
    what: 'Granted, and the installed system comes',
    how: 'dhclient with an identifier as Debian’s ifupdown gives it one, in the place of the installed system',
    with: ['isc-dhcp-client'],
    expect: ['booted-from-disk'],
    until: 60,
    isGranted: true,
    async play({ t, grant, host, event }) {
      await grant();
      const config = 'send dhcp-client-identifier ff:90:96:c4:9a:00:01:00:01:2b:a0:00:01:00:25:90:96:c4:9a;';
      startDhclient(t, await host('sm1', SM1), { config });
      await event('dhcp.ack');
    },
  },
  {
    name: 'system-declines-then-another',
    case: 39,
    what: 'The system on its disk finds somebody at its reserved address and gets another one',
    how: `${LOCAL}; then dhclient, whose script declines as if somebody answered for the address`,
    with: [...BIOS, 'isc-dhcp-client'],
    expect: ['address-changed'],
    passing: ['address-in-use'],
    until: 2,
    parts: [
      {
        name: 'system-declines',
        case: 24,
        what: 'The system on its disk finds somebody at its reserved address',
        how: `${LOCAL}; then dhclient, whose script declines as if somebody answered for the address`,
        with: [...BIOS, 'isc-dhcp-client'],
        expect: ['address-in-use'],
        until: 5,
        before: (events) =>
          events.filter(({ id, data }) => id === 'dhcp.discover' && /^system/.test(String(data?.client)))[1],
      },
    ],
    async play({ t, host, bootFromDisk, folder, event, sleep }) {
      await bootFromDisk();
      const declineFlag = folder('decline');
      writeFileSync(declineFlag, '');
      startDhclient(t, await host('system', SM1), { config: 'send host-name "sm1";', declineFlag });
      await event('dhcp.decline');
      await sleep(14_000);
    },
  },
  {
    name: 'system-refused',
    case: 0,
    what: 'The system on its disk asks for an address of old, is refused, and gets its own',
    how: `${LOCAL}; then dhclient with a lease of another address`,
    with: [...BIOS, 'isc-dhcp-client'],
    expect: [],
    until: 2,
    async play({ t, host, bootFromDisk, event, sleep }) {
      await bootFromDisk();
      startDhclient(t, await host('system', SM1), { config: 'send host-name "sm1";', remembers: '172.22.10.77' });
      await event('dhcp.nak');
      await event('dhcp.ack', { client: /^system/ });
      await sleep(1_000);
    },
  },
  {
    name: 'other-address',
    case: 39,
    what: 'The system’s default card is another one',
    how: `${LOCAL}; then dhclient with the second card of the machine`,
    with: [...BIOS, 'isc-dhcp-client'],
    expect: ['address-changed'],
    until: 70,
    async play({ t, bootFromDisk, host, event }) {
      await bootFromDisk();
      startDhclient(t, await host('second', SM1_SECOND), { config: 'send host-name "sm1";' });
      await event('dhcp.ack', { mac: SM1_SECOND });
    },
  },
  {
    name: 'unknown-relay',
    case: 11,
    what: 'A relay of a subnet that nobody configured',
    how: 'SeaBIOS with the iPXE of QEMU’s virtio card, behind ISC dhcrelay',
    with: [...BIOS, 'isc-dhcp-relay'],
    expect: ['relay-unserved'],
    until: 60,
    owner: STRANGER,
    async play({ t, rack, host, ip, powerOn, event, sleep }) {
      await openRelay({ t, rack, host, ip });
      await powerOn({ firmware: 'bios', mac: mac(STRANGER) });
      await event('dhcp.ignored');
      await sleep(12_000);
    },
  },
  {
    name: 'offers-dropped-behind-relay',
    case: 10,
    what: 'The relay’s network has no way back',
    how: 'SeaBIOS with the iPXE of QEMU’s virtio card, behind ISC dhcrelay; a rule drops what the server sends to the relay',
    with: [...BIOS, 'isc-dhcp-relay'],
    expect: ['offers-unheard'],
    until: 60,
    owner: STRANGER,
    conditions: { far: true },
    setting: { networks: FAR },
    async play({ t, rack, host, ip, filter, powerOn, event, sleep }) {
      await openRelay({ t, rack, host, ip });
      await filter('chain out { type filter hook output priority 0; ip daddr 10.1.2.1 drop; }');
      await powerOn({ firmware: 'bios', mac: mac(STRANGER) });
      await event('dhcp.offer');
      await sleep(12_000);
    },
  },
  {
    name: 'no-router-behind-relay',
    case: 15,
    what: 'The next server is in another subnet, and there is no router',
    how: 'PXE of EDK2 for x64, behind ISC dhcrelay, in a network without a router in its lease',
    with: [...UEFI, 'isc-dhcp-relay'],
    expect: ['no-route-to-server'],
    until: 60,
    owner: STRANGER,
    conditions: { far: true },
    setting: { networks: FAR },
    async play({ t, rack, host, ip, powerOn, event, sleep }) {
      await openRelay({ t, rack, host, ip });
      await powerOn({ firmware: 'uefi-x64', mac: mac(STRANGER) });
      await event('dhcp.ack');
      await sleep(12_000);
    },
  },
];

type Parts = Pick<Parameters<Scene['play']>[0], 't' | 'rack' | 'host' | 'ip'>;

/** ISC dhcrelay between the rack and a second switch, to which the next machine's cable goes. */
async function openRelay({ t, rack, host, ip }: Parts): Promise<void> {
  const relay = await host('relay', '02:00:00:00:00:0a');
  ip(`-n relay address add 172.22.10.9/24 dev ${relay.interfaceName}`);
  ip('link add br1 type bridge stp_state 0 forward_delay 0');
  ip('link set br1 up');
  ip('link add far0 type veth peer name eth1 netns relay');
  ip('link set far0 master br1 up');
  ip('-n relay address add 10.1.2.1/24 dev eth1');
  ip('-n relay link set eth1 up');
  ip('route add 10.1.2.0/24 via 172.22.10.9');
  const words = ['dhcrelay', '-4', '-d', '-id', 'eth1', '-iu', relay.interfaceName, '172.22.10.2'];
  const running = startProgram(t, [...relay.prefix, ...words]);
  await running.printed(/Sending on|Listening on/);
  // The cable of the next machine goes to the second switch.
  const addTap = rack.addTap;
  rack.addTap = async () => {
    const tap = await addTap();
    ip(`link set ${tap} master br1`);
    return tap;
  };
}
