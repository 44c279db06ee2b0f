import { Command } from 'commander';
import type { DiscoveredView } from '../http/api/discovered.ts';
import { type ClientOptions, runClient, withClientOptions } from './client.ts';
import { formatTable, formatTime } from './print.ts';

interface Options extends ClientOptions {
  readonly all?: true;
}

export function discoveredCommand(): Command {
  return withClientOptions(new Command('discovered'))
    .description('Machines that were heard and that the configuration does not name.')
    .option('--all', 'also those that have never asked to boot from the network: phones, printers, other systems')
    .addHelpText(
      'after',
      `
What such a machine gets is what unknownMachines says: by default it boots from its disk. Taken into the configuration,
it keeps its state: what was installed on it is not installed again by itself.

Examples:
  ./rackready machines discovered
  ./rackready machines add web1 --mac 00:25:90:96:c4:9a --profile debian-12`,
    )
    .action((_own: Options, self: Command) => {
      const options = self.optsWithGlobals<Options>();
      return runClient(options, async (client) => {
        const { discovered } = await client.get<{ discovered: DiscoveredView[] }>('/discovered');
        const shown = discovered.filter(({ bootsFromNetwork }) => options.all || bootsFromNetwork);
        if (options.json) process.stdout.write(`${JSON.stringify(shown, undefined, 2)}\n`);
        else if (shown.length === 0) process.stderr.write(nobody(discovered.length, options.all));
        else process.stdout.write(`${listText(shown)}\n\n${howToAdd(shown)}\n`);
      });
    });
}

function nobody(others: number, isAll: true | undefined): string {
  if (isAll) return 'rackready: no unknown machine was heard\n';
  const rest = others === 0 ? '' : `; ${others === 1 ? '1 other was' : `${others} others were`} heard: see --all`;
  return `rackready: no unknown machine has asked to boot from the network${rest}\n`;
}

function listText(rows: readonly DiscoveredView[]): string {
  const header = ['MAC', 'HEARD AS', 'ADDRESS', 'NETWORK', 'STATE', 'LAST'];
  return formatTable(
    header,
    rows.map((row) => [
      row.mac,
      row.hostName === null ? row.client : `${row.client} (${row.hostName})`,
      row.address ?? '-',
      row.network ?? '-',
      row.state,
      formatTime(row.lastSeen),
    ]),
  );
}

/** For the one that was heard last, which is likely the one that somebody has just switched on. */
function howToAdd([first]: readonly DiscoveredView[]): string {
  return `Take one into the configuration: sudo ./rackready machines add NAME --mac ${first?.mac} --profile PROFILE`;
}
