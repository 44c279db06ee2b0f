import { Command } from 'commander';
import { type ApiClient, ApiFailure, type ClientOptions, runClient, withClientOptions } from './client.ts';
import { describeWoken, wakeMachine } from './wake-machine.ts';

export function command(): Command {
  return withClientOptions(new Command('wake'))
    .description('Switch machines on by Wake-on-LAN, one a second.')
    .argument('<MACHINES...>', 'names in the configuration')
    .addHelpText(
      'after',
      `
The packet is for all cards of a machine, and goes to the networks where it has its address or was heard. A machine that is on
does nothing with it. Whether it wakes up is the business of its firmware and its card; "./rackready watch MACHINE" shows it.
With --json each machine is a line: {"machine", "wake"}, or {"name", "error"}.

Examples:
  ./rackready wake sm1
  ./rackready wake sm1 sm2 sm3
  ./rackready install sm1 --wake`,
    )
    .action((names: readonly string[], options: ClientOptions) =>
      runClient(options, async (client) => {
        for (const name of new Set(names)) await wakeOne(client, name, options);
      }),
    );
}

/** What is wrong with one machine does not keep the others asleep; without a server there is nothing to go on with. */
async function wakeOne(client: ApiClient, name: string, { json }: ClientOptions): Promise<void> {
  try {
    const woken = await wakeMachine(client, name);
    process.stdout.write(`${json ? JSON.stringify(woken) : describeWoken(woken).join('\n')}\n`);
  } catch (error) {
    if (!(error instanceof ApiFailure) || error.exitCode !== 1) throw error;
    const { code, message, hint } = error;
    if (json) process.stdout.write(`${JSON.stringify({ name, error: { code, message, hint } })}\n`);
    else process.stderr.write(`rackready: ${message}\n${hint}\n`);
    process.exitCode = 1;
  }
}
