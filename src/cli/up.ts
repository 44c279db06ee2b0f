import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { findConfiguration, loadSettings } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import type { Settings } from '../config/settings.ts';
import type { RecordedEvent } from '../event/event.ts';
import { listInterfaces } from '../io/interfaces.ts';
import { openLineOutput } from '../io/line-output.ts';
import { observeEverything } from '../main/observe.ts';
import { type Server, startServer } from '../main.ts';
import { formatIpv4 } from '../net/ipv4.ts';
import { ProvisionError } from '../net/provision-error.ts';
import { formatSubnet } from '../net/subnet.ts';
import { catchStop } from './catch-stop.ts';
import { formatTable, withoutControls } from './print.ts';

interface UpOptions {
  readonly config?: string;
  readonly data: string;
  readonly json?: true;
  readonly verbose?: true;
}

/** sysexits(3): configuration error, no input, unavailable. */
const EXIT = { config: 78, noInput: 66, unavailable: 69 } as const;

export function command(): Command {
  return new Command('up')
    .description('start the server: DHCP, TFTP, HTTP, as the configuration says')
    .option('--config <path>', 'file or folder (default: ./rackready.yaml, then /etc/rackready)')
    .option('--data <folder>', 'where leases and events are kept', process.env.RACKREADY_DATA ?? '/var/lib/rackready')
    .option('--json', 'print each event as one line of JSON')
    .option('--verbose', 'print normal noise too')
    .addHelpText(
      'after',
      `
Without a configuration it answers nothing: it listens on every interface and tells what it sees.
Ctrl-C stops it. SIGHUP reads the configuration again; a change of the file does so by itself.

Examples:
  sudo ./rackready up
  sudo ./rackready up --config rack.yaml --data /srv/rackready`,
    )
    .action(async (options: UpOptions) => {
      process.exitCode = await up(options);
    });
}

async function up(options: UpOptions): Promise<number> {
  const path = options.config ?? findConfiguration();
  if (options.config !== undefined && !existsSync(options.config)) {
    say(`there is no configuration at ${options.config}. Check the path, or start without --config to look around.`);
    return EXIT.noInput;
  }
  const hangups = catchHangups();
  const stop = catchStop();
  const output = openLineOutput(1, { describeGap: (count) => (options.json ? undefined : describeGap(count)) });
  // Nobody may be there to read complaints, either.
  process.stderr.on('error', () => {});
  const settings = path === undefined ? await lookAround() : await load(path);
  if (settings === undefined) return EXIT.config;
  try {
    const server = await startServer({
      settings,
      configPath: path === undefined ? undefined : resolve(path),
      dataFolder: resolve(options.data),
      onEvent: (event) => {
        if (event.level !== 'debug' || options.verbose)
          output.write(options.json ? JSON.stringify(event) : describeEvent(event));
      },
    });
    hangups.reload(server);
    showPage(server);
    await server.close(await stop);
    return 0;
  } catch (error) {
    if (!(error instanceof ProvisionError)) throw error;
    say(`${error.message}. ${error.hint}`);
    return EXIT.unavailable;
  } finally {
    output.close();
  }
}

async function load(path: string): Promise<Settings | undefined> {
  const result = await loadSettings({ path });
  const problems = result.kind === 'settings' ? result.warnings : result.problems;
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`);
  if (result.kind === 'settings') return result.settings;
  say(`the configuration ${path} has errors; nothing was started.`);
  return undefined;
}

async function lookAround(): Promise<Settings> {
  const settings = observeEverything(await listInterfaces());
  say('no configuration was found (./rackready.yaml, /etc/rackready).');
  say('I answer nothing. I listen, and tell what I hear and which other DHCP servers there are.');
  say(`Interfaces here:\n\n${describeNetworks(settings)}\n`);
  say('To serve: ./rackready init writes a commented rackready.yaml for them, and the web page shows the first steps.');
  return settings;
}

function describeNetworks({ networks }: Settings): string {
  const rows = networks.map((one) => [one.name, formatIpv4(one.address), formatSubnet(one.subnet)]);
  return rows.length === 0 ? 'none with an address' : formatTable(['INTERFACE', 'ADDRESS', 'NETWORK'], rows);
}

/** SIGHUP ends a process that does not listen for it, so it is listened for before the start; one that came too early counts. */
function catchHangups(): { reload(server: Server): void } {
  let server: Server | undefined;
  let isEarly = false;
  process.on('SIGHUP', () => {
    isEarly = server === undefined;
    void server?.reload();
  });
  return {
    reload: (started) => {
      server = started;
      if (isEarly) void server.reload();
    },
  };
}

/** "02:44:26 sm1 (172.22.10.55) is offered …" */
function describeEvent(event: RecordedEvent): string {
  const time = new Date(event.time).toTimeString().slice(0, 8);
  const mark = event.level === 'error' ? '!! ' : event.level === 'warning' ? '! ' : '';
  const who = event.machine ?? event.mac ?? event.network ?? '';
  return `${time} ${mark}${who ? `${who} ` : ''}${withoutControls(event.text)}`;
}

function describeGap(count: number): string {
  return `... ${count} lines are missing here, because nobody read them; "rackready events" has them`;
}

/** The link holds the token: a terminal's owner may see it, a log that others read must not have it. */
function showPage(server: Server): void {
  const link = server.pageLink();
  if (link === undefined) return;
  if (process.stderr.isTTY) say(`the web page: ${link}`);
  else say(`the web page: ${link.slice(0, link.indexOf('#'))} (its link with the token: rackready status --link)`);
}

function say(text: string): void {
  process.stderr.write(`rackready: ${text}\n`);
}
