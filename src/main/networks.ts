import type { Settings } from '../config/settings.ts';
import type { Emit } from '../event/event.ts';
import { type DhcpEndpoint, openDhcpEndpoint } from '../io/dhcp/endpoint.ts';
import { listInterfaces } from '../io/interfaces.ts';
import { openServedInterfaces, type ServedInterfaces, type Service } from '../io/served-interfaces.ts';
import { openTftpServer } from '../io/tftp/server.ts';
import type { InheritedSocket } from '../io/udp/inherited.ts';
import { openUdp, openUdpSocket } from '../io/udp/open-udp.ts';
import type { Network } from '../lease/network.ts';
import { BROADCAST, formatIpv4, type Ipv4 } from '../net/ipv4.ts';
import { type Mac, macAt } from '../net/mac.ts';
import { ProvisionError } from '../net/provision-error.ts';
import type { ResolveBootFile } from '../serve/boot-resource.ts';
import type { DhcpService, Outgoing } from '../serve/dhcp/service.ts';
import { createStrangers, searchMac } from '../serve/dhcp/strangers.ts';
import type { Syslog } from '../serve/syslog.ts';
import { encodeDiscover } from '../wire/dhcp4/packet.ts';
import type { Tapes } from './tapes.ts';

/** DHCP and TFTP on the served interfaces. */
export interface Networks {
  send(datagram: Outgoing): void;
  isInUse(interfaceName: string, address: Ipv4): Promise<boolean>;
  /** The card that answers for an address there, where one does. */
  whoHas(interfaceName: string, address: Ipv4): Promise<Mac | undefined>;
  /** Opens and closes what the configuration in force asks for. An interface of which nothing changed is left alone. */
  follow(): Promise<void>;
  close(): Promise<void>;
}

export interface NetworksOptions {
  /** Those in force. */
  readonly settings: () => Settings;
  /** Given after `send` and `isInUse` exist: service and networks need each other. */
  readonly dhcp: () => DhcpService;
  readonly resolve: ResolveBootFile;
  readonly syslog: Syslog;
  readonly emit: Emit;
  readonly tapes: Tapes;
  /** For what a transfer tells: adds the machine that has the address. */
  readonly emitTransfer: Emit;
  /** The MAC that has an address on a network, where that is known. */
  readonly macAt: (address: string, network: string) => Mac | undefined;
  readonly now: () => number;
  readonly inherited: readonly InheritedSocket[];
  /** Nothing is open at this place any more: an interface, or "10.0.0.2:69". */
  readonly onClosed: (where: string) => void;
}

interface InterfaceService extends Service {
  readonly dhcp: DhcpEndpoint | undefined;
}

/** Long enough for a slow device to answer ARP, short enough for firmware that waits. */
const PROBE_MS = 400;
/** The header of BOOTP (RFC 951). */
const LEAST_DHCP = 236;
const SEARCH_AGAIN_MS = 10_000;
const SEARCH_EVERY_MS = 5 * 60_000;

export async function openNetworks(options: NetworksOptions): Promise<Networks> {
  const open = new Map<string, { readonly asked: string; readonly served: ServedInterfaces }>();
  const endpoint = (name: string) => (open.get(name)?.served.get(name) as InterfaceService | undefined)?.dhcp;
  const openOne = async (name: string, asked: string) => {
    const served = await openServedInterfaces({
      names: [name],
      what: 'DHCP and TFTP',
      emit: options.emit,
      open: (one) => openInterface(one, options),
    });
    open.set(name, { asked, served });
  };
  const closeOne = async (name: string, served: ServedInterfaces) => {
    open.delete(name);
    await served.close();
    options.onClosed(name);
  };
  const follow = async () => {
    const wanted = askedOf(options.settings());
    const changed = [...open].filter(([name, { asked }]) => wanted.get(name) !== asked);
    await Promise.all(changed.map(([name, { served }]) => closeOne(name, served)));
    await Promise.all([...wanted].map(([name, asked]) => (open.has(name) ? undefined : openOne(name, asked))));
  };
  await follow();
  return {
    send: (datagram) => endpoint(datagram.interface)?.send(datagram),
    isInUse: async (name, address) => (await endpoint(name)?.isInUse(address, PROBE_MS)) ?? false,
    whoHas: async (name, address) => endpoint(name)?.whoHas(address, PROBE_MS),
    follow,
    close: async () => {
      await Promise.all([...open].map(([name, { served }]) => closeOne(name, served)));
    },
  };
}

/** What of a configuration the sockets of each interface depend on, as text that changes with it. */
function askedOf({ networks, server }: Settings): Map<string, string> {
  const names = new Set(networks.flatMap((network) => network.interface ?? []));
  const { tftpMaxBlockSize, tftpMaxWindow, tftpPorts } = server;
  return new Map(
    [...names].map((interfaceName) => {
      const here = networks.filter((network) => network.interface === interfaceName);
      const parts = here.map(({ name, address, mtu, dhcp }) => [name, address, mtu, dhcp.mode]);
      return [interfaceName, JSON.stringify([parts, tftpMaxBlockSize, tftpMaxWindow, tftpPorts])];
    }),
  );
}

/**
 * Opens DHCP and TFTP on one interface: both, or nothing, and nothing is told of a try that fails. DHCP comes last: whoever it
 * offers an address is to find the rest.
 */
async function openInterface(name: string, options: NetworksOptions): Promise<InterfaceService> {
  const here = options.settings().networks.filter((network) => network.interface === name);
  const opened: Service[] = [];
  const news: (() => void)[] = [];
  const emit: Emit = (...event) => void news.push(() => options.emit(...event));
  try {
    for (const network of here) {
      if (network.dhcp.mode === 'observe') continue;
      opened.push(await openTftp(name, network, { ...options, emit }));
      opened.push(await openSyslog(name, network, { ...options, emit }));
    }
    const dhcp = here.some((network) => network.dhcp.mode !== 'off')
      ? await openDhcp(name, here, options, { opened, emit })
      : undefined;
    // What could not be opened before has its own line in the status.
    options.onClosed(name);
    for (const tell of news) tell();
    return { dhcp, close: () => closeAll(opened) };
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

async function openDhcp(
  name: string,
  here: readonly Network[],
  options: NetworksOptions,
  { opened, emit: tell }: { readonly opened: Service[]; readonly emit: Emit },
): Promise<DhcpEndpoint> {
  const { emit, now } = options;
  const [first] = here;
  const isOurs = (address: Ipv4) => options.settings().networks.some((network) => network.address === address);
  const own = (await listInterfaces()).find((one) => one.name === name)?.mac;
  const strangers = createStrangers(emit, isOurs, own && macAt(searchMac(own), 0, 6));
  const endpoint = await openDhcpEndpoint({
    interface: name,
    inherited: options.inherited,
    receive: (bytes, reception) => options.dhcp().receive(bytes, reception),
    onStranger: ({ payload, sourceAddress, sourceMac }) => {
      captureStranger(options.tapes, payload, sourceAddress);
      if (first) strangers.hear({ payload, source: sourceAddress, sourceMac }, first, now());
    },
    onSendFailure: (reason) => emit('dhcp.not-sent', { network: first?.name }, { interface: name, reason }),
  });
  const where = `${name}, ports 67 and 4011`;
  opened.push({
    close: async () => {
      await endpoint.close();
      options.onClosed(where);
    },
  });
  for (const limit of endpoint.limits) tell('server.limited', {}, { what: `DHCP on ${name}`, reason: limit });
  const modes = here.map((network) => `${network.name}: ${network.dhcp.mode}`).join(', ');
  tell('server.listening', {}, { what: `DHCP (${modes})`, where });
  // An observed network is one on which nothing is sent: there, servers are known by what they say to others.
  const isOnlyHeard = here.every(({ dhcp }) => dhcp.mode === 'observe' || dhcp.mode === 'off');
  if (!isOnlyHeard && own !== undefined) opened.push(searchNowAndThen(own, endpoint, now));
  return endpoint;
}

/** What another server says to a machine is part of that machine's story. */
function captureStranger(tapes: Tapes, bytes: Uint8Array, source: Ipv4): void {
  if (bytes.length < LEAST_DHCP || bytes[2] !== 6) return;
  const ports = { sourcePort: 67, destination: BROADCAST, destinationPort: 68 };
  tapes.record(macAt(bytes, 28, 6), { source, ...ports, bytes });
}

/** Asks for other servers at once, again when a link that was just coming up is up, and every few minutes. */
function searchNowAndThen(own: Mac, endpoint: DhcpEndpoint, now: () => number): Service {
  const search = () => endpoint.search(encodeDiscover(searchMac(own), now() >>> 0));
  search();
  const soon = setTimeout(search, SEARCH_AGAIN_MS);
  const timer = setInterval(search, SEARCH_EVERY_MS);
  return {
    close: async () => {
      clearTimeout(soon);
      clearInterval(timer);
    },
  };
}

async function openTftp(name: string, network: Network, options: NetworksOptions): Promise<Service> {
  const { server } = options.settings();
  const { socket } = await openUdpSocket({
    interface: name,
    address: network.address,
    port: 69,
    inherited: options.inherited,
  });
  const mtu = network.mtu ?? (await listInterfaces()).find((one) => one.name === name)?.mtu ?? 1500;
  const localAddress = formatIpv4(network.address);
  const tftp = await openTftpServer({
    socket,
    localAddress,
    network: network.name,
    mtu,
    limits: {
      maxBlockSize: server.tftpMaxBlockSize,
      maxWindow: server.tftpMaxWindow,
      ports: server.tftpPorts,
      perClient: 64,
      total: 2_000,
    },
    resolve: options.resolve,
    emit: options.emitTransfer,
    capture: options.tapes.record,
    clientOf: (address) => options.macAt(address, network.name) ?? address,
  });
  const where = `${localAddress}:69`;
  options.emit('server.listening', { network: network.name }, { what: 'TFTP', where });
  return {
    close: async () => {
      await tftp.close();
      socket.close();
      options.onClosed(where);
    },
  };
}

/** What installers log. A host that has a log server of its own keeps it: this is a help, not a service. */
async function openSyslog(name: string, network: Network, options: NetworksOptions): Promise<Service> {
  const { address, name: networkName } = network;
  try {
    const port = await openUdp({ interface: name, address, port: 514, inherited: options.inherited });
    port.onDatagrams((batch) => {
      for (const { bytes, address: from } of batch) options.syslog.receive(bytes, from, networkName);
    });
    return port;
  } catch (error) {
    if (!(error instanceof ProvisionError) || error.code !== 'port-in-use') throw error;
    const reason = `${error.message}. Installers' logs are not shown here`;
    options.emit('server.limited', { network: networkName }, { what: 'Syslog', reason });
    return { close: async () => {} };
  }
}

async function closeAll(services: Service[]): Promise<void> {
  for (const service of services.reverse()) await service.close();
  services.length = 0;
}
