import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { Command } from 'commander';
import type { ReloadResult, Status } from '../http/api/ports.ts';
import { ApiFailure, type ClientOptions, runClient, withClientOptions } from './client.ts';
import { formatTable } from './print.ts';

/** sysexits(3) */
const EX_NOPERM = 77;

export function command(): Command {
  return withClientOptions(new Command('status'))
    .description('What the running server serves, and where.')
    .option('--reload', 'read the configuration again first; with errors the old one stays')
    .option('--link', 'print the link to the web page, with the token that signs in: keep it to yourself')
    .addHelpText(
      'after',
      `
Examples:
  ./rackready status
  ./rackready status --reload
  sudo ./rackready status --link`,
    )
    .action((options: ClientOptions & { readonly reload?: true; readonly link?: true }) =>
      runClient(options, async (client) => {
        if (options.reload) await client.send<ReloadResult>('POST', '/reload');
        const status = await client.get<Status>('/status');
        if (options.link) return void process.stdout.write(`${pageLink(status.admin)}\n`);
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
    '',
    formatTable(['FIRMWARE', 'LOADER', 'FROM'], status.loaders.map(loaderRow)),
    ...netboot(status.netboot),
  ].join('\n');
}

function loaderRow({ platform, loader, from, packages }: Status['loaders'][number]): string[] {
  const source = from === 'host' ? 'packages of this host' : ['an imported archive', ...packages].join(', ');
  return [platform, loader, source];
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

/** Only who may read the token's file gets a link. Throws ApiFailure. */
function pageLink({ listen, problem, tokenFile }: Status['admin']): string {
  if (listen === null || problem !== null) {
    const hint = 'Set server.admin.listen, and look why with: rackready status';
    throw new ApiFailure({
      code: 'no-page',
      message: `there is no web page: ${problem ?? 'it is switched off'}`,
      hint,
    });
  }
  try {
    const host = listen.replace(/^0\.0\.0\.0:/, `${hostname()}:`);
    return `http://${host}/#token=${readFileSync(tokenFile, 'utf8').trim()}`;
  } catch (error) {
    const message = `the token in ${tokenFile} cannot be read: ${error instanceof Error ? error.message : error}`;
    throw new ApiFailure({ code: 'not-permitted', message, hint: 'Run the same with sudo.' }, EX_NOPERM);
  }
}

function adminOverTcp({ listen, problem, tokenFile }: Status['admin']): string {
  if (listen === null) return 'not by TCP';
  return problem === null ? `http://${listen}/ with the token in ${tokenFile}` : `not on ${listen}: ${problem}`;
}
