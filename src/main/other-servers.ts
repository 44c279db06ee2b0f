/** What is needed of an event. */
interface Told {
  readonly network?: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The DHCP servers that `dhcp.other-server` and `dhcp.stranger` tell of, by network, each once. */
export function foldOtherServers(events: readonly Told[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { network = '', data } of events) {
    const known = found.get(network) ?? [];
    const server = String(data.server);
    if (!known.includes(server)) found.set(network, [...known, server]);
  }
  return found;
}
