import { Command } from 'commander';
import type { MachineView } from '../http/api/views.ts';
import { type ClientOptions, runClient, withClientOptions } from './client.ts';

export function command(): Command {
  return withClientOptions(new Command('cancel'))
    .description('Take back the permission to install a machine.')
    .argument('<MACHINE>', 'name in the configuration')
    .addHelpText(
      'after',
      `
An installer that is running already is not stopped by this: it gets nothing more from here, but its disk may be
erased by then.

Example:
  ./rackready cancel sm1`,
    )
    .action((name: string, options: ClientOptions) =>
      runClient(options, async (client) => {
        const path = `/machines/${encodeURIComponent(name)}/cancel`;
        const { machine } = await client.send<{ machine: MachineView }>('POST', path);
        const text = `${name} will not be installed; from now on it boots from its disk.`;
        process.stdout.write(`${options.json ? JSON.stringify(machine) : text}\n`);
      }),
    );
}
