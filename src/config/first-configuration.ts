import { formatIpv4, type Ipv4 } from '../net/ipv4.ts';
import { broadcastOf, formatSubnet, type Subnet, subnetContains } from '../net/subnet.ts';

/** A network that this host stands in, as far as it can be seen. */
export interface FirstNetwork {
  readonly interface: string;
  readonly subnet: Subnet;
  /** This host's address. */
  readonly address: Ipv4;
  /** DHCP servers that were heard, dotted. */
  readonly otherServers: readonly string[];
}

export interface FirstOptions {
  readonly networks: readonly FirstNetwork[];
  /** Public keys for the installed systems' account. */
  readonly sshKeys?: readonly string[] | undefined;
  /** Name of a built-in description: "debian-13". */
  readonly os: string;
}

const HEAD = `# The configuration of rackready. docs/configuration.md tells every key.
#
#   ./rackready check rackready.yaml      what is wrong with it, with line and column
#   sudo ./rackready up                   serves what it says; an edit is read by itself
`;

/**
 * A commented configuration to begin with. It becomes no DHCP server: that is for the operator to say. Pure text; that it is
 * right is for the caller to check.
 */
export function firstConfiguration({ networks, sshKeys = [], os }: FirstOptions): string {
  const keys = sshKeys.map((key) => `    - ${JSON.stringify(key)}\n`).join('');
  const [first] = networks;
  const address = first === undefined ? '192.168.1.50' : exampleAddress(first);
  return `${HEAD}
networks:${networks.length === 0 ? ' {}' : ''}
${networks.map(networkText).join('')}
defaults:
  timezone: UTC
  # Public keys of the account "admin" that an installed system gets: the lines of ~/.ssh/*.pub. Without one nobody can log in.
  sshKeys:${keys === '' ? ' []' : `\n${keys}`}
profiles:
  debian:
    os: ${os}
    source: "http://deb.debian.org/debian"
    # install: once                     # install each of its machines one time without being asked

# Nothing is installed until you allow it: rackready install NAME, or the web page.
# Machines that boot from the network are shown by: rackready machines discovered
machines:
  # web1: { mac: "00:25:90:96:c4:9a", address: ${address}, profile: debian }
`;
}

function networkText(network: FirstNetwork): string {
  const { subnet, otherServers } = network;
  const name = network.interface.replace(/[^A-Za-z0-9_-]/g, '-');
  const others =
    otherServers.length > 0
      ? `# ${otherServers.join(' and ')} gives out the addresses here: rackready only adds what to boot.`
      : '# proxy: another server gives out the addresses, and rackready only adds what to boot. None was heard so far.';
  return `  ${name}:
    interface: ${network.interface}
    subnet: ${formatSubnet(subnet)}
    address: ${formatIpv4(network.address)}${' '.repeat(Math.max(1, 24 - formatIpv4(network.address).length))}# this host, as the machines reach it
    # router: ${formatIpv4(step(subnet.base, 1))}
    dhcp:
      ${others}
      mode: proxy
      # To give out addresses instead (no other server may do so here):
      # mode: authoritative
      # pools:
      #   - range: ${examplePool(network)}
`;
}

/** The upper half of the network, or what there is of it. */
function examplePool({ subnet }: FirstNetwork): string {
  const size = 2 ** (32 - subnet.prefix);
  const last = step(broadcastOf(subnet), -1);
  const first = step(subnet.base, Math.min(Math.floor(size / 2), 128));
  return `${formatIpv4(first)}-${formatIpv4(size > 256 ? step(first, 99) : last)}`;
}

/** An address of the lower half that is not ours. */
function exampleAddress({ subnet, address }: FirstNetwork): string {
  const wanted = step(subnet.base, Math.min(50, 2 ** (30 - subnet.prefix)));
  const other = wanted === address ? step(wanted, 1) : wanted;
  return formatIpv4(subnetContains(subnet, other) ? other : address);
}

function step(address: Ipv4, by: number): Ipv4 {
  return ((address + by) >>> 0) as Ipv4;
}
