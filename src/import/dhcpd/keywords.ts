/** Statements of dhcpd.conf(5) that end with a semicolon and have no expressions in them. */
const simple: ReadonlySet<string> = new Set([
  ...['allow', 'deny', 'ignore', 'authoritative', 'not', 'include', 'interface', 'range', 'hardware', 'uid'],
  ...['fixed-address', 'filename', 'server-name', 'next-server', 'server-identifier', 'option', 'dynamic', 'deleted'],
  ...['default-lease-time', 'max-lease-time', 'min-lease-time', 'dynamic-bootp-lease-length', 'min-secs', 'algorithm'],
  ...['one-lease-per-client', 'get-lease-hostnames', 'use-host-decl-names', 'ping-check', 'ping-timeout', 'primary'],
  ...['boot-unknown-clients', 'always-broadcast', 'always-reply-rfc1048', 'use-lease-addr-for-default-route', 'secret'],
  ...['ddns-update-style', 'ddns-updates', 'ddns-domainname', 'ddns-hostname', 'ddns-rev-domainname', 'ddns-ttl'],
  ...['log-facility', 'lease-file-name', 'pid-file-name', 'omapi-port', 'omapi-key', 'local-port', 'local-address'],
  ...['update-static-leases', 'update-optimization', 'update-conflict-detection', 'do-forward-updates'],
  ...['vendor-option-space', 'site-option-space', 'stash-agent-options', 'ignore-client-uids', 'infinite-is-reserved'],
]);

/** Statements with a block or an expression. */
const compound: ReadonlySet<string> = new Set([
  ...['subnet', 'subnet6', 'shared-network', 'pool', 'group', 'host', 'class', 'subclass', 'failover', 'zone', 'key'],
  ...['if', 'elsif', 'else', 'switch', 'on', 'match', 'set', 'log', 'execute'],
]);

/** Whether a statement with this first word never has words of another statement in it. */
export function isSimpleKeyword(text: string): boolean {
  return simple.has(text.toLowerCase());
}

/** Whether a statement may begin with this word. */
export function isStatementKeyword(text: string): boolean {
  const lower = text.toLowerCase();
  return simple.has(lower) || compound.has(lower);
}
