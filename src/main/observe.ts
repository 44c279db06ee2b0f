import { AUTOMATIC_IMAGE } from '../boot/mac-image.ts';
import { DEFAULT_ADMIN_LISTEN } from '../config/scalars.ts';
import type { Settings } from '../config/settings.ts';
import type { NetworkInterface } from '../io/interfaces.ts';
import type { Network } from '../lease/network.ts';
import type { Ipv4 } from '../net/ipv4.ts';

/** What is in force without a configuration: every interface with an address is listened to, nothing is answered. */
export function observeEverything(interfaces: readonly NetworkInterface[]): Settings {
  const networks = interfaces.filter((one) => one.isEthernet && one.isUp).flatMap(observed);
  return {
    server: {
      httpPort: 80,
      tftpMaxBlockSize: 1468,
      tftpMaxWindow: 16,
      user: 'rackready',
      adminListen: DEFAULT_ADMIN_LISTEN,
    },
    defaults: { timezone: 'UTC', locale: 'en_US.UTF-8', keymap: 'us', user: 'admin', sshKeys: [], vars: {} },
    networks,
    profiles: new Map(),
    machines: new Map(),
    notes: new Map(),
    power: new Map(),
    unknownMachines: { kind: 'local' },
    mirrors: new Map(),
    mac: { offerCompat: 'plain', bootFile: 'model', priority: 0x8000, clientAddress: 'lenient' },
    images: [AUTOMATIC_IMAGE],
    templates: new Map(),
    files: [],
  };
}

function observed(one: NetworkInterface): Network[] {
  const [first] = one.addresses;
  if (first === undefined) return [];
  const mask = first.prefix === 0 ? 0 : (0xffffffff << (32 - first.prefix)) >>> 0;
  return [
    {
      name: one.name,
      interface: one.name,
      subnet: { base: ((first.address & mask) >>> 0) as Ipv4, prefix: first.prefix },
      address: first.address,
      dns: [first.address],
      ntp: [],
      dhcp: {
        mode: 'observe',
        leaseSeconds: 3600,
        minLeaseSeconds: 120,
        maxLeaseSeconds: 86_400,
        conflictProbe: false,
        unknownClients: true,
        bootp: true,
        replies: 'auto',
        pools: [],
        options: [],
      },
    },
  ];
}
