import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { type MachineEdit, type MachineValues, writtenMachines } from '../config/edit.ts';
import type { MirrorJson } from '../http/api/mirror-json.ts';
import { describeMedium, type MediumLayout } from '../io/mirror/describe-medium.ts';
import { openIso } from '../io/mirror/iso-file.ts';
import { sumOf } from '../io/mirror/sum-of.ts';
import { type ApiClient, ApiFailure } from './client.ts';
import { applyEdit, type EditOptions, type OpenConfiguration, openConfiguration } from './config-edit.ts';
import { editCommand } from './machine-edits.ts';
import { followRun } from './mirror-sync.ts';
import { runStoppable } from './run-stoppable.ts';

interface Options extends EditOptions {
  readonly os?: string;
  readonly key?: readonly string[];
  readonly fingerprint?: readonly string[];
  readonly sha256?: string;
}

/** `mirror import NAME ISO` */
export function importCommand(): Command {
  return editCommand('import', 'Make a mirror from an ISO, or bring one to what a newer ISO has.')
    .argument('<NEW-NAME>', 'name of the mirror')
    .argument('<ISO>', 'the medium: a file that the server can read')
    .option('--os <OS>', 'what it holds (default: what the medium says of itself)')
    .option('--sha256 <HEX>', 'checksum that the distribution publishes for the ISO')
    .option('--key <FILE>', 'public keys that its metadata must be signed with', collect)
    .option('--fingerprint <HEX>', 'of those keys, one that counts', collect)
    .addHelpText(
      'after',
      `
Nothing is mounted or unpacked beside it. Every file is compared with the medium's own metadata: repodata, .treeinfo, Release,
SHA256SUMS, md5sum.txt. An import that fails or is stopped (Ctrl-C) leaves no mirror. The ISO is not needed afterwards.

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
  const layout = await describeMedium(await openIso(iso));
  if (options.sha256 !== undefined) await checkSum(iso, options.sha256, signal);
  const planned = planEntry(opened, name, valuesOf(iso, layout, options));
  const { server } = await applyEdit(opened, planned.edits);
  if (server?.kind === 'refused') {
    throw new ApiFailure({
      code: 'config-invalid',
      message: server.problems.join('\n'),
      hint: 'Look with: rackready check',
    });
  }
  const code = await fill(client, name, options, signal);
  if (code === 0 || (await isWaiting(client, name))) {
    process.exitCode = code;
    return;
  }
  await applyEdit(await openConfiguration(options), planned.undo);
  const hint = 'Nothing of it is in the configuration. Mend what the reason names, and run the same again.';
  throw new ApiFailure({ code: 'import-failed', message: `${name} is not imported`, hint });
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

async function checkSum(iso: string, wanted: string, signal: AbortSignal): Promise<void> {
  const found = await sumOf(iso, signal);
  if (found === wanted.toLowerCase()) return;
  const hint = 'Nothing was changed. Fetch the ISO once more, and compare the checksum with the one that is published.';
  throw new ApiFailure({ code: 'import-failed', message: `${iso} has the sha256 ${found}`, hint });
}

function valuesOf(iso: string, layout: MediumLayout, options: Options): MachineValues {
  const os = options.os ?? layout.os;
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

interface PlannedEntry {
  readonly edits: readonly MachineEdit[];
  readonly undo: readonly MachineEdit[];
}

/** A mirror that came from an ISO gets another one; whatever else is written for it stays. */
function planEntry({ texts }: OpenConfiguration, name: string, values: MachineValues): PlannedEntry {
  const section = 'mirrors';
  const known = writtenMachines(texts, section)[name];
  if (known === undefined) {
    return {
      edits: [{ kind: 'add', section, machines: { [name]: values } }],
      undo: [{ kind: 'remove', section, name }],
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
  };
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
