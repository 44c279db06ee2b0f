import { formatIpv4 } from '../net/ipv4.ts';
import type { Account } from './account.ts';
import { createSharing, networkSection, sharedDefaults } from './assemble-network.ts';
import { type Draft, SELF } from './draft.ts';
import { type FittedMachine, fitMachines } from './fit-machines.ts';
import { hostLabel } from './names.ts';
import { notePlaces, tellPlaces } from './place-notes.ts';
import { FILL_IN, type PlacedNetwork } from './places.ts';

/** A map of the configuration, in the order in which it is written. */
export type Section = Map<string, unknown>;

/** What is said at the end of a value's line. */
export interface Note {
  readonly at: readonly string[];
  readonly text: string;
}

/** The configuration as it is to be written. */
export interface Assembled {
  readonly root: Section;
  readonly notes: readonly Note[];
}

/** Puts a draft and its place on a host together. Whatever does not fit is told to the account. */
export function assemble(draft: Draft, placed: readonly PlacedNetwork[], account: Account): Assembled {
  const networks = placed.map(withOwnAddress);
  tellPlaces(networks, account);
  const machines = fitMachines(draft.machines, networks, account);
  const defaults = sharedDefaults(networks, account);
  const around = {
    machines,
    own: new Set(networks.flatMap(({ address }) => address ?? [])),
    defaults,
    account,
    shareOptions: createSharing(),
  };
  const root: Section = new Map();
  const set = (key: string, section: Section) => section.size > 0 && root.set(key, section);
  set('server', serverSection(draft));
  set('defaults', defaults);
  set('networks', new Map(networks.map((one) => [one.network.name, networkSection(one, around)])));
  set('machines', new Map(machines.map((one) => [one.machine.name, machineSection(one)])));
  return { root, notes: networks.flatMap(notePlaces) };
}

/** Puts the host's address where the source names itself. Behind relays, a router is the relay, which the source does not know. */
function withOwnAddress(placed: PlacedNetwork): PlacedNetwork {
  const { network, address, isRelayed } = placed;
  const self = address === undefined ? FILL_IN : formatIpv4(address);
  const own = (text: string) => (text === SELF ? self : text);
  const router = network.router === SELF && isRelayed ? FILL_IN : network.router && own(network.router);
  const options = network.options.map((option) => {
    const { value } = option;
    return Array.isArray(value) ? { ...option, value: value.map(own) } : option;
  });
  const [dns, ntp] = [network.dns?.map(own), network.ntp?.map(own)];
  return { ...placed, network: { ...network, router, dns, ntp, options } };
}

function serverSection({ bootFolder, tftpPorts }: Draft): Section {
  const server: Section = new Map();
  if (tftpPorts !== undefined) server.set('tftp', new Map([['ports', tftpPorts]]));
  if (bootFolder !== undefined) server.set('bootFolder', bootFolder);
  return server;
}

function machineSection({ machine, macs, addressText }: FittedMachine): Section {
  const section: Section = new Map();
  if (macs.length === 1) section.set('mac', macs[0]);
  else section.set('macs', [...macs]);
  if (addressText !== undefined) section.set('address', addressText);
  const label = hostLabel(machine.hostName ?? machine.name) ?? 'unnamed';
  if (label !== machine.name) section.set('hostName', label);
  if (machine.domain !== undefined) section.set('domain', machine.domain);
  return section;
}
