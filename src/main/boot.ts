import { readFileSync } from 'node:fs';
import type { LoaderCatalog } from '../boot/loaders.ts';
import type { Settings } from '../config/settings.ts';
import type { Emit } from '../event/event.ts';
import { findNeighbour } from '../io/udp/probe.ts';
import type { LeaseBook } from '../lease/book.ts';
import { networkOfAddress } from '../lease/network.ts';
import type { Lives } from '../machine/lives.ts';
import type { Macs } from '../machine/macs.ts';
import type { Ipv4 } from '../net/ipv4.ts';
import { type Mac, parseMac } from '../net/mac.ts';
import type { BootFilesDeps, BootSettings, Leaseholder, MirrorLookup } from '../serve/boot-deps.ts';
import { type BootFiles, createBootFiles } from '../serve/boot-files.ts';
import { fileKind, openBootFolder, preloadTemplates } from './boot-folder.ts';
import { indexMachines, type MachineIndex } from './machine-index.ts';
import { choseDisk } from './macs.ts';
import { newToken } from './token.ts';

/** What of the boot side is made anew for each configuration. */
export interface BootState {
  readonly settings: Settings;
  readonly machines: MachineIndex;
  readonly bootSettings: BootSettings;
  readonly templates: ReadonlyMap<string, string>;
  readonly folder: ReturnType<typeof openBootFolder>;
}

/** Reads what a configuration needs from the disk, before it is in force. */
export function prepareBootState(settings: Settings): BootState {
  const { server, networks, profiles, defaults, unknownMachines, images } = settings;
  return {
    settings,
    machines: indexMachines(settings),
    bootSettings: { networks, profiles, defaults, unknownMachines, images, httpPort: server.httpPort },
    templates: preloadTemplates([...profiles.values()].map((profile) => profile.answerFile)),
    folder: openBootFolder(server.bootFolder),
  };
}

export interface BootOptions {
  /** The one in force. */
  readonly state: () => BootState;
  readonly catalog: () => LoaderCatalog;
  readonly lives: Lives;
  readonly macs: Pick<Macs, 'get'>;
  readonly book: Pick<LeaseBook, 'leaseAt'>;
  /** Default: an unguessable one. */
  readonly newToken?: (() => string) | undefined;
  readonly observedAt: (address: Ipv4) => Mac | undefined;
  readonly mirrors: MirrorLookup;
  readonly emit: Emit;
  readonly now: () => number;
}

export function createBoot(options: BootOptions): BootFiles {
  const { state, book } = options;
  const deps: BootFilesDeps = {
    settings: () => state().bootSettings,
    machineOf: (address) => holderOf(address, state(), book, options.observedAt),
    lastLeaseAt: (address) => parseMac(book.leaseAt(address)?.client ?? ''),
    machineByMac: (mac) => state().machines.byMac(mac),
    machineByUuid: (uuid) => state().machines.byUuid(uuid),
    choseDisk: (mac) => choseDisk(state(), options.macs, mac, options.now()),
    catalog: options.catalog,
    readTemplate: (path) => state().templates.get(path),
    lives: options.lives,
    fileKind,
    lookup: (name) => state().folder.lookup(name),
    lookupIn: (folder, name) => openBootFolder(folder).lookup(name),
    folderNames: () => state().folder.names(),
    mirrors: options.mirrors,
    newToken: options.newToken ?? newToken,
    emit: options.emit,
    now: options.now,
  };
  return createBootFiles(deps);
}

/**
 * Who has an address: by our lease; where another server gives the addresses out, by what was heard on the wire, else by
 * the kernel's own ARP table. There a lease of ours is from another time, and comes last.
 */
export function holderOf(
  address: Ipv4,
  state: BootState,
  book: Pick<LeaseBook, 'leaseAt'>,
  observedAt: (address: Ipv4) => Mac | undefined,
): Leaseholder | undefined {
  const lease = book.leaseAt(address);
  const leased = lease?.state === 'bound' ? parseMac(lease.client) : undefined;
  const mac = heardAt(address, state, observedAt) ?? leased;
  return mac && { mac, machine: state.machines.byMac(mac) };
}

function heardAt(address: Ipv4, state: BootState, observedAt: (address: Ipv4) => Mac | undefined): Mac | undefined {
  const network = networkOfAddress(state.settings.networks, address);
  if (network?.interface === undefined || network.dhcp.mode === 'authoritative') return undefined;
  return observedAt(address) ?? findNeighbour(readFileSync('/proc/net/arp', 'utf8'), network.interface, address);
}
