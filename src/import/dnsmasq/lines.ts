import type { Account, Place, Quoted } from '../account.ts';

/** One value of a list: what stood between commas. */
export interface Argument {
  readonly text: string;
  /** Some of it stood in quotes, so that it is text and neither a number nor an address. */
  readonly isQuoted: boolean;
}

/** A line of a dnsmasq.conf that says something. */
export interface Line extends Quoted {
  readonly key: string;
  /** Undefined: the line is the key alone. */
  readonly value?: string | undefined;
  /** The value, split at its commas. */
  readonly list: readonly Argument[];
}

/** Reads the lines of a file. `key`: the lines are values of this option, as in a dhcp-hostsfile. */
export function readLines(text: string, file: string, account: Account, key?: string): readonly Line[] {
  return text
    .split('\n')
    .flatMap((source, index) => readLine(source, { file, line: index + 1, column: 1 }, account, key) ?? []);
}

function readLine(source: string, start: Place, account: Account, fixedKey: string | undefined): Line | undefined {
  const scanned = scan(source.replace(/\r$/, ''));
  const column = source.length - source.trimStart().length + 1;
  const place = { ...start, column };
  if (scanned.pieces.every((piece) => !piece.isQuoted && piece.text.trim() === '')) return undefined;
  const quoted = { place, text: source.slice(0, scanned.end).trim() };
  if (!scanned.isClosed) account.complain(place, 'this text has no closing quote');
  if (fixedKey !== undefined)
    return { ...quoted, key: fixedKey, value: plain(scanned.pieces), list: split(scanned.pieces) };
  const [first] = scanned.pieces;
  const equals = first?.isQuoted === false ? first.text.indexOf('=') : -1;
  const key = (equals < 0 ? plain(scanned.pieces) : (first?.text.slice(0, equals) ?? '')).trim();
  if (equals < 0) return { ...quoted, key, list: [] };
  const rest = [{ text: first?.text.slice(equals + 1) ?? '', isQuoted: false }, ...scanned.pieces.slice(1)];
  return { ...quoted, key, value: plain(rest).trim(), list: split(rest) };
}

interface Scanned {
  /** Quoted and unquoted parts, in their order. */
  readonly pieces: readonly Argument[];
  /** Where the comment begins. */
  readonly end: number;
  readonly isClosed: boolean;
}

const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', e: '\u001b', b: '\b', r: '\r' };

/** Takes quotes and the comment apart: `#` begins one at the start and after white space. */
function scan(source: string): Scanned {
  const pieces: Argument[] = [];
  let text = '';
  let at = 0;
  const flush = (isQuoted: boolean) => {
    if (text !== '' || isQuoted) pieces.push({ text, isQuoted });
    text = '';
  };
  while (at < source.length) {
    const char = source[at] ?? '';
    if (char === '#' && (at === 0 || /\s/.test(source[at - 1] ?? ''))) break;
    at++;
    if (char !== '"') {
      text += char;
      continue;
    }
    flush(false);
    while (at < source.length && source[at] !== '"') {
      const escaped = source[at] === '\\' ? source[at + 1] : undefined;
      const isEscape = escaped !== undefined && /["tnebr\\]/.test(escaped);
      text += isEscape ? (escapes[escaped] ?? escaped) : source[at];
      at += isEscape ? 2 : 1;
    }
    flush(true);
    if (at >= source.length) return { pieces, end: source.length, isClosed: false };
    at++;
  }
  flush(false);
  return { pieces, end: at, isClosed: true };
}

function plain(pieces: readonly Argument[]): string {
  return pieces.map(({ text }) => text).join('');
}

/** Commas inside quotes do not separate. */
function split(pieces: readonly Argument[]): readonly Argument[] {
  const list: { text: string; isQuoted: boolean }[] = [{ text: '', isQuoted: false }];
  for (const piece of pieces) {
    const parts = piece.isQuoted ? [piece.text] : piece.text.split(',');
    for (const [index, part] of parts.entries()) {
      if (index > 0) list.push({ text: '', isQuoted: false });
      const last = list.at(-1);
      if (!last) continue;
      last.text += piece.isQuoted ? part : trimOutside(part, last.text === '');
      last.isQuoted ||= piece.isQuoted;
    }
  }
  return list.map(({ text, isQuoted }) => ({ text: isQuoted ? text : text.trim(), isQuoted }));
}

/** White space around a quoted part does not belong to it. */
function trimOutside(text: string, isFirst: boolean): string {
  return isFirst ? text.trimStart() : text.trimEnd();
}
