/** What the terminal can show. */
export interface Look {
  /** Columns. */
  readonly width: number;
  readonly colour: boolean;
  /** Lines and marks beyond ASCII. */
  readonly unicode: boolean;
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
export type Colour = keyof typeof CODES;

/** Colours last, after the text has been cut and padded: colours have no width. */
export function paint(look: Look, colour: Colour | undefined, text: string): string {
  return look.colour && colour !== undefined && text !== '' ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text;
}

const SIGNS = {
  done: ['✔', '+'],
  running: ['▸', '>'],
  failed: ['✖', 'x'],
  waiting: ['·', '.'],
  warning: ['⚠', '!'],
  full: ['━', '='],
  empty: ['─', '-'],
  ellipsis: ['…', '~'],
  dot: ['·', '|'],
} as const;

export function sign(look: Look, name: keyof typeof SIGNS): string {
  const [rich, plain] = SIGNS[name];
  return look.unicode ? rich : plain;
}

/** At most so many columns. */
export function cut(look: Look, text: string, columns: number): string {
  if (text.length <= columns) return text;
  return columns <= 0 ? '' : text.slice(0, columns - 1) + sign(look, 'ellipsis');
}

/** Exactly so many columns. */
export function fit(look: Look, text: string, columns: number): string {
  return cut(look, text, columns).padEnd(columns);
}

/** Left and right at the two ends of a line; the left one is cut where both do not fit. */
export function spread(look: Look, left: string, right: string): [string, string] {
  const room = look.width - right.length - 2;
  const shown = cut(look, left, room);
  return [shown.padEnd(look.width - right.length), right];
}

/** Breaks text at spaces. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}
