import { constants, fstatSync, openSync, writeSync } from 'node:fs';

/** Lines for whoever reads what the server prints. Writing never throws and never waits. */
export interface LineOutput {
  write(line: string): void;
  /** Writes what waits, as far as it is taken now. */
  close(): void;
}

export interface LineOutputOptions {
  /** What is printed for `count` lines that were left out; undefined: nothing. */
  readonly describeGap: (count: number) => string | undefined;
  readonly retryMs?: number | undefined;
}

/** A screen that was stopped with Ctrl-S for a coffee; more is left out and counted. */
const MOST_WAITING_BYTES = 1 << 20;
const LINES_A_WRITE = 256;
/** Full for now: a reader that is busy, or a disk. Everything else means that nobody will ever read this. */
const FOR_NOW = ['EAGAIN', 'ENOSPC', 'EDQUOT'];

/**
 * Opens standard output (or another descriptor) for lines. Node writes to terminals and files in the calling thread: a
 * terminal that was stopped with Ctrl-S or has lost its connection would stop DHCP, a pager that nobody scrolls would fill
 * the memory, and a full disk or a closed pipe would end the process. A log is worth none of that. What is not taken waits, up
 * to a megabyte; the newest lines beyond are left out and counted.
 */
export function openLineOutput(fd: number, options: LineOutputOptions): LineOutput {
  const target = reopen(fd);
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let skipped = 0;
  let isGone = false;
  let timer: NodeJS.Timeout | undefined;

  const flush = () => {
    timer = undefined;
    try {
      while (waiting.length > 0) {
        const chunk = waiting.length === 1 ? waiting[0] : Buffer.concat(waiting.slice(0, LINES_A_WRITE));
        if (chunk === undefined) return;
        const written = writeSync(target, chunk);
        waitingBytes -= written;
        const rest = waiting.slice(LINES_A_WRITE);
        waiting = written < chunk.length ? [chunk.subarray(written), ...rest] : rest;
      }
    } catch (error) {
      if (isForNow(error)) timer = setTimeout(flush, options.retryMs ?? 200).unref();
      else {
        isGone = true;
        waiting = [];
      }
      return;
    }
    const gap = skipped > 0 ? options.describeGap(skipped) : undefined;
    skipped = 0;
    if (gap !== undefined) write(gap);
  };
  const write = (line: string) => {
    if (isGone) return;
    const bytes = Buffer.from(`${line}\n`);
    if (skipped > 0 || waitingBytes + bytes.length > MOST_WAITING_BYTES) {
      skipped++;
      return;
    }
    waiting.push(bytes);
    waitingBytes += bytes.length;
    if (timer === undefined) flush();
  };
  const close = () => {
    clearTimeout(timer);
    flush();
    clearTimeout(timer);
    isGone = true;
  };
  return { write, close };
}

/**
 * The same pipe or terminal once more, with O_NONBLOCK for us alone: setting it on the descriptor would set it for the shell,
 * too. A file must be written through the descriptor that has its position, and a socket cannot be opened twice.
 */
function reopen(fd: number): number {
  try {
    const found = fstatSync(fd);
    // Node makes a socket non-blocking when it first looks at it.
    if (found.isSocket() && fd === 1) void process.stdout;
    if (!found.isFIFO() && !found.isCharacterDevice()) return fd;
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    // Not there at all, or another account's: then the descriptor as it is.
    return fd;
  }
}

function isForNow(error: unknown): boolean {
  return error instanceof Error && 'code' in error && FOR_NOW.includes(String(error.code));
}
