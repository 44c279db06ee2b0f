import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Emit } from '../../event/event.ts';
import type { MirrorConfig } from '../../mirror/mirror-config.ts';
import type { MirrorCommand, MirrorReply, MirrorView } from '../../mirror/mirror-view.ts';
import type { FromMirrorProcess, ToMirrorProcess } from './process-protocol.ts';

export interface MirrorsOptions {
  /** `mirrors` of the data folder. */
  readonly root: string;
  readonly emit: Emit;
  /** Something was published. */
  readonly onPublished?: ((mirror: string) => void) | undefined;
}

/** The mirrors, as main sees them. */
export interface Mirrors {
  /** Starts the process when there is something for it to do. */
  configure(mirrors: readonly MirrorConfig[]): void;
  command(command: MirrorCommand): Promise<MirrorReply>;
  /** As they were last told. */
  views(): readonly MirrorView[];
  view(name: string): MirrorView | undefined;
  close(): Promise<void>;
}

const RESTART_AFTER_MS = 1_000;
const SLOWEST_RESTART_MS = 60_000;
const CLOSE_MS = 5_000;

const NOT_RUNNING: MirrorReply = {
  kind: 'refused',
  reason: 'the mirror process has just stopped',
  hint: 'It is started again by itself: try once more in a moment.',
};

/** Looks after the mirror process: starts it on demand, and again when it dies, which is told as `worker.died`. */
export function openMirrors({ root, emit, onPublished }: MirrorsOptions): Mirrors {
  let wanted: readonly MirrorConfig[] = [];
  let views: readonly MirrorView[] = [];
  let child: ChildProcess | undefined;
  let restart: NodeJS.Timeout | undefined;
  let deaths = 0;
  let isClosing = false;
  let nextId = 1;
  const waiting = new Map<number, (reply: MirrorReply) => void>();
  const post = (message: ToMirrorProcess) => void (child?.connected && child.send(message));
  const onMessage = (message: FromMirrorProcess) => {
    switch (message.kind) {
      case 'views':
        deaths = 0;
        views = message.views;
        return;
      case 'reply':
        waiting.get(message.id)?.(message.reply);
        return void waiting.delete(message.id);
      case 'event':
        // The process made the data for this very id.
        emit(message.id, message.subject, message.data as never);
        if (message.id === 'mirror.published') onPublished?.((message.data as { mirror: string }).mirror);
    }
  };
  const start = () => {
    restart = undefined;
    const started = fork(fileURLToPath(new URL('./process.ts', import.meta.url)), [root], {
      serialization: 'advanced',
    });
    child = started;
    started.on('message', onMessage);
    started.on('error', () => {});
    started.once('exit', (code, signal) => onExit(signal ?? `exit code ${code}`));
    post({ kind: 'configure', mirrors: wanted });
  };
  const onExit = (reason: string) => {
    child = undefined;
    for (const resolve of waiting.values()) resolve(NOT_RUNNING);
    waiting.clear();
    views = views.map(({ progress: _gone, ...view }) => view);
    if (isClosing || wanted.length === 0) return;
    deaths += 1;
    emit('worker.died', {}, { name: 'the mirror process', reason });
    restart = setTimeout(start, Math.min(SLOWEST_RESTART_MS, RESTART_AFTER_MS * 2 ** (deaths - 1)));
  };
  return {
    configure: (mirrors) => {
      wanted = mirrors;
      if (child) return post({ kind: 'configure', mirrors });
      if (mirrors.length > 0 && restart === undefined && !isClosing) start();
    },
    command: (command) => {
      if (!wanted.some(({ name }) => name === command.name)) return Promise.resolve({ kind: 'unknown-mirror' });
      if (!child?.connected) return Promise.resolve(NOT_RUNNING);
      const { promise, resolve } = Promise.withResolvers<MirrorReply>();
      const id = nextId++;
      waiting.set(id, resolve);
      post({ kind: 'command', id, command });
      return promise;
    },
    views: () => views,
    view: (name) => views.find((view) => view.name === name),
    close: async () => {
      isClosing = true;
      clearTimeout(restart);
      if (!child) return;
      const ending = child;
      const { promise, resolve } = Promise.withResolvers<void>();
      ending.once('exit', () => resolve());
      post({ kind: 'close' });
      const timer = setTimeout(() => ending.kill('SIGKILL'), CLOSE_MS);
      await promise;
      clearTimeout(timer);
    },
  };
}
