import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import type { FirstSteps } from '../http/api/config-ports.ts';
import type { EventView } from '../http/api/views.ts';
import { takeFirstSteps } from '../main/first-steps.ts';
import { foldOtherServers } from '../main/other-servers.ts';
import { ApiFailure, type ClientOptions, createClient, runCommand, withClientOptions } from './client.ts';

interface Options extends ClientOptions {
  readonly interface?: string;
  readonly output: string;
}

/** sysexits(3) */
const EXIT = { noInput: 66, cannotCreate: 73, config: 78 } as const;

export function command(): Command {
  return withClientOptions(new Command('init'))
    .description('Write a commented configuration to begin with, for the networks of this host.')
    .option('--interface <NAME>', 'only the network of this interface (default: of every one that is up)')
    .option('--output <FILE>', 'where to write it; - prints it', 'rackready.yaml')
    .addHelpText(
      'after',
      `
An existing file is never overwritten. What is written becomes no DHCP server by itself: the file says how. Public keys of
~/.ssh are put into it, and the DHCP servers that a running server has heard are named in it.

Examples:
  ./rackready init --interface eth1
  ./rackready init --output -`,
    )
    .action((options: Options) => runCommand(options, () => init(options)));
}

async function init(options: Options): Promise<void> {
  const otherServers = foldOtherServers(await heardServers(options));
  const { interface: interfaceName, output } = options;
  const steps = await takeFirstSteps({ interfaceName, otherServers, sshKeys: readKeys() });
  checkInterface(steps, interfaceName);
  if (steps.problems.length > 0) {
    const hint = 'Choose one network with --interface NAME, or write the file by hand. Nothing was written.';
    throw new ApiFailure({ code: 'config-invalid', message: steps.problems.join('\n'), hint }, EXIT.config);
  }
  if (output === '-') return void process.stdout.write(steps.proposal);
  write(output, steps.proposal);
  if (options.json) return void process.stdout.write(`${JSON.stringify({ files: [output] })}\n`);
  const up = output === 'rackready.yaml' ? '' : ` --config ${output}`;
  process.stdout.write(`${output} is written. Look through it, then:
  ./rackready check ${output}
  sudo ./rackready up${up}
`);
}

/** What a running server has heard; without one nobody has listened. */
async function heardServers(options: ClientOptions): Promise<readonly EventView[]> {
  const client = createClient(options);
  const ask = (id: string) => client.get<{ events: EventView[] }>(`/events?id=${id}&limit=500`);
  try {
    const [others, strangers] = await Promise.all([ask('dhcp.other-server'), ask('dhcp.stranger')]);
    return [...others.events, ...strangers.events];
  } catch (error) {
    if (error instanceof ApiFailure) return [];
    throw error;
  }
}

function checkInterface({ interfaces }: FirstSteps, wanted: string | undefined): void {
  if (wanted === undefined) return;
  const found = interfaces.find(({ name }) => name === wanted);
  const usable = interfaces.filter(({ addresses, isUp }) => isUp && addresses.length > 0).map(({ name }) => name);
  const hint = `Interfaces with an address here: ${usable.join(', ') || 'none'}. Set one with: ip address add ADDRESS/PREFIX dev ${wanted}`;
  if (found === undefined) throw failure(`there is no Ethernet interface ${wanted}`, hint);
  if (!found.isUp) throw failure(`the interface ${wanted} is switched off`, `Switch it on: ip link set ${wanted} up`);
  if (found.addresses.length === 0) throw failure(`the interface ${wanted} has no IPv4 address`, hint);
}

function failure(message: string, hint: string): ApiFailure {
  return new ApiFailure({ code: 'no-interface', message, hint }, EXIT.noInput);
}

/** One line each, as they stand in the .pub files of whoever runs this. */
function readKeys(): readonly string[] {
  const folder = join(homedir(), '.ssh');
  try {
    const names = readdirSync(folder).filter((name) => /^id_.*\.pub$/.test(name));
    return names.sort().flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n').slice(0, 1));
  } catch {
    return [];
  }
}

/** Made anew, or not at all. */
function write(path: string, text: string): void {
  try {
    const file = openSync(path, 'wx', 0o644);
    try {
      writeSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isThere = code === 'EEXIST';
    const reason = isThere ? 'it is there already' : error instanceof Error ? error.message : String(error);
    const hint = isThere
      ? 'An existing configuration is not overwritten. Name another file with --output FILE, or print with --output -'
      : 'Name another file with --output FILE, or run the same with sudo.';
    throw new ApiFailure(
      { code: 'cannot-write', message: `${path} is not written: ${reason}`, hint },
      EXIT.cannotCreate,
    );
  }
}
