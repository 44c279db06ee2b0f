import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { packInto, writeBundle } from '../io/bundle/write-bundle.ts';
import { formatBytes } from '../mirror/run/amounts.ts';
import { importCommand } from './bundle-import.ts';
import { type PlannedBundle, planBundle } from './bundle-plan.ts';
import { followWork } from './bundle-work.ts';
import { ApiFailure, withClientOptions } from './client.ts';
import type { EditOptions } from './config-edit.ts';

/** sysexits(3) */
const EX_CANTCREAT = 73;

interface Options extends EditOptions {
  readonly output?: string;
  readonly snapshot?: string;
  readonly withMirror: readonly string[];
  readonly force?: true;
}

export function command(): Command {
  return withClientOptions(new Command('bundle'))
    .description('One archive with all that a host without a network needs to install a profile.')
    .argument('<PROFILE>', 'name in the configuration')
    .option('-o, --output <FILE>', 'where to write it (default: PROFILE.bundle.tar); .zst compresses it; - prints it')
    .option(
      '--snapshot <SNAPSHOT>',
      'state of its mirror: id, the beginning of one, or a tag (default: what is served)',
    )
    .option('--with-mirror <MIRROR>', 'another mirror that its template uses; may be repeated', collect, [])
    .option('--force', 'replace a file that is there')
    .option('--config <PATH>', 'file or folder (default: that of the running server, else the one `up` finds)')
    .addHelpText(
      'after',
      `
It has the profile, its template, the mirror's state with all files and keys, and the installer's kernel where it is a file of
this host. Machines, networks, defaults and boot loaders are not in it. No server needs to run.

Examples:
  sudo ./rackready bundle debian-12 -o /media/usb/debian-12.tar
  sudo ./rackready bundle import /media/usb/debian-12.tar --dry-run`,
    )
    .action((profile: string, _own: Options, self: Command) => {
      const options = self.optsWithGlobals<Options>();
      return followWork(options, 'packing', async (work) => {
        const planned = await planBundle(options, profile);
        const file = options.output ?? `${profile}.bundle.tar`;
        if (file !== '-' && options.force !== true && existsSync(file)) {
          const hint = 'Nothing was written. Name another file, or replace it with --force.';
          throw new ApiFailure({ code: 'cannot-write', message: `${file} exists`, hint }, EX_CANTCREAT);
        }
        work.expect(planned.packing.contents.length, planned.bytes);
        const how = { signal: work.signal, onBytes: work.onBytes, onFile: work.onFile };
        const packed =
          file === '-'
            ? await packInto(process.stdout, planned.packing, how, { isCompressed: false })
            : await writeBundle(planned.packing, resolve(file), how);
        work.end();
        if (file !== '-') report(options, file, planned, packed);
      });
    })
    .addCommand(importCommand());
}

function report(
  options: Options,
  file: string,
  { head, lazy }: PlannedBundle,
  packed: { bytes: number; sha256: string },
) {
  const mirrors = head.mirrors.map(({ name, snapshot }) => `${name}@${snapshot.id}`);
  if (options.json) {
    const { leftOut } = head;
    process.stdout.write(`${JSON.stringify({ file, ...packed, mirrors, notFetched: lazy, leftOut })}\n`);
    return;
  }
  const lines = [
    `${file}: ${formatBytes(packed.bytes)}, the profile ${head.profile.name}${mirrors.map((one) => ` with ${one}`).join('')}`,
    `sha256 ${packed.sha256}`,
    ...(lazy > 0
      ? [`NOT IN IT: ${lazy} files that were never asked for here (mode cache or sparse); mode: sync has all`]
      : []),
    ...head.leftOut.map((one) => `not in it: ${one}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
