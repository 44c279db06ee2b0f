import type { RemarkLevel } from '../account.ts';
import { EVENTS, IPV6, LEASES, NO_SCRIPTS } from '../reasons.ts';

interface KeywordRemark {
  readonly level: RemarkLevel;
  readonly reason: string;
}

const fine = (reason: string): KeywordRemark => ({ level: 'fine', reason });
const todo = (reason: string): KeywordRemark => ({ level: 'todo', reason });

function each(remark: KeywordRemark, ...keywords: readonly string[]): [string, KeywordRemark][] {
  return keywords.map((keyword) => [keyword, remark]);
}

const NO_DNS_UPDATES = 'rackready makes no DNS updates.';
const ipv6 = todo(IPV6);
const scripts = todo(NO_SCRIPTS);
const variables = todo('rackready evaluates no expressions and keeps no variables.');

/** Declarations and executable statements without a counterpart, whatever they say. */
export const declarationRemarks: Readonly<Record<string, KeywordRemark>> = Object.fromEntries([
  ...each(
    {
      level: 'todo',
      reason:
        'A key is a secret: it is not copied. rackready makes no DNS updates, and has an admin API in place of OMAPI.',
    },
    'key',
  ),
  ...each(fine(NO_DNS_UPDATES), 'zone', 'dns-update', 'dns-delete', 'ns-update'),
  ...each(
    todo(
      'There is no failover: one rackready serves these pools alone. Stop both partners before it starts, or give each server a part of every range.',
    ),
    'failover',
  ),
  ...each(ipv6, 'subnet6', 'range6', 'prefix6', 'fixed-address6', 'fixed-prefix6', 'server-duid'),
  ...each(scripts, 'on', 'execute'),
  ...each(variables, 'set', 'unset', 'define', 'function', 'eval', 'let', 'return', 'switch', 'add', 'case', 'default'),
  ...each(todo('Options of this kind are not sent.'), 'send', 'append', 'prepend', 'supersede', 'request', 'require'),
  ...each(fine(EVENTS), 'log'),
]);

/** Parameters without a counterpart, or that rackready always does or never needs. */
export const parameterRemarks: Readonly<Record<string, KeywordRemark>> = Object.fromEntries([
  ...each(
    fine(NO_DNS_UPDATES),
    ...['ddns-updates', 'ddns-update-style', 'ddns-domainname', 'ddns-hostname', 'ddns-rev-domainname', 'ddns-ttl'],
    ...['ddns-local-address4', 'ddns-local-address6', 'ddns-guard-id-must-match', 'ddns-dual-stack-mixed-mode'],
    ...['ddns-other-guard-is-dynamic', 'update-optimization', 'update-conflict-detection', 'update-static-leases'],
    ...['do-forward-updates', 'do-reverse-updates', 'client-updates', 'fqdn-reply'],
  ),
  ...each(
    fine(LEASES),
    ...['lease-file-name', 'pid-file-name', 'dhcpv6-lease-file-name', 'dhcpv6-pid-file-name', 'db-time-format'],
    ...['dont-use-fsync', 'delayed-ack', 'max-ack-delay', 'lease-id-format', 'persist-eui-64-leases'],
  ),
  ...each(fine(EVENTS), 'log-facility', 'log-threshold-low', 'log-threshold-high'),
  ...each(
    fine('A machine is its MAC address: it has one lease, whatever client identifiers it sends.'),
    ...['one-lease-per-client', 'ignore-client-uids', 'duplicates'],
  ),
  ...each(fine('The name of a machine is always sent (option 12).'), 'use-host-decl-names'),
  ...each(todo('Names are not looked up in DNS: a machine has the name that is written here.'), 'get-lease-hostnames'),
  ...each(fine('rackready always does this.'), 'always-reply-rfc1048', 'stash-agent-options', 'echo-client-id'),
  ...each(
    fine('Whether an address is in use is asked by ARP, which takes 0.4 s.'),
    'ping-timeout',
    'ping-timeout-ms',
    'ping-cltt-secs',
  ),
  ...each(fine('rackready names itself as the server of boot files.'), 'server-name'),
  ...each(todo('There is no OMAPI: the admin API has its place (docs/commands.md).'), ...['omapi-port', 'omapi-key']),
  ...each(
    todo('rackready answers on the ports 67 and 4011 of the interfaces that networks name.'),
    ...[
      'local-port',
      'remote-port',
      'local-address',
      'local-address6',
      'bind-local-address6',
      'limited-broadcast-address',
    ],
  ),
  ...each(todo('The lease of a BOOTP client has no end.'), 'dynamic-bootp-lease-cutoff', 'dynamic-bootp-lease-length'),
  ...each(todo('rackready answers at once: it does not wait for another server to answer first.'), 'min-secs'),
  ...each(todo('A router is an address: write router: of the network.'), 'use-lease-addr-for-default-route'),
  ...each(
    todo('No counterpart: lease times are fixed by leaseTime, minLeaseTime and maxLeaseTime.'),
    ...['adaptive-lease-time-threshold', 'dhcp-cache-threshold', 'infinite-is-reserved', 'preferred-lifetime'],
  ),
  ...each(
    fine('An address that a client declines, or that is found in use, is set aside for an hour.'),
    'abandon-lease-time',
    'declines',
  ),
  ...each(todo('Lease queries are not answered.'), 'leasequery'),
  ...each(
    todo('Vendor options (option 43) are made by rackready for PXE and Apple clients only.'),
    ...['vendor-option-space', 'site-option-space'],
  ),
  ...each(
    fine('No counterpart, and no effect on what machines get.'),
    ...['release-on-roam', 'server-id-check', 'check-secs-byte-order', 'prefix-length-mode', 'limit-addrs-per-ia'],
    ...['limit-prefs-per-ia', 'dhcpv6-set-tee-times', 'dynamic', 'deleted', 'static', 'lease-limit'],
  ),
  ...each(
    todo('Configuration in LDAP is not read, and the password is not copied.'),
    ...['ldap-server', 'ldap-port', 'ldap-username', 'ldap-password', 'ldap-base-dn', 'ldap-method', 'ldap-debug-file'],
    ...['ldap-dhcp-server-cn', 'ldap-referrals', 'ldap-init-retry', 'ldap-ssl', 'ldap-tls-reqcert', 'ldap-tls-ca-file'],
    ...[
      'ldap-tls-ca-dir',
      'ldap-tls-cert',
      'ldap-tls-key',
      'ldap-tls-crlcheck',
      'ldap-tls-ciphers',
      'ldap-tls-randfile',
    ],
    ...['ldap-gssapi-principal', 'ldap-gssapi-keytab'],
  ),
]);
