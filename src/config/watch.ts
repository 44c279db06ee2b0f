import { type FSWatcher, watch } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { isConfigFile, type LoadResult } from './load.ts';
import type { Settings } from './settings.ts';

export interface WatchOptions {
  /** The file or folder that `load` reads. */
  readonly path: string;
  readonly load: () => Promise<LoadResult>;
  /** Files that the configuration in force names and that are checked with it: its templates. Absolute paths. */
  readonly templates?: readonly string[] | undefined;
  /**
   * Called after every reload that found something else than the last one, and after each that somebody asked for; also with problems:
   * then nothing has changed, and the configuration in force stays.
   * Calls do not overlap; a promise is waited for.
   */
  readonly onResult: (result: LoadResult) => void | Promise<void>;
  /** Called when a folder cannot be watched though it is there (the kernel's limit, say): only `reload` helps then. */
  readonly onUnwatched?: ((folder: string, reason: string) => void) | undefined;
  /** Waits for an editor to finish. */
  readonly debounceMs?: number | undefined;
}

export interface SettingsWatch {
  /**
   * Reads the configuration now, as SIGHUP asks for. Resolves after `onResult`. `onlyChanges`: whoever has just written it wants to know
   * what comes of it; what the watch has told already is not told again.
   */
  reload(options?: { readonly onlyChanges?: boolean }): Promise<LoadResult>;
  /** Nothing is told any more once this was called; resolves when a reload that was running has ended. */
  close(): Promise<void>;
}

/** Folder to watch, and the names in it that matter; undefined: every YAML file. */
type Target = readonly [folder: string, name: string | undefined];

/**
 * Reloads a configuration when its file changes, or a file of its folder, or one of its templates. Folders are watched, not files: editors write
 * a new file and rename it, after which the old file's watch would see nothing more.
 */
export async function watchSettings(options: WatchOptions): Promise<SettingsWatch> {
  let watchers: FSWatcher[] = [];
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> = Promise.resolve();
  let isClosed = false;
  let templates = options.templates ?? [];

  const stopWatching = () => {
    for (const watcher of watchers) watcher.close();
    watchers = [];
  };
  const schedule = () => {
    if (isClosed) return;
    clearTimeout(timer);
    timer = setTimeout(() => void reload({ onlyChanges: true }), options.debounceMs ?? 200);
  };
  const arm = async () => {
    const places = [...(await targetsOf(options.path)), ...(await Promise.all(templates.map(placesOf))).flat()];
    const targets = new Map(places.map((place) => [JSON.stringify(place), place])).values();
    if (isClosed) return;
    stopWatching();
    watchers = [...targets].flatMap(
      ([folder, name]) => openWatcher(folder, name, { onChange: schedule, onUnwatched: options.onUnwatched }) ?? [],
    );
  };
  const memory = createMemory();
  const reloadOnce = async (onlyChanges: boolean) => {
    // A folder may be another one by now. Watching begins before reading, so that no change falls between the two.
    await arm();
    let texts = await textsOf(options.path, templates);
    let result = await options.load();
    // Templates that this configuration names for the first time are watched, too, before they are read for good.
    while (!isClosed && adopt(result)) {
      await arm();
      texts = await textsOf(options.path, templates);
      result = await options.load();
    }
    const isNew = memory.isNew(texts, result);
    if (!isClosed && (isNew || !onlyChanges)) await options.onResult(result);
    return result;
  };
  /** Whether a right configuration names other templates than the last one. */
  const adopt = (result: LoadResult): boolean => {
    if (result.kind !== 'settings') return false;
    const known = new Set(templates);
    templates = templatesOf(result.settings);
    return templates.some((path) => !known.has(path));
  };
  const reload = ({ onlyChanges = false } = {}): Promise<LoadResult> => {
    clearTimeout(timer);
    const next = running.then(() => reloadOnce(onlyChanges));
    running = next.catch(() => undefined);
    return next;
  };
  const close = () => {
    isClosed = true;
    clearTimeout(timer);
    stopWatching();
    return running.then(() => undefined);
  };
  await arm();
  return { reload, close };
}

/** What was read last. Its result counts, too: it also depends on what the configuration names, as on files with keys. */
function createMemory() {
  let last: { readonly texts: string; readonly result: LoadResult } | undefined;
  return {
    isNew: (texts: string, result: LoadResult): boolean => {
      const isSame = last?.texts === texts && isDeepStrictEqual(valuesOf(last.result), valuesOf(result));
      last = { texts, result };
      return !isSame;
    },
  };
}

/** Without its functions, which look something up in the same texts. */
function valuesOf(result: LoadResult): unknown {
  const plain = (value: object) => Object.entries(value).filter(([, one]) => typeof one !== 'function');
  return result.kind === 'settings' ? [plain(result.settings), result.warnings] : result.problems;
}

/** All that is watched, as one text. */
async function textsOf(path: string, templates: readonly string[]): Promise<string> {
  const names = await readdir(path).catch(() => undefined);
  const files = names?.filter(isConfigFile).map((name) => join(path, name)) ?? [path];
  const all = [...files, ...templates].sort();
  const texts = await Promise.all(all.map((file) => readFile(file, 'utf8').catch(() => null)));
  return JSON.stringify(all.map((file, index) => [file, texts[index]]));
}

/** The answer-file templates that a configuration names, each once. */
export function templatesOf({ profiles }: Settings): string[] {
  return [...new Set(Array.from(profiles.values(), ({ answerFile }) => answerFile))];
}

/** The path's own folder and that folder's, also where a symbolic link leads. */
async function placesOf(path: string): Promise<Target[]> {
  const places = new Set([resolve(path)]);
  const real = await realpath(path).catch(() => undefined);
  if (real !== undefined) places.add(real);
  const targets: Target[] = [];
  for (const place of places) {
    const folder = dirname(place);
    targets.push([folder, basename(place)]);
    if (folder !== '/') targets.push([dirname(folder), basename(folder)]);
  }
  return targets;
}

/** Those of the path, and the folder that it is. */
async function targetsOf(path: string): Promise<Target[]> {
  const targets = await placesOf(path);
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return isFolder ? [...targets, [await realpath(path).catch(() => resolve(path)), undefined]] : targets;
}

interface Listener {
  readonly onChange: () => void;
  readonly onUnwatched: WatchOptions['onUnwatched'];
}

function openWatcher(folder: string, name: string | undefined, listener: Listener): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, (_event, changed) => {
      if (changed === null || isOurs(changed, name)) listener.onChange();
    });
    watcher.on('error', listener.onChange);
    return watcher;
  } catch (error) {
    // A folder that is not there is what `load` tells of; the one above it says when it comes back.
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    if (code !== 'ENOENT') listener.onUnwatched?.(folder, code);
    return undefined;
  }
}

function isOurs(changed: string, name: string | undefined): boolean {
  return name === undefined ? isConfigFile(changed) : changed === name;
}
