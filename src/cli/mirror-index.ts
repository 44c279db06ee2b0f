import { resolve } from 'node:path';
import { Command } from 'commander';
import { makeAptIndex } from '../io/mirror/make-apt.ts';
import { type MadeIndex, makeYumMetadata } from '../io/mirror/make-yum.ts';
import { findPackages } from '../io/mirror/package-folder.ts';
import { signIndex } from '../io/mirror/sign-index.ts';
import { writeIndex } from '../io/mirror/write-index.ts';
import { ProvisionError } from '../net/provision-error.ts';
import { runCommand } from './client.ts';
import { failureOf } from './run-stoppable.ts';

interface Options {
  readonly suite: string;
  readonly architecture: readonly string[];
  readonly sign?: string;
  readonly json?: true;
}

/** What was made of the packages with one suffix. */
interface Made {
  readonly suffix: string;
  readonly packages: number;
  /** By which clients learn of it. */
  readonly entry: string;
}

/** `mirror index FOLDER`: metadata of the operator's own packages. */
export function indexCommand(): Command {
  return new Command('index')
    .description('Make the metadata of the RPMs and .debs in a folder of your own.')
    .argument('<FOLDER>', 'where the packages are')
    .option('--suite <NAME>', 'of the apt archive', 'own')
    .option('--architecture <NAME>', 'apt indices to make in any case (may be repeated)', collect, [])
    .option('--sign <KEY>', 'sign it with this key of gpg')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  ./rackready mirror index /srv/packages')
    .action((folder: string, _own: Options, self: Command) => {
      const options = self.optsWithGlobals<Options>();
      return runCommand(options, async () => {
        const made = await makeIndices(resolve(folder), options).catch(asFailure);
        const lines = made.map(({ packages, suffix, entry }) => `${packages} ${suffix} in ${entry}\n`);
        process.stdout.write(options.json ? `${JSON.stringify(made, undefined, 2)}\n` : lines.join(''));
      });
    });
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function asFailure(error: unknown): never {
  throw error instanceof ProvisionError ? failureOf(error) : error;
}

async function makeIndices(folder: string, options: Options): Promise<readonly Made[]> {
  const now = Date.now();
  const architectures = options.architecture.length > 0 ? options.architecture : ['amd64'];
  const kinds: readonly (readonly [suffix: string, make: () => Promise<MadeIndex>])[] = [
    ['.rpm', () => makeYumMetadata(folder, Math.floor(now / 1000))],
    ['.deb', () => makeAptIndex(folder, { suite: options.suite, architectures, now })],
  ];
  const told: Made[] = [];
  for (const [suffix, make] of kinds) {
    const { length } = await findPackages(folder, suffix);
    if (length === 0) continue;
    const made = await make();
    const index = options.sign === undefined ? made : await signIndex(made, options.sign);
    writeIndex(folder, index);
    told.push({ suffix, packages: length, entry: index.entries.at(-1) ?? '' });
  }
  if (told.length > 0) return told;
  throw new ProvisionError('upstream-failed', `There are no RPMs or .debs in ${folder}`, {
    hint: 'Name the folder that has them, itself or in folders below it.',
  });
}
