import type { WantedPackage } from '../io/packages.ts';

export type SetupPurpose = 'server' | 'demo' | 'install-demo' | 'tests';

const required = (name: string, why: string): WantedPackage => ({ name, isRequired: true, why });
const optional = (name: string, why: string): WantedPackage => ({ name, isRequired: false, why });

/** What a deploy host needs: boot loaders to make images of, and `ip`. */
const SERVER: readonly WantedPackage[] = [
  required('grub-common', 'makes GRUB images for network boot'),
  required('grub-pc-bin', 'GRUB for BIOS machines'),
  required('grub-efi-amd64-bin', 'GRUB for UEFI x64 machines and Intel Macs'),
  required('grub-efi-ia32-bin', 'GRUB for 32-bit UEFI and early Intel Macs'),
  optional('grub-efi-arm64-bin', 'GRUB for UEFI arm64 machines'),
  optional('shim-signed', 'UEFI Secure Boot'),
  optional('grub-efi-amd64-signed', 'UEFI Secure Boot'),
  optional('ipxe', 'iPXE images to chain-load'),
  required('iproute2', 'looks at network interfaces'),
  optional('gpgv', 'checks signatures of mirrors'),
  optional('rsync', 'mirrors that come by rsync'),
];

/** What the virtual rack needs in addition. */
const DEMO: readonly WantedPackage[] = [
  ...SERVER,
  required('util-linux', 'private namespaces (unshare, setpriv)'),
  required('qemu-system-x86', 'virtual PCs'),
  required('ovmf', 'UEFI firmware for virtual PCs'),
  required('ipxe-qemu', 'boot ROMs of virtual network cards'),
  {
    name: 'debian-installer-12-netboot-amd64',
    newest: /^debian-installer-(\d+)-netboot-amd64$/,
    isRequired: true,
    why: 'the installer that the virtual PCs boot',
  },
];

/** What `demo --install` needs in addition: it makes a small Debian mirror, and logs in. */
const INSTALL_DEMO: readonly WantedPackage[] = [
  ...DEMO,
  required('python3', 'assembles the small Debian mirror'),
  required('gpg', 'signs the index of the installer components'),
  required('gpg-agent', 'makes the key for that'),
  required('openssh-client', 'logs in to what was installed'),
];

/** Real servers and clients that the tests drive. A test whose program is missing says so by itself. */
const TESTS: readonly WantedPackage[] = [
  ...INSTALL_DEMO,
  optional('ovmf-ia32', '32-bit UEFI firmware'),
  optional('qemu-system-arm', 'virtual arm64 machines'),
  optional('qemu-efi-aarch64', 'UEFI firmware for virtual arm64 machines'),
  optional('tshark', 'reads packets with other eyes than ours'),
  optional('tcpdump', 'captures packets'),
  optional('isc-dhcp-server', 'a foreign DHCP server'),
  optional('isc-dhcp-client', 'a DHCP client'),
  optional('udhcpc', 'a DHCP client'),
  optional('bootpc', 'a BOOTP client'),
  optional('libfaketime', 'sets the clock for one program'),
  optional('isc-dhcp-relay', 'a DHCP relay'),
  optional('kea-dhcp4-server', 'a foreign DHCP server'),
  optional('kea-admin', 'perfdhcp, for measurements'),
  optional('dnsmasq-base', 'a foreign DHCP and TFTP server'),
  optional('tftpd-hpa', 'a TFTP server to compare with'),
  optional('tftp-hpa', 'a TFTP client'),
  optional('atftp', 'a TFTP client'),
  optional('curl', 'an HTTP and TFTP client'),
  optional('nginx', 'a proxy before mirrors, and an HTTP server to compare with'),
  optional('acl', 'lets that proxy through the data folder'),
  optional('debconf', 'checks Debian answer files'),
  optional('busybox', 'the shell of installers'),
  optional('etherwake', 'Wake-on-LAN to compare with'),
  optional('wakeonlan', 'Wake-on-LAN to compare with'),
  optional('nftables', 'a firewall to be told of'),
  optional('zsh', 'checks the completion'),
  optional('fish', 'checks the completion'),
  optional('cloud-init', 'checks and fetches Ubuntu answer files'),
  optional('openssh-server', 'the installed system that is waited for'),
  optional('udev', 'reads the names of network cards'),
  optional('dnf', 'reads and installs from an install tree'),
  optional('createrepo-c', 'makes the metadata of an install tree'),
  optional('rpm', 'makes the packages of an install tree'),
  optional('dnf-plugins-core', 'copies a repository, to compare'),
  optional('openssl', 'makes the certificates of tests'),
  optional('xz-utils', 'compresses metadata of tests'),
  optional('xorriso', 'makes installation media of tests'),
  optional('isomd5sum', 'puts checksums into them'),
  optional('apt-utils', 'makes the index of an apt archive, to compare'),
  optional('debootstrap', 'installs Debian from a mirror'),
  optional('debian-archive-keyring', 'the keys that the Debian presets name'),
  optional('netplan.io', 'checks the network section of Ubuntu answer files'),
  optional('chromium', 'drives the web page'),
  optional('ifupdown', 'brings up what Debian answer files write'),
];

export const packageSets: Readonly<Record<SetupPurpose, readonly WantedPackage[]>> = {
  server: SERVER,
  demo: DEMO,
  'install-demo': INSTALL_DEMO,
  tests: TESTS,
};
