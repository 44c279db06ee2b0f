/** What both kinds of sources are told in the same words. */
export const BOOT_FILES =
  'Boot files: rackready sends each firmware the loader that it can run (BIOS, UEFI, iPXE), names this host as the next server, and what a machine is to do follows from its profile. These are not sent. If something goes on needing files of the old TFTP root, name it: server.bootFolder.';

export const ONLY_FIRST_ROUTER = 'Only the first router is sent.';

export const LOOKED_UP = 'A host name, which was looked up at every start: write its address here.';

export const REFUSED_MACHINE =
  'Left out: it was refused, which rackready cannot do for a single machine. It gets what unknown machines get.';

export const NO_MAC =
  'Left out: a machine is known by its MAC address, and this one has none here. Add it with mac: when you know it.';

export const EVENTS = 'Events are kept in the data folder; look with: ./rackready events';

export const LEASES = 'Leases are in the data folder (--data), each on disk before its ACK is sent.';

export const IPV6 = 'rackready speaks IPv4 only: another server has to go on with DHCPv6.';

export const NO_SCRIPTS = 'rackready runs no scripts on leases. Follow them with: ./rackready events --follow --json';

export const ONE_OPTION_SET = 'Options of single machines are not sent: all machines of a network get the same.';

export const NETWORK_WIDE = 'This holds for whole networks, and has no counterpart for single machines.';

export const NOT_AUTHORITATIVE =
  'It is not authoritative here. rackready is: it refuses addresses that are wrong here. If another DHCP server is on this network, settle first which of them gives out the addresses.';

export const NO_END = 'A lease without an end cannot be given to DHCP clients: this is the longest that can be said.';

export const PROBE_STAYS =
  'The source gives out addresses without asking whether somebody has them. Here that is asked (by ARP, 0.4 s, for addresses that nobody has a lease of yet): the leases of the old server are not known, and their addresses must not be given out twice. conflictProbe: false turns it off, when the old leases have run out.';
