import { randomBytes } from 'node:crypto';
import type { Settings } from '../config/settings.ts';
import type { BlessTarget, MacOrder, Way } from '../lab/mac/order.ts';
import type { Network } from '../lease/network.ts';
import { macModel } from '../machine/mac-model.ts';
import type { Machine } from '../machine/machine.ts';
import { type Mac, mac, macAt } from '../net/mac.ts';
import { subnetContains } from '../net/subnet.ts';
import { BSDP_1_1 } from '../wire/bsdp/tags.ts';

/** The options of `rackready lab mac` that say which Mac it is. */
export interface MacOptions {
  readonly model?: string | undefined;
  readonly mac?: Mac | undefined;
  readonly way: Way;
  readonly select?: string | undefined;
  readonly target?: BlessTarget | undefined;
  readonly network?: string | undefined;
  readonly interface?: string | undefined;
  readonly secondServer: boolean;
  readonly tries?: number | undefined;
}

export type MacPlan =
  | { readonly kind: 'mac'; readonly order: MacOrder; readonly machine?: Machine | undefined }
  /** What to change. */
  | { readonly kind: 'problem'; readonly message: string };

const DEFAULT_MODEL = 'Macmini6,2';
/** Locally administered, for a Mac that the configuration does not name. */
const UNKNOWN_MAC = mac('02:00:ac:16:0a:6d');

/** Options that make no sense together. */
export function contradiction(options: MacOptions): string | undefined {
  const { way, select, target } = options;
  if (select !== undefined && way !== 'menu' && way !== 'startup-disk') {
    return `--select goes with --way menu or startup-disk: with ${way} nobody chooses`;
  }
  if (target !== undefined && way !== 'bless') return '--target goes with --way bless';
  if (options.interface === undefined) return undefined;
  if (options.secondServer)
    return '--second-server is for the virtual rack: with --interface the network stays as it is';
  return options.network === undefined ? undefined : '--network is for the virtual rack: --interface names a real one';
}

/** Which Mac is switched on: as the configuration has it, unless the options say otherwise. */
export function planMac(name: string | undefined, options: MacOptions, settings: Settings | undefined): MacPlan {
  const machines = settings ? [...settings.machines.values()] : [];
  const named = name === undefined ? undefined : machines.find((machine) => machine.name === name);
  if (name !== undefined && named === undefined) {
    const macs = machines.filter(({ kind }) => kind === 'mac').map((machine) => machine.name);
    const known = macs.length === 0 ? 'it names no Mac' : `its Macs are ${macs.join(', ')}`;
    return { kind: 'problem', message: `The configuration has no machine "${name}": ${known}` };
  }
  const byMac = machines.find(({ macs }) => options.mac !== undefined && macs.includes(options.mac));
  const first = options.mac === undefined ? machines.find(({ kind }) => kind === 'mac') : undefined;
  const machine = named ?? byMac ?? (options.model === undefined ? first : undefined);
  const { way, select, target, tries } = options;
  const stranger = options.interface === undefined ? UNKNOWN_MAC : randomMac();
  const order: MacOrder = {
    mac: options.mac ?? machine?.macs[0] ?? stranger,
    model: options.model ?? machine?.mac?.model ?? DEFAULT_MODEL,
    ...{ way, select, target, tries, version: BSDP_1_1 },
  };
  return { kind: 'mac', order, machine };
}

/** Two who try this on one network are not to have the same address. */
function randomMac(): Mac {
  const bytes = randomBytes(6);
  bytes[0] = 0x02;
  return macAt(bytes, 0, 6);
}

export type NetworkPlan =
  | { readonly kind: 'network'; readonly network: Network & { readonly interface: string } }
  | { readonly kind: 'problem'; readonly message: string };

/** The network of the configuration that the virtual rack stands for. */
export function planNetwork(settings: Settings, machine: Machine | undefined, name: string | undefined): NetworkPlan {
  const { networks } = settings;
  const named = name === undefined ? undefined : networks.find((network) => network.name === name);
  if (name !== undefined && named === undefined) {
    const known = networks.map((network) => network.name).join(', ');
    return { kind: 'problem', message: `The configuration has no network "${name}": it has ${known || 'none'}` };
  }
  const { address } = machine ?? {};
  const home = address === undefined ? undefined : networks.find(({ subnet }) => subnetContains(subnet, address));
  const network = named ?? home ?? networks.find((one) => one.interface !== undefined);
  if (network === undefined) return { kind: 'problem', message: 'The configuration has no network with an interface' };
  const { interface: card } = network;
  if (card === undefined) {
    const message = `The network ${network.name} is reached through relays, and the virtual rack has none: take another one with --network`;
    return { kind: 'problem', message };
  }
  return { kind: 'network', network: { ...network, interface: card } };
}

/** What a real Mac of this model would do that the fake one does not, or undefined. */
export function modelNote({ model, way }: MacOrder): string | undefined {
  const found = macModel(model);
  if (found.kind === 'efi') return undefined;
  if (way === 'startup-disk') return `${found.reason} macOS on it can ask all the same, and so it does here.`;
  return `${found.reason} It would send nothing; what is sent here shows what a server says to it.`;
}

/** Why the rack, whose server has an empty data folder, does not offer the machine what it is to become; or undefined. */
export function grantNote(machine: Machine | undefined, { profiles }: Settings): string | undefined {
  const profile = profiles.get(machine?.profile ?? '');
  if (profile?.install !== 'manual') return undefined;
  return `nothing is granted in this rack, so ${profile.name} is not offered: to see it, give the profile install: once in a copy of the configuration`;
}
