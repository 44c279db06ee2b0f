import { type Command, InvalidArgumentError } from 'commander';
import { mirrorPreset, mirrorPresetNames } from '../mirror/presets.ts';
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
}

export function addCommand(): Command {
  return editCommand('add', 'Write a mirror of a known operating system into the configuration.')
    .argument('<PRESET>', `what: ${mirrorPresetNames.join(', ')}`, parsePreset)
    .option('--name <NEW-NAME>', 'its name (default: that of the preset)')
    .option('--from <URL>', 'another server with the same layout; more than once for several', collect)
    .option('--key <FILE>', 'public keys of the upstream; Debian’s are known', collect)
    .option('--fingerprint <HEX>', 'of those keys, one that counts', collect)
    .option('--mode <MODE>', 'sync, cache, sparse or frozen (default: sync, or as the preset says)')
    .option('--schedule <CRON>', 'five fields as in crontab(5) (default: by command only)')
    .option('--trust <TRUST>', 'required, if-present or none')
    .addHelpText(
      'after',
      `${WRITES}

Examples:
  ./rackready mirror add debian-12 --schedule "50 3 * * *"
  ./rackready mirror add rocky-9 --key RPM-GPG-KEY-Rocky-9 --mode cache
Then: ./rackready mirror sync debian-12`,
    )
    .action((preset: string, _own: AddOptions, self: Command) => {
      const options = self.optsWithGlobals<AddOptions>();
      const { name = preset, from, key, fingerprint, mode, schedule, trust } = options;
      const given = { from, keys: key, fingerprints: fingerprint, mode, schedule, trust };
      const values = Object.fromEntries(
        Object.entries({ preset, ...given }).filter(([, value]) => value !== undefined),
      );
      const edit = async () => ({ kind: 'add', section: 'mirrors', machines: { [name]: values } }) as const;
      return runEdit(options, edit, `the mirror ${name} is added`);
    });
}

function parsePreset(text: string): string {
  if (mirrorPreset(text) === undefined) throw new InvalidArgumentError(`Known are ${mirrorPresetNames.join(', ')}.`);
  return text;
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
