import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type ConfigText, editMachines, type MachineEdit, sectionOf } from './edit.ts';
import type { SourceText } from './yaml-source.ts';

export type PlannedEdits =
  | {
      readonly kind: 'planned';
      /** All files as they are to be, for the check. */
      readonly texts: readonly SourceText[];
      readonly changed: readonly ConfigText[];
    }
  | { readonly kind: 'refused'; readonly reason: string };

/** What edits come to, one after the other, each from what the last one left. `path` is the configuration's file or folder. */
export async function planEdits(
  path: string,
  texts: readonly ConfigText[],
  edits: readonly MachineEdit[],
): Promise<PlannedEdits> {
  let edited = texts;
  for (const edit of edits) {
    const result = editMachines(edited, edit, await newFileFor(path, sectionOf(edit)));
    if (result.kind === 'refused') return result;
    edited = result.texts;
  }
  return {
    kind: 'planned',
    texts: edited.map(({ name, text }) => ({ name, text, folder: dirname(resolve(name)) })),
    changed: edited.filter((one) => !texts.some((old) => old.name === one.name && old.text === one.text)),
  };
}

/** Where a folder's first machines or mirrors go. */
async function newFileFor(path: string, section: string): Promise<string> {
  return (await stat(path)).isDirectory() ? join(path, `${section}.yaml`) : path;
}
