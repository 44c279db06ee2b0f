import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Emit } from '../../event/event.ts';
import type { MirrorConfig } from '../../mirror/mirror-config.ts';
import type { MirrorCommand, MirrorReply, MirrorView } from '../../mirror/mirror-view.ts';
import { nextRunOf } from '../../mirror/run/schedule.ts';
import type { ScrubAction, ScrubConfig, ScrubView } from '../../mirror/run/scrub.ts';
import { emptyState } from '../../mirror/run/state.ts';
import { BEHIND, restartAfter } from '../../net/restart.ts';
import { nodeFlags } from '../node-flags.ts';
import { readState } from './mirror-files.ts';
import type { FromMirrorProcess, ToMirrorProcess } from './process-protocol.ts';

export interface MirrorsOptions {
  /** `mirrors` of the data folder. */
  readonly root: string;
  readonly emit: Emit;
  /** What `views` gives has changed. */
  readonly onViews?: (() => void) | undefined;
  /** Something was published. */
  readonly onPublished?: ((mirror: string) => void) | undefined;
}

/** The mirrors, as main sees them. */
export interface Mirrors {
  /** Knows these mirrors from now on, as they are on disk; what is there is served before the process runs. */
  expect(mirrors: readonly MirrorConfig[]): void;
  /** Starts the process when there is something for it to do. */
  configure(mirrors: readonly MirrorConfig[], scrub?: ScrubConfig): void;
  command(command: MirrorCommand): Promise<MirrorReply>;
  /** As they were last told. */
  views(): readonly MirrorView[];
  view(name: string): MirrorView | undefined;
  scrub(action: ScrubAction): Promise<MirrorReply>;
  /** undefined: the process has not said anything of it yet. */
  scrubView(): ScrubView | undefined;
  close(): Promise<void>;
}

/** A heap that is swept early: 7 MB less with 30,000 packages, and some 5 % more processor time for 1 GB (bench/mirror.ts). */
export const MIRROR_FLAGS = nodeFlags(20);
const CLOSE_MS = 5_000;

const NOT_RUNNING: MirrorReply = {
  kind: 'refused',
  reason: 'the mirror process has just stopped',
  hint: 'It is started again by itself: try once more in a moment.',
};

/** Looks after the mirror process: starts it on demand, and again when it dies, which is told as `worker.died`. */
export function openMirrors(options: MirrorsOptions): Mirrors {
  let wanted: readonly MirrorConfig[] = [];
  let views: readonly MirrorView[] = [];
  let scrubConfig: ScrubConfig | undefined;
  let scrubView: ScrubView | undefined;
  const questions = createQuestions();
  const keeper = keepProcess(options, {
    isWanted: () => wanted.length > 0,
    onStart: (post) => post({ kind: 'configure', mirrors: wanted, scrub: scrubConfig }),
    onEnd: () => {
      questions.refuseAll();
      views = views.map(({ progress: _gone, ...view }) => view);
    },
    onMessage: (message) => {
      switch (message.kind) {
        case 'views':
          views = message.views;
          options.onViews?.();
          return;
        case 'progress':
          views = views.map((view) => ({ ...view, progress: message.progress.get(view.name) ?? view.progress }));
          scrubView = message.scrub ?? scrubView;
          return;
        case 'reply':
          return questions.answer(message.id, message.reply);
        case 'event':
          // The process made the data for this very id.
          options.emit(message.id, message.subject, message.data as never);
          if (message.id === 'mirror.published') options.onPublished?.((message.data as { mirror: string }).mirror);
      }
    },
  });
  const expect = (mirrors: readonly MirrorConfig[]) => {
    wanted = mirrors;
    views = mirrors.map((config) => {
      const known = views.find(({ name }) => name === config.name);
      return known ? { ...known, config } : viewOnDisk(options.root, config);
    });
    options.onViews?.();
  };
  return {
    expect,
    configure: (mirrors, scrub) => {
      expect(mirrors);
      scrubConfig = scrub;
      keeper.start();
      keeper.post({ kind: 'configure', mirrors, scrub });
    },
    scrub: async (action) => {
      const { id, reply } = questions.ask();
      if (!keeper.post({ kind: 'scrub', id, action })) questions.answer(id, NOT_RUNNING);
      return reply;
    },
    scrubView: () => scrubView,
    command: async (command) => {
      if (!wanted.some(({ name }) => name === command.name)) return { kind: 'unknown-mirror' };
      const { id, reply } = questions.ask();
      if (!keeper.post({ kind: 'command', id, command })) questions.answer(id, NOT_RUNNING);
      return reply;
    },
    views: () => views,
    view: (name) => views.find((view) => view.name === name),
    close: keeper.close,
  };
}

/** A state that cannot be read is told by the process, as soon as it tries. */
function viewOnDisk(root: string, config: MirrorConfig): MirrorView {
  const { name } = config;
  try {
    const state = readState(join(root, 'repos', name, 'state.json'));
    const now = Date.now();
    return { name, config, state, nextRunAt: nextRunOf(config, state, now, now) };
  } catch {
    return { name, config, state: emptyState };
  }
}

/** Commands that wait for their replies. */
function createQuestions() {
  const waiting = new Map<number, (reply: MirrorReply) => void>();
  let next = 1;
  const answer = (id: number, reply: MirrorReply) => {
    waiting.get(id)?.(reply);
    waiting.delete(id);
  };
  return {
    ask: () => {
      const { promise: reply, resolve } = Promise.withResolvers<MirrorReply>();
      const id = next++;
      waiting.set(id, resolve);
      return { id, reply };
    },
    answer,
    refuseAll: () => {
      for (const id of waiting.keys()) answer(id, NOT_RUNNING);
    },
  };
}

type Post = (message: ToMirrorProcess) => boolean;

interface Keeping {
  readonly isWanted: () => boolean;
  readonly onStart: (post: Post) => void;
  readonly onEnd: () => void;
  readonly onMessage: (message: FromMirrorProcess) => void;
}

/** Keeps the process running while it is wanted; one that dies again and again is started more and more slowly. */
function keepProcess({ root, emit }: MirrorsOptions, keeping: Keeping) {
  let child: ChildProcess | undefined;
  let restart: NodeJS.Timeout | undefined;
  let deaths = 0;
  let startedAt = 0;
  let isClosing = false;
  const post: Post = (message) => {
    if (child?.connected !== true) return false;
    // What it returns is whether more should be sent now; the message goes in either case.
    child.send(message);
    return true;
  };
  const onExit = (reason: string) => {
    child = undefined;
    keeping.onEnd();
    if (isClosing || !keeping.isWanted()) return;
    emit('worker.died', {}, { name: 'the mirror process', reason });
    const next = restartAfter(BEHIND, deaths, performance.now() - startedAt);
    deaths = next.deaths;
    restart = setTimeout(start, next.waitMs);
  };
  const start = () => {
    restart = undefined;
    startedAt = performance.now();
    const started = fork(fileURLToPath(new URL('./process.ts', import.meta.url)), [root], {
      serialization: 'advanced',
      // Instead of the server's own, of which it would have some twice.
      execArgv: [...MIRROR_FLAGS],
    });
    child = started;
    started.on('message', (message: FromMirrorProcess) => keeping.onMessage(message));
    // What it could not be sent is sent again by whoever waits for it.
    started.on('error', (error) => {
      // Without a process there is no exit either.
      if (started.pid === undefined && child === started) onExit(error.message);
    });
    started.once('exit', (code, signal) => onExit(signal ?? `exit code ${code}`));
    keeping.onStart(post);
  };
  return {
    post,
    start: () => {
      if (keeping.isWanted() && !child && restart === undefined && !isClosing) start();
    },
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
