import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ReadTemplate } from '../boot/template.ts';
import { checkFiles } from './file-checks.ts';
import { decodeFileText } from './file-text.ts';
import { type Parsed, type ParseResult, parseSources, resultOf } from './parse.ts';
import { type Problem, sortProblems } from './problem.ts';
import { checkRendering } from './render-check.ts';
import type { SourceText } from './yaml-source.ts';

export interface LoadOptions {
  /** A YAML file, or a folder whose *.yaml and *.yml files are read in the order of their names. */
  readonly path: string;
}

/** `problems` also says when the path cannot be read: that is never thrown. */
export type LoadResult = ParseResult;

/** Where a configuration is looked for when nobody says where it is. */
export const defaultPaths = ['rackready.yaml', '/etc/rackready'] as const;

/** The product's own folder. */
export const productFolder: string = fileURLToPath(new URL('../../', import.meta.url));

/** The first of the paths that exists, or undefined. */
export function findConfiguration(paths: readonly string[] = defaultPaths): string | undefined {
  return paths.find((path) => existsSync(path));
}

/** Reads and checks a configuration: settings with warnings, or every problem there is. */
export async function loadSettings(options: LoadOptions): Promise<LoadResult> {
  const read = await readSources(options.path);
  return 'problems' in read ? { kind: 'problems', problems: read.problems } : checkSources(read.texts);
}

/** What texts say, and whether the files that they name are there. Nothing is rendered. */
export function readTexts(texts: readonly SourceText[]): Parsed {
  const parsed = parseSources(texts, { productFolder, files: texts.map((text) => resolve(text.name)), readHead });
  return { ...parsed, problems: [...parsed.problems, ...checkFiles(parsed.settings, existsSync).map(parsed.place)] };
}

/** Checks texts as `loadSettings` checks files: what they name is looked for on the disk, they themselves are not. */
export function checkSources(texts: readonly SourceText[]): LoadResult {
  const parsed = readTexts(texts);
  const problems = [...parsed.problems];
  // Of an incomplete configuration, what does not render may only follow from what is told already.
  if (parsed.isComplete) {
    const findings = checkRendering(parsed.settings, createTemplateReader());
    problems.push(...findings.map(parsed.place).filter((problem) => !isToldOf(problems, problem)));
  }
  return resultOf(parsed.settings, sortProblems(problems));
}

/** The beginning of a regular file, for images. */
function readHead(path: string, mostBytes: number): Uint8Array | undefined {
  try {
    // Opening a pipe would wait for its writer.
    if (!statSync(path).isFile()) return undefined;
    const file = openSync(path, 'r');
    try {
      const bytes = new Uint8Array(mostBytes);
      return bytes.subarray(0, readSync(file, bytes));
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}

/** Whether the same machine has an error already, from which this one may only follow. */
function isToldOf(problems: readonly Problem[], { path }: Problem): boolean {
  const entry = path.split('.').slice(0, 2).join('.');
  return problems.some(
    (known) => known.severity === 'error' && (known.path === entry || known.path.startsWith(`${entry}.`)),
  );
}

/** Reads each template once: a thousand machines share a few. */
export function createTemplateReader(): ReadTemplate {
  const texts = new Map<string, string | undefined>();
  return (path) => {
    if (!texts.has(path)) texts.set(path, readTemplate(path));
    return texts.get(path);
  };
}

function readTemplate(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Rendering reports a template that is not there as missing.
    return undefined;
  }
}

/** Whether a file of a configuration folder is read: hidden files are editors' own. */
export function isConfigFile(name: string): boolean {
  return /^[^.].*\.ya?ml$/.test(name);
}

/** The files of a configuration as they are, or why they cannot be read. */
export type Read = { readonly texts: readonly SourceText[] } | { readonly problems: readonly Problem[] };

/** Reads the file at a path, or the YAML files of the folder, in the order of their names. */
export async function readSources(path: string): Promise<Read> {
  try {
    if (!(await stat(path)).isDirectory()) return await readFiles([path]);
    const names = (await readdir(path)).filter(isConfigFile).sort();
    if (names.length === 0)
      return { problems: [fileProblem(path, 'the folder holds no *.yaml file: put one into it')] };
    return await readFiles(names.map((name) => join(path, name)));
  } catch (error) {
    return { problems: [fileProblem(path, reasonOf(error))] };
  }
}

async function readFiles(names: readonly string[]): Promise<Read> {
  const texts: SourceText[] = [];
  const problems: Problem[] = [];
  for (const name of names) {
    try {
      const read = decodeFileText(await readFile(name));
      if ('text' in read) texts.push({ name, folder: dirname(resolve(name)), text: read.text });
      else problems.push({ ...fileProblem(name, read.problem), line: read.line });
    } catch (error) {
      problems.push(fileProblem(name, reasonOf(error)));
    }
  }
  return problems.length > 0 ? { problems } : { texts };
}

function fileProblem(file: string, reason: string): Problem {
  return { file, line: 1, column: 1, path: '', message: reason, severity: 'error' };
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'cannot be read: it does not exist (any more)';
  if (code === 'EACCES') return 'cannot be read: permission denied for this user';
  if (code === 'EISDIR') return 'cannot be read: it is a folder, and a folder inside a folder is not looked into';
  return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
}
