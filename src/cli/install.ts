import { Command } from 'commander';
import type { MachineView } from '../http/api/views.ts';
import { type ClientOptions, runClient, withClientOptions } from './client.ts';

interface Options extends ClientOptions {
  readonly profile?: string | undefined;
}

export function command(): Command {
  return withClientOptions(new Command('install'))
    .description('Allow one installation of a machine. When it next boots from the network, its disk is erased.')
    .argument('<MACHINE>', 'name in the configuration')
    .option('--profile <PROFILE>', 'what to install (default: the machine’s own profile)')
    .addHelpText(
      'after',
      `
Nothing happens at once: the machine is installed when it next boots from the network. Until it has begun,
"./rackready cancel MACHINE" takes the permission back.

Examples:
  ./rackready install sm1
  ./rackready install sm1 --profile debian-12`,
    )
    .action((name: string, options: Options) =>
      runClient(options, async (client) => {
        const body = options.profile === undefined ? {} : { profile: options.profile };
        const path = `/machines/${encodeURIComponent(name)}/install`;
        const { machine } = await client.send<{ machine: MachineView }>('POST', path, body);
        process.stdout.write(`${options.json ? JSON.stringify(machine) : announce(machine)}\n`);
      }),
    );
}

function announce({ name, operation, macs, address }: MachineView): string {
  const where = [...macs, ...(address === null ? [] : [address])].join(', ');
  return [
    `${name} (${where}) may now be installed with ${operation?.profile ?? 'its profile'}, once.`,
    'THE DISK OF THAT MACHINE WILL BE ERASED when it boots from the network next. Restart it when you are ready.',
    `Watch it with: ./rackready watch ${name}    Take this back with: ./rackready cancel ${name}`,
  ].join('\n');
}
