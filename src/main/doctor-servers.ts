import { setTimeout as wait } from 'node:timers/promises';
import type { Settings } from '../config/settings.ts';
import { listInterfaces } from '../io/interfaces.ts';
import { openRawSender } from '../io/udp/raw-sender.ts';
import { openStrangerListener } from '../io/udp/stranger-listener.ts';
import type { Network } from '../lease/network.ts';
import { formatIpv4, type Ipv4 } from '../net/ipv4.ts';
import type { Mac } from '../net/mac.ts';
import { ProvisionError } from '../net/provision-error.ts';
import { createStrangers, searchMac } from '../serve/dhcp/strangers.ts';
import { encodeDiscover } from '../wire/dhcp4/packet.ts';
import { type Finding, ok, servedInterfaces, warning } from './finding.ts';

/** Servers that first ask whether an address is in use answer late: ISC dhcpd after one second, dnsmasq after three. */
const LISTEN_MS = 4_500;

/** Asks on each served interface which other DHCP servers answer. Observed networks are not asked: nothing is sent there. */
export async function checkOtherServers(settings: Settings): Promise<Finding[]> {
  const own = new Set(settings.networks.map(({ address }) => address));
  const found = await Promise.all(
    [...servedInterfaces(settings)].map(([name, networks]) => ask(name, networks, (address) => own.has(address))),
  );
  return found.flat();
}

async function ask(name: string, networks: readonly Network[], isOurs: (address: Ipv4) => boolean): Promise<Finding[]> {
  const what = `other DHCP servers on ${name}`;
  const [first] = networks;
  const here = (await listInterfaces()).find((one) => one.name === name);
  // What is wrong with the interface is told by its own check.
  if (first === undefined || here?.mac === undefined || !here.isUp) return [];
  const isSilent = networks.every(({ dhcp }) => dhcp.mode === 'observe' || dhcp.mode === 'off');
  if (isSilent) return [ok(what, 'not asked: the network is only observed')];
  try {
    const servers = await search(name, here.mac, first, isOurs);
    return judge(what, first, servers);
  } catch (error) {
    if (!(error instanceof ProvisionError)) throw error;
    return [warning(what, `cannot be looked for: ${error.message}`, error.hint)];
  }
}

async function search(
  name: string,
  mac: Mac,
  network: Network,
  isOurs: (address: Ipv4) => boolean,
): Promise<readonly string[]> {
  const servers: string[] = [];
  const strangers = createStrangers((id, _subject, data) => {
    if (id !== 'dhcp.stranger' && id !== 'dhcp.other-server') return;
    const { server, serverMac } = data as { server: string; serverMac?: string };
    servers.push(serverMac === undefined ? server : `${server} (${serverMac})`);
  }, isOurs);
  const listener = await openStrangerListener({ interface: name }, ({ payload, sourceAddress, sourceMac }) =>
    strangers.hear({ payload, source: sourceAddress, sourceMac }, network, Date.now()),
  );
  try {
    const sender = await openRawSender({ interface: name });
    if (sender.kind !== 'raw') {
      throw new ProvisionError('not-permitted', `no question can be sent on ${name}: ${sender.reason}`);
    }
    try {
      const payload = encodeDiscover(searchMac(mac), Date.now() >>> 0);
      sender.sendRawBroadcast({ sourcePort: 68, destinationPort: 67, payload });
      await wait(LISTEN_MS);
    } finally {
      sender.close();
    }
  } finally {
    listener.close();
  }
  return servers;
}

function judge(what: string, { dhcp, name, address }: Network, servers: readonly string[]): Finding[] {
  const named = servers.join(', ');
  if (dhcp.mode === 'proxy') {
    if (servers.length > 0) return [ok(what, `${named} gives out the addresses, as mode proxy wants it`)];
    const text = `none answers, and in mode proxy one must: machines of network ${name} get no address`;
    return [warning(what, text, 'Start that server, or use mode authoritative.')];
  }
  if (servers.length === 0) return [ok(what, `none answers (asked from ${formatIpv4(address)})`)];
  const text = `${named} answers too: machines will sometimes take its answer and not boot from here`;
  return [warning(what, text, 'Turn it off, or use mode proxy here.')];
}
