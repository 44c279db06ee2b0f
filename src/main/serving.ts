import { classifyClient } from '../boot/classify.ts';
import type { LoaderCatalog } from '../boot/loaders.ts';
import type { Settings } from '../config/settings.ts';
import type { Emit } from '../event/event.ts';
import type { BootHttpStats } from '../http/boot/open-boot-http.ts';
import { listInterfaces, ownMacs } from '../io/interfaces.ts';
import type { InheritedSocket } from '../io/udp/inherited.ts';
import { networkOfAddress } from '../lease/network.ts';
import { formatIpv4, type Ipv4, ipv4 } from '../net/ipv4.ts';
import type { Mac } from '../net/mac.ts';
import type { Leaseholder, MirrorLookup } from '../serve/boot-deps.ts';
import type { BootFiles } from '../serve/boot-files.ts';
import { answerBoot } from '../serve/dhcp/boot-answer.ts';
import { createDhcpService, type DhcpService, type DhcpSetup } from '../serve/dhcp/service.ts';
import { tellChosenServers } from '../serve/dhcp/strangers.ts';
import { createSyslog } from '../serve/syslog.ts';
import type { Base } from './base.ts';
import { type BootState, createBoot, holderOf, prepareBootState } from './boot.ts';
import { openHttp } from './http.ts';
import { type ListenerTable, noteListener } from './listener-table.ts';
import { type MacSetupParts, macSetup } from './macs.ts';
import type { MirrorServing } from './mirrors.ts';
import { type Networks, openNetworks } from './networks.ts';
import type { ServedLoaders } from './served-loaders.ts';

/** Everything that answers machines, under the configuration that is in force. */
export interface Serving {
  readonly dhcp: DhcpService;
  readonly boot: BootFiles;
  readonly mirrors: MirrorLookup;
  state(): BootState;
  /** What decides about Macs now. */
  macSetup(): DhcpSetup['mac'];
  catalog(): LoaderCatalog;
  /** Which sockets are open, by place. */
  listeners(): ListenerTable;
  httpStats(): BootHttpStats | undefined;
  /** The card that answers for an address on an interface, where one does. */
  whoHas: Networks['whoHas'];
  /** Puts another configuration in force. Sockets stay open where nothing about them changed. */
  use(settings: Settings): Promise<void>;
  close(): Promise<void>;
}

export interface ServingOptions {
  readonly base: Base;
  readonly settings: Settings;
  readonly loaders: ServedLoaders;
  readonly inherited: readonly InheritedSocket[];
  readonly mirrors: Pick<MirrorServing, 'lookup' | 'serve'>;
}

/** Opens the sockets of a configuration. What cannot be opened is told and tried again; this does not fail for it. */
export async function openServing({ base, settings, loaders, inherited, mirrors }: ServingOptions): Promise<Serving> {
  const { emit, now, book, store, lives } = base;
  let state = prepareBootState(settings);
  const makeSetup = () => dhcpSetup({ state, catalog: loaders.catalog(), lives, now });
  let setup = makeSetup();
  let networks: Networks | undefined;
  const listeners: ListenerTable = new Map();
  base.hub.subscribe((event) => noteListener(listeners, event));
  let macs: ReadonlySet<Mac> = new Set();
  const dhcp = createDhcpService({
    book,
    store: store.leases,
    macs: base.macs,
    emit: tellChosenServers(emit, now),
    now,
    setup: () => setup,
    send: (datagram) => networks?.send(datagram),
    capture: base.tapes.record,
    isInUse: async (name, address) => (await networks?.isInUse(name, address)) ?? false,
    isOwnMac: (mac) => macs.has(mac),
  });
  const seen = { catalog: loaders.catalog, observedAt: dhcp.observedAt, mirrors: mirrors.lookup };
  const boot = createBoot({ ...seen, state: () => state, lives, macs: base.macs, book, emit, now });

  const { subjectOf, emitNamed } = nameSubjects(emit, {
    holderAt: (address) => holderOf(address, state, book, dhcp.observedAt),
    networkAt: (address) => networkOfAddress(state.settings.networks, address)?.name,
  });
  const syslog = createSyslog({ emit, now, subjectOf: (address, network) => subjectOf(formatIpv4(address), network) });
  const shared = { settings: () => state.settings, emit, onClosed: (where: string) => void listeners.delete(where) };
  const follow = async () => {
    book.setNetworks(state.settings.networks);
    macs = ownMacs(await listInterfaces());
  };
  await follow();
  const http = await openHttp({ ...shared, ...mirrors.serve, boot, subjectOf });
  networks = await openNetworks({
    ...shared,
    dhcp: () => dhcp,
    resolve: boot.resolve,
    syslog,
    emitTransfer: emitNamed,
    tapes: base.tapes,
    macAt: (address, network) => subjectOf(address, network).mac,
    now,
    inherited,
  });
  return {
    dhcp,
    boot,
    mirrors: mirrors.lookup,
    state: () => state,
    macSetup: () => setup.mac,
    catalog: loaders.catalog,
    listeners: () => listeners,
    httpStats: () => http.stats(),
    whoHas: async (name, address) => networks?.whoHas(name, address),
    use: async (next) => {
      // Images for a new address are made while the old configuration still answers.
      await loaders.use(next);
      state = prepareBootState(next);
      // In one step: asked by the old names, the lives would know nothing of a machine that has another one already.
      lives.rename(next.machines);
      setup = makeSetup();
      await follow();
      await http.follow();
      await networks?.follow();
    },
    close: () => closeInOrder([networks, http]),
  };
}

async function closeInOrder(services: readonly ({ close(): Promise<void> } | undefined)[]): Promise<void> {
  for (const one of services) await one?.close();
}

interface Places {
  holderAt(address: Ipv4): Leaseholder | undefined;
  networkAt(address: Ipv4): string | undefined;
}

/** Finds out whom an address belongs to, for what is told of it. Behind a relay it is not of the network that heard it. */
function nameSubjects(emit: Emit, { holderAt, networkAt }: Places) {
  const subjectOf = (address: string, listener: string) => {
    const holder = holderAt(ipv4(address));
    const network = networkAt(ipv4(address)) ?? listener;
    return { mac: holder?.mac, machine: holder?.machine?.name, network, address };
  };
  /** TFTP knows addresses only; its events name the machine like all others. */
  const emitNamed: Emit = (id, subject, data) => {
    const { address, network = '' } = subject;
    if (address === undefined) return emit(id, subject, data);
    const found = subjectOf(address, network);
    emit(id, { ...found, ...subject, network: found.network }, data);
  };
  return { subjectOf, emitNamed };
}

/** What DHCP decides with, under one configuration. */
export function dhcpSetup(parts: MacSetupParts): DhcpSetup {
  const { catalog } = parts;
  const { settings, machines } = parts.state;
  const policy = { loaders: catalog, httpPort: settings.server.httpPort, unknown: settings.unknownMachines.kind };
  return {
    networks: settings.networks,
    machineByMac: machines.byMac,
    classify: classifyClient,
    answerBoot: (client, network, machine) => answerBoot(policy, client, network, machine),
    mac: macSetup(parts),
  };
}
