import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { type BlessTarget, parseBlessTarget, WAYS } from '../lab/mac/order.ts';
import { type Mac, parseMac } from '../net/mac.ts';
import { type LabMacOptions, labMac } from './lab-mac.ts';

export function command(): Command {
  return new Command('lab')
    .description('Try a configuration with machines that are not there.')
    .addHelpText('after', '\nExample:\n  sudo ./rackready lab mac --config rack.yaml')
    .addCommand(macCommand());
}

function macCommand(): Command {
  return new Command('mac')
    .description('A fake Mac that boots from the network: what it is offered, and which file it gets.')
    .addArgument(new Argument('[MACHINE]', 'a machine of the configuration (default: its first Mac)'))
    .option('--config <PATH>', 'file or folder (default: ./rackready.yaml, then /etc/rackready)')
    .option('--model <MODEL>', 'which Mac it is (default: the machine’s, else Macmini6,2)')
    .option('--mac <MAC>', 'its hardware address (default: the machine’s)', macAddress)
    .addOption(new Option('--way <WAY>', 'how it comes to boot from the network').choices(WAYS).default('firmware'))
    .option('--select <IMAGE>', 'menu and startup-disk: the image to choose, by id or name; without it they only look')
    .option('--target <URL>', 'bless: bsdp://255.255.255.255 (default), bsdp://ADDRESS or tftp://ADDRESS/FILE', target)
    .option('--network <NAME>', 'network of the configuration that it is on (default: the machine’s)')
    .option('--second-server', 'another NetBoot server with a higher priority is there, too', false)
    .option('--interface <IF>', 'no virtual rack and no server: the network of this interface, as it is')
    .option('--tries <N>', 'how often it asks before it gives up (default: as often as a Mac)', tries)
    .option('--save <DIR>', 'keep the file that it loads here')
    .option('--verbose', 'every event of the server', false)
    .option('--json', 'one JSON object at the end', false)
    .addHelpText(
      'after',
      `
Without --interface, everything happens in a virtual rack: a server of its own with your configuration, and nothing of it
meets your network. With it, the Mac asks the servers that are there, as root; it boots nothing and gives its address back.

Examples:
  ./rackready lab mac --config rack.yaml                         the first Mac of the configuration, N key held
  ./rackready lab mac mm1 --way menu                             what the Option key shows
  ./rackready lab mac mm1 --way startup-disk --select Install    chosen in macOS, then restarted
  ./rackready lab mac --model Macmini8,1                         what a model with a T2 chip gets
  ./rackready lab mac --way bless --target tftp://172.22.10.2/mac/x86_64.efi
  sudo ./rackready lab mac --interface eth1 --model iMac12,1     on a real network`,
    )
    .action(async (machine: string | undefined, options: LabMacOptions) => {
      process.exitCode = await labMac(machine, options);
    });
}

function macAddress(text: string): Mac {
  const value = parseMac(text);
  if (value === undefined) throw new InvalidArgumentError('Expected a MAC address like a8:20:66:34:ff:e9.');
  return value;
}

function target(text: string): BlessTarget {
  const value = parseBlessTarget(text);
  if (value === undefined) throw new InvalidArgumentError('Expected bsdp://ADDRESS or tftp://ADDRESS/FILE.');
  return value;
}

function tries(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('Expected a number from 1.');
  return value;
}
