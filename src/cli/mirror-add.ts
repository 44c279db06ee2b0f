import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { readKeys } from '../io/mirror/gpgv.ts';
import { type MirrorPreset, mirrorPreset, mirrorPresetNames } from '../mirror/presets.ts';
import { ProvisionError } from '../net/provision-error.ts';
import { ApiFailure } from './client.ts';
import type { EditOptions } from './config-edit.ts';
import { editCommand, runEdit, WRITES } from './machine-edits.ts';

interface AddOptions extends EditOptions {
  readonly name?: string;
  readonly from?: readonly string[];
  readonly key?: readonly string[];
  readonly fingerprint?: readonly string[];
  readonly mode?: string;
  readonly schedule?: string;
  readonly trust?: string;
  readonly packages?: string;
}

export function addCommand(): Command {
  return editCommand('add', 'Write a mirror of a known operating system into the configuration.')
    .argument('<PRESET>', `what: ${mirrorPresetNames.join(', ')}`, parsePreset)
    .option('--name <NEW-NAME>', 'its name (default: that of the preset)')
    .option('--from <URL>', 'another server with the same layout; more than once for several', collect)
    .option('--key <FILE>', 'public keys of the upstream (default: those that come with rackready)', collect)
    .option('--fingerprint <HEX>', 'of those keys, one that counts (default: what the preset knows)', collect)
    .option('--mode <MODE>', 'sync, cache, sparse or frozen (default: sync, or as the preset says)')
    .option('--schedule <CRON>', 'five fields as in crontab(5) (default: by command only)')
    .option(
      '--trust <TRUST>',
      'whether metadata must be signed: required, if-present or none (default: as the preset says)',
    )
    .option('--packages <TRUST>', 'signed or listed (default: signed where metadata need not be)')
    .addHelpText(
      'after',
      `${WRITES}

Examples:
  ./rackready mirror add debian-12 --schedule "50 3 * * *"
  ./rackready mirror add rocky-9 --mode cache
  ./rackready mirror add fedora-42 --key fedora.gpg
Then: ./rackready mirror sync debian-12`,
    )
    .action((preset: string, _own: AddOptions, self: Command) => {
      const options = self.optsWithGlobals<AddOptions>();
      const { name = preset, from, fingerprint, mode, schedule, trust, packages } = options;
      const keys = options.key?.map((file) => resolve(file));
      const given = { from, keys, fingerprints: fingerprint, mode, schedule, trust, packages };
      const values = Object.fromEntries(
        Object.entries({ preset, ...given }).filter(([, value]) => value !== undefined),
      );
      const edit = async () => {
        if (fingerprint === undefined) await compareKeys(preset, mirrorPreset(preset)?.keys, keys ?? []);
        return { kind: 'add', section: 'mirrors', machines: { [name]: values } } as const;
      };
      return runEdit(options, edit, `the mirror ${name} is added`);
    });
}

/** Better told now than by the first run: a file with another key is a mistake, or somebody's trap. */
async function compareKeys(preset: string, known: MirrorPreset['keys'] | undefined, files: readonly string[]) {
  if (known === undefined || known.fingerprints.length === 0) return;
  for (const file of files) {
    const found = (await readKeysOf(file)).map(({ fingerprint }) => fingerprint);
    if (found.some((one) => known.fingerprints.includes(one))) continue;
    throw new ApiFailure({
      code: 'wrong-key',
      message: `${file} has the keys ${found.join(', ')}, and ${preset} is signed by ${known.fingerprints.join(' or ')}`,
      hint: `Nothing was changed. ${known.kind === 'package' ? `The package ${known.debianPackage} has the right file` : `The right file is published at ${known.published}`}; where somebody else signs on purpose, name his key with --fingerprint.`,
    });
  }
}

async function readKeysOf(file: string) {
  return readKeys(file).catch((error: unknown) => {
    if (!(error instanceof ProvisionError)) throw error;
    throw new ApiFailure({ code: 'wrong-key', message: error.message, hint: error.hint });
  });
}

function parsePreset(text: string): string {
  if (mirrorPreset(text) === undefined) throw new InvalidArgumentError(`Known are ${mirrorPresetNames.join(', ')}.`);
  return text;
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
