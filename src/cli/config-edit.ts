import { resolve } from 'node:path';
import type { ConfigText, MachineEdit } from '../config/edit.ts';
import { checkSources, defaultPaths, findConfiguration, readSources } from '../config/load.ts';
import { planEdits } from '../config/plan-edits.ts';
import { formatProblem } from '../config/problem.ts';
import { writeFileSafely } from '../config/write-file.ts';
import type { SourceText } from '../config/yaml-source.ts';
import type { ReloadResult, Status } from '../http/api/ports.ts';
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
  readonly texts: readonly SourceText[];
  readonly client: ApiClient | undefined;
}

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
    const hint = 'Name it with --config PATH, or write one first: ./rackready init';
    throw new ApiFailure({ code: 'no-configuration', message, hint }, EX_NOINPUT);
  }
  const read = await readSources(path);
  if ('problems' in read) {
    const message = read.problems.map(formatProblem).join('\n');
    throw new ApiFailure({ code: 'no-configuration', message, hint: 'Name another with --config PATH.' }, EX_NOINPUT);
  }
  const isServed = status?.config != null && resolve(status.config) === resolve(path);
  return { path, texts: read.texts, client: isServed ? client : undefined };
}

/** Edits that were found right, and are not written yet. */
export interface CheckedEdit {
  readonly changed: readonly ConfigText[];
}

/** Edits, and checks the whole result. Throws ApiFailure. */
export async function checkEdit(opened: OpenConfiguration, edits: readonly MachineEdit[]): Promise<CheckedEdit> {
  const plan = await planEdits(opened.path, opened.texts, edits);
  if (plan.kind === 'refused') throw refused('edit-refused', plan.reason, 'Nothing was changed.');
  const { changed } = plan;
  if (changed.length === 0) return { changed };
  const checked = checkSources(plan.texts);
  if (checked.kind === 'problems') {
    const errors = checked.problems.filter(({ severity }) => severity === 'error').map(formatProblem);
    throw refused('config-invalid', errors.join('\n'), 'Lines are those of the edited text. Nothing was changed.');
  }
  return { changed };
}

/** Writes what changed (an import may touch several files), and has the running server read it. Throws ApiFailure. */
export async function writeEdit({ texts, client }: OpenConfiguration, { changed }: CheckedEdit): Promise<EditReport> {
  if (changed.length === 0) return { files: [], server: null };
  const written: string[] = [];
  for (const file of changed) {
    await write(file, texts.find(({ name }) => name === file.name)?.text, written);
    written.push(file.name);
  }
  return { files: written, server: client ? await reload(client, written) : null };
}

/** Checks edits, then writes them: until everything is found right nothing is written. Throws ApiFailure. */
export async function applyEdit(opened: OpenConfiguration, edits: readonly MachineEdit[]): Promise<EditReport> {
  return writeEdit(opened, await checkEdit(opened, edits));
}

function refused(code: string, message: string, hint: string): ApiFailure {
  return new ApiFailure({ code, message, hint });
}

async function write(file: ConfigText, before: string | undefined, written: readonly string[]): Promise<void> {
  const result = await writeFileSafely(file, before);
  if (result.kind === 'written') return;
  const done = written.length === 0 ? 'No file was changed.' : `Written already: ${written.join(', ')}.`;
  if (result.kind === 'changed-meanwhile') {
    throw refused('edit-refused', `${file.name} was changed by somebody else meanwhile`, `${done} Try again.`);
  }
  const message = `${file.name} cannot be written: ${result.reason}`;
  const hint = `${done} Run the same as the owner of the file, or with sudo.`;
  throw new ApiFailure({ code: 'cannot-write', message, hint }, EX_CANTCREAT);
}

/** The server watches its files, too. It is asked all the same: what it says then is of this text, not of an earlier one. */
async function reload(client: ApiClient, written: readonly string[]): Promise<ReloadResult> {
  try {
    const { networks, machines } = await client.send<{ networks: number; machines: number }>('POST', '/reload', {
      onlyChanges: true,
    });
    return { kind: 'loaded', networks, machines };
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    if (error.code === 'config-invalid') return { kind: 'refused', problems: error.message.split('\n') };
    const message = `${written.join(', ')} is written, and the server has not said that it has read it: ${error.message}`;
    const hint = 'Look with: rackready status. Make it read with: rackready status --reload';
    throw new ApiFailure({ code: 'not-reloaded', message, hint }, EX_TEMPFAIL);
  }
}
