import type { MachineEdit } from '../config/edit.ts';
import { ApiFailure } from './client.ts';
import {
  applyEdit,
  type CheckedEdit,
  type EditOptions,
  type OpenConfiguration,
  openConfiguration,
  writeEdit,
} from './config-edit.ts';

/** The entry of a mirror that an import writes. */
export interface PlannedEntry {
  readonly edits: readonly MachineEdit[];
  readonly undo: readonly MachineEdit[];
  readonly isNew: boolean;
  /** Where it came from before. */
  readonly before?: unknown;
}

export interface Undoing {
  /** As it was before. */
  readonly opened: OpenConfiguration;
  readonly name: string;
  readonly planned: PlannedEntry;
  /** What was written. */
  readonly checked: CheckedEdit;
  readonly options: EditOptions;
}

/**
 * Makes the configuration as it was: to the letter, unless somebody has changed it meanwhile; then without the entry. The server may be
 * gone by now. Throws ApiFailure that says what is there, and what to type, where that cannot be done.
 */
export async function takeOut(undoing: Undoing, failure: ApiFailure): Promise<void> {
  const { opened, name, planned, options } = undoing;
  try {
    // The path that was edited: with the server gone, nobody else knows it.
    const now = await openConfiguration({ ...options, config: opened.path });
    const before = textsBefore(undoing, now);
    if (before === undefined) await applyEdit(now, planned.undo);
    else await writeEdit(now, { changed: before });
  } catch (error) {
    // Then it is written.
    if (error instanceof ApiFailure && error.code === 'not-reloaded') return;
    if (!(error instanceof ApiFailure)) throw error;
    const message = [
      ...(failure.message === '' ? [] : [failure.message]),
      `${name} is not imported, and mirrors.${name} is in ${opened.path} ${planned.isNew ? 'still' : 'with the new ISO'}: ${error.message}`,
    ].join('\n');
    const mend = planned.isNew
      ? `take the entry ${name} out of mirrors there`
      : `write from: ${String(planned.before)} there`;
    const hint = `Mend what the reason names; then ${mend}, or finish it with: rackready mirror sync ${name}`;
    throw new ApiFailure({ code: 'import-failed', message, hint });
  }
}

/** The texts of before, where the files are what was written; undefined: they are something else by now, or were not there. */
function textsBefore({ opened, checked }: Undoing, now: OpenConfiguration) {
  const textOf = ({ texts }: OpenConfiguration, name: string) => texts.find((one) => one.name === name)?.text;
  if (!checked.changed.every(({ name, text }) => textOf(now, name) === text)) return undefined;
  const before = checked.changed.flatMap(({ name }) => {
    const text = textOf(opened, name);
    return text === undefined ? [] : [{ name, text }];
  });
  return before.length === checked.changed.length ? before : undefined;
}
