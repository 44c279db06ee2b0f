import type { EventView } from '../../../src/http/api/views.ts';

/** Another DHCP server that was heard. */
export interface OtherServer {
  readonly network: string;
  readonly server: string;
  readonly serverMac: string | undefined;
  readonly mode: string;
  /** It may answer machines before us where we are to be the only one. */
  readonly isTrouble: boolean;
  readonly lastSeen: string;
}

/** From what was told of them, oldest first: one for each network and server. */
export function foldServers(events: readonly EventView[]): readonly OtherServer[] {
  const found = new Map<string, OtherServer>();
  for (const { id, network = '', time, data } of events) {
    const { server, serverMac, mode } = data as { server?: string; serverMac?: string; mode?: string };
    if (server === undefined) continue;
    const one = { network, server, serverMac, mode: mode ?? '', isTrouble: id === 'dhcp.stranger', lastSeen: time };
    found.set(`${network} ${server}`, one);
  }
  return [...found.values()].toSorted((a, b) => b.lastSeen.localeCompare(a.lastSeen));
}
