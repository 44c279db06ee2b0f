import type { WriteStream } from 'node:tty';

/** A terminal that one picture after the other is drawn on. */
export interface Screen {
  /** Puts lines in the place of those before; what does not fit is cut off below. */
  draw(lines: readonly string[]): void;
  columns(): number;
  rows(): number;
  /** Resolves when the user has had enough: q, Ctrl-C, SIGTERM, or a terminal that is gone. */
  readonly ended: Promise<void>;
  /** Gives the terminal back as it was, with the last picture in it. Safe to call twice. */
  close(): void;
}

export interface ScreenOptions {
  readonly output: WriteStream;
  readonly input: NodeJS.ReadStream;
  /** The size has changed, or the program was in the background. */
  readonly onChange: () => void;
}

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const [BEGIN, END] = ['\x1b[?2026h', '\x1b[?2026l'];
const HOME = '\x1b[H';
const REST_OF_LINE = '\x1b[K';
const REST_OF_SCREEN = '\x1b[J';

/**
 * Takes the terminal: its other page, no cursor, no line breaks of its own. Each picture is one write that overwrites the last
 * one, so that nothing flickers; terminals that know synchronised output show it at once.
 */
export function openScreen({ output, input, onChange }: ScreenOptions): Screen {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let last: readonly string[] = [];
  let isOpen = true;
  let isSuspended = false;
  const rows = () => output.rows || 24;
  const enter = () => {
    if (input.isTTY) input.setRawMode(true);
    output.write(ENTER);
  };
  const leave = () => {
    output.write(LEAVE);
    if (input.isTTY) input.setRawMode(false);
  };
  const suspend = () => {
    leave();
    isSuspended = true;
    process.once('SIGCONT', () => {
      isSuspended = false;
      enter();
      onChange();
    });
    process.kill(process.pid, 'SIGSTOP');
  };
  const onKey = (bytes: Buffer) => {
    for (const key of bytes.toString('latin1')) {
      if (key === 'q' || key === '\x03') end();
      if (key === '\x1a') suspend();
    }
  };
  const onSignal = () => end();
  enter();
  if (input.isTTY) input.on('data', onKey);
  output.on('resize', onChange);
  // A terminal that is closed: there is nobody to draw for.
  output.on('error', onSignal);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  return {
    ended,
    // The last column stays free: what erases the rest of a line erases it, too.
    columns: () => (output.columns || 80) - 1,
    rows,
    draw: (lines) => {
      // In the foreground again, a timer may come before the signal.
      if (isSuspended || !isOpen) return;
      last = lines.slice(0, rows());
      output.write(`${BEGIN}${HOME}${last.map((line) => line + REST_OF_LINE).join('\r\n')}${REST_OF_SCREEN}${END}`);
    },
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      leave();
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(name, onSignal);
      output.off('resize', onChange);
      input.off('data', onKey);
      input.pause();
      if (last.length > 0) output.write(`${last.join('\n')}\n`);
    },
  };
}
