import { formatIpv4, type Ipv4 } from '../net/ipv4.ts';
import { formatRange, formatSubnet, rangeContains, subnetContains } from '../net/subnet.ts';
import { entryOf, type Facts, FirstPlaces } from './facts.ts';
import { checkMac } from './mac-checks.ts';
import { didYouMean } from './nearest.ts';
import { ownAddresses, reservedIn } from './network-checks.ts';
import { errorAt, type Finding, formatPath, type Path, warningAt } from './problem.ts';
import { isHostLabel } from './scalars.ts';
import type { MachineConfig, NetworkConfig } from './schema.ts';

type Check = (name: string, machine: MachineConfig) => readonly Finding[];

/** Whether each machine can be told from the others, and has an address that it can be given. */
export function checkMachines(facts: Facts): Finding[] {
  const checks: readonly Check[] = [
    checkIdentity(facts),
    checkAddress(facts),
    checkAddressing(facts),
    checkHostName(facts),
    checkReferences(facts),
    (name, machine) => checkMac(facts, name, machine),
  ];
  return Object.entries(facts.config.machines).flatMap(([name, machine]) =>
    checks.flatMap((check) => check(name, machine)),
  );
}

function checkIdentity(facts: Facts): Check {
  const macs = new FirstPlaces<string>();
  const uuids = new FirstPlaces<string>();
  return (name, machine) => {
    const base = ['machines', name];
    const found: Finding[] = [];
    const hasOne = machine.mac !== undefined || facts.has([...base, 'mac']);
    const hasList = machine.macs !== undefined || facts.has([...base, 'macs']);
    if (hasOne && hasList) found.push(errorAt([...base, 'macs'], 'stands beside mac: expected one of the two', 'key'));
    if (!hasOne && !hasList)
      found.push(errorAt(base, 'has no mac: expected mac: "00:25:90:96:c4:9a", or macs: [...]', 'key'));
    const given: [string, Path][] = (machine.macs ?? []).map((mac, index) => [mac, [...base, 'macs', index]]);
    if (machine.mac !== undefined) given.push([machine.mac, [...base, 'mac']]);
    for (const [mac, path] of given) {
      const earlier = macs.earlier(mac, path);
      if (earlier) found.push(twice(facts, path, mac, earlier));
    }
    if (machine.uuid === undefined) return found;
    const path = [...base, 'uuid'];
    const earlier = uuids.earlier(machine.uuid, path);
    return earlier ? [...found, twice(facts, path, machine.uuid, earlier)] : found;
  };
}

function twice(facts: Facts, path: Path, value: string, earlier: Path): Finding {
  return errorAt(path, `${value} is already given at ${formatPath(earlier)} (${facts.where(earlier)})`);
}

function checkAddress(facts: Facts): Check {
  const addresses = new FirstPlaces<Ipv4>();
  const own = ownAddresses(facts);
  const networks = Object.entries(facts.config.networks);
  return (name, machine) => {
    const { address } = machine;
    if (address === undefined) return [];
    const path = ['machines', name, 'address'];
    const text = formatIpv4(address);
    const earlier = addresses.earlier(address, path);
    if (earlier) return [twice(facts, path, text, earlier)];
    if (own.has(address)) return [errorAt(path, `${text} is this host’s own address`)];
    const wanted = entryOf(facts.config.networks, machine.network);
    if (wanted && machine.network !== undefined && !subnetContains(wanted.subnet, address)) {
      return [errorAt(path, `${text} is not in network ${machine.network} (${formatSubnet(wanted.subnet)})`)];
    }
    const entry = networks.find(([, network]) => subnetContains(network.subnet, address));
    if (!entry) return facts.allNetworksFit ? [errorAt(path, outside(text, networks))] : [];
    return addressInNetwork(path, address, entry);
  };
}

function outside(text: string, networks: readonly (readonly [string, NetworkConfig])[]): string {
  const named = networks.slice(0, 4).map(([name, network]) => `${name} (${formatSubnet(network.subnet)})`);
  if (networks.length === 0) return `${text} is in no network: there are none yet`;
  if (networks.length === 1) return `${text} is not in network ${named.join('')}`;
  return `${text} is in none of the networks ${named.join(', ')}${networks.length > named.length ? ' …' : ''}`;
}

function addressInNetwork(path: Path, address: Ipv4, [name, network]: readonly [string, NetworkConfig]): Finding[] {
  const text = formatIpv4(address);
  const reserved = reservedIn(network, address);
  if (reserved) return [errorAt(path, `${text} is ${reserved} of network ${name} (${formatSubnet(network.subnet)})`)];
  if (address === network.router) return [errorAt(path, `${text} is the router of network ${name}`)];
  const pool = network.dhcp.pools.find(({ range }) => rangeContains(range, address));
  if (!pool) return [];
  const message = `${text} is in the pool ${formatRange(pool.range)} of network ${name}: expected an address outside the pools`;
  return [errorAt(path, message)];
}

/** What an installed system with a static address needs to know of its network. */
function checkAddressing(facts: Facts): Check {
  const { addressing: fallback } = facts.config.defaults;
  const told = new Set<string>();
  return (name, machine) => {
    if ((machine.addressing ?? fallback) !== 'static') return [];
    const base = ['machines', name];
    const isOwn = machine.addressing !== undefined;
    const path = isOwn ? [...base, 'addressing'] : base;
    const says = isOwn
      ? 'is static'
      : `has static addressing by defaults.addressing (${facts.where(['defaults', 'addressing'])})`;
    const { address } = machine;
    if (address === undefined) {
      if (facts.has([...base, 'address'])) return [];
      const message = `${says}, and the machine has no address: give it one, or set addressing: dhcp`;
      return [errorAt(path, message, isOwn ? 'value' : 'key')];
    }
    const entry = Object.entries(facts.config.networks).find(([, { subnet }]) => subnetContains(subnet, address));
    const [network = '', { subnet, router } = {}] = entry ?? [];
    if (subnet === undefined || router !== undefined || facts.has(['networks', network, 'router'])) return [];
    // Once for each network: a thousand machines have the same to say.
    if (told.has(network)) return [];
    told.add(network);
    const message = `${says}, and network ${network} names no router: the installed system will reach nothing outside ${formatSubnet(subnet)}`;
    return [warningAt(path, message, isOwn ? 'value' : 'key')];
  };
}

function checkHostName(facts: Facts): Check {
  const names = new FirstPlaces<string>();
  return (name, machine) => {
    const path = ['machines', name, 'hostName'];
    if (machine.hostName === undefined && !isHostLabel(name)) {
      if (facts.has(path)) return [];
      const message = `${JSON.stringify(name)} is no host name (letters, digits and "-", at most 63): rename it, or set hostName`;
      return [errorAt(['machines', name], message, 'key')];
    }
    const domain = machine.domain ?? facts.config.defaults.domain ?? '';
    const earlier = names.earlier(`${machine.hostName ?? name}.${domain}`.toLowerCase(), ['machines', name]);
    if (!earlier) return [];
    return [warningAt(path, `the host name is that of ${formatPath(earlier)} too (${facts.where(earlier)})`)];
  };
}

function checkReferences(facts: Facts): Check {
  return (name, machine) => [
    ...checkReference(facts, ['machines', name, 'profile'], 'profiles', machine.profile),
    ...checkReference(facts, ['machines', name, 'network'], 'networks', machine.network),
  ];
}

/** Whether a name is written in its section. */
export function checkReference(
  facts: Facts,
  path: Path,
  section: 'profiles' | 'networks' | 'mirrors' | 'templates',
  name: string | undefined,
): Finding[] {
  if (name === undefined || Object.hasOwn(facts.config[section], name) || facts.has([section, name])) return [];
  const known = Object.keys(facts.config[section]);
  const allowed = known.length === 0 ? `${section} has no entries` : `expected one of ${known.slice(0, 20).join(', ')}`;
  return [errorAt(path, `there is no ${name} in ${section}: ${didYouMean(name, known)}${allowed}`)];
}
