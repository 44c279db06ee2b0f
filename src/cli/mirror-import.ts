import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { type MachineValues, writtenMachines } from '../config/edit.ts';
import { operatingSystemNames } from '../config/operating-systems.ts';
import type { MirrorJson } from '../http/api/mirror-json.ts';
import { describeMedium, type MediumLayout } from '../io/mirror/describe-medium.ts';
import { openIso } from '../io/mirror/iso-file.ts';
import { ProvisionError } from '../net/provision-error.ts';
import { type ApiClient, ApiFailure } from './client.ts';
import {
  type CheckedEdit,
  checkEdit,
  type EditOptions,
  type OpenConfiguration,
  openConfiguration,
  writeEdit,
} from './config-edit.ts';
import { editCommand } from './machine-edits.ts';
import { checkIso, type IsoCheckOptions } from './mirror-import-checks.ts';
import { type PlannedEntry, takeOut } from './mirror-import-undo.ts';
import { followRun } from './mirror-sync.ts';
import { runStoppable } from './run-stoppable.ts';

interface Options extends EditOptions, IsoCheckOptions {
  readonly os?: string;
  readonly key?: readonly string[];
  readonly fingerprint?: readonly string[];
}

/** `mirror import NAME ISO` */
export function importCommand(): Command {
  return editCommand('import', 'Make a mirror from an ISO, or bring one to what a newer ISO has.')
    .argument('<NEW-NAME>', 'name of the mirror')
    .argument('<ISO>', 'the medium: a file that the server can read')
    .option('--os <OS>', 'what it holds (default: what the medium says of itself)')
    .option('--sha256 <HEX>', 'checksum that the distribution publishes for the ISO')
    .option('--checksums <FILE>', 'list that the distribution publishes (CHECKSUM, SHA256SUMS), which names the ISO')
    .option(
      '--checksums-key <FILE>',
      'public keys that this list must be signed with: in itself, or in FILE.gpg, .asc, .sign',
    )
    .option('--key <FILE>', 'public keys that its metadata must be signed with', collect)
    .option('--fingerprint <HEX>', 'of those keys, one that counts', collect)
    .addHelpText(
      'after',
      `
Nothing is mounted or unpacked beside it. Every file is compared with the medium's own metadata: repodata, .treeinfo, Release,
SHA256SUMS, md5sum.txt; the whole of it with the md5 that was implanted into it, where there is one. An import that fails or is stopped (Ctrl-C) leaves no mirror. The ISO is not needed afterwards.

Examples:
  sudo ./rackready mirror import rocky-9 Rocky-9-x86_64-dvd.iso
  sudo ./rackready mirror import debian-12-dvd debian-12.iso --sha256 0123…cdef`,
    )
    .action((name: string, iso: string, _own: Options, self: Command) => {
      const options = self.optsWithGlobals<Options>();
      return runStoppable(options, (signal) => importIso(name, resolve(iso), options, signal));
    });
}

async function importIso(name: string, iso: string, options: Options, signal: AbortSignal): Promise<void> {
  const opened = await openConfiguration(options);
  const { client } = opened;
  if (client === undefined) {
    const hint = 'Start it with: sudo ./rackready up. It is the server that fills mirrors.';
    throw new ApiFailure({ code: 'not-running', message: `no server runs on ${opened.path}`, hint }, 69);
  }
  const layout = await readMedium(iso);
  const compared = await checkIso(iso, options, signal);
  if (compared.length > 0) process.stderr.write(`${iso} is as it should be: compared with ${compared.join('; ')}\n`);
  const planned = planEntry(opened, name, valuesOf(iso, layout, options));
  const checked = await checkEdit(opened, planned.edits);
  const failure = await fillOrFail({ opened, client, name, checked, options, signal });
  if (failure === undefined) return;
  await takeOut({ opened, name, planned, checked, options }, failure);
  const hint = 'Nothing of it is in the configuration. Mend what the reason names, and run the same again.';
  const message = [...(failure.message === '' ? [] : [failure.message]), `${name} is not imported`].join('\n');
  throw new ApiFailure({ code: 'import-failed', message, hint });
}

/** What is on the medium. An ISO is no upstream that could not be reached: what to do about a bad one is something else. */
async function readMedium(iso: string): Promise<MediumLayout> {
  try {
    return await describeMedium(await openIso(iso));
  } catch (error) {
    if (!(error instanceof ProvisionError)) throw error;
    const hint =
      'Nothing was changed. Name an ISO that is whole, and that rackready may read: compare its checksum with the one that is published.';
    throw new ApiFailure({ code: 'import-failed', message: error.message, hint });
  }
}

interface Filling {
  readonly opened: OpenConfiguration;
  readonly client: ApiClient;
  readonly name: string;
  readonly checked: CheckedEdit;
  readonly options: Options;
  readonly signal: AbortSignal;
}

/**
 * Writes the entry, and has the server fill the mirror. Resolves with what went wrong then, with a text where nobody has told it yet;
 * undefined: it is imported, or waits for a person. Throws ApiFailure where nothing was written.
 */
async function fillOrFail(filling: Filling): Promise<ApiFailure | undefined> {
  const { opened, client, name, checked, options, signal } = filling;
  try {
    const { server } = await writeEdit(opened, checked);
    if (server?.kind === 'refused')
      return new ApiFailure({ code: 'config-invalid', message: server.problems.join('\n'), hint: '' });
  } catch (error) {
    if (error instanceof ApiFailure && error.code === 'not-reloaded') return error;
    throw error;
  }
  try {
    const code = await fill(client, name, options, signal);
    if (code !== 0 && !(await isWaiting(client, name)))
      return new ApiFailure({ code: 'import-failed', message: '', hint: '' });
    process.exitCode = code;
    return undefined;
  } catch (error) {
    if (error instanceof ApiFailure) return error;
    throw error;
  }
}

/** Begins the run, and stays with it; Ctrl-C stops it. Resolves with the exit code. */
async function fill(client: ApiClient, name: string, options: Options, signal: AbortSignal): Promise<number> {
  const path = `/mirrors/${encodeURIComponent(name)}`;
  const before = (await client.get<{ mirror: MirrorJson }>(path)).mirror.lastRun?.endedAt ?? null;
  await client.send('POST', `${path}/sync`, { force: true });
  const stop = () => void client.send('POST', `${path}/stop`, {}).catch(() => undefined);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop);
  return followRun(client, path, before, options.json === true);
}

/** What is held with something that can be approved is not lost. */
async function isWaiting(client: ApiClient, name: string): Promise<boolean> {
  const { mirror } = await client.get<{ mirror: MirrorJson }>(`/mirrors/${encodeURIComponent(name)}`);
  return mirror.canApprove;
}

function valuesOf(iso: string, layout: MediumLayout, options: Options): MachineValues {
  // An operating system that only its medium knows makes a mirror of its packages, as any other.
  const known = operatingSystemNames.find((name) => name === layout.os);
  const os = options.os ?? known;
  const isListed = (list: readonly string[]) => list.length > 0;
  return {
    ...(os !== undefined && { os }),
    from: pathToFileURL(iso).href,
    kind: layout.kind,
    ...(isListed(layout.repositories) && { repositories: layout.repositories }),
    ...(isListed(layout.suites) && { suites: layout.suites }),
    ...(isListed(layout.architectures) && { architectures: layout.architectures }),
    ...(options.key !== undefined && { keys: options.key.map((file) => resolve(file)) }),
    ...(options.fingerprint !== undefined && { fingerprints: options.fingerprint }),
  };
}

/** A mirror that came from an ISO gets another one; whatever else is written for it stays. */
function planEntry({ texts }: OpenConfiguration, name: string, values: MachineValues): PlannedEntry {
  const section = 'mirrors';
  const known = writtenMachines(texts, section)[name];
  if (known === undefined) {
    return {
      edits: [{ kind: 'add', section, machines: { [name]: values } }],
      undo: [{ kind: 'remove', section, name }],
      isNew: true,
    };
  }
  if (!/^file:.*\.iso$/i.test(String(known.from))) {
    const hint = 'Give the new one another name. Nothing was changed.';
    const message = `there is a mirror ${name} already, which comes from ${String(known.from ?? known.preset)}`;
    throw new ApiFailure({ code: 'edit-refused', message, hint });
  }
  return {
    edits: [{ kind: 'replace', section, name, values: { ...known, ...values } }],
    undo: [{ kind: 'replace', section, name, values: known }],
    isNew: false,
    before: known.from,
  };
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
