import { formatIpv4, type Ipv4 } from '../net/ipv4.ts';
import { formatSubnet } from '../net/subnet.ts';
import type { Account } from './account.ts';
import type { Section } from './assemble.ts';
import type { FittedMachine } from './fit-machines.ts';
import { fitPools } from './fit-pools.ts';
import { formatSeconds } from './lease-times.ts';
import type { ConfigOption } from './option-value.ts';
import { FILL_IN, type PlacedNetwork } from './places.ts';
import { rangeText } from './range-text.ts';
import { LOOKED_UP, PROBE_STAYS } from './reasons.ts';

/** What all networks have in common stands once, under `defaults`. */
export function sharedDefaults(networks: readonly PlacedNetwork[], account: Account): Section {
  const defaults: Section = new Map();
  for (const key of ['domain', 'dns', 'ntp'] as const) {
    const values = networks.map(({ network }) => network[key]);
    const [first] = values;
    if (first === undefined || !values.every((value) => JSON.stringify(value) === JSON.stringify(first))) continue;
    defaults.set(key, first);
    if (key !== 'domain') tellNames(['defaults', key], networks[0], key, account);
  }
  return defaults;
}

/** Host names where addresses belong. */
function tellNames(
  at: readonly string[],
  placed: PlacedNetwork | undefined,
  key: 'dns' | 'ntp' | 'router',
  account: Account,
): void {
  const values = [placed?.network[key] ?? []].flat();
  const isName = (text: string) => text !== FILL_IN && !/^[0-9.]+$/.test(text);
  if (values.some(isName)) account.tell({ at, level: 'todo', reason: LOOKED_UP });
}

export type ShareOptions = (options: readonly ConfigOption[]) => Section;

/** Networks with the same options have the same map: it is written once, and the others refer to it. */
export function createSharing(): ShareOptions {
  const known = new Map<string, Section>();
  return (options) => {
    const key = JSON.stringify(options);
    const section = known.get(key) ?? new Map(options.map((option) => [option.key, option.value]));
    known.set(key, section);
    return section;
  };
}

interface Around {
  readonly machines: readonly FittedMachine[];
  readonly own: ReadonlySet<Ipv4>;
  readonly defaults: Section;
  readonly account: Account;
  readonly shareOptions: ShareOptions;
}

export function networkSection(placed: PlacedNetwork, around: Around): Section {
  const { network, subnet, address, isRelayed } = placed;
  const { defaults, account } = around;
  const at = ['networks', network.name];
  const section: Section = new Map();
  const set = (key: string, value: unknown) => value !== undefined && section.set(key, value);
  if (!isRelayed) set('interface', placed.interface ?? FILL_IN);
  set('subnet', subnet ? formatSubnet(subnet) : FILL_IN);
  set('address', address === undefined ? FILL_IN : formatIpv4(address));
  set('router', network.router);
  tellNames([...at, 'router'], placed, 'router', account);
  for (const key of ['dns', 'domain', 'ntp'] as const) {
    if (defaults.has(key)) continue;
    set(key, network[key]);
    if (key !== 'domain') tellNames([...at, key], placed, key, account);
  }
  set('mtu', network.mtu);
  if (network.dns === undefined && network.mode === 'authoritative') {
    const reason =
      'No name servers are said. rackready always sends some: the router, else this host, unless dns is set.';
    account.tell({ at, level: 'todo', reason });
  }
  set('dhcp', dhcpSection(placed, around));
  return section;
}

function dhcpSection(placed: PlacedNetwork, { machines, own, account, shareOptions }: Around): Section {
  const { network } = placed;
  const dhcp: Section = new Map<string, unknown>([['mode', network.mode]]);
  const set = (key: string, value: unknown) => value !== undefined && dhcp.set(key, value);
  if (network.mode === 'authoritative') {
    for (const key of ['leaseTime', 'minLeaseTime', 'maxLeaseTime'] as const) {
      const seconds = network.times?.[key];
      if (seconds !== undefined) set(key, formatSeconds(seconds));
    }
    for (const key of ['unknownClients', 'bootp'] as const) if (!network[key]) set(key, false);
    if (!network.conflictProbe) {
      account.tell({ at: ['networks', network.name, 'dhcp'], level: 'fine', reason: PROBE_STAYS });
    }
  }
  if (network.isBroadcast) set('replies', 'broadcast');
  const pools = fitPools(placed, machines, own, account).map(({ range, clients }) => {
    const pool = new Map([['range', rangeText(range)]]);
    return clients === 'bootp' ? pool.set('clients', clients) : pool;
  });
  if (pools.length > 0) set('pools', pools);
  if (network.options.length > 0) set('options', shareOptions(network.options));
  return dhcp;
}
