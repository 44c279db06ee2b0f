import { cpu32Reason, macModel } from '../machine/mac-model.ts';
import { parseMac } from '../net/mac.ts';
import { needsX64 } from './build-settings.ts';
import { entryOf, type Facts, FirstPlaces } from './facts.ts';
import { didYouMean } from './nearest.ts';
import { operatingSystems } from './operating-systems.ts';
import { errorAt, type Finding, formatPath, type Path, warningAt } from './problem.ts';
import type { ImageConfig, MachineConfig } from './schema.ts';

/** What of a machine only a Mac has, and whether the Mac can do what is wanted. */
export function checkMac(facts: Facts, name: string, machine: MachineConfig): Finding[] {
  const at = (key: string) => ['machines', name, key];
  if (machine.kind !== 'mac') {
    return (['model', 'firmware', 'cpuBits'] as const)
      .filter((key) => machine[key] !== undefined)
      .map((key) => errorAt(at(key), 'is for Macs only: add kind: mac, or take it out', 'key'));
  }
  const { model, cpuBits } = machine;
  if (model === undefined) return [];
  const judged = macModel(model);
  if (judged.kind === 'unsupported') return [errorAt(at('model'), judged.reason)];
  const found: Finding[] = [];
  if (!judged.isKnown) {
    found.push(warningAt(at('model'), `${model} is in no list of Macs: it is taken for one with 64-bit EFI`));
  }
  const profile = entryOf(facts.config.profiles, machine.profile);
  const system = entryOf(operatingSystems, profile?.os);
  if (profile && system && needsX64(profile, system) && (cpuBits ?? judged.cpuBits) === 32) {
    const exchanged = 'With another processor in it, say cpuBits: 64.';
    found.push(errorAt(at('profile'), `${cpu32Reason(model)} ${exchanged}`));
  }
  return found;
}

const KEYS = {
  linux: ['profile'],
  localboot: [],
  efi: ['file', 'file32'],
  nbi: ['file', 'rootPath'],
} as const satisfies Readonly<Record<ImageConfig['kind'], readonly (keyof ImageConfig)[]>>;
const KEYS_OF_SOME = ['profile', 'file', 'file32', 'rootPath'] as const;

/** Names above this length are cut off by the menu that the Option key opens. */
const SHOWN_BYTES = 32;

/** Whether each image has what its kind needs, names what there is, and can be told from the others. */
export function checkImages(facts: Facts): Finding[] {
  const indexes = new FirstPlaces<number>();
  return Object.entries(facts.config.images).flatMap(([name, image]) => [
    ...checkKeys(facts, name, image),
    ...checkTitle(name, image),
    ...checkIndex(facts, indexes, name, image),
    ...checkLists(facts, name, image),
  ]);
}

function checkKeys(facts: Facts, name: string, image: ImageConfig): Finding[] {
  const base = ['images', name];
  const own: readonly string[] = KEYS[image.kind];
  const found = KEYS_OF_SOME.filter((key) => image[key] !== undefined && !own.includes(key)).map((key) => {
    const kinds = Object.entries(KEYS).flatMap(([kind, keys]) =>
      (keys as readonly string[]).includes(key) ? kind : [],
    );
    return errorAt([...base, key], `is for images of kind ${kinds.join(' and ')}: take it out`, 'key');
  });
  const hasFile = (key: 'file' | 'file32') => image[key] !== undefined || facts.has([...base, key]);
  if (image.kind === 'nbi' && !hasFile('file')) {
    found.push(errorAt(base, 'kind nbi needs file: the NetBoot folder, NAME.nbi', 'key'));
  }
  if (image.kind === 'efi' && !hasFile('file') && !hasFile('file32')) {
    found.push(errorAt(base, 'kind efi needs file: the EFI program, or file32 for 32-bit EFI', 'key'));
  }
  return found;
}

function checkTitle(name: string, { name: title = '' }: ImageConfig): Finding[] {
  const bytes = new TextEncoder().encode(title).length;
  if (bytes <= SHOWN_BYTES) return [];
  return [warningAt(['images', name, 'name'], `is ${bytes} bytes long: the Mac’s menu shows about ${SHOWN_BYTES}`)];
}

function checkIndex(facts: Facts, indexes: FirstPlaces<number>, name: string, { index }: ImageConfig): Finding[] {
  if (index === undefined) return [];
  const path = ['images', name, 'index'];
  const earlier = indexes.earlier(index, path);
  if (earlier === undefined) return [];
  return [errorAt(path, `${index} is already given at ${formatPath(earlier)} (${facts.where(earlier)})`)];
}

function checkLists(facts: Facts, name: string, image: ImageConfig): Finding[] {
  const base = ['images', name];
  const { models = [], machines = [], notMachines = [] } = image;
  const named = (key: string, list: readonly string[]) =>
    list.flatMap((one, index) => checkMachineName(facts, [...base, key, index], one));
  return [
    ...models.flatMap((model, index) => {
      const judged = macModel(model);
      return judged.kind === 'unsupported' ? [errorAt([...base, 'models', index], judged.reason)] : [];
    }),
    ...named('machines', machines),
    ...named('notMachines', notMachines),
  ];
}

function checkMachineName({ config, has }: Facts, path: Path, name: string): Finding[] {
  if (parseMac(name) !== undefined || Object.hasOwn(config.machines, name) || has(['machines', name])) return [];
  const near = didYouMean(name, Object.keys(config.machines));
  return [errorAt(path, `there is no ${name} in machines: ${near}expected the name of a machine, or a MAC address`)];
}
