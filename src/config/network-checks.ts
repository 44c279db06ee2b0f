import { formatIpv4, type Ipv4 } from '../net/ipv4.ts';
import {
  type AddressRange,
  broadcastOf,
  formatRange,
  formatSubnet,
  rangeContains,
  rangesOverlap,
  rangesWithout,
  subnetContains,
} from '../net/subnet.ts';
import { encodeOptionValue, parseOptionCode } from './dhcp-options.ts';
import { type Facts, FirstPlaces } from './facts.ts';
import { errorAt, type Finding, type Path, warningAt } from './problem.ts';
import type { NetworkConfig } from './schema.ts';

/** Whether a network's own keys fit together, and the networks with each other. */
export function checkNetworks(facts: Facts): Finding[] {
  const networks = Object.entries(facts.config.networks);
  if (networks.length === 0 && !facts.has(['networks'])) {
    return [warningAt([], 'there are no networks: nothing is served until networks has an entry')];
  }
  const own = ownAddresses(facts);
  return [
    ...networks.flatMap(([name, network]) => [
      ...checkAddresses(facts, name, network),
      ...checkDhcp(name, network),
      ...checkPools(name, network, own),
      ...checkOptions(name, network),
    ]),
    ...checkOverlap(facts),
  ];
}

/** Every address of this host that a network names. */
export function ownAddresses(facts: Facts): ReadonlySet<Ipv4> {
  return new Set(Object.values(facts.config.networks).map((network) => network.address));
}

/** Why an address of the subnet cannot be a machine's or ours: it names the network itself. */
export function reservedIn(network: NetworkConfig, address: Ipv4): string | undefined {
  if (address === network.subnet.base) return 'the network’s own number';
  return address === broadcastOf(network.subnet) ? 'the broadcast address' : undefined;
}

function checkAddresses(facts: Facts, name: string, network: NetworkConfig): Finding[] {
  const found: Finding[] = [];
  const place = `${formatSubnet(network.subnet)}`;
  const addressPath = ['networks', name, 'address'];
  if (network.interface === undefined) found.push(...checkRelayed(facts, name, network));
  else if (!subnetContains(network.subnet, network.address)) {
    found.push(
      errorAt(
        addressPath,
        `${formatIpv4(network.address)} is not in the subnet ${place}: expected this host’s address there`,
      ),
    );
  }
  const reserved = reservedIn(network, network.address);
  if (reserved)
    found.push(
      errorAt(addressPath, `${formatIpv4(network.address)} is ${reserved} of ${place}: expected a host’s address`),
    );
  const { router } = network;
  if (router === undefined) return found;
  const path = ['networks', name, 'router'];
  const role = reservedIn(network, router);
  if (!subnetContains(network.subnet, router)) {
    found.push(errorAt(path, `${formatIpv4(router)} is not in the subnet ${place}: machines could not reach it`));
  } else if (role) found.push(errorAt(path, `${formatIpv4(router)} is ${role} of ${place}: expected a host’s address`));
  return found;
}

/** A network behind relays has no interface here: the machines reach us at an address of another network. */
function checkRelayed(facts: Facts, name: string, network: NetworkConfig): Finding[] {
  if (!facts.allNetworksFit || facts.has(['networks', name, 'interface'])) return [];
  const local = Object.values(facts.config.networks).filter((other) => other.interface !== undefined);
  if (local.some((other) => other.address === network.address)) return [];
  const known = local.map((other) => formatIpv4(other.address)).join(', ') || 'none so far';
  const message = `without interface, the network is reached through relays, and address must be that of a network with one (${known})`;
  return [errorAt(['networks', name, 'address'], message)];
}

function checkDhcp(name: string, { dhcp }: NetworkConfig): Finding[] {
  const path = ['networks', name, 'dhcp'];
  const { leaseTime, minLeaseTime: min, maxLeaseTime: max } = dhcp;
  const found: Finding[] = [];
  if (min !== undefined && min > leaseTime) {
    found.push(errorAt([...path, 'minLeaseTime'], `${min} s is longer than leaseTime (${leaseTime} s)`));
  }
  if (max !== undefined && max < leaseTime) {
    found.push(errorAt([...path, 'maxLeaseTime'], `${max} s is shorter than leaseTime (${leaseTime} s)`));
  }
  if (dhcp.mode === 'proxy' && dhcp.pools.length > 0) {
    const message = 'a proxy gives no addresses: take the pools out, or use mode authoritative';
    found.push(errorAt([...path, 'pools'], message, 'key'));
  }
  return found;
}

function checkPools(name: string, network: NetworkConfig, own: ReadonlySet<Ipv4>): Finding[] {
  const found: Finding[] = [];
  const { subnet, router } = network;
  const path = (index: number): Path => ['networks', name, 'dhcp', 'pools', index, 'range'];
  const taken = new Map<Ipv4, string>([...own].map((address) => [address, 'this host’s own address']));
  if (router !== undefined) taken.set(router, 'the router');
  taken.set(subnet.base, 'the network’s own number');
  taken.set(broadcastOf(subnet), 'the broadcast address');
  const pools = network.dhcp.pools.map((pool, index) => ({ range: pool.range, index }));
  for (const { range, index } of pools) {
    if (!subnetContains(subnet, range.first) || !subnetContains(subnet, range.last)) {
      found.push(errorAt(path(index), `${formatRange(range)} is not in the subnet ${formatSubnet(subnet)}`));
      continue;
    }
    const hits = [...taken].filter(([address]) => rangeContains(range, address)).sort(([a], [b]) => a - b);
    if (hits.length > 0) found.push(errorAt(path(index), takenMessage(range, hits)));
  }
  const sorted = pools.toSorted((a, b) => a.range.first - b.range.first);
  let widest = sorted[0];
  for (const pool of sorted.slice(1)) {
    if (widest && rangesOverlap(widest.range, pool.range)) {
      const later = pool.index > widest.index ? pool : widest;
      const other = later === pool ? widest : pool;
      found.push(
        errorAt(path(later.index), `${formatRange(later.range)} overlaps the pool ${formatRange(other.range)}`),
      );
    }
    if (!widest || pool.range.last > widest.range.last) widest = pool;
  }
  return found;
}

function takenMessage(range: AddressRange, hits: readonly (readonly [Ipv4, string])[]): string {
  const named = hits.map(([address, role]) => `${formatIpv4(address)} (${role})`).join(' and ');
  const free = rangesWithout(
    range,
    hits.map(([address]) => address),
  );
  const instead = free.length === 0 ? 'nothing is left of it' : `write ${free.map(formatRange).join(' and ')} instead`;
  return `${formatRange(range)} holds ${named}: ${instead}`;
}

function checkOptions(name: string, network: NetworkConfig): Finding[] {
  const first = new FirstPlaces<number>();
  return Object.entries(network.dhcp.options).flatMap(([key, value]) => {
    const path = ['networks', name, 'dhcp', 'options', key];
    const code = parseOptionCode(key);
    if (typeof code !== 'number') return [];
    if (first.earlier(code, path))
      return [errorAt(path, `option ${code} is given twice, by number and by name`, 'key')];
    const bytes = encodeOptionValue(code, value);
    return bytes instanceof Uint8Array ? [] : [errorAt(path, bytes.problem)];
  });
}

/** Subnets either contain each other or are disjoint, so in order of their base a neighbour tells. */
function checkOverlap(facts: Facts): Finding[] {
  const order = Object.keys(facts.config.networks);
  const sorted = Object.entries(facts.config.networks).toSorted(
    ([, a], [, b]) => a.subnet.base - b.subnet.base || a.subnet.prefix - b.subnet.prefix,
  );
  const found: Finding[] = [];
  let outer: (typeof sorted)[number] | undefined;
  for (const entry of sorted) {
    if (!outer || !subnetContains(outer[1].subnet, entry[1].subnet.base)) {
      outer = entry;
      continue;
    }
    const [other, later] = [outer, entry].toSorted(([a], [b]) => order.indexOf(a) - order.indexOf(b)) as [
      typeof entry,
      typeof entry,
    ];
    const message = `${formatSubnet(later[1].subnet)} overlaps network ${other[0]} (${formatSubnet(other[1].subnet)}, ${facts.where(['networks', other[0]])})`;
    found.push(errorAt(['networks', later[0], 'subnet'], message));
  }
  return found;
}
