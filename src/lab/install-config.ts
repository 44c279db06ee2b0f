import type { Mac } from '../net/mac.ts';

/** A machine that is installed from the small mirror (see debian-mirror.ts). */
export interface InstallMachine {
  readonly name: string;
  readonly mac: Mac;
  readonly address: string;
  /** Its profile. Default: debian. */
  readonly profile?: string | undefined;
  /** Of a Mac. */
  readonly model?: string | undefined;
}

const SERVER = '172.22.10.2';
export const INSTALL_DOMAIN = 'lab.example';

/** A configuration for the virtual rack that installs Debian 13 from the mirror in `mirror`, once for each machine. */
export function renderInstallConfig(mirror: string, sshKey: string, machines: readonly InstallMachine[]): string {
  const lines = machines.map(({ name, mac, address, model, profile = 'debian' }) => {
    const kind = model === undefined ? '' : `, kind: mac, model: "${model}"`;
    return `  ${name}: { mac: "${mac}", address: ${address}, profile: ${profile}${kind} }`;
  });
  return `# Made for the virtual rack.
server: { bootFolder: ${mirror} }
defaults: { domain: ${INSTALL_DOMAIN}, sshKeys: ["${sshKey}"] }
networks:
  rack:
    interface: br0
    subnet: 172.22.10.0/24
    address: ${SERVER}
    dhcp: { mode: authoritative, conflictProbe: false, pools: [ { range: 172.22.10.100-172.22.10.199 } ] }
profiles:
  debian:
    os: debian-13
    kernel: ${mirror}/linux
    initrd: ${mirror}/initrd
    source: http://${SERVER}/debian
    # The installer's components are those that were assembled here, and only what an installation needs is in the mirror.
    arguments: mirror/udeb/suite=trixie-lab base-installer/install-recommends=false --- console=ttyS0
    install: once
machines:
${lines.join('\n')}
`;
}
