import { createWriteStream, existsSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { Command, InvalidArgumentError } from 'commander';
import { packInto, writeBundle } from '../io/bundle/write-bundle.ts';
import { withLoaderCache } from '../io/loaders/loader-cache.ts';
import { formatBytes } from '../net/amounts.ts';
import { importCommand } from './bundle-import.ts';
import { type BundleOptions, type LoaderPlace, type PlannedBundle, planBundle } from './bundle-plan.ts';
import { followWork, type Work } from './bundle-work.ts';
import { ApiFailure, dataFolderOf, withClientOptions } from './client.ts';

/** sysexits(3) */
const EX_CANTCREAT = 73;

interface Options extends BundleOptions {
  readonly output?: string;
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
    .option(
      '--address <ADDRESS>',
      'address of the host that takes it: boot loaders that know it go along; may be repeated',
      collectAddress,
      [],
    )
    .option('--force', 'replace a file that is there')
    .option('--config <PATH>', 'file or folder (default: that of the running server, else the one `up` finds)')
    .addHelpText(
      'after',
      `
It has the profile, its template, the mirror's state with all files and keys, the installer's kernel where it is a file of
this host, and the boot loaders that this host gives to firmware. Machines, networks and defaults are not in it. No server needs
to run.

Examples:
  sudo ./rackready bundle debian-12 -o /media/usb/debian-12.tar
  sudo ./rackready bundle import /media/usb/debian-12.tar --dry-run`,
    )
    .action((profile: string, _own: Options, self: Command) => {
      const options = self.optsWithGlobals<Options>();
      return followWork(options, 'packing', (work) =>
        withLoaderCache(resolve(dataFolderOf(options)), (cacheFolder, isServers) =>
          makeArchive(options, profile, { cacheFolder, isServers }, work),
        ),
      );
    })
    .addCommand(importCommand());
}

async function makeArchive(options: Options, profile: string, place: LoaderPlace, work: Work): Promise<void> {
  const planned = await planBundle(options, profile, place);
  const file = options.output ?? `${profile}.bundle.tar`;
  if (file !== '-' && options.force !== true && existsSync(file)) {
    const hint = 'Nothing was written. Name another file, or replace it with --force.';
    throw new ApiFailure({ code: 'cannot-write', message: `${file} exists`, hint }, EX_CANTCREAT);
  }
  work.expect(planned.packing.contents.length, planned.bytes);
  const how = { signal: work.signal, onBytes: work.onBytes, onFile: work.onFile };
  const packed =
    file === '-'
      ? await packInto(openStdout(), planned.packing, how, { isCompressed: false })
      : await writeBundle(planned.packing, resolve(file), how);
  work.end();
  if (file !== '-') report(options, file, planned, packed);
}

/** Whoever reads it and goes away early does not have the archive: other than with `process.stdout`, that fails. */
function openStdout(): Writable {
  return createWriteStream('', { fd: process.stdout.fd, autoClose: false });
}

function report(
  options: Options,
  file: string,
  { head, lazy }: PlannedBundle,
  packed: { bytes: number; sha256: string },
) {
  const mirrors = head.mirrors.map(({ name, snapshot }) => `${name}@${snapshot.id}`);
  const loaders = head.loaders.map(({ platform, loader }) => `${loader} for ${platform}`);
  if (options.json) {
    const { leftOut } = head;
    process.stdout.write(`${JSON.stringify({ file, ...packed, mirrors, loaders, notFetched: lazy, leftOut })}\n`);
    return;
  }
  const lines = [
    `${file}: ${formatBytes(packed.bytes)}, the profile ${head.profile.name}${mirrors.map((one) => ` with ${one}`).join('')}`,
    `sha256 ${packed.sha256}`,
    `boot loaders: ${loaders.join(', ') || 'NONE, this host has none'}`,
    ...(lazy > 0
      ? [`NOT IN IT: ${lazy} files that were never asked for here (mode cache or sparse); mode: sync has all`]
      : []),
    ...head.leftOut.map((one) => `not in it: ${one}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function collectAddress(value: string, before: readonly string[]): readonly string[] {
  if (isIPv4(value)) return [...before, value];
  throw new InvalidArgumentError('It is no IPv4 address.');
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
