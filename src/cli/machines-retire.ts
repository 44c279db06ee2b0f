import { Command } from 'commander';
import type { MachineView } from '../http/api/views.ts';
import { type ClientOptions, runClient, withClientOptions } from './client.ts';

const WORDS = {
  retire: {
    description: 'Never install a machine again. It stays in the configuration and keeps its address.',
    help: `
It boots from its disk, whatever its profile says; "install" is refused, and so is install: once. What is installed on it
stays. An installation that is in progress has to be cancelled first. "unretire" takes it back.`,
    done: (name: string) =>
      `${name} is retired: it boots from its disk and is never installed. Take this back with: ./rackready machines unretire ${name}`,
  },
  unretire: {
    description: 'Take the retirement of a machine back.',
    help: `
It is what it was before: installed, or ready. Nothing is installed by this; where its profile says install: once and
that was never used, its next network boot uses it.`,
    done: (name: string, state: string) =>
      `${name} is ${state} again. It may be installed when that is granted: ./rackready install ${name}`,
  },
} as const;

export function retireCommand(verb: 'retire' | 'unretire'): Command {
  const { description, help, done } = WORDS[verb];
  return withClientOptions(new Command(verb))
    .description(description)
    .argument('<MACHINE>', 'name in the configuration')
    .addHelpText('after', `${help}\n\nExample:\n  ./rackready machines ${verb} sm1`)
    .action((name: string, _own: ClientOptions, self: Command) => {
      const options = self.optsWithGlobals<ClientOptions>();
      return runClient(options, async (client) => {
        const path = `/machines/${encodeURIComponent(name)}/${verb}`;
        const { machine } = await client.send<{ machine: MachineView }>('POST', path);
        process.stdout.write(`${options.json ? JSON.stringify(machine) : done(name, machine.state)}\n`);
      });
    });
}
