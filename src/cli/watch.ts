import { Command } from 'commander';
import { type ClientOptions, runClient, withClientOptions } from './client.ts';
import { levelOption, parseCount } from './events.ts';
import { followEvents } from './follow.ts';

interface Options extends ClientOptions {
  readonly level: string;
  readonly last: number;
}

export function command(): Command {
  return withClientOptions(new Command('watch'))
    .description('What happens, as it happens: a line for each event.')
    .argument('[MACHINE]', 'name or MAC of one machine (default: all)')
    .addOption(levelOption())
    .option('--last <N>', 'how many of the newest to begin with', parseCount, 20)
    .addHelpText(
      'after',
      `
Examples:
  ./rackready watch                      everything
  ./rackready watch sm1                  one machine, from power-on to installed
  ./rackready watch 00:25:90:96:c4:9a    a machine that has no name yet

When the server restarts, watch waits for it and goes on without a gap.`,
    )
    .action((machine: string | undefined, options: Options) =>
      runClient(options, (client) => followEvents(client, { ...options, machine }, options)),
    );
}
