import { type FSWatcher, watch } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { isConfigFile, type LoadResult } from './load.ts';

export interface WatchOptions {
  /** The file or folder that `load` reads. */
  readonly path: string;
  readonly load: () => Promise<LoadResult>;
  /**
   * Called after every reload, also with problems: then nothing has changed, and the configuration in force stays.
   * Calls do not overlap; a promise is waited for.
   */
  readonly onResult: (result: LoadResult) => void | Promise<void>;
  /** Called when a folder cannot be watched though it is there (the kernel's limit, say): only `reload` helps then. */
  readonly onUnwatched?: ((folder: string, reason: string) => void) | undefined;
  /** Waits for an editor to finish. */
  readonly debounceMs?: number | undefined;
}

export interface SettingsWatch {
  /** Reads the configuration now, as SIGHUP asks for. Resolves after `onResult`. */
  reload(): Promise<LoadResult>;
  /** Nothing is told any more once this was called; resolves when a reload that was running has ended. */
  close(): Promise<void>;
}

/** Folder to watch, and the names in it that matter; undefined: every YAML file. */
type Target = readonly [folder: string, name: string | undefined];

/**
 * Reloads a configuration when its file changes, or a file of its folder. Folders are watched, not files: editors write
 * a new file and rename it, after which the old file's watch would see nothing more.
 */
export async function watchSettings(options: WatchOptions): Promise<SettingsWatch> {
  let watchers: FSWatcher[] = [];
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> = Promise.resolve();
  let isClosed = false;

  const stopWatching = () => {
    for (const watcher of watchers) watcher.close();
    watchers = [];
  };
  const schedule = () => {
    if (isClosed) return;
    clearTimeout(timer);
    timer = setTimeout(() => void reload(), options.debounceMs ?? 200);
  };
  const arm = async () => {
    const targets = await targetsOf(options.path);
    if (isClosed) return;
    stopWatching();
    watchers = targets.flatMap(
      ([folder, name]) => openWatcher(folder, name, { onChange: schedule, onUnwatched: options.onUnwatched }) ?? [],
    );
  };
  const reloadOnce = async () => {
    // A folder may be another one by now. Watching begins before reading, so that no change falls between the two.
    await arm();
    const result = await options.load();
    if (!isClosed) await options.onResult(result);
    return result;
  };
  const reload = (): Promise<LoadResult> => {
    clearTimeout(timer);
    const next = running.then(reloadOnce);
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

/** The path's own folder and that folder's, the folder that the path is, and where a symbolic link leads. */
async function targetsOf(path: string): Promise<Target[]> {
  const places = new Set([resolve(path)]);
  const real = await realpath(path).catch(() => undefined);
  if (real !== undefined) places.add(real);
  const targets: Target[] = [];
  for (const place of places) {
    const folder = dirname(place);
    targets.push([folder, basename(place)]);
    if (folder !== '/') targets.push([dirname(folder), basename(folder)]);
  }
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return isFolder ? [...targets, [real ?? resolve(path), undefined]] : targets;
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
