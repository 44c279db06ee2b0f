import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { parse } from 'yaml';
import { formatMachines, type MachineEdit, type MachineValues, writtenMachines } from '../config/edit.ts';
import { ApiFailure, runCommand, withClientOptions } from './client.ts';
import { applyEdit, type EditOptions, type EditReport, openConfiguration } from './config-edit.ts';
import { readStandardInput } from './standard-input.ts';

/** sysexits(3) */
const EX_USAGE = 64;
const EX_NOINPUT = 66;

export const WRITES = `
The whole configuration is checked first: a mistake changes nothing. Comments and everything else in the file stay as
they are. A running server reads the change by itself, and what it says of it is printed.`;

interface AddOptions extends EditOptions {
  readonly mac: readonly string[];
  readonly [key: string]: unknown;
}

/** Options of `add` that are keys of a machine. */
const ADD_KEYS = [
  'address',
  'profile',
  'network',
  'hostName',
  'domain',
  'uuid',
  'kind',
  'model',
  'firmware',
  'loader',
  'addressing',
  'notes',
];

export function addCommand(): Command {
  return editCommand('add', 'Write a new machine into the configuration.')
    .argument('<NEW-NAME>', 'its name')
    .requiredOption('--mac <MAC>', 'a card of it; more than once for several', collect)
    .option('--address <ADDRESS>', 'reserved address (default: one from the pool)')
    .option('--profile <PROFILE>', 'what it is to become (default: it boots from its disk)')
    .option('--network <NETWORK>', 'network of the address')
    .option('--host-name <NAME>', 'host name (default: its name)')
    .option('--domain <DOMAIN>', 'its domain')
    .option('--uuid <UUID>', 'SMBIOS UUID')
    .option('--kind <KIND>', 'pc or mac')
    .option('--model <MODEL>', 'of a Mac: Macmini6,2')
    .option('--firmware <FIRMWARE>', 'of a Mac: efi32 or efi64')
    .option('--loader <LOADER>', 'auto, grub or ipxe')
    .option('--addressing <HOW>', 'dhcp or static: how the installed system gets the address')
    .option('--notes <TEXT>', 'for people: shown with the machine, sent nowhere')
    .option('--secure-boot', 'send it the signed loaders')
    .addHelpText(
      'after',
      `${WRITES}

Examples:
  ./rackready machines add sm3 --mac 00:25:90:96:c4:9c --address 172.22.10.59 --profile debian-12
  ./rackready machines add mm4 --mac a8:20:66:00:00:01 --kind mac --model Macmini6,2`,
    )
    .action((name: string, _own: unknown, self: Command) => {
      const options = self.optsWithGlobals<AddOptions>();
      const [first, ...more] = options.mac;
      const values: Record<string, unknown> = more.length === 0 ? { mac: first } : { macs: options.mac };
      for (const key of ADD_KEYS) if (options[key] !== undefined) values[key] = options[key];
      if (options.secureBoot) values.secureBoot = true;
      return runEdit(options, async () => ({ kind: 'add', machines: { [name]: values } }), `${name} is added`);
    });
}

export function setCommand(): Command {
  return editCommand('set', 'Change keys of a machine in the configuration.')
    .argument('<MACHINE>', 'name in the configuration')
    .argument('<KEY=VALUE...>', 'keys as in docs/configuration.md; vars.NAME=… for your own; KEY= takes one out')
    .addHelpText(
      'after',
      `${WRITES}

Examples:
  ./rackready machines set sm1 address=172.22.10.60 profile=debian-12
  ./rackready machines set sm1 vars.role=web secureBoot=true
  ./rackready machines set sm1 notes="PSU replaced"
  ./rackready machines set sm1 profile=`,
    )
    .action((name: string, pairs: readonly string[], _own: unknown, self: Command) => {
      const options = self.optsWithGlobals<EditOptions>();
      const edit = async (): Promise<MachineEdit> => ({ kind: 'set', name, values: parsePairs(pairs) });
      return runEdit(options, edit, `${name} is changed`);
    });
}

export function removeCommand(): Command {
  return editCommand('remove', 'Take a machine out of the configuration. What is installed on it stays.')
    .argument('<MACHINE>', 'name in the configuration')
    .addHelpText(
      'after',
      `${WRITES}

Example:
  ./rackready machines remove sm1`,
    )
    .action((name: string, _own: unknown, self: Command) =>
      runEdit(self.optsWithGlobals<EditOptions>(), async () => ({ kind: 'remove', name }), `${name} is removed`),
    );
}

interface ImportOptions extends EditOptions {
  readonly replace?: true;
}

export function importCommand(): Command {
  return editCommand('import', 'Write machines of another YAML file into the configuration.')
    .argument('<FILE>', 'a file with the key machines, as export prints it; - reads standard input')
    .option('--replace', 'let the file win where a machine is written differently here')
    .addHelpText(
      'after',
      `${WRITES}

Examples:
  ./rackready machines import rack-two.yaml
  ./rackready machines export --config old.yaml | ./rackready machines import - --replace`,
    )
    .action((file: string, _own: unknown, self: Command) => {
      const options = self.optsWithGlobals<ImportOptions>();
      return runCommand(options, () => importMachines(file, options));
    });
}

export function exportCommand(): Command {
  return editCommand('export', 'Print machines of the configuration as YAML that import takes.')
    .option('--machines <MACHINE...>', 'only these (default: all)')
    .addHelpText(
      'after',
      `
Anchors and merged keys are written out. With --json it prints the same as JSON.

Examples:
  ./rackready machines export > machines.yaml
  ./rackready machines export --machines sm1 sm2`,
    )
    .action((_own: unknown, self: Command) => {
      const options = self.optsWithGlobals<EditOptions & { readonly machines?: readonly string[] }>();
      return runCommand(options, async () => {
        const { texts } = await openConfiguration(options);
        const all = writtenMachines(texts);
        const names = options.machines ?? Object.keys(all);
        const unknown = names.filter((name) => !Object.hasOwn(all, name));
        if (unknown.length > 0) throw failure('unknown-machine', `there is no machine ${unknown.join(', ')}`);
        const chosen = Object.fromEntries(names.map((name) => [name, all[name] ?? {}]));
        process.stdout.write(options.json ? `${JSON.stringify({ machines: chosen })}\n` : formatMachines(chosen));
      });
    });
}

/** A command that changes the configuration. */
export function editCommand(name: string, description: string): Command {
  return withClientOptions(new Command(name))
    .description(description)
    .option('--config <PATH>', 'file or folder (default: that of the running server, else the one `up` finds)');
}

/** Makes the edit, and prints what came of it. */
export function runEdit(options: EditOptions, edit: () => Promise<MachineEdit>, done: string): Promise<void> {
  return runCommand(options, async () => {
    const opened = await openConfiguration(options);
    report(options, await applyEdit(opened, [await edit()]), done);
  });
}

/** New machines in one step; then those that differ, one after the other, each from what the last one left. */
async function importMachines(file: string, options: ImportOptions): Promise<void> {
  const wanted = await readMachines(file);
  const opened = await openConfiguration(options);
  const known = writtenMachines(opened.texts);
  const differs = (name: string, values: MachineValues) => JSON.stringify(known[name]) !== JSON.stringify(values);
  const fresh = Object.entries(wanted).filter(([name]) => !Object.hasOwn(known, name));
  const other = Object.entries(wanted).filter(([name, values]) => Object.hasOwn(known, name) && differs(name, values));
  if (other.length > 0 && !options.replace) {
    const names = other.map(([name]) => name).join(', ');
    throw failure(
      'edit-refused',
      `written differently in the configuration: ${names}`,
      'Use --replace to let the file win.',
    );
  }
  const edits: MachineEdit[] = other.map(([name, values]) => ({ kind: 'replace', name, values }));
  if (fresh.length > 0) edits.push({ kind: 'add', machines: Object.fromEntries(fresh) });
  const same = Object.keys(wanted).length - fresh.length - other.length;
  report(
    options,
    await applyEdit(opened, edits),
    `${fresh.length} added, ${other.length} replaced, ${same} as they were`,
  );
}

async function readMachines(file: string): Promise<Record<string, MachineValues>> {
  let text: string;
  try {
    text = (file === '-' ? await readStandardInput() : readFileSync(file)).toString('utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw failure('no-input', `${file} cannot be read: ${reason}`, 'Give the path of a YAML file.', EX_NOINPUT);
  }
  const found = writtenMachines([{ name: file, text }]);
  if (Object.keys(found).length > 0) return found;
  throw failure('no-input', `${file} has no machines: expected YAML with the key machines`, undefined, EX_NOINPUT);
}

function report(options: EditOptions, { files, server }: EditReport, done: string): void {
  if (server?.kind === 'refused') process.exitCode = 1;
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ files, server })}\n`);
    return;
  }
  const lines = [files.length === 0 ? 'nothing to change' : `${done}: ${files.join(', ')}`];
  if (server?.kind === 'loaded') lines.push(`the server has read it: ${server.machines} machines`);
  if (server?.kind === 'refused') lines.push('THE SERVER REFUSED IT and keeps the old one:', ...server.problems);
  if (files.length > 0 && server === null) lines.push('no server runs on this configuration');
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Text stays text, except where the schema wants something else. */
function parsePairs(pairs: readonly string[]): MachineValues {
  const values: Record<string, unknown> = {};
  for (const pair of pairs) {
    const [, key, value] = /^([A-Za-z][\w.-]*)=(.*)$/s.exec(pair) ?? [];
    if (key === undefined || value === undefined) {
      throw failure('usage', `"${pair}" is not KEY=VALUE`, 'For example: address=172.22.10.60', EX_USAGE);
    }
    values[key] = value === '' ? undefined : parseValue(key, value);
  }
  return values;
}

function parseValue(key: string, value: string): unknown {
  if (key === 'macs') return value.split(/[\s,]+/).filter((mac) => mac !== '');
  if (key !== 'secureBoot' && !key.startsWith('vars.')) return value;
  try {
    return parse(value);
  } catch {
    return value;
  }
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function failure(
  code: string,
  message: string,
  hint = 'Look with: rackready machines export',
  exitCode = 1,
): ApiFailure {
  return new ApiFailure({ code, message, hint }, exitCode);
}
