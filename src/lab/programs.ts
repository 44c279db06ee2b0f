import { accessSync, constants } from 'node:fs';

/** Folders that hold system programs and are not in an ordinary user's PATH on Debian. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin', '/usr/local/sbin'];

/** The Debian package that brings a program or file, for messages. */
const DEBIAN_PACKAGES: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  bridge: 'iproute2',
  tc: 'iproute2',
  ss: 'iproute2',
  unshare: 'util-linux',
  setpriv: 'util-linux',
  curl: 'curl',
  nginx: 'nginx',
  setfacl: 'acl',
  dhclient: 'isc-dhcp-client',
  dhcpd: 'isc-dhcp-server',
  udhcpc: 'udhcpc',
  bootpc: 'bootpc',
  dhcrelay: 'isc-dhcp-relay',
  busybox: 'busybox',
  etherwake: 'etherwake',
  wakeonlan: 'wakeonlan',
  dnsmasq: 'dnsmasq-base',
  'kea-dhcp4': 'kea-dhcp4-server',
  perfdhcp: 'kea-admin',
  tshark: 'tshark',
  capinfos: 'wireshark-common',
  text2pcap: 'wireshark-common',
  tcpdump: 'tcpdump',
  tftp: 'tftp-hpa',
  'in.tftpd': 'tftpd-hpa',
  atftp: 'atftp',
  'debconf-set-selections': 'debconf',
  'cloud-init': 'cloud-init',
  'ssh-keygen': 'openssh-client',
  'ssh-keyscan': 'openssh-client',
  sshd: 'openssh-server',
  udevadm: 'udev',
  dnf: 'dnf',
  rpm: 'rpm',
  rpmbuild: 'rpm',
  createrepo_c: 'createrepo-c',
  rpmsign: 'rpm',
  rsync: 'rsync',
  netplan: 'netplan.io',
  gpg: 'gpg',
  gpgv: 'gpgv',
  openssl: 'openssl',
  xz: 'xz-utils',
  xorriso: 'xorriso',
  implantisomd5: 'isomd5sum',
  debootstrap: 'debootstrap',
  'apt-ftparchive': 'apt-utils',
  'dpkg-deb': 'dpkg',
  ifup: 'ifupdown',
  ifquery: 'ifupdown',
  nft: 'nftables',
  zsh: 'zsh',
  fish: 'fish',
  ssh: 'openssh-client',
  'grub-mkimage': 'grub-common',
  'grub-glue-efi': 'grub-common',
  'grub-mkstandalone': 'grub-common',
  'grub-mknetdir': 'grub-common',
  'grub-script-check': 'grub-common',
  'grub-file': 'grub-common',
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-system-aarch64': 'qemu-system-arm',
  'qemu-img': 'qemu-utils',
};

/** Folders whose files come from one package. */
const DEBIAN_FOLDERS: readonly (readonly [prefix: string, debianPackage: string])[] = [
  ['/usr/lib/grub/i386-pc', 'grub-pc-bin'],
  ['/usr/lib/grub/x86_64-efi-signed', 'grub-efi-amd64-signed'],
  ['/usr/lib/grub/x86_64-efi', 'grub-efi-amd64-bin'],
  ['/usr/lib/grub/i386-efi', 'grub-efi-ia32-bin'],
  ['/usr/lib/grub/arm64-efi', 'grub-efi-arm64-bin'],
  ['/usr/lib/shim', 'shim-signed'],
  ['/usr/lib/x86_64-linux-gnu/faketime', 'libfaketime'],
  ['/usr/lib/ipxe/qemu', 'ipxe-qemu'],
  ['/usr/lib/ipxe', 'ipxe'],
  ['/usr/share/OVMF/OVMF32', 'ovmf-ia32'],
  ['/usr/share/OVMF', 'ovmf'],
  ['/usr/share/AAVMF', 'qemu-efi-aarch64'],
  ['/usr/share/keyrings/debian-archive', 'debian-archive-keyring'],
  ['/usr/lib/python3/dist-packages/dnf-plugins', 'dnf-plugins-core'],
  ['/usr/lib/debian-installer/images/13', 'debian-installer-13-netboot-amd64'],
  ['/usr/lib/debian-installer/images', 'debian-installer-12-netboot-amd64'],
];

/** The Debian package that brings this program or absolute path, where it is known. */
export function debianPackageOf(tool: string): string | undefined {
  if (!tool.startsWith('/')) return DEBIAN_PACKAGES[tool];
  return DEBIAN_FOLDERS.find(([prefix]) => tool.startsWith(prefix))?.[1];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The absolute path of a program in PATH or in the system folders, or undefined. */
export function findProgram(name: string, path: string = process.env.PATH ?? ''): string | undefined {
  const folders = [
    ...path.split(':').filter((folder) => folder.startsWith('/')),
    '/usr/bin',
    '/bin',
    ...SYSTEM_FOLDERS,
  ];
  return folders.map((folder) => `${folder}/${name}`).find(isExecutable);
}
