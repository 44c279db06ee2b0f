/** A serial console that kernel arguments name. */
export interface SerialConsole {
  /** 0 for ttyS0. */
  readonly unit: number;
  /** Bits per second. */
  readonly speed: number;
}

/** The last `console=ttyS…` among kernel arguments: that is where the system's own output goes. */
export function serialConsole(words: readonly string[]): SerialConsole | undefined {
  const named = words.map((word) => /^console=ttyS([0-9]+)(?:,([0-9]+))?/.exec(word)).filter((match) => match !== null);
  const last = named.at(-1);
  return last && { unit: Number(last[1]), speed: Number(last[2] ?? 9600) };
}

/** Splits a sentence into lines of at most `width` characters, for screens of 80 columns. */
export function wrapText(text: string, width = 72): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return line === '' ? lines : [...lines, line];
}
