import { isDeepStrictEqual } from 'node:util';
import { Document, isAlias, isMap, isScalar, type Pair, parseDocument, visit, type YAMLMap } from 'yaml';
import { addPairs, type MapPlace, removePair, replaceValue, type Splice, splice } from './edit-text.ts';
import { didYouMean } from './nearest.ts';

/** A file of the configuration, as it is or as it is to be. */
export interface ConfigText {
  readonly name: string;
  readonly text: string;
}

/** Values of one machine as they are to be written, by key. */
export type MachineValues = Readonly<Record<string, unknown>>;

/** The maps by name into which entries are written by command. */
export type EditedSection = 'machines' | 'mirrors' | 'profiles';

export type MachineEdit =
  /** `section`: the key that they stand below; default: machines. */
  | {
      readonly kind: 'add';
      readonly machines: Readonly<Record<string, MachineValues>>;
      readonly section?: EditedSection;
    }
  /** Dots in a key lead into a map (`vars.role`); undefined takes the key out. */
  | { readonly kind: 'set'; readonly name: string; readonly values: MachineValues }
  /** Everything that is written for it makes room for the values. */
  | {
      readonly kind: 'replace';
      readonly name: string;
      readonly values: MachineValues;
      readonly section?: EditedSection;
    }
  | { readonly kind: 'remove'; readonly name: string; readonly section?: EditedSection };

export type EditResult =
  /** All files, changed or not. */
  | { readonly kind: 'edited'; readonly texts: readonly ConfigText[] }
  | { readonly kind: 'refused'; readonly reason: string };

/** What cannot be edited, as a reason for the operator. Never leaves this file. */
class Refusal extends Error {}

type Data = Record<string, unknown>;

const parseOptions = { merge: true, logLevel: 'error', prettyErrors: false } as const;

/**
 * Edits machines in the texts of a configuration. Only the characters of the edited entries change: comments, order and
 * spacing of everything else stay as they are. New machines (or mirrors) go into the file that has some, else into `newFile`.
 * Whether the result is a right configuration is for the caller to check.
 */
export function editMachines(texts: readonly ConfigText[], edit: MachineEdit, newFile: string): EditResult {
  try {
    const name = edit.kind === 'add' ? chooseFile(texts, edit, newFile) : fileOf(texts, edit.name, sectionOf(edit));
    const old = texts.find((one) => one.name === name) ?? { name, text: '' };
    const edited = { name, text: editText(old, edit) };
    const isNew = !texts.includes(old);
    return { kind: 'edited', texts: isNew ? [...texts, edited] : texts.map((one) => (one === old ? edited : one)) };
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'refused', reason: error.message };
    throw error;
  }
}

/** The machines of the texts (or entries of another map by name) as they are written, with anchors and `<<` resolved. Unreadable files count as empty. */
export function writtenMachines(
  texts: readonly ConfigText[],
  section: EditedSection = 'machines',
): Record<string, MachineValues> {
  const found: Record<string, MachineValues> = {};
  for (const { text } of texts) {
    const machines = readData(text)?.[section];
    if (isPlainMap(machines)) Object.assign(found, machines);
  }
  return found;
}

/** Machines as YAML that `import` takes: one line each. */
export function formatMachines(machines: Readonly<Record<string, MachineValues>>): string {
  const lines = Object.entries(machines).map(([name, values]) => `  ${formatPair(name, values)}\n`);
  return lines.length === 0 ? 'machines: {}\n' : `machines:\n${lines.join('')}`;
}

function chooseFile(
  texts: readonly ConfigText[],
  { machines, section = 'machines' }: Extract<MachineEdit, { kind: 'add' }>,
  newFile: string,
): string {
  const sizes = texts.map(({ name, text }) => ({ name, entries: readData(text)?.[section] }));
  for (const { name: file, entries } of sizes) {
    const twice = Object.keys(machines).find((name) => isPlainMap(entries) && Object.hasOwn(entries, name));
    if (twice !== undefined) throw new Refusal(`there is a ${section.slice(0, -1)} "${twice}" already, in ${file}`);
  }
  const filled = sizes.find(({ entries }) => isPlainMap(entries) && Object.keys(entries).length > 0);
  return (filled ?? sizes.find(({ entries }) => entries !== undefined))?.name ?? newFile;
}

function fileOf(texts: readonly ConfigText[], machine: string, section: EditedSection): string {
  const names: string[] = [];
  for (const { name, text } of texts) {
    const machines = readData(text)?.[section];
    if (!isPlainMap(machines)) continue;
    if (Object.hasOwn(machines, machine)) return name;
    names.push(...Object.keys(machines));
  }
  throw new Refusal(
    `there is no ${section.slice(0, -1)} "${machine}" in the configuration. ${didYouMean(machine, names)}`.trim(),
  );
}

function editText({ name, text }: ConfigText, edit: MachineEdit): string {
  const before = readData(text);
  if (before === undefined) throw new Refusal(`${name} is not readable YAML: mend it first (rackready check)`);
  const edited = edit.kind === 'set' ? setValues(text, edit) : splice(text, planSplice(text, edit));
  const after = readData(edited);
  // `machines:` without entries is null, and means the same as an empty map.
  const section = sectionOf(edit);
  if (after?.[section] === null) after[section] = {};
  // What breaks the file as YAML (an anchor that is taken away) is told by the check, with its line.
  if (after !== undefined && !isDeepStrictEqual(after, applyTo(before, edit))) {
    throw new Refusal(`${name} is written in a way that cannot be edited by command: edit it by hand`);
  }
  return edited;
}

/** One key after the other, since each changes the places of the next. */
function setValues(text: string, { name, values }: Extract<MachineEdit, { kind: 'set' }>): string {
  let edited = text;
  for (const [key, value] of Object.entries(values)) {
    const { machines } = openMachines(edited, 'machines');
    const entry = pairOf(machines.map, name);
    if (isAlias(entry?.value)) throw new Refusal(`"${name}" is an alias of another entry: edit it by hand`);
    if (!isMap(entry?.value)) throw new Refusal(`"${name}" has no keys of its own: edit it by hand`);
    edited = splice(edited, planSet(edited, entry.value, key.split('.'), value));
  }
  return edited;
}

function planSplice(text: string, edit: Exclude<MachineEdit, { kind: 'set' }>): Splice {
  const section = sectionOf(edit);
  const { machines, root } = openMachines(text, section);
  if (edit.kind === 'add') {
    const pairs = Object.entries(edit.machines).map(([name, values]) => formatPair(name, values));
    if (machines.pair === undefined)
      return addPairs(text, root, [`${section}:\n${pairs.map((one) => `  ${one}`).join('\n')}`]);
    if (machines.pair.value !== null && !isMap(machines.pair.value) && !isNull(machines.pair.value)) {
      throw new Refusal(`"${section}" is not written as a map here: edit it by hand`);
    }
    return addPairs(text, { map: machines.map, pair: machines.pair }, pairs);
  }
  const pair = pairOf(machines.map, edit.name);
  if (machines.map === undefined || pair === undefined)
    throw new Refusal(`"${edit.name}" is not written here as a ${section.slice(0, -1)}`);
  if (edit.kind === 'remove') return removePair(text, machines.map, pair);
  return replaceValue(text, pair, formatValue(edit.values));
}

function planSet(text: string, map: YAMLMap, [key = '', ...rest]: readonly string[], value: unknown): Splice {
  const pair = pairOf(map, key);
  if (rest.length > 0 && isMap(pair?.value)) return planSet(text, pair.value, rest, value);
  if (value === undefined) {
    if (pair === undefined) throw new Refusal(`"${key}" is not written for it, so it cannot be taken out`);
    return removePair(text, map, pair);
  }
  const whole = rest.reduceRight<unknown>((inner, step) => ({ [step]: inner }), value);
  if (pair === undefined) return addPairs(text, { map }, [formatPair(key, whole)]);
  if (hasAnchor(pair.value))
    throw new Refusal(`the value of "${key}" has an anchor that others may use: edit it by hand`);
  return replaceValue(text, pair, formatValue(whole));
}

/** Where an edit is made. */
export function sectionOf(edit: MachineEdit): EditedSection {
  return (edit.kind === 'set' ? undefined : edit.section) ?? 'machines';
}

function openMachines(text: string, section: string): { readonly root: MapPlace; readonly machines: MapPlace } {
  const document = parseDocument(text, parseOptions);
  const map = isMap(document.contents) ? document.contents : undefined;
  const pair = pairOf(map, section);
  return { root: { map }, machines: { map: isMap(pair?.value) ? pair.value : undefined, pair } };
}

function pairOf(map: YAMLMap | undefined, key: string): Pair | undefined {
  return map?.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === key);
}

function hasAnchor(value: unknown): boolean {
  return (isScalar(value) || isMap(value)) && value.anchor !== undefined;
}

function isNull(value: unknown): boolean {
  return isScalar(value) && value.value === null;
}

/** "sm1: { mac: "…", address: 172.22.10.5 }" on one line, right in block maps and in flow maps. */
function formatPair(key: string, value: unknown): string {
  const document = new Document({ [key]: value });
  visit(document, {
    Scalar: (_key, scalar) => {
      // YAML 1.1 readers take some MAC addresses for numbers of base 60; and what has line breaks is to stay on one line.
      if (typeof scalar.value === 'string' && /[:\n]/.test(scalar.value)) scalar.type = 'QUOTE_DOUBLE';
    },
    Map: (_key, map) => {
      map.flow = true;
    },
  });
  return document
    .toString({ lineWidth: 0, flowCollectionPadding: true, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER })
    .trim()
    .replace(/^\{ (.*) \}$/s, '$1');
}

function formatValue(value: unknown): string {
  return formatPair('k', value).slice('k: '.length);
}

/** The data of a text without shared parts; undefined: it is not YAML, or no map. */
function readData(text: string): Data | undefined {
  try {
    const document = parseDocument(text, parseOptions);
    if (document.errors.length > 0) return undefined;
    const data: unknown = JSON.parse(JSON.stringify(document.toJS({ maxAliasCount: 100_000 }) ?? {}));
    return isPlainMap(data) ? data : undefined;
  } catch {
    return undefined;
  }
}

/** What the data are to be after the edit: the text must come to the same. */
function applyTo(data: Data, edit: MachineEdit): Data {
  const section = sectionOf(edit);
  const entries = data[section];
  const machines = isPlainMap(entries) ? entries : {};
  switch (edit.kind) {
    case 'add':
      Object.assign(machines, plain(edit.machines));
      break;
    case 'replace':
      machines[edit.name] = plain(edit.values);
      break;
    case 'remove':
      delete machines[edit.name];
      break;
    case 'set':
      for (const [key, value] of Object.entries(edit.values)) setAt(machines[edit.name] as Data, key.split('.'), value);
  }
  return { ...data, [section]: machines };
}

function setAt(target: Data, [key = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    if (value === undefined) delete target[key];
    else target[key] = plain(value);
    return;
  }
  if (!isPlainMap(target[key])) target[key] = {};
  setAt(target[key] as Data, rest, value);
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function isPlainMap(value: unknown): value is Data {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
