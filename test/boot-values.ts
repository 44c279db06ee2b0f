import { readFileSync } from 'node:fs';
import type { LoaderCatalog, MacLoaders } from '../src/boot/loaders.ts';
import type { Profile } from '../src/boot/profile.ts';
import { operatingSystems } from '../src/config/operating-systems.ts';
import type { Network } from '../src/lease/network.ts';
import type { Machine } from '../src/machine/machine.ts';
import { ipv4 } from '../src/net/ipv4.ts';
import { mac } from '../src/net/mac.ts';
import { parseSubnet } from '../src/net/subnet.ts';

/** The values that the tests of boot decisions and boot texts share: one rack, two machines, one profile. */

const subnet = parseSubnet('172.22.10.0/24');
if ('problem' in subnet) throw new Error(subnet.problem);

export const network: Network = {
  name: 'management',
  interface: 'br0',
  subnet,
  address: ipv4('172.22.10.2'),
  router: ipv4('172.22.10.1'),
  dns: [ipv4('172.22.10.1')],
  domain: 'lonimbus.com',
  ntp: [ipv4('172.22.10.3')],
  dhcp: {
    mode: 'authoritative',
    leaseSeconds: 6000,
    minLeaseSeconds: 60,
    maxLeaseSeconds: 7200,
    conflictProbe: false,
    unknownClients: true,
    bootp: true,
    replies: 'auto',
    pools: [],
    options: [],
  },
};

export const defaults = {
  domain: 'lonimbus.com',
  timezone: 'UTC',
  locale: 'en_US.UTF-8',
  keymap: 'us',
  user: 'admin',
  sshKeys: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5oPzrq3Yt8xk2x0m7m0ZtS8Hq3u0V7pX4m2QyJwJcB admin@deploy'],
};

export const DEBIAN_TEMPLATE = '/opt/rackready/templates/answer/debian.preseed.liquid';

/** A template as it is shipped. */
export function readShippedTemplate(path: string): string | undefined {
  const name = /^\/opt\/rackready\/(templates\/answer\/[a-z0-9.-]+\.liquid)$/.exec(path)?.[1];
  return name === undefined ? undefined : readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
}

export const debian: Profile = {
  name: 'debian-12',
  os: 'debian-12',
  family: 'debian',
  kernel: '/srv/debian-12/linux',
  initrd: '/srv/debian-12/initrd.gz',
  arguments: '',
  answerFile: DEBIAN_TEMPLATE,
  source: 'http://172.22.10.2:8081/debian',
  install: 'manual',
  deadlineSeconds: 3600,
};

/** A profile of each built-in description, as the configuration makes it. */
export function profileOf(os: string, over: Partial<Profile> = {}): Profile {
  const system = operatingSystems[os];
  if (system?.template === undefined) throw new Error(`${os} has no template`);
  return {
    ...debian,
    name: os,
    os,
    family: system.family,
    kickstart: system.kickstart,
    answerFile: `/opt/rackready/${system.template}`,
    source: system.family === 'debian' ? 'http://deb.example.org/debian' : `/srv/${os}`,
    iso: system.family === 'ubuntu' ? `/srv/${os}.iso` : undefined,
    ...over,
  };
}

export function machine(over: Partial<Machine> = {}): Machine {
  return {
    name: 'sm1',
    macs: [mac('00:25:90:96:c4:9a')],
    address: ipv4('172.22.10.55'),
    hostName: 'sm1',
    domain: 'lonimbus.com',
    profile: 'debian-12',
    kind: 'pc',
    secureBoot: false,
    addressing: 'dhcp',
    loader: 'auto',
    vars: {},
    ...over,
  };
}

/** As a host with the images for 64-bit and 32-bit Macs, and without the fat one, has them. */
export const macLoaders: MacLoaders = {
  efi32: { kind: 'file', bootFile: 'mac/i386.efi' },
  efi64: { kind: 'file', bootFile: 'mac/x86_64.efi' },
  fat: { kind: 'not-built', reason: 'grub-glue-efi is not there', install: 'apt-get install grub-common' },
};

export const loaders: LoaderCatalog = {
  mac: macLoaders,
  offered: [],
  platforms: {
    'bios-x86': { grub: 'boot/grub/i386-pc/core.0', grubHasHttp: true, ipxe: 'ipxe/undionly.kpxe' },
    'uefi-x64': {
      grub: 'boot/grub/x86_64-efi/core.efi',
      grubHasHttp: true,
      shim: 'efi/x64/shimx64.efi',
      ipxe: 'ipxe/ipxe.efi',
    },
    'uefi-ia32': { grub: 'boot/grub/i386-efi/core.efi', grubHasHttp: false },
    'uefi-arm64': { grubHasHttp: false },
  },
  missing: [
    {
      platform: 'uefi-arm64',
      loader: 'grub',
      reason: 'grub-efi-arm64-bin is not installed',
      install: 'apt-get install grub-efi-arm64-bin',
    },
  ],
  files: new Map([
    ['boot/grub/i386-pc/core.0', '/var/lib/rackready/boot/grub/i386-pc/core.0'],
    ['boot/grub/i386-pc/normal.mod', '/usr/lib/grub/i386-pc/normal.mod'],
    ['boot/grub/x86_64-efi/core.efi', '/var/lib/rackready/boot/grub/x86_64-efi/core.efi'],
    ['boot/grub/i386-efi/core.efi', '/var/lib/rackready/boot/grub/i386-efi/core.efi'],
    ['efi/x64/shimx64.efi', '/usr/lib/shim/shimx64.efi.signed'],
    ['efi/x64/grubx64.efi', '/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed'],
    ['ipxe/undionly.kpxe', '/usr/lib/ipxe/undionly.kpxe'],
    ['ipxe/ipxe.efi', '/usr/lib/ipxe/ipxe.efi'],
    ['mac/x86_64.efi', '/var/lib/rackready/loaders/mac-x64.img'],
  ]),
  // The same name, made for the address that the tests' network has.
  filesFrom: new Map([['172.22.10.2', new Map([['mac/x86_64.efi', '/var/lib/rackready/loaders/mac-x64-own.img']])]]),
};
