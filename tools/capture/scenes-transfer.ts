import type { Scene } from './scene.ts';
import { kernelSizes, secureSizes } from './scenes-kernel.ts';

/** Transfers that do not arrive, and iPXE that is told what it cannot do. */

const UEFI = ['ovmf', 'qemu-system-x86'];
const BIOS = ['ipxe-qemu', 'qemu-system-x86'];
const OUT = 'chain out { type filter hook output priority 0';
const IN = 'chain in { type filter hook input priority 0';

const lost: readonly Scene[] = [
  {
    name: 'return-port-blocked',
    case: 12,
    what: 'A firewall drops what does not come from port 69',
    how: 'PXE of EDK2 for x64; a rule of the bridge drops UDP of the server that comes from another port than 67 and 69',
    with: UEFI,
    expect: ['tftp-answers-lost'],
    until: 90,
    async play({ filter, powerOn, event, sleep }) {
      await filter(`${OUT}; udp sport != { 67, 69 } drop; }`);
      await powerOn({ firmware: 'uefi-x64' });
      await event('dhcp.ack');
      await sleep(32_000);
    },
  },
  {
    name: 'return-port-blocked-ipxe',
    case: 12,
    what: 'The same, and a card with iPXE loads GRUB',
    how: 'SeaBIOS with the iPXE of QEMU’s virtio card; a rule of the bridge drops UDP of the server that comes from another port than 67 and 69',
    with: BIOS,
    expect: ['tftp-answers-lost'],
    until: 90,
    conditions: { machine: { loader: 'grub' } },
    setting: { machine: 'loader: grub' },
    async play({ filter, powerOn, event, sleep }) {
      await filter(`${OUT}; udp sport != { 67, 69 } drop; }`);
      await powerOn({ firmware: 'bios' });
      await event('dhcp.ack');
      await sleep(32_000);
    },
  },
  {
    name: 'port-69-blocked',
    case: 12,
    what: 'Nothing comes in on port 69',
    how: 'PXE of EDK2 for x64; a rule of the bridge drops UDP to port 69',
    with: UEFI,
    expect: ['boot-file-not-asked'],
    until: 60,
    async play({ filter, powerOn, event, sleep }) {
      await filter(`${IN}; udp dport 69 drop; }`);
      await powerOn({ firmware: 'uefi-x64' });
      await event('dhcp.ack');
      await sleep(36_000);
    },
  },
  {
    name: 'http-boot-forbidden',
    case: 8,
    what: 'HTTP boot does not connect',
    how: 'HTTP boot of EDK2 for x64; a rule of the bridge drops TCP to port 80, which to the server is the same as a firmware that allows https only',
    with: UEFI,
    expect: ['http-boot-not-asked'],
    until: 60,
    async play({ filter, powerOn, event, sleep }) {
      await filter(`${IN}; tcp dport 80 drop; }`);
      await powerOn({ firmware: 'uefi-x64', isHttpBootOnly: true });
      await event('dhcp.ack');
      await sleep(36_000);
    },
  },
  {
    name: 'block-one-lost',
    case: 29,
    what: 'The path carries less than a full frame',
    how: 'PXE of EDK2 for x64; a rule of the bridge drops datagrams of the server above 1400 bytes',
    with: UEFI,
    expect: ['path-mtu'],
    until: 90,
    applied: true,
    async play({ filter, powerOn, event, sleep }) {
      await filter(`${OUT}; ip length > 1400 drop; }`);
      await powerOn({ firmware: 'uefi-x64' });
      await event('tftp.smaller-blocks');
      await sleep(16_000);
    },
  },
  {
    name: 'smaller-blocks-help',
    case: 29,
    what: 'The next try has smaller blocks and arrives',
    how: 'PXE of EDK2 for x64, switched off and on again; a rule of the bridge drops datagrams of the server above 1400 bytes',
    with: [...UEFI, 'grub-efi-amd64-bin'],
    expect: [],
    until: 2,
    lastAttempt: (events) => events.findLast(({ id }) => id === 'dhcp.discover'),
    async play({ filter, powerOn, event, sleep }) {
      await filter(`${OUT}; ip length > 1400 drop; }`);
      const machine = await powerOn({ firmware: 'uefi-x64' });
      await event('tftp.smaller-blocks');
      await sleep(8_000);
      await machine.stop();
      await powerOn({ firmware: 'uefi-x64', name: 'again' });
      await event('boot.config');
      await sleep(1_000);
    },
  },
  {
    name: 'crawling',
    case: 28,
    what: 'A kernel in small blocks, one by one, over a slow way',
    how: 'PXE of EDK2 for x64 with Secure Boot, shim and the signed GRUB, which loads over TFTP; a token bucket lets 1.6 Mbit/s of the server’s answers through',
    with: [...UEFI, 'shim-signed', 'grub-efi-amd64-signed'],
    expect: ['slow-transfer'],
    until: 5,
    isGranted: true,
    conditions: { machine: { secureBoot: true }, files: secureSizes },
    setting: { machine: 'secureBoot: true' },
    async play({ grant, powerOn, event, run, sleep }) {
      await grant();
      await run('tc qdisc add dev br0 root tbf rate 1600kbit burst 1600 latency 400ms'.split(' '));
      await powerOn({ firmware: 'uefi-x64-secure' });
      await event('tftp.done', { file: /linux$/ }, 280_000);
      await sleep(500);
    },
  },
  {
    name: 'crawling-http',
    case: 28,
    what: 'GRUB loads a kernel over HTTP, by the firmware’s driver of a card that is slow with it',
    how: 'SeaBIOS with the iPXE of QEMU’s rtl8139 card and GRUB',
    with: [...BIOS, 'grub-pc-bin', 'debian-installer-12-netboot-amd64'],
    expect: ['slow-transfer'],
    until: 2,
    isGranted: true,
    conditions: { machine: { loader: 'grub' }, files: kernelSizes },
    setting: { machine: 'loader: grub' },
    async play({ grant, powerOn, event, sleep }) {
      await grant();
      await powerOn({ firmware: 'bios', nic: 'rtl8139' });
      await event('http.start', { path: /initrd$/ }, 480_000);
      await sleep(1_000);
    },
  },
];

const NAMED = (file: string) => `filename "${file}"; next-server 172.22.10.2;`;
const BY_ISC = 'SeaBIOS with the iPXE of QEMU’s virtio card in a proxy network, whose ISC dhcpd names';
const WITH_ISC = [...BIOS, 'isc-dhcp-server'];

const ipxe: readonly Scene[] = [
  {
    name: 'https-for-ipxe',
    case: 25,
    what: 'iPXE from a card is told an https URL',
    how: `${BY_ISC} an https URL; our proxyDHCP answers are dropped, so that it takes it`,
    with: WITH_ISC,
    expect: ['ipxe-no-https'],
    until: 20,
    setting: { mode: 'proxy' },
    conditions: { mode: 'proxy' },
    async play({ filter, otherServer, powerOn, event, sleep }) {
      await filter(`${OUT}; udp sport 67 drop; }`);
      await otherServer(NAMED('https://172.22.10.9/boot.ipxe'));
      await powerOn({ firmware: 'bios' });
      await event('dhcp.other-answer', { message: 'ACK' });
      await sleep(8_000);
    },
  },
  {
    name: 'ipxe-loads-ipxe',
    case: 23,
    what: 'Another server gives iPXE to iPXE',
    how: 'PXE of EDK2 for x64 and ipxe.efi in a proxy network, whose ISC dhcpd names ipxe.efi to everybody; our proxyDHCP answers are dropped, so that they take it',
    with: [...UEFI, 'ipxe', 'isc-dhcp-server'],
    expect: ['ipxe-loop'],
    until: 20,
    setting: { mode: 'proxy' },
    conditions: { mode: 'proxy' },
    async play({ filter, otherServer, powerOn, event, next, sleep }) {
      await filter(`${OUT}; udp sport 67 drop; }`);
      await otherServer(NAMED('ipxe/ipxe.efi'));
      await powerOn({ firmware: 'uefi-x64' });
      await event('tftp.done');
      await next('tftp.done');
      await sleep(1_000);
    },
  },
  {
    name: 'later-stage-elsewhere',
    case: 22,
    what: 'The firmware boots from us, iPXE takes another server’s address',
    how: 'PXE of EDK2 for x64 and ipxe.efi; from then on what ISC dhcpd says gets through, and our answers do not (an offer of ours is taken at once, because it says that no proxyDHCP server is to be waited for)',
    with: [...UEFI, 'ipxe', 'isc-dhcp-server'],
    expect: ['other-server-later'],
    until: 120,
    conditions: { machine: { loader: 'ipxe' } },
    setting: { machine: 'loader: ipxe' },
    async play({ filter, otherServer, powerOn, event, sleep }) {
      const open = await filter('chain f { type filter hook forward priority 0; ip saddr 172.22.10.3 drop; }');
      await otherServer('filename "pxelinux.0"; next-server 172.22.10.3;');
      await powerOn({ firmware: 'uefi-x64' });
      await event('tftp.done');
      await open();
      await filter('chain out { type filter hook output priority 0; udp sport 67 drop; }');
      await event('dhcp.chose-other');
      await sleep(8_000);
    },
  },
  {
    name: 'spanning-tree',
    case: 2,
    what: 'The link goes down when iPXE starts, and the switch learns before it lets anything through',
    how: 'PXE of EDK2 for x64 and ipxe.efi; spanning tree of the Linux bridge, and the machine’s port goes down and up when iPXE is loaded',
    with: [...UEFI, 'ipxe'],
    expect: ['port-blocked'],
    until: 60,
    conditions: { machine: { loader: 'ipxe' } },
    setting: { machine: 'loader: ipxe' },
    async play({ powerOn, event, next, ip, sleep }) {
      await powerOn({ firmware: 'uefi-x64' });
      await event('tftp.done');
      ip('link set br0 type bridge forward_delay 1500 stp_state 1');
      ip('link set tap0 down');
      ip('link set tap0 up');
      await next('dhcp.discover', {}, 60_000).catch(() => undefined);
      await sleep(3_000);
    },
  },
];

export const transferScenes: readonly Scene[] = [...lost, ...ipxe];
