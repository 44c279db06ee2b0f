import { Command } from 'commander';
import type { IdentityView } from '../http/api/identities.ts';
import type { MachineView, MacView, OutcomeView } from '../http/api/views.ts';
import { type ApiClient, type ClientOptions, runClient, withClientOptions } from './client.ts';
import { addCommand, exportCommand, importCommand, removeCommand, setCommand } from './machine-edits.ts';
import { discoveredCommand } from './machines-discovered.ts';
import { retireCommand } from './machines-retire.ts';
import { formatTable, formatTime } from './print.ts';

export function command(): Command {
  return withClientOptions(new Command('machines'))
    .description('The machines of the configuration, and what is going on with them; add, change and remove them.')
    .argument('[MACHINE]', 'all about one machine (default: a list)')
    .addHelpText(
      'after',
      `
Examples:
  ./rackready machines
  ./rackready machines sm1
  ./rackready machines --json
  ./rackready machines discovered
  ./rackready machines add sm3 --mac 00:25:90:96:c4:9c --profile debian-12
  ./rackready machines retire sm1`,
    )
    .action((name: string | undefined, options: ClientOptions) =>
      runClient(options, (client) => (name === undefined ? list(client, options) : show(client, name, options))),
    )
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(discoveredCommand())
    .addCommand(retireCommand('retire'))
    .addCommand(retireCommand('unretire'))
    .addCommand(addCommand())
    .addCommand(setCommand())
    .addCommand(removeCommand())
    .addCommand(importCommand())
    .addCommand(exportCommand());
}

function listCommand(): Command {
  return withClientOptions(new Command('list'))
    .description('The machines of the configuration that is in force.')
    .addHelpText('after', '\nExample:\n  ./rackready machines list --json')
    .action((_own: ClientOptions, self: Command) => {
      const options = self.optsWithGlobals<ClientOptions>();
      return runClient(options, (client) => list(client, options));
    });
}

function showCommand(): Command {
  return withClientOptions(new Command('show'))
    .description('All about one machine.')
    .argument('<MACHINE>', 'name in the configuration')
    .addHelpText('after', '\nExample:\n  ./rackready machines show sm1')
    .action((name: string, _own: ClientOptions, self: Command) => {
      const options = self.optsWithGlobals<ClientOptions>();
      return runClient(options, (client) => show(client, name, options));
    });
}

async function show(client: ApiClient, name: string, options: ClientOptions): Promise<void> {
  const { machine } = await client.get<{ machine: MachineView }>(`/machines/${encodeURIComponent(name)}`);
  const { identities } = await client.get<{ identities: IdentityView[] }>(
    `/machines/${encodeURIComponent(name)}/identities`,
  );
  const text = options.json
    ? JSON.stringify({ ...machine, identities }, undefined, 2)
    : `${describe(machine)}${describeIdentities(identities)}`;
  process.stdout.write(`${text}\n`);
}

/** Empty when it was never heard. */
function describeIdentities(identities: readonly IdentityView[]): string {
  if (identities.length === 0) return '';
  const rows = identities.map(({ client, mac, clientId, address, lastSeen }) => [
    client,
    mac,
    clientId ?? '-',
    address,
    formatTime(lastSeen),
  ]);
  return `\n\n${formatTable(['SEEN AS', 'MAC', 'CLIENT ID', 'ADDRESS', 'LAST'], rows)}`;
}

async function list(client: ApiClient, options: ClientOptions): Promise<void> {
  const { machines } = await client.get<{ machines: MachineView[] }>('/machines');
  if (options.json) process.stdout.write(`${JSON.stringify(machines, undefined, 2)}\n`);
  else if (machines.length === 0) process.stderr.write('rackready: the configuration names no machines\n');
  else process.stdout.write(`${listText(machines)}\n`);
}

function listText(machines: readonly MachineView[]): string {
  const header = ['NAME', 'MAC', 'ADDRESS', 'PROFILE', 'STATE', 'OPERATION'];
  const rows = machines.map((machine) => [
    machine.name,
    machine.macs[0] ?? '-',
    machine.address ?? '-',
    machine.profile ?? '-',
    machine.state,
    shortOperation(machine),
  ]);
  return formatTable(header, rows);
}

function shortOperation({ operation, outcome }: MachineView): string {
  if (operation) return `${operation.kind} ${operation.profile}: ${operation.stage}`;
  return outcome ? `last ${outcome.kind} ${resultOf(outcome)}` : '-';
}

function resultOf({ result, isVerified }: OutcomeView): string {
  return isVerified === false ? `${result}, not verified` : result;
}

function macLines({ model, seen, firmware, offered, reason, selected }: MacView): [string, string][] {
  const others = seen.filter((one) => one !== model);
  const images = offered.map(({ title, bootFile }, index) => `${title} (${bootFile}${index === 0 ? ', default' : ''})`);
  return [
    ['Mac', `${model ?? 'model not known yet'}, ${firmware}`],
    ...(others.length === 0 ? [] : [['also seen as', `${others.join(', ')}: an adapter?`] as [string, string]]),
    ['NetBoot', reason === null ? images.join('; ') : `nothing: ${reason}`],
    ...(selected === null ? [] : [['chose last', selected] as [string, string]]),
  ];
}

function describe(machine: MachineView): string {
  const { operation, outcome } = machine;
  const lines: [string, string][] = [
    ['name', machine.name],
    ['host name', machine.hostName],
    ['MAC', machine.macs.join(', ')],
    ['address', machine.address ?? '-'],
    ['profile', machine.profile ?? '-'],
    ['state', machine.state],
  ];
  if (machine.mac) lines.push(...macLines(machine.mac));
  if (operation) {
    const until = operation.deadline === null ? 'no deadline yet' : `until ${formatTime(operation.deadline)}`;
    const since = `granted ${formatTime(operation.grantedAt)} by ${operation.via}, ${until}`;
    lines.push(['operation', `${operation.kind} ${operation.profile}: ${operation.stage} (${since})`]);
    if (operation.seen !== null) lines.push(['seen so far', operation.seen]);
  }
  if (machine.chosen) {
    const { disk, diskId, diskBytes, nic } = machine.chosen;
    const size = diskBytes === null ? '' : `, ${(diskBytes / 1e9).toFixed(1)} GB`;
    lines.push([
      'disk',
      `${diskId ?? `${disk}, which has no lasting name`}${diskId === null ? '' : ` (${disk})`}${size}`,
    ]);
    if (nic !== null) lines.push(['network card', nic]);
  }
  if (outcome) {
    const { kind, profile, reason } = outcome;
    lines.push(['last outcome', `${kind} ${profile}: ${resultOf(outcome)}, ${formatTime(outcome.at)} (${reason})`]);
  }
  // Lines of text: the second and later ones stand below the first.
  if (machine.notes !== null) lines.push(['notes', machine.notes.replaceAll('\n', `\n${' '.repeat(14)}`)]);
  return lines.map(([name, value]) => `${`${name}:`.padEnd(14)}${value}`).join('\n');
}
