import { Command } from 'commander';
import type { ReloadResult, Status } from '../http/api/ports.ts';
import { type ClientOptions, runClient, withClientOptions } from './client.ts';
import { formatTable } from './print.ts';

export function command(): Command {
  return withClientOptions(new Command('status'))
    .description('What the running server serves, and where.')
    .option('--reload', 'read the configuration again first; with errors the old one stays')
    .addHelpText(
      'after',
      `
Examples:
  ./rackready status
  ./rackready status --reload`,
    )
    .action((options: ClientOptions & { readonly reload?: true }) =>
      runClient(options, async (client) => {
        if (options.reload) await client.send<ReloadResult>('POST', '/reload');
        const status = await client.get<Status>('/status');
        process.stdout.write(`${options.json ? JSON.stringify(status) : describe(status)}\n`);
      }),
    );
}

function describe(status: Status): string {
  const networks = status.networks.map(({ name, interface: at, subnet, mode, leases }) => [
    name,
    at ?? 'relays',
    subnet,
    mode,
    `${leases.bound}`,
    `${leases.free}`,
  ]);
  const listeners = status.listeners.map(({ what, where, state }) => [where, what, state]);
  return [
    `rackready ${status.version}, process ${status.pid}, since ${status.started}`,
    `configuration: ${status.config ?? 'none (everything is only observed)'}    data: ${status.data}`,
    `admin API: ${status.admin.socket}, ${adminOverTcp(status.admin)}`,
    '',
    formatTable(['NETWORK', 'INTERFACE', 'SUBNET', 'DHCP', 'LEASES', 'FREE'], networks),
    '',
    formatTable(['WHERE', 'WHAT', 'STATE'], listeners),
    ...netboot(status.netboot),
  ].join('\n');
}

/** Nothing where no Mac has ever asked. */
function netboot(counts: Status['netboot']): string[] {
  const rows = Object.entries(counts).toSorted(([a], [b]) => a.localeCompare(b, 'en'));
  if (rows.length === 0) return [];
  return [
    '',
    formatTable(
      ['NETBOOT OF MACS', 'COUNT'],
      rows.map(([name, count]) => [name, `${count}`]),
    ),
  ];
}

function adminOverTcp({ listen, problem, tokenFile }: Status['admin']): string {
  if (listen === null) return 'not by TCP';
  return problem === null ? `http://${listen}/api/v1 with the token in ${tokenFile}` : `not on ${listen}: ${problem}`;
}
