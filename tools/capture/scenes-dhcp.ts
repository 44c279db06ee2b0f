import { startDhclient } from '../../test/support/dhcp-clients.ts';
import type { Scene } from './scene.ts';
import { kernelSizes } from './scenes-kernel.ts';
import { AS_ANACONDA, OTHER, SM1 } from './stage.ts';

const UEFI = ['ovmf', 'qemu-system-x86'];
const BIOS = ['ipxe-qemu', 'qemu-system-x86'];
const ISC = [...UEFI, 'isc-dhcp-server'];

export const dhcpScenes: readonly Scene[] = [
  {
    name: 'second-server',
    case: 3,
    what: 'ISC dhcpd with a boot file of its own is faster',
    how: 'PXE of EDK2 for x64 between rackready and ISC dhcpd, whose offer names a boot file',
    with: ISC,
    expect: ['other-dhcp-server'],
    until: 60,
    async play({ otherServer, powerOn, event, sleep }) {
      await otherServer(`filename "pxelinux.0"; next-server ${OTHER};`);
      await powerOn({ firmware: 'uefi-x64' });
      await event('dhcp.chose-other');
      await sleep(12_000);
    },
  },
  {
    name: 'second-server-naks',
    case: 4,
    what: 'ISC dhcpd for another subnet on the same wire refuses our lease',
    how: 'SeaBIOS with the iPXE of QEMU’s virtio card, up to the ramdisk; then dhclient as the installer of CentOS 7 runs it, with an authoritative ISC dhcpd for 10.5.0.0/24 on the same wire. EDK2 and iPXE do not heed such a NAK',
    with: [...BIOS, 'isc-dhcp-client', 'isc-dhcp-server'],
    expect: ['other-server-naks'],
    until: 60,
    isGranted: true,
    conditions: { files: kernelSizes },
    async play({ t, otherServer, loadInstaller, host, event, sleep }) {
      await loadInstaller();
      await otherServer('', { address: '10.5.0.1', subnet: '10.5.0', hasAddresses: false });
      startDhclient(t, await host('installer', SM1), { config: AS_ANACONDA });
      await event('dhcp.other-nak');
      await sleep(10_000);
    },
  },
  {
    name: 'nak-not-heeded',
    case: 4,
    what: 'EDK2 is refused its lease by a server that it did not choose, and boots',
    how: 'PXE of EDK2 for x64 and rackready, with an authoritative ISC dhcpd for 10.5.0.0/24 on the same wire: its NAK comes before our ACK',
    with: ISC,
    expect: [],
    passing: ['other-server-naks'],
    until: 2,
    async play({ otherServer, powerOn, event, sleep }) {
      await otherServer('', { address: '10.5.0.1', subnet: '10.5.0' });
      await powerOn({ firmware: 'uefi-x64' });
      await event('boot.config');
      await sleep(1_000);
    },
  },
  {
    name: 'option-60-left-over',
    case: 5,
    what: 'ISC dhcpd says PXEClient and has no boot server',
    how: 'PXE of EDK2 for x64; ISC dhcpd gives out the addresses with option 60 “PXEClient” and no option 43',
    with: ISC,
    expect: ['boot-server-silent'],
    until: 60,
    conditions: { mode: 'proxy' },
    setting: { mode: 'proxy' },
    async play({ otherServer, powerOn, event, sleep }) {
      await otherServer('option vendor-class-identifier "PXEClient";');
      await powerOn({ firmware: 'uefi-x64' });
      await event('dhcp.other-answer');
      await sleep(16_000);
    },
  },
  {
    name: 'offers-dropped',
    case: 10,
    what: 'The way drops our offers to UEFI firmware',
    how: 'PXE of EDK2 for x64; a rule of the bridge drops UDP from port 67',
    with: UEFI,
    expect: ['offers-unheard'],
    until: 60,
    async play({ filter, powerOn, event, sleep }) {
      await filter('chain out { type filter hook output priority 0; udp sport 67 drop; }');
      await powerOn({ firmware: 'uefi-x64' });
      await event('dhcp.discover');
      await sleep(36_000);
    },
  },
  {
    name: 'offers-dropped-ipxe',
    case: 10,
    what: 'The way drops our offers to a card with iPXE',
    how: 'SeaBIOS with the iPXE of QEMU’s virtio card; a rule of the bridge drops UDP from port 67',
    with: BIOS,
    expect: ['offers-unheard'],
    until: 60,
    async play({ filter, powerOn, event, sleep }) {
      await filter('chain out { type filter hook output priority 0; udp sport 67 drop; }');
      await powerOn({ firmware: 'bios' });
      await event('dhcp.discover');
      await sleep(12_000);
    },
  },
];
