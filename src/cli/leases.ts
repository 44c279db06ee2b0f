import { Command, InvalidArgumentError } from 'commander';
import type { LeaseView } from '../http/api/views.ts';
import { formatIpv4, parseIpv4 } from '../net/ipv4.ts';
import { type ClientOptions, queryOf, runClient, withClientOptions } from './client.ts';
import { formatTable, formatWhen } from './print.ts';

interface ListOptions extends ClientOptions {
  readonly network?: string | undefined;
}

export function command(): Command {
  return withClientOptions(new Command('leases'))
    .description('Who has which address; give one back by hand.')
    .option('--network <NAME>', 'only this network')
    .addHelpText(
      'after',
      `
Examples:
  ./rackready leases --network management
  ./rackready leases release 172.22.10.33    end a lease; its client may have the address again
  ./rackready leases forget 172.22.10.34     forget an address that was found in use by somebody else`,
    )
    .action((options: ListOptions) => runClient(options, (client) => list(client, options)))
    .addCommand(
      changeCommand('release', 'End a lease, as if its client had given it back.', async (client, address) => {
        const { lease } = await client.send<{ lease: LeaseView }>('POST', `/leases/${address}/release`);
        return { lease, text: `${address} is released; ${whose(lease)} had it` };
      }),
    )
    .addCommand(
      changeCommand(
        'forget',
        'Forget all about an address, also that somebody else uses it.',
        async (client, address) => {
          const { lease } = await client.send<{ lease: LeaseView }>('DELETE', `/leases/${address}`);
          return { lease, text: `${address} is forgotten and free at once; ${whose(lease)} had it (${lease.state})` };
        },
      ),
    );
}

type Client = Parameters<Parameters<typeof runClient>[1]>[0];
type Change = (client: Client, address: string) => Promise<{ lease: LeaseView; text: string }>;

function changeCommand(name: string, description: string, change: Change): Command {
  return withClientOptions(new Command(name))
    .description(description)
    .argument('<ADDRESS>', 'IPv4 address', parseAddress)
    .addHelpText('after', `\nExample:\n  ./rackready leases ${name} 172.22.10.33`)
    .action((address: string, _own: ClientOptions, self: Command) => {
      const options = self.optsWithGlobals<ClientOptions>();
      return runClient(options, async (client) => {
        const { lease, text } = await change(client, address);
        process.stdout.write(options.json ? `${JSON.stringify(lease)}\n` : `${text}\n`);
      });
    });
}

async function list(client: Client, options: ListOptions): Promise<void> {
  const { leases } = await client.get<{ leases: LeaseView[] }>(`/leases${queryOf({ network: options.network })}`);
  if (options.json) {
    process.stdout.write(`${JSON.stringify(leases, undefined, 2)}\n`);
    return;
  }
  if (leases.length === 0) {
    process.stderr.write('rackready: no leases\n');
    return;
  }
  const header = ['ADDRESS', 'CLIENT', 'MACHINE', 'STATE', 'ENDS', 'NETWORK', 'HOST NAME'];
  const now = Date.now();
  const rows = leases.map((lease) => [
    lease.address,
    lease.client,
    lease.machine ?? '-',
    lease.kind === 'bootp' ? `${lease.state} (bootp)` : lease.state,
    formatWhen(lease.endsAt, now),
    lease.network,
    lease.hostName ?? '-',
  ]);
  process.stdout.write(`${formatTable(header, rows)}\n`);
}

function whose(lease: LeaseView): string {
  return lease.machine ?? lease.client;
}

function parseAddress(text: string): string {
  const address = parseIpv4(text);
  if (address === undefined) throw new InvalidArgumentError('Expected an IPv4 address like 172.22.10.33.');
  return formatIpv4(address);
}
