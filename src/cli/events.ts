import { Command, InvalidArgumentError, Option } from 'commander';
import type { EventView } from '../http/api/views.ts';
import { type ClientOptions, queryOf, runClient, withClientOptions } from './client.ts';
import { conditionsOf, type EventChoice, followEvents, printEvent } from './follow.ts';

interface Options extends ClientOptions, EventChoice {
  readonly follow?: boolean | undefined;
}

export function command(): Command {
  return withClientOptions(new Command('events'))
    .description('What happened: boots, leases, installations, the server itself.')
    .option('-f, --follow', 'go on printing as things happen')
    .option('--machine <NAME|MAC>', 'only this machine')
    .option('--network <NAME>', 'only this network')
    .addOption(levelOption())
    .option('--last <N>', 'how many of the newest', parseCount, 100)
    .addHelpText(
      'after',
      `
Examples:
  ./rackready events --level warning          what needs looking at
  ./rackready events --machine sm1 --follow   one machine, as it boots
  ./rackready events --json --last 1000       one JSON object a line`,
    )
    .action((options: Options) =>
      runClient(options, async (client) => {
        if (options.follow) return followEvents(client, options, options);
        const query = queryOf({ ...conditionsOf(options), limit: options.last });
        const { events } = await client.get<{ events: EventView[] }>(`/events${query}`);
        for (const event of events) printEvent(event, options);
        if (events.length === 0 && !options.json) process.stderr.write('rackready: no such events\n');
      }),
    );
}

/** --level, shared with watch. */
export function levelOption(): Option {
  return new Option('--level <LEVEL>', 'at least this important')
    .choices(['debug', 'info', 'warning', 'error'])
    .default('info');
}

/** A count of 1 to 5000 events. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 5000) throw new InvalidArgumentError('Expected 1 to 5000.');
  return count;
}
