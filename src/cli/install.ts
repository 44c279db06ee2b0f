import { Command } from 'commander';
import type { MachineView } from '../http/api/views.ts';
import { type ApiClient, ApiFailure, type ClientOptions, runClient, withClientOptions } from './client.ts';
import { describeWoken, wakeMachine } from './wake-machine.ts';

interface Options extends ClientOptions {
  readonly profile?: string | undefined;
  readonly wake?: true;
}

export function command(): Command {
  return withClientOptions(new Command('install'))
    .description('Allow one installation of a machine. When it next boots from the network, its disk is erased.')
    .argument('<MACHINE>', 'name in the configuration')
    .option('--profile <PROFILE>', 'what to install (default: the machine’s own profile)')
    .option('--wake', 'switch it on by Wake-on-LAN then')
    .addHelpText(
      'after',
      `
Nothing happens at once: the machine is installed when it next boots from the network. Until it has begun,
"./rackready cancel MACHINE" takes the permission back. --wake starts it, if it is off and its card listens for that.

Examples:
  ./rackready install sm1
  ./rackready install sm1 --profile debian-12 --wake`,
    )
    .action((name: string, options: Options) =>
      runClient(options, async (client) => {
        const body = options.profile === undefined ? {} : { profile: options.profile };
        const path = `/machines/${encodeURIComponent(name)}/install`;
        const { machine } = await client.send<{ machine: MachineView }>('POST', path, body);
        if (options.wake) return wakeGranted(client, machine, options);
        process.stdout.write(`${options.json ? JSON.stringify(machine) : announce(machine, RESTART)}\n`);
      }),
    );
}

const RESTART = ' Restart it when you are ready.';

/** The grant stands, whatever becomes of the waking. */
async function wakeGranted(client: ApiClient, machine: MachineView, { json }: Options): Promise<void> {
  const { name } = machine;
  if (!json) process.stdout.write(`${announce(machine)}\nIt is woken now:\n`);
  try {
    const woken = await wakeMachine(client, name);
    const text = json ? JSON.stringify({ ...woken.machine, wake: woken.wake }) : describeSent(woken);
    process.stdout.write(`${text}\n`);
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    const hint = `${error.hint} The permission stands: switch ${name} on by hand, or take it back with: ./rackready cancel ${name}`;
    throw new ApiFailure({ code: error.code, message: error.message, hint }, error.exitCode);
  }
}

/** What it may do was said already. */
function describeSent(woken: Awaited<ReturnType<typeof wakeMachine>>): string {
  return describeWoken({ ...woken, machine: { ...woken.machine, operation: null } }).join('\n');
}

function announce({ name, operation, macs, address }: MachineView, next = ''): string {
  const where = [...macs, ...(address === null ? [] : [address])].join(', ');
  return [
    `${name} (${where}) may now be installed with ${operation?.profile ?? 'its profile'}, once.`,
    `THE DISK OF THAT MACHINE WILL BE ERASED when it boots from the network next.${next}`,
    `Watch it with: ./rackready watch ${name}    Take this back with: ./rackready cancel ${name}`,
  ].join('\n');
}
