import { Command } from 'commander';
import { type ClientOptions, runClient, withClientOptions } from './client.ts';
import { levelOption, parseCount } from './events.ts';
import { followEvents } from './follow.ts';
import { canDraw, watchStories } from './watch-stories.ts';

interface Options extends ClientOptions {
  readonly level: string;
  readonly last: number;
  readonly plain: boolean;
}

export function command(): Command {
  return withClientOptions(new Command('watch'))
    .description('The boots of all machines, or of one, as they go on.')
    .argument('[MACHINE]', 'name or MAC of one machine (default: all)')
    .option('--plain', 'a line for each event, also on a terminal', false)
    .addOption(levelOption())
    .option('--last <N>', 'with --plain: how many of the newest to begin with', parseCount, 20)
    .addHelpText(
      'after',
      `
On a terminal this is a picture: all boots, a line each, or one machine with its stages; q ends it. Into a file or a pipe, and
with --plain, it is a line for each event; with --json, a line of JSON.

Examples:
  ./rackready watch                      everything
  ./rackready watch sm1                  one machine, from power-on to installed
  ./rackready watch 00:25:90:96:c4:9a    a machine that has no name yet
  ./rackready watch --plain | tee log    the events, with a copy

When the server restarts, watch waits for it and goes on without a gap.`,
    )
    .action((machine: string | undefined, options: Options) =>
      runClient(options, async (client) => {
        // A name that nobody has is told: nothing of it would ever come. A MAC address may be that of any machine.
        if (machine !== undefined) await client.get(`/stories/${encodeURIComponent(machine)}?limit=1`);
        if (options.plain || options.json || !canDraw()) return followEvents(client, { ...options, machine }, options);
        return watchStories(client, machine);
      }),
    );
}
