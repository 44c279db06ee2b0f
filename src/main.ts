import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadResult } from './config/load.ts';
import { formatProblem, type Problem } from './config/problem.ts';
import type { Settings } from './config/settings.ts';
import { templatesOf, watchSettings } from './config/watch.ts';
import type { RecordedEvent } from './event/event.ts';
import type { ReloadOptions, ReloadResult } from './http/api/ports.ts';
import { IMPORTED_FOLDER, importedState } from './io/loaders/imported-loaders.ts';
import { openLoaders } from './io/loaders/open-loaders.ts';
import { dropPrivileges } from './io/privileges.ts';
import { inheritedSockets } from './io/udp/inherited.ts';
import { isOverdue } from './machine/step-life.ts';
import { type Admin, openAdmin } from './main/admin.ts';
import { type Base, openBase, VERSION } from './main/base.ts';
import { openFirstContact } from './main/first-contact.ts';
import { loadAside } from './main/load-aside.ts';
import { openMirrorServing } from './main/mirrors.ts';
import { openServedLoaders } from './main/served-loaders.ts';
import { openServing } from './main/serving.ts';
import { openStories } from './main/stories.ts';

export interface ServerOptions {
  readonly settings: Settings;
  /** File or folder that `settings` came from; undefined: there is none, and everything is only observed. */
  readonly configPath?: string | undefined;
  readonly dataFolder: string;
  /** Hears every event. Must be quick and must not throw. */
  readonly onEvent: (event: RecordedEvent) => void;
}

export interface Server {
  /** Reads the configuration again, as SIGHUP asks for. */
  reload(options?: ReloadOptions): Promise<ReloadResult>;
  /** Where the web page is, with the token: for a terminal, never for a log. undefined: nowhere. */
  pageLink(): string | undefined;
  /** Stops in order: first what answers, then what writes. */
  close(reason: string): Promise<void>;
}

const OVERDUE_EVERY_MS = 10_000;

/**
 * Starts everything, in the order of what depends on what. Throws ProvisionError where a start makes no sense: the data
 * folder cannot be used. What can come later (an interface, a port that somebody holds) is told and tried again.
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { dataFolder, configPath } = options;
  const base = await openBase(dataFolder, options.onEvent);
  const opened: { close(): unknown }[] = [base];
  const closeAll = async () => {
    for (const one of opened.reverse()) await one.close();
  };
  try {
    const { emit } = base;
    const stories = openStories({ ...base, store: base.store.events });
    opened.push(stories);
    const cacheFolder = join(dataFolder, 'loaders');
    const imported = join(dataFolder, IMPORTED_FOLDER);
    const open = (servers: readonly string[]) => openLoaders({ cacheFolder, emit, servers, imported });
    const loaders = await openServedLoaders({
      open,
      importedState: () => importedState(imported),
      settings: options.settings,
      emit,
    });
    const inherited = inheritedSockets(process.env, process.pid);
    base.lives.rename(options.settings.machines);
    const mirrors = openMirrorServing(base, dataFolder, options.settings);
    opened.push(mirrors);
    const serving = await openServing({ base, settings: options.settings, loaders, inherited, mirrors });
    opened.push(serving);
    let admin: Admin | undefined;
    /** Before that, a process that we start would be root's, for ever. */
    let hasGivenUpRoot = false;
    const reloader = await openReloader(base, configPath, serving.state().settings, async (settings) => {
      await serving.use(settings);
      if (hasGivenUpRoot) mirrors.use(settings);
      await admin?.use(settings);
    });
    opened.push(reloader);
    admin = await openAdmin({ base, serving, stories, mirrors, configPath, dataFolder, reload: reloader.reload });
    opened.push(admin);
    opened.push(endOverdue(base));
    opened.push(openFirstContact(base, serving));
    // As another account we could not keep what was compiled, and would compile it again at each start.
    flushCompileCache();
    await giveUpRoot(base, options);
    hasGivenUpRoot = true;
    mirrors.use(serving.state().settings);
    base.emit('server.started', {}, { version: VERSION, config: configPath ?? 'none', data: dataFolder });
    stories.begin();
    return {
      reload: reloader.reload,
      pageLink: admin.pageLink,
      close: async (reason) => {
        // At once: what stops us may have reached its process as well, and nobody is to be told that it died.
        void stories.close();
        // A reload that is under way would open sockets behind our back.
        await reloader.close();
        base.emit('server.stopped', {}, { reason });
        await closeAll();
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

interface Reloader {
  reload(options?: ReloadOptions): Promise<ReloadResult>;
  close(): Promise<void>;
}

/** All or nothing: a configuration with an error changes nothing. */
async function openReloader(
  base: Base,
  configPath: string | undefined,
  first: Settings,
  use: (settings: Settings) => Promise<void>,
): Promise<Reloader> {
  if (configPath === undefined) {
    return {
      reload: async () => ({ kind: 'refused', problems: ['the server was started without a configuration'] }),
      close: async () => {},
    };
  }
  const stopping = new AbortController();
  const watch = await watchSettings({
    path: configPath,
    load: () => loadAside(configPath, stopping.signal),
    templates: templatesOf(first),
    onResult: async (result) => {
      if (result.kind === 'problems') {
        return base.emit('config.refused', {}, { problems: errorsIn(result.problems) });
      }
      await use(result.settings);
      tellLoaded(base, result.settings);
    },
    onUnwatched: (folder, reason) =>
      base.emit(
        'server.limited',
        {},
        { what: `Watching ${folder}`, reason: `${reason}; after a change: kill -HUP ${process.pid}` },
      ),
  });
  tellLoaded(base, first);
  return {
    reload: async (options) => reloadResult(await watch.reload(options)),
    close: async () => {
      stopping.abort();
      await watch.close();
    },
  };
}

function reloadResult(result: LoadResult): ReloadResult {
  if (result.kind === 'problems') return { kind: 'refused', problems: errorsIn(result.problems) };
  const { networks, machines } = result.settings;
  return { kind: 'loaded', networks: networks.length, machines: machines.size };
}

function errorsIn(problems: readonly Problem[]): string[] {
  return problems.filter(({ severity }) => severity === 'error').map(formatProblem);
}

function tellLoaded({ emit }: Base, { files, machines, networks }: Settings): void {
  emit('config.loaded', {}, { files: files.length, machines: machines.size, networks: networks.length });
}

/** A grant whose time has run out is used up, also when the machine never asks again. */
function endOverdue({ lives, now }: Base): { close(): void } {
  const timer = setInterval(() => {
    for (const life of lives.all()) {
      if (isOverdue(life, now())) lives.step(life.machine, { kind: 'deadline-passed' }).saved.catch(() => undefined);
    }
  }, OVERDUE_EVERY_MS);
  return { close: () => clearInterval(timer) };
}

async function giveUpRoot({ emit }: Base, { settings, dataFolder, configPath }: ServerOptions): Promise<void> {
  const program = fileURLToPath(new URL('../', import.meta.url));
  const result = await dropPrivileges({
    user: settings.server.user,
    keep: ['CAP_NET_BIND_SERVICE', 'CAP_NET_RAW', 'CAP_NET_ADMIN'],
    readable: [program, ...(configPath === undefined ? [] : [configPath])],
    writable: [dataFolder],
    large: [join(dataFolder, 'mirrors')],
  });
  const states = { dropped: 'root was given up', kept: 'running as root', 'not-root': 'not started as root' };
  emit('server.privileges', {}, { state: states[result.kind], reason: result.reason });
}
