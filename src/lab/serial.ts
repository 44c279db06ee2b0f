/** What a machine wrote to its serial console, as lines without terminal control. */
export interface SerialConsole {
  /** The last lines, the oldest first. */
  tail(count: number): readonly string[];
  /** Calls back for each line from now on; the returned function ends it. */
  onLine(listener: (line: string) => void): () => void;
  /** Waits for a line that matches; also looks at the lines so far. Rejects when the signal is aborted. */
  waitFor(pattern: RegExp, signal: AbortSignal): Promise<string>;
}

/** The filling end of a console. */
export interface SerialFeed extends SerialConsole {
  write(chunk: string): void;
}

const KEPT_LINES = 2000;

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are control characters
const JUMP = /\x1b\[(\d*)(?:;(\d*))?[Hf]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are control characters
const ESCAPES = /\x1b(?:\[[0-9;?=]*[ -/]*[@-~]|[()][A-Za-z0-9]|[=>78cDEHM])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: everything below blank but tab and line feed
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f]/g;

/**
 * Takes terminal control out of text that begins at the start of a line. A cursor that jumps becomes a line break, but for one that
 * is put where it stands: SeaBIOS (1.16.2) does so in the middle of a word whenever its serial port was slow.
 */
export function plainText(text: string): string {
  const [first = '', ...jumps] = text.split(JUMP);
  let plain = withoutControl(first);
  let row: number | undefined;
  let column = columnAfter(plain, 1);
  for (let index = 0; index < jumps.length; index += 3) {
    const [toRow, toColumn, rest = ''] = jumps.slice(index, index + 3);
    const to = { row: Number(toRow || 1), column: Number(toColumn || 1) };
    const stays = Math.abs(to.column - column) <= 1 && (row ?? to.row) === to.row;
    const piece = withoutControl(rest);
    plain += stays ? piece : `\n${piece}`;
    column = columnAfter(piece, to.column);
    row = piece.includes('\n') ? undefined : to.row;
  }
  return plain;
}

function withoutControl(text: string): string {
  return text
    .replace(ESCAPES, '')
    .replace(/\r(?!\n)/g, '\n')
    .replace(CONTROLS, '');
}

/** Columns count from 1. */
function columnAfter(piece: string, column: number): number {
  const lineBreak = piece.lastIndexOf('\n');
  return lineBreak < 0 ? column + piece.length : piece.length - lineBreak;
}

export function createSerialFeed(): SerialFeed {
  const lines: string[] = [];
  const listeners = new Set<(line: string) => void>();
  let rest = '';
  const push = (line: string): void => {
    if (line.trim() === '') return;
    lines.push(line);
    if (lines.length > KEPT_LINES) lines.shift();
    for (const listener of [...listeners]) listener(line);
  };
  const onLine = (listener: (line: string) => void): (() => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  return {
    onLine,
    tail: (count) =>
      [
        ...lines,
        ...plainText(rest)
          .split('\n')
          .filter((line) => line.trim() !== ''),
      ].slice(-count),
    write(chunk) {
      rest += chunk;
      // An escape sequence may come in two pieces: only text up to a line break is taken apart.
      const end = Math.max(rest.lastIndexOf('\n'), rest.length > 4096 ? rest.length - 1 : -1);
      if (end < 0) return;
      const complete = rest.slice(0, end + 1);
      rest = rest.slice(end + 1);
      for (const line of plainText(complete).split('\n')) push(line.trimEnd());
    },
    waitFor(pattern, signal) {
      const known = lines.find((line) => pattern.test(line));
      if (known !== undefined) return Promise.resolve(known);
      return new Promise((resolve, reject) => {
        const end = (): void => {
          stopListening();
          signal.removeEventListener('abort', onAbort);
        };
        const onAbort = (): void => {
          end();
          reject(new Error(`The console showed nothing like ${pattern}`, { cause: signal.reason }));
        };
        const stopListening = onLine((line) => {
          if (!pattern.test(line)) return;
          end();
          resolve(line);
        });
        if (signal.aborted) onAbort();
        else signal.addEventListener('abort', onAbort, { once: true });
      });
    },
  };
}
