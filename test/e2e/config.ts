import type { TestContext } from 'node:test';
import { findInstaller, type Installer } from '../../src/lab/demo-config.ts';
import { mac } from '../../src/net/mac.ts';
import { needs } from '../needs.ts';
import { rackProblem } from './rack.ts';

export const SERVER = '172.22.10.2';

/** Whether machines can be switched on here and have an installer to boot; says why not. */
export function installerFor(t: TestContext, ...tools: string[]): Installer | undefined {
  if (!needs(t, 'qemu-system-x86_64', ...tools)) return undefined;
  const installer = findInstaller();
  if ('missing' in installer) {
    needs(t, `/usr/lib/debian-installer/images (${installer.missing})`);
    return undefined;
  }
  const problem = rackProblem();
  if (problem === undefined) return installer;
  t.skip(problem);
  return undefined;
}

export interface RackConfig {
  /** Lines of `machines`, each `name: { … }`. */
  readonly machines?: readonly string[];
  readonly mode?: 'authoritative' | 'proxy';
  readonly installer?: Installer | undefined;
  readonly unknownMachines?: string;
  /** `once` installs without being asked. */
  readonly install?: 'once' | 'manual';
}

/** The configuration of a rack: one network on br0, and a profile "debian" where there is an installer. */
export function renderConfig({ machines = [], mode = 'authoritative', ...rest }: RackConfig): string {
  const { installer, unknownMachines = 'local', install = 'once' } = rest;
  const pools =
    mode === 'proxy' ? '' : '      conflictProbe: false\n      pools: [{ range: 172.22.10.100-172.22.10.199 }]\n';
  const profiles = installer
    ? `profiles:
  debian:
    os: debian-12
    kernel: ${installer.kernel}
    initrd: ${installer.initrd}
    arguments: console=ttyS0
    source: http://${SERVER}/debian
    install: ${install}
`
    : '';
  return `defaults: { domain: rack.example }
networks:
  rack:
    interface: br0
    subnet: 172.22.10.0/24
    address: ${SERVER}
    router: ${SERVER}
    dhcp:
      mode: ${mode}
${pools}unknownMachines: ${unknownMachines}
${profiles}${machines.length > 0 ? `machines:\n${machines.map((line) => `  ${line}\n`).join('')}` : ''}`;
}

/** The machine with this number: its name, MAC and reserved address, and its line in the configuration. */
export function numbered(number: number, settings = '') {
  const name = `pc${number}`;
  const hardware = mac(`02:00:ac:16:0a:${(0x40 + number).toString(16)}`);
  const address = `172.22.10.${60 + number}`;
  return {
    name,
    mac: hardware,
    address,
    line: `${name}: { mac: "${hardware}", address: ${address}${settings && `, ${settings}`} }`,
    /** In a network where another server gives the addresses out. */
    lineWithoutAddress: `${name}: { mac: "${hardware}"${settings && `, ${settings}`} }`,
  };
}
