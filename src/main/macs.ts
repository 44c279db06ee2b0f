import { decideBoot } from '../boot/decide.ts';
import type { LoaderCatalog } from '../boot/loaders.ts';
import type { RecordedEvent } from '../event/event.ts';
import type { MacRow } from '../http/api/ports.ts';
import { discoveredMachine } from '../machine/discovered.ts';
import type { Lives } from '../machine/lives.ts';
import { describeMacModel, macModel } from '../machine/mac-model.ts';
import { lastModel, type MacRecord } from '../machine/mac-record.ts';
import type { Machine } from '../machine/machine.ts';
import type { Macs } from '../machine/macs.ts';
import type { Mac } from '../net/mac.ts';
import { type AskingMac, type MacOffer, planMacOffer } from '../serve/bsdp/offer.ts';
import type { DhcpSetup } from '../serve/dhcp/service.ts';
import type { BootState } from './boot.ts';

export interface MacSetupParts {
  readonly state: BootState;
  readonly catalog: LoaderCatalog;
  readonly lives: Pick<Lives, 'get'>;
  readonly now: () => number;
}

/** What decides about Macs, under one configuration. Takes no step in anybody's life: GRUB's question does. */
export function macSetup({ state, catalog, lives, now }: MacSetupParts): DhcpSetup['mac'] {
  const { mac: settings, images, profiles, unknownMachines: unknown, server } = state.settings;
  return {
    policy: { settings, images, loaders: catalog.mac },
    httpPort: server.httpPort,
    decide: (mac, machine) => {
      const stand = unknown.kind === 'install' ? discoveredMachine(mac, unknown.profile) : undefined;
      const name = machine?.name ?? stand?.name;
      const life = name === undefined ? undefined : lives.get(name);
      return decideBoot({ machine, life, profiles, unknown, now: now() });
    },
  };
}

/** What is known of a machine as a Mac, and what NetBoot would offer it now; undefined: nothing says that it is one. */
export function describeMac(
  machine: Machine,
  macs: Pick<Macs, 'get'>,
  serving: { macSetup(): DhcpSetup['mac'] },
): MacRow | undefined {
  const records = machine.macs.flatMap((mac) => macs.get(mac) ?? []);
  if (machine.kind !== 'mac' && records.length === 0) return undefined;
  const record = records[0];
  const asking = askingMac(machine, record, serving.macSetup());
  const offer = planMacOffer(asking, serving.macSetup().policy);
  return {
    model: lastModel(record)?.model ?? machine.mac?.model,
    seen: records.flatMap(({ models }) => models.map(({ model }) => model)),
    firmware: describeHardware(machine, asking),
    offered: offer.kind === 'none' ? [] : preferredFirst(offer),
    reason: offer.kind === 'none' ? offer.reason : undefined,
    selected: record?.selected?.image,
  };
}

/** A Mac whose model nobody knows yet is taken for one with 64-bit EFI, as an unknown model is. */
const NO_MODEL = 'unknown';

/** How a machine would ask if it were switched on now. */
export function askingMac(machine: Machine, record: MacRecord | undefined, setup: DhcpSetup['mac']): AskingMac {
  const mac = record?.mac ?? (machine.macs[0] as Mac);
  const seen = lastModel(record);
  const model = seen?.model ?? machine.mac?.model ?? NO_MODEL;
  return { mac, model, arch: seen?.arch ?? 'i386', machine, decision: setup.decide(mac, machine) };
}

function describeHardware({ mac }: Machine, { model, arch }: AskingMac): string {
  const own = [
    ...(mac?.firmware === undefined ? [] : [`firmware: ${mac.firmware}`]),
    ...(mac?.cpuBits === undefined ? [] : [`cpuBits: ${mac.cpuBits}`]),
  ];
  const judged = model === NO_MODEL ? 'taken for 64-bit EFI' : describeMacModel(macModel(model, arch));
  return own.length === 0 ? judged : `${judged}; the configuration says ${own.join(', ')}`;
}

function preferredFirst({ images, preferred }: Extract<MacOffer, { kind: 'images' }>): MacRow['offered'] {
  const all = [preferred, ...images.filter((one) => one !== preferred)];
  return all.map(({ image, title, bootFile }) => ({ image: image.name, title, bootFile }));
}

/** Between choosing an image and GRUB's question lie a transfer and two leases. */
const CHOICE_COUNTS_MS = 10 * 60_000;

/** Whether the Mac has just chosen to boot from its disk. */
export function choseDisk(state: BootState, macs: Pick<Macs, 'get'>, mac: Mac, now: number): boolean {
  const selected = macs.get(mac)?.selected;
  if (selected === undefined || now - selected.at > CHOICE_COUNTS_MS) return false;
  return state.settings.images.some(({ name, what }) => name === selected.image && what.kind === 'localboot');
}

/** Follows what was loaded, and what shows that it has started, by what is told of transfers and questions. */
export function followTransfers(macs: Macs, { id, mac, data }: RecordedEvent): void {
  if (mac === undefined) return;
  if (id === 'tftp.done') macs.transferred(mac, String(data.file));
  else if (id === 'boot.config') macs.started(mac);
}
