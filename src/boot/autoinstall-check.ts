import type { FormatProblem } from './kickstart-check.ts';

/** YAML as data, or why it is none. The reader is a port: this folder parses no YAML itself. */
export type ReadYaml = (
  text: string,
) => { readonly kind: 'data'; readonly data: unknown } | { readonly kind: 'problem'; readonly problem: FormatProblem };

type Shape = 'text' | 'flag' | 'map' | 'list' | 'texts' | 'commands' | 'number' | 'any';

/** The keys of version 1 (subiquity's autoinstall-schema.json), and what each one holds. */
const KEYS: Readonly<Record<string, Shape>> = {
  version: 'number',
  'interactive-sections': 'texts',
  'early-commands': 'commands',
  locale: 'text',
  'refresh-installer': 'map',
  keyboard: 'map',
  source: 'map',
  network: 'map',
  proxy: 'any',
  apt: 'map',
  storage: 'map',
  identity: 'map',
  'active-directory': 'map',
  'ubuntu-pro': 'map',
  ssh: 'map',
  codecs: 'map',
  drivers: 'map',
  oem: 'map',
  snaps: 'list',
  'debconf-selections': 'text',
  packages: 'texts',
  kernel: 'map',
  'kernel-crash-dumps': 'map',
  timezone: 'text',
  updates: 'text',
  shutdown: 'text',
  'late-commands': 'commands',
  'error-commands': 'commands',
  reporting: 'map',
  'user-data': 'map',
  zdevs: 'list',
};
const EXPECTED: Readonly<Record<Shape, string>> = {
  text: 'text',
  flag: 'true or false',
  map: 'a map',
  list: 'a list',
  texts: 'a list of texts',
  commands: 'a list of commands, each a text or a list of texts',
  number: 'the number 1',
  any: 'anything',
};

/** Checks what cloud-init and subiquity refuse in a user-data file with an `autoinstall` section. */
export function checkAutoinstall(text: string, readYaml: ReadYaml): FormatProblem[] {
  if (!/^#cloud-config\s*\n/.test(text)) {
    return [{ line: 1, message: 'the first line is not #cloud-config: cloud-init would not read the rest' }];
  }
  const read = readYaml(text);
  if (read.kind === 'problem') return [read.problem];
  const lines = text.split('\n');
  const at = (key: string, message: string) => {
    const index = lines.findIndex((line) => line.trimStart().startsWith(`${key}:`));
    return { line: Math.max(index, 0) + 1, message };
  };
  if (!isMap(read.data) || !isMap(read.data.autoinstall)) {
    return [at('autoinstall', 'there is no map autoinstall: the installer would ask its questions')];
  }
  const { autoinstall } = read.data;
  return [...checkKeys(autoinstall, at), ...checkWhole(autoinstall, at)];
}

type At = (key: string, message: string) => FormatProblem;

function checkKeys(autoinstall: Readonly<Record<string, unknown>>, at: At): FormatProblem[] {
  return Object.entries(autoinstall).flatMap(([key, value]) => {
    const shape = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
    if (shape === undefined) return [at(key, `autoinstall has no key ${JSON.stringify(key)}`)];
    return fits(value, shape) ? [] : [at(key, `autoinstall.${key}: expected ${EXPECTED[shape]}`)];
  });
}

function checkWhole(autoinstall: Readonly<Record<string, unknown>>, at: At): FormatProblem[] {
  const found: FormatProblem[] = [];
  const { version, identity, network, shutdown, keyboard } = autoinstall;
  if (version !== 1) found.push(at('version', 'autoinstall.version: expected 1'));
  if (identity === undefined && autoinstall['user-data'] === undefined) {
    found.push(at('autoinstall', 'autoinstall has neither identity nor user-data: nobody could log in'));
  }
  if (isMap(identity)) {
    const missing = ['username', 'hostname', 'password'].filter((key) => typeof identity[key] !== 'string');
    if (missing.length > 0) found.push(at('identity', `autoinstall.identity lacks ${missing.join(', ')}`));
  }
  if (isMap(network) && !isMap(network.network) && network.version !== 2) {
    found.push(at('network', 'autoinstall.network.version: expected 2'));
  }
  if (isMap(keyboard) && typeof keyboard.layout !== 'string') {
    found.push(at('keyboard', 'autoinstall.keyboard.layout: expected text'));
  }
  if (shutdown !== undefined && shutdown !== 'reboot' && shutdown !== 'poweroff') {
    found.push(at('shutdown', 'autoinstall.shutdown: expected reboot or poweroff'));
  }
  return found;
}

function fits(value: unknown, shape: Shape): boolean {
  switch (shape) {
    case 'text':
      return typeof value === 'string';
    case 'flag':
      return typeof value === 'boolean';
    case 'number':
      return value === 1;
    case 'map':
      return isMap(value);
    case 'list':
      return Array.isArray(value);
    case 'texts':
      return isTexts(value);
    case 'commands':
      return Array.isArray(value) && value.every((item) => typeof item === 'string' || isTexts(item));
    case 'any':
      return true;
  }
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
