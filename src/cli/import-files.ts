import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import type { ReadFolder, ReadSource, SourceFile } from '../import/sources.ts';
import { ApiFailure } from './client.ts';
import { readStandardInput } from './standard-input.ts';

/** sysexits(3) */
const EX_NOINPUT = 66;

/** Larger than any configuration; what else is named by mistake is not read. */
const MAX_BYTES = 32 * 1024 * 1024;

/** A source to import, with the files that it may name. */
export interface OpenSource {
  readonly top: SourceFile;
  readonly read: ReadSource;
  readonly list: ReadFolder;
  /** The path of a file, as messages name it on this host. */
  pathOf(name: string): string;
}

/**
 * Opens the file at a path, or standard input for `-`. Files that it names are called by their path from its folder where
 * they are below it. Throws ApiFailure when it cannot be read.
 */
export async function openSource(path: string): Promise<OpenSource> {
  const isStdin = path === '-';
  const folder = isStdin ? process.cwd() : dirname(resolve(path));
  const paths = new Map<string, string>();
  const nameOf = (full: string): string => {
    const below = relative(folder, full);
    const name = below.startsWith('..') || isAbsolute(below) || below === '' ? full : below;
    paths.set(name, full);
    return name;
  };
  const resolveFrom = (wanted: string, from: string) => resolve(dirname(paths.get(from) ?? join(folder, from)), wanted);
  const top = { name: isStdin ? 'stdin' : basename(path), text: await readTop(path) };
  if (!isStdin) paths.set(top.name, resolve(path));
  return {
    top,
    read: (wanted, from) => readNamed(resolveFrom(wanted, from), nameOf),
    list: (wanted, from) => listFolder(resolveFrom(wanted, from), nameOf),
    pathOf: (name) => {
      if (name === top.name) return isStdin ? name : path;
      return isStdin || isAbsolute(name) ? name : join(dirname(path), name);
    },
  };
}

/** Also a pipe: the shell's <(…). */
async function readTop(path: string): Promise<string> {
  try {
    return decode(path === '-' ? await readStandardInput() : readFileSync(path));
  } catch (error) {
    const message = `${path} cannot be read: ${reasonOf(error)}`;
    const hint = 'Give the path of the file, or - for standard input.';
    throw new ApiFailure({ code: 'no-input', message, hint }, EX_NOINPUT);
  }
}

function readNamed(path: string, nameOf: (full: string) => string): SourceFile | { readonly problem: string } {
  try {
    const full = realpathSync(path);
    const facts = statSync(full);
    if (!facts.isFile()) return { problem: 'it is no file' };
    if (facts.size > MAX_BYTES) return { problem: `it is larger than ${MAX_BYTES / 1024 / 1024} MB` };
    return { name: nameOf(full), text: decode(readFileSync(full)) };
  } catch (error) {
    return { problem: reasonOf(error) };
  }
}

function listFolder(path: string, nameOf: (full: string) => string): readonly string[] | { readonly problem: string } {
  try {
    const entries = readdirSync(path, { withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => nameOf(join(path, entry.name)))
      .toSorted();
  } catch (error) {
    return { problem: reasonOf(error) };
  }
}

/** UTF-8; older files are Latin-1. */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return Buffer.from(bytes).toString('latin1');
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'it does not exist';
  if (code === 'EACCES') return 'permission denied for this user';
  if (code === 'EISDIR') return 'it is a folder';
  return code ?? message;
}
