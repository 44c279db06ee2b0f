import { type ChildProcess, spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { resolve } from 'node:path';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { nodeFlags } from '../io/node-flags.ts';
import { BEHIND, restartAfter } from '../net/restart.ts';
import { createFrameReader, frameOf } from './story-frames.ts';
import type { FromStories, ToStories } from './story-protocol.ts';

export interface StoryProcess {
  isRunning(): boolean;
  /** undefined: it does not run. */
  pid(): number | undefined;
  /** Says something when it runs. */
  post(message: ToStories, body?: Uint8Array): void;
  /** Ends it as a defect would. For tests. */
  kill(): void;
  /** Resolves when it is gone. Nothing is told of that, however it ends. */
  close(): Promise<void>;
}

export interface StoryProcessOptions {
  /** Another one runs, and knows nothing yet. */
  readonly onRestart: () => void;
  readonly onMessage: (message: Exclude<FromStories, { kind: 'broken' }>, body: Uint8Array) => void;
  /** It is gone, and is started again by itself. */
  readonly onDied: (reason: string) => void;
}

/** What is told within half a minute of the worst storm: one that has so much unread stands still. */
const MOST_UNREAD = 32 * 1024 * 1024;

const PROGRAM = fileURLToPath(new URL('./story-process.ts', import.meta.url));
/** Behind everything that answers machines. */
const NICE = 10;
/** As the launcher has them, for the same reasons. */
const FLAGS = nodeFlags(50);

/** Starts the process of the stories and keeps it running. Does not throw: what it cannot start it tries again. */
export function keepStoryProcess({ onRestart, onMessage, onDied }: StoryProcessOptions): StoryProcess {
  let child: ChildProcess | undefined;
  let pipe: Duplex | undefined;
  let restart: NodeJS.Timeout | undefined;
  let deaths = 0;
  let isClosing = false;
  let reason = '';
  const gone = Promise.withResolvers<void>();

  const onGone = (why: string, livedMs: number) => {
    child = undefined;
    pipe = undefined;
    if (isClosing) return gone.resolve();
    onDied(reason || why);
    const next = restartAfter(BEHIND, deaths, livedMs);
    deaths = next.deaths;
    restart = setTimeout(startAnother, next.waitMs);
  };
  const take = (message: FromStories, body: Uint8Array) => {
    if (message.kind === 'broken') reason = message.reason;
    else onMessage(message, body);
  };
  const start = () => {
    reason = '';
    const since = performance.now();
    try {
      child = startProgram((why) => onGone(why, performance.now() - since));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      // As with any other end, whoever started it has what it returns by then.
      return queueMicrotask(() => onGone(why, 0));
    }
    // Without a file descriptor left there is no list at all, whatever the types say.
    const stdio: ChildProcess['stdio'] | undefined = child.stdio;
    pipe = (stdio?.[3] ?? undefined) as Duplex | undefined;
    pipe?.on(
      'data',
      createFrameReader((head, body) => take(head as FromStories, body)),
    );
    // It is gone then, which is told elsewhere.
    pipe?.on('error', () => {});
  };
  const startAnother = () => {
    start();
    onRestart();
  };
  start();
  return {
    isRunning: () => pipe !== undefined,
    pid: () => child?.pid,
    post: (message, body) => {
      if (pipe?.writable !== true) return;
      // All that is said in one turn of the event loop goes with one system call.
      if (pipe.writableCorked === 0) {
        pipe.cork();
        setImmediate((corked: Duplex) => corked.uncork(), pipe);
      }
      for (const bytes of frameOf(message, body)) pipe.write(bytes);
      if (pipe.writableLength < MOST_UNREAD) return;
      reason = 'it did not read what it was told';
      child?.kill('SIGKILL');
    },
    kill: () => void child?.kill('SIGKILL'),
    close: () => {
      isClosing = true;
      clearTimeout(restart);
      if (!child) gone.resolve();
      // It keeps nothing that it would have to put away. One that has not given up root yet we may not kill: it sees the end.
      pipe?.destroy();
      child?.kill('SIGKILL');
      return gone.promise;
    },
  };
}

/** Without our environment and sockets: it needs neither. Throws where the system has no room for a process. */
function startProgram(onGone: (reason: string) => void): ChildProcess {
  const { NODE_COMPILE_CACHE } = process.env;
  const child = spawn(process.execPath, [...FLAGS, PROGRAM], {
    cwd: '/',
    env: NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE: resolve(NODE_COMPILE_CACHE) },
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  });
  let why: string | undefined;
  child.on('error', (error) => {
    why = error.message;
  });
  // After everything that it has said; also when it could not be started.
  child.once('close', (code, signal) => onGone(why ?? signal ?? `exit code ${code}`));
  // Before it has threads: they have what the first one has.
  if (child.pid !== undefined) stepBack(child.pid);
  return child;
}

function stepBack(pid: number): void {
  try {
    setPriority(pid, NICE);
  } catch {
    // It is gone already, which is told.
  }
}
