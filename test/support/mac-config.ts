import { findInstaller } from '../../src/lab/demo-config.ts';
import { mac } from '../../src/net/mac.ts';
import { MAC } from './lab-macs.ts';

/** The hardware addresses of the configuration's Macs. */
export const CARDS = {
  mm1: MAC,
  old: mac('00:17:f2:00:00:21'),
  new: mac('a4:83:e7:00:00:81'),
  idle: mac('10:dd:b1:00:00:62'),
  fresh: mac('10:dd:b1:00:00:63'),
} as const;

/** An EFI program that a package brings. */
export const TOOL = '/usr/lib/grub/x86_64-efi/monolithic/grubx64.efi';
export const MAC_TOOLS = [TOOL, '/usr/lib/grub/x86_64-efi', '/usr/lib/grub/i386-efi', 'grub-mkimage', 'grub-glue-efi'];

interface Rackful {
  readonly address?: string;
  readonly mode?: string;
  readonly more?: string;
}

/** A network, Macs that may be installed and one that may not, and three images. */
export function configuration({ address = '172.22.10.2', mode = 'authoritative', more = '' }: Rackful = {}): string {
  const pools = mode === 'authoritative' ? 'conflictProbe: false, pools: [{ range: 172.22.10.100-172.22.10.199 }]' : '';
  const installer = findInstaller();
  const files = 'kernel' in installer ? installer : { kernel: '/boot/vmlinuz', initrd: '/boot/initrd.img' };
  return `networks:
  rack: { interface: br0, subnet: 172.22.10.0/24, address: ${address}, dhcp: { mode: ${mode}, ${pools} } }
profiles:
  debian: { os: debian-12, kernel: ${files.kernel}, initrd: ${files.initrd}, source: "http://172.22.10.2/debian", install: once }
images:
  linux: { kind: linux, name: "Install Linux" }
  disk: { kind: localboot, name: "Lokale Platte ü", default: true }
  tool: { kind: efi, file: "${TOOL}", name: Tool, machines: [idle] }
machines:
  mm1: { mac: "${CARDS.mm1}", address: 172.22.10.51, kind: mac, profile: debian }
  old: { mac: "${CARDS.old}", address: 172.22.10.52, kind: mac, model: "Macmini2,1", profile: debian }
  new: { mac: "${CARDS.new}", address: 172.22.10.53, kind: mac, profile: debian }
  idle: { mac: "${CARDS.idle}", address: 172.22.10.54, kind: mac }
  fresh: { mac: "${CARDS.fresh}", address: 172.22.10.55, kind: mac, profile: debian }
${more}`;
}
