import { randomUUID } from 'node:crypto';
import { chmod, chown, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { ConfigText } from './edit.ts';

/** What came of a write. Except for `written` nothing has changed. */
export type WriteResult =
  | { readonly kind: 'written' }
  /** The file is not what it was when the edit began. */
  | { readonly kind: 'changed-meanwhile' }
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * Writes beside the file and renames: whoever reads it sees the old text or the new one. Owner and mode stay. `before` is
 * what the file must hold still; undefined: there must be none.
 */
export async function writeFileSafely({ name, text }: ConfigText, before: string | undefined): Promise<WriteResult> {
  const target = await realpath(name).catch(() => resolve(name));
  const draft = join(dirname(target), `.${basename(target)}.${randomUUID()}`);
  try {
    const now = await readFile(target, 'utf8').catch(() => undefined);
    if (now !== before) return { kind: 'changed-meanwhile' };
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
    return { kind: 'written' };
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) };
  }
}
