import type { RemarkLevel } from '../account.ts';
import { BOOT_FILES, EVENTS, IPV6, LEASES, NO_SCRIPTS } from '../reasons.ts';

interface KeyRemark {
  readonly level: RemarkLevel;
  readonly reason: string;
}

const fine = (reason: string): KeyRemark => ({ level: 'fine', reason });
const todo = (reason: string): KeyRemark => ({ level: 'todo', reason });

function each(remark: KeyRemark, keys: string): [string, KeyRemark][] {
  return keys
    .trim()
    .split(/\s+/)
    .map((key) => [key, remark]);
}

const DNS = todo(
  'Name service: rackready is no DNS server. dnsmasq can go on with it beside rackready, without the lines of DHCP and TFTP.',
);
const CLASSES = todo(
  'Tags of clients: rackready does not tell clients apart by what they send or by patterns, except firmware of all kinds.',
);

/** Options without a counterpart, or that rackready always does or never needs. What is translated is not in here. */
export const keyRemarks: Readonly<Record<string, KeyRemark>> = Object.fromEntries([
  ...each(
    DNS,
    `address add-cpe-id add-mac add-subnet addn-hosts alias all-servers auth-peer auth-sec-servers auth-server auth-soa
     auth-ttl auth-zone bogus-nxdomain bogus-priv cache-rr cache-size caa-record clear-on-reload cname connmark-allowlist
     connmark-allowlist-enable conntrack dhcp-fqdn dhcp-ttl dns-forward-max dns-loop-detect dns-rr dnssec
     dnssec-check-unsigned dnssec-debug dnssec-limits dnssec-no-timecheck dnssec-timestamp domain-needed domain-suffix
     dynamic-host edns-packet-max expand-hosts fast-dns-retry filter-A filter-AAAA filter-rr filterwin2k host-record
     hostsdir ignore-address interface-name ipset local local-service local-ttl localise-queries localmx max-cache-ttl
     max-port max-tcp-connections max-ttl min-cache-ttl min-port mx-host mx-target naptr-record neg-ttl nftset no-hosts
     no-ident no-negcache no-poll no-resolv no-round-robin port port-limit proxy-dnssec ptr-record query-port
     rebind-domain-ok rebind-localhost-ok resolv-file rev-server selfmx server servers-file srv-host stop-dns-rebind
     strict-order strip-mac strip-subnet synth-domain trust-anchor txt-record umbrella use-stale-cache do-0x20-encode`,
  ),
  ...each(todo(IPV6), 'enable-ra ra-param dhcp-duid no-dhcpv6-interface quiet-ra quiet-dhcp6'),
  ...each(
    fine(EVENTS),
    'log-facility log-async log-dhcp log-queries log-debug quiet-dhcp quiet-tftp dumpfile dumpmask',
  ),
  ...each(fine(LEASES), 'dhcp-leasefile leasefile-ro'),
  ...each(todo(NO_SCRIPTS), 'dhcp-script dhcp-luascript dhcp-scriptuser script-arp script-on-renewal conf-script'),
  ...each(todo(BOOT_FILES), 'dhcp-boot pxe-service pxe-prompt dhcp-pxe-vendor'),
  ...each(
    CLASSES,
    'dhcp-mac dhcp-circuitid dhcp-remoteid dhcp-subscrid dhcp-name-match tag-if dhcp-vendorclass dhcp-userclass dhcp-match',
  ),
  ...each(
    fine('rackready binds to the interfaces that networks name, and to no other.'),
    'bind-interfaces bind-dynamic except-interface no-dhcp-interface no-dhcpv4-interface',
  ),
  ...each(
    fine('The account, and what else has to do with the process, is rackready’s own: server.user.'),
    'user group pid-file no-daemon keep-in-foreground enable-dbus enable-ubus test version help',
  ),
  ...each(
    fine('A machine is its MAC address: it has one lease, whatever client identifiers it sends.'),
    'dhcp-ignore-clid',
  ),
  ...each(fine('Which free address a machine gets follows from its MAC address.'), 'dhcp-sequential-ip'),
  ...each(fine('Leases have no limit but their pools.'), 'dhcp-lease-max'),
  ...each(
    fine('Names that clients give themselves are shown and have no other effect.'),
    'dhcp-ignore-names dhcp-generate-names dhcp-client-update',
  ),
  ...each(fine('File and server always stand in their fields, and in options.'), 'dhcp-no-override'),
  ...each(
    todo(
      'Machines behind relays are served where a network without interface: has their subnet. rackready relays nothing.',
    ),
    'dhcp-relay dhcp-proxy bridge-interface shared-network',
  ),
  ...each(todo('rackready answers on the ports 67 and 4011.'), 'dhcp-alternate-port'),
  ...each(
    todo('No counterpart: rackready answers at once, with an offer first.'),
    'dhcp-reply-delay dhcp-rapid-commit',
  ),
  ...each(todo('/etc/ethers is not read: its machines have to be written as machines.'), 'read-ethers'),
  ...each(
    fine('TFTP is read-only, out of one folder; block size and window are agreed on with each client.'),
    'tftp-no-fail tftp-secure tftp-max tftp-mtu tftp-no-blocksize tftp-lowercase tftp-single-port',
  ),
  ...each(todo('One folder serves all machines.'), 'tftp-unique-root'),
]);
