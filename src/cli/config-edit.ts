import { randomUUID } from 'node:crypto';
import { chmod, chown, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type ConfigText, editMachines, type MachineEdit } from '../config/edit.ts';
import { checkSources, defaultPaths, findConfiguration, readSources } from '../config/load.ts';
import { formatProblem } from '../config/problem.ts';
import type { ReloadResult, Status } from '../http/api/ports.ts';
import type { EventView } from '../http/api/views.ts';
import { type ApiClient, ApiFailure, type ClientOptions, createClient } from './client.ts';

/** sysexits(3) */
const EX_NOINPUT = 66;
const EX_CANTCREAT = 73;
const EX_TEMPFAIL = 75;

export interface EditOptions extends ClientOptions {
  readonly config?: string | undefined;
}

/** What came of an edit. */
export interface EditReport {
  /** The files that were written; none: there was nothing to change. */
  readonly files: readonly string[];
  /** What the running server made of it; null: none runs on this configuration. */
  readonly server: ReloadResult | null;
}

/** A configuration and the server that runs on it, if one does. */
export interface OpenConfiguration {
  readonly path: string;
  readonly texts: readonly ConfigText[];
  readonly client: ApiClient | undefined;
}

/** How long the server may take to read a changed configuration. */
const RELOAD_MS = 15_000;

/** Reads --config, else what the running server was started with, else what is found. Throws ApiFailure. */
export async function openConfiguration(options: EditOptions): Promise<OpenConfiguration> {
  const client = createClient(options);
  const status = await client.get<Status>('/status').catch((error: unknown) => {
    if (error instanceof ApiFailure) return undefined;
    throw error;
  });
  const path = options.config ?? status?.config ?? findConfiguration();
  if (path === undefined) {
    const message = `no configuration found: neither ${defaultPaths.join(' nor ')} exists`;
    throw new ApiFailure({ code: 'no-configuration', message, hint: 'Name it with --config PATH.' }, EX_NOINPUT);
  }
  const read = await readSources(path);
  if ('problems' in read) {
    const message = read.problems.map(formatProblem).join('\n');
    throw new ApiFailure({ code: 'no-configuration', message, hint: 'Name another with --config PATH.' }, EX_NOINPUT);
  }
  const isServed = status?.config != null && resolve(status.config) === resolve(path);
  return { path, texts: read.texts, client: isServed ? client : undefined };
}

/**
 * Edits, checks the whole result, writes what changed (an import may touch several files), and waits for what the running server says of it. Until everything
 * is found right nothing is written. Throws ApiFailure.
 */
export async function applyEdit(opened: OpenConfiguration, edits: readonly MachineEdit[]): Promise<EditReport> {
  const { texts, client } = opened;
  let edited = texts;
  for (const edit of edits) {
    const section = (edit.kind === 'add' ? edit.section : undefined) ?? 'machines';
    const result = editMachines(edited, edit, await newFileFor(opened.path, section));
    if (result.kind === 'refused') throw refused('edit-refused', result.reason, 'Nothing was changed.');
    edited = result.texts;
  }
  const changed = edited.filter((one) => !texts.some((old) => old.name === one.name && old.text === one.text));
  if (changed.length === 0) return { files: [], server: null };
  const checked = checkSources(edited.map(({ name, text }) => ({ name, text, folder: dirname(resolve(name)) })));
  if (checked.kind === 'problems') {
    const errors = checked.problems.filter(({ severity }) => severity === 'error').map(formatProblem);
    throw refused('config-invalid', errors.join('\n'), 'Lines are those of the edited text. Nothing was changed.');
  }
  const heard = client && (await listenForReload(client));
  for (const file of changed) await writeSafely(file, texts.find(({ name }) => name === file.name)?.text);
  return { files: changed.map(({ name }) => name), server: heard ? await heard() : null };
}

function refused(code: string, message: string, hint: string): ApiFailure {
  return new ApiFailure({ code, message, hint });
}

/** Where a folder's first machines or mirrors go. */
async function newFileFor(path: string, section: string): Promise<string> {
  return (await stat(path)).isDirectory() ? join(path, `${section}.yaml`) : path;
}

/** Writes beside the file and renames: whoever reads it sees the old text or the new one. Owner and mode stay. */
async function writeSafely({ name, text }: ConfigText, before: string | undefined): Promise<void> {
  const target = await realpath(name).catch(() => resolve(name));
  const draft = join(dirname(target), `.${basename(target)}.${randomUUID()}`);
  try {
    const now = await readFile(target, 'utf8').catch(() => undefined);
    if (now !== before) throw refused('edit-refused', `${name} was changed by somebody else meanwhile`, 'Try again.');
    const like = await stat(before === undefined ? dirname(target) : target);
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await chown(draft, like.uid, like.gid);
    await chmod(draft, like.mode & (before === undefined ? 0o644 : 0o7777));
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    if (error instanceof ApiFailure) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const hint = 'Nothing was changed. Run the same as the owner of the file, or with sudo.';
    throw new ApiFailure({ code: 'cannot-write', message: `${name} cannot be written: ${reason}`, hint }, EX_CANTCREAT);
  }
}

/** Begins to listen before the file changes; the answer waits for what the server says of the change. */
async function listenForReload(client: ApiClient): Promise<() => Promise<ReloadResult>> {
  const { events } = await client.get<{ events: EventView[] }>('/events?limit=1');
  const after = events.at(-1)?.seq ?? 0;
  return async () => {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), RELOAD_MS);
    let result: ReloadResult | undefined;
    await client.stream(`/events/stream?after=${after}`, undefined, {
      signal: stop.signal,
      onOpen: () => {},
      onEvent: (event) => {
        result ??= reloadResult(event);
        if (result) stop.abort();
      },
    });
    clearTimeout(timer);
    if (result) return result;
    const message = `the file is written, and the server has not said within ${RELOAD_MS / 1000} s that it has read it`;
    const hint = 'Look with: rackready events. Make it read with: rackready status --reload';
    throw new ApiFailure({ code: 'not-reloaded', message, hint }, EX_TEMPFAIL);
  };
}

function reloadResult({ id, data }: EventView): ReloadResult | undefined {
  const { machines, networks, problems } = data as { machines: number; networks: number; problems: readonly string[] };
  if (id === 'config.loaded') return { kind: 'loaded', machines, networks };
  return id === 'config.refused' ? { kind: 'refused', problems } : undefined;
}
