import { existsSync, readdirSync } from 'node:fs';
import { mac } from '../net/mac.ts';
import { debianPackageOf } from './programs.ts';

/** A Debian installer on this host, as the packages debian-installer-NN-netboot-amd64 bring it. */
export interface Installer {
  readonly version: number;
  readonly kernel: string;
  readonly initrd: string;
}

const IMAGES = '/usr/lib/debian-installer/images';

/** The newest installer for x64 in the folder of Debian's netboot packages, or the name of the package to install. */
export function findInstaller(folder: string = IMAGES): Installer | { readonly missing: string } {
  const versions = existsSync(folder) ? readdirSync(folder).map(Number).filter(Number.isInteger) : [];
  for (const version of versions.sort((a, b) => b - a)) {
    const files = `${folder}/${version}/amd64/text/debian-installer/amd64`;
    const installer = { version, kernel: `${files}/linux`, initrd: `${files}/initrd.gz` };
    if (existsSync(installer.kernel) && existsSync(installer.initrd)) return installer;
  }
  return { missing: debianPackageOf(IMAGES) ?? IMAGES };
}

/** The demo's two machines; the addresses are locally administered ones. */
export const demoMachines = [
  { name: 'pc-bios', mac: mac('02:00:ac:16:0a:33'), address: '172.22.10.51', firmware: 'bios', label: 'BIOS' },
  { name: 'pc-uefi', mac: mac('02:00:ac:16:0a:34'), address: '172.22.10.52', firmware: 'uefi-x64', label: 'UEFI x64' },
] as const;

const demoAddress = '172.22.10.2';

/** A configuration for the virtual rack: one network on br0, an installer, the demo's machines. */
export function renderDemoConfig(installer: Installer): string {
  const machines = demoMachines.map(
    ({ name, mac: hardware, address }) => `  ${name}: { mac: "${hardware}", address: ${address}, profile: debian }`,
  );
  return `# Made by "rackready demo" for its virtual rack.
defaults:
  domain: demo.example
networks:
  rack:
    interface: br0
    subnet: 172.22.10.0/24
    address: ${demoAddress}
    # debian-installer asks a question when it is given no router.
    router: ${demoAddress}
    dhcp:
      mode: authoritative
      leaseTime: 10m
      conflictProbe: false
      pools:
        - range: 172.22.10.100-172.22.10.199
profiles:
  debian:
    os: debian-${installer.version}
    kernel: ${installer.kernel}
    initrd: ${installer.initrd}
    arguments: console=ttyS0
    source: http://${demoAddress}/debian
    install: once
machines:
${machines.join('\n')}
`;
}
