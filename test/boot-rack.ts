import type { LoaderCatalog } from '../src/boot/loaders.ts';
import { AUTOMATIC_IMAGE } from '../src/boot/mac-image.ts';
import type { Emit, EventId } from '../src/event/event.ts';
import type { Life, LifeStore } from '../src/machine/life.ts';
import { createLives, type Lives } from '../src/machine/lives.ts';
import type { Machine } from '../src/machine/machine.ts';
import type { LifeEvent, LifeTold } from '../src/machine/step-life.ts';
import { formatIpv4, type Ipv4, ipv4 } from '../src/net/ipv4.ts';
import type { Mac } from '../src/net/mac.ts';
import type { BootFilesDeps, BootSettings, FolderEntry, Leaseholder, MirrorLookup } from '../src/serve/boot-deps.ts';
import { type BootFiles, createBootFiles } from '../src/serve/boot-files.ts';
import type { Requester } from '../src/serve/boot-resource.ts';
import { debian, defaults, loaders, machine, network, readShippedTemplate } from './boot-values.ts';

/** What tests of boot files may change. */
export interface RackOptions {
  readonly machines?: readonly Machine[];
  /** Address (dotted) to the MAC that leases it. */
  readonly leases?: Readonly<Record<string, Mac>>;
  /** The same for leases that were given back. */
  readonly released?: Readonly<Record<string, Mac>>;
  readonly settings?: Partial<BootSettings>;
  readonly catalog?: LoaderCatalog;
  readonly choseDisk?: Mac;
  /** Files of the operator's folder: name to what a look-up gives. */
  readonly folder?: Readonly<Record<string, FolderEntry>>;
  readonly missingFiles?: readonly string[];
  readonly readTemplate?: (path: string) => string | undefined;
  readonly saveLife?: (life: Life) => Promise<void>;
  readonly mirrors?: MirrorLookup;
  /** Hears every event as it is told. */
  readonly emit?: Emit;
}

export interface Rack {
  readonly files: BootFiles;
  readonly lives: Lives;
  /** Lives as the store has them, in order. */
  readonly saved: Life[];
  readonly events: { readonly id: EventId; readonly subject: object; readonly data: Record<string, unknown> }[];
  readonly clock: { now: number };
  /** Takes a step that must be accepted. */
  step(machine: string, event: LifeEvent): Promise<void>;
}

/** A rack in memory: real lives, resolver and templates, with fakes only where there would be a disk or a clock. */
export function createRack(options: RackOptions = {}): Rack {
  const machines = options.machines ?? [machine()];
  const clock = { now: 1_000_000 };
  const events: Rack['events'] = [];
  const saved: Life[] = [];
  const save = options.saveLife ?? (async (life: Life) => void saved.push(life));
  const store: LifeStore = { loadLives: async () => [], saveLife: save };
  const emit: Emit = (id, subject, data) => {
    events.push({ id, subject, data: { ...data } });
    options.emit?.(id, subject, data);
  };
  const tell = (name: string, { id, data }: LifeTold) => {
    const card = machines.find((entry) => entry.name === name)?.macs[0];
    emit(id, { machine: name }, (id === 'install.granted' ? { ...data, mac: card } : data) as never);
  };
  const lives = createLives([], { store, now: () => clock.now, tell });
  const machineByMac = (mac: Mac) => machines.find((entry) => entry.macs.includes(mac));
  let tokens = 0;
  const settings: BootSettings = {
    networks: [network],
    profiles: new Map([['debian-12', debian]]),
    defaults,
    unknownMachines: { kind: 'local' },
    httpPort: 80,
    images: [AUTOMATIC_IMAGE],
    ...options.settings,
  };
  const deps: BootFilesDeps = {
    settings: () => settings,
    machineOf: (address: Ipv4): Leaseholder | undefined => {
      const mac = options.leases?.[formatIpv4(address)];
      return mac && { mac, machine: machineByMac(mac) };
    },
    lastLeaseAt: (address) => ({ ...options.released, ...options.leases })[formatIpv4(address)],
    machineByMac,
    choseDisk: (mac) => options.choseDisk === mac,
    machineByUuid: (uuid) => machines.find((entry) => entry.uuid === uuid),
    catalog: () => options.catalog ?? loaders,
    readTemplate: options.readTemplate ?? readShippedTemplate,
    lives,
    fileKind: (path) => (options.missingFiles?.includes(path) ? 'missing' : 'file'),
    lookup: (name) => options.folder?.[name] ?? { kind: 'missing' },
    lookupIn: (folder, name) => options.folder?.[`${folder}/${name}`] ?? { kind: 'missing' },
    folderNames: () => Object.keys(options.folder ?? {}),
    mirrors: options.mirrors ?? { current: () => undefined, bootFile: () => undefined },
    newToken: () => `TOKEN${++tokens}`,
    emit,
    now: () => clock.now,
  };
  const step = async (name: string, event: LifeEvent) => {
    const taken = lives.step(name, event);
    if (taken.step.kind === 'refused') throw new Error(taken.step.reason);
    await taken.saved;
  };
  return { files: createBootFiles(deps), lives, saved, events, clock, step };
}

export function requester(address: string, via: 'tftp' | 'http' = 'tftp'): Requester {
  return { via, address: ipv4(address), network: 'management' };
}
