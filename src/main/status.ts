import type { Status } from '../http/api/ports.ts';
import { isOver } from '../lease/book.ts';
import type { Network } from '../lease/network.ts';
import { formatIpv4 } from '../net/ipv4.ts';
import { formatSubnet, rangeContains, rangeSize } from '../net/subnet.ts';
import type { Base } from './base.ts';
import { VERSION } from './base.ts';
import type { Serving } from './serving.ts';

export interface StatusOptions {
  readonly base: Base;
  readonly serving: Serving;
  readonly configPath: string | undefined;
  readonly dataFolder: string;
  /** Where the admin API can be asked. */
  readonly admin: () => Status['admin'];
}

/** Follows which sockets are open by what is told of them, so that `status` says what the log says. */
export function createStatus({ base, serving, configPath, dataFolder, admin }: StatusOptions): () => Status {
  const started = new Date(base.now()).toISOString();
  const listeners = serving.listeners();
  return () => ({
    version: VERSION,
    pid: process.pid,
    started,
    config: configPath ?? null,
    data: dataFolder,
    admin: admin(),
    networks: serving.state().settings.networks.map((network) => describeNetwork(base, network)),
    listeners: [...listeners.values()],
    loaders: serving.catalog().offered,
    counters: { ...serving.dhcp.counters(), httpRequests: serving.httpStats()?.requests ?? 0 },
    netboot: serving.dhcp.macCounters(),
  });
}

function describeNetwork({ book, now }: Base, network: Network): Status['networks'][number] {
  const at = now();
  const pools = network.dhcp.pools.map(({ range }) => range);
  let bound = 0;
  let used = 0;
  for (const lease of book.leases()) {
    if (lease.network !== network.name || isOver(lease, at)) continue;
    if (lease.state === 'bound') bound++;
    if (pools.some((range) => rangeContains(range, lease.address))) used++;
  }
  const size = pools.reduce((sum, range) => sum + rangeSize(range), 0);
  return {
    name: network.name,
    interface: network.interface ?? null,
    subnet: formatSubnet(network.subnet),
    address: formatIpv4(network.address),
    router: network.router === undefined ? null : formatIpv4(network.router),
    mode: network.dhcp.mode,
    pools: network.dhcp.pools.map(({ range, clients }) => ({
      first: formatIpv4(range.first),
      last: formatIpv4(range.last),
      clients,
    })),
    leases: { bound, free: size - used },
  };
}
